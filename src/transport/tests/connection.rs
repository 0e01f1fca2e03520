//! Why connections end: the server drains, they are idle or old, or the client floods them.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{Client, HANG, read_to_close, start, text};
use crate::handler::Phase;
use crate::transport::Limits;
use crate::transport::http2::frame;

#[tokio::test]
async fn peer_is_told() {
    let server = start(Limits::default(), None).await;
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let own = stream.local_addr().unwrap();
    let mut client = Client::over(stream).await.unwrap();
    assert_eq!(client.get("/peer").await.unwrap(), format!("{own} 0"));
}

#[tokio::test]
async fn drain_sends_goaway_and_lets_the_stream_finish() {
    let server = start(Limits::default(), None).await;
    let mut client = Client::connect(server.addr).await.unwrap();
    let response = client.send("/gate").await.unwrap();
    client.get("/").await.unwrap();

    server.lifecycle.advance(Phase::Draining);
    let refused = async {
        loop {
            match client.get("/").await {
                Ok(_) => {}
                Err(error) => break error,
            }
        }
    };
    let refused = timeout(HANG, refused).await.expect("GOAWAY comes");
    assert!(refused.is_go_away() && refused.is_remote(), "{refused:?}");
    assert_eq!(refused.reason(), Some(h2::Reason::NO_ERROR));
    let connecting = TcpStream::connect(server.addr).await;
    assert_eq!(connecting.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    assert!(!server.serving.is_finished());

    server.gate.notify_one();
    assert_eq!(text(response).await.unwrap(), "open");
    timeout(HANG, server.serving)
        .await
        .expect("the last stream is gone")
        .unwrap();
}

#[tokio::test]
async fn connection_in_its_handshake_does_not_hold_up_a_drain() {
    let server = start(Limits::default(), None).await;
    let mut silent = TcpStream::connect(server.addr).await.unwrap();
    // Accepted after `silent`, so that by now `silent` is too.
    Client::connect(server.addr)
        .await
        .unwrap()
        .get("/")
        .await
        .unwrap();
    server.lifecycle.advance(Phase::Draining);
    assert_eq!(read_to_close(&mut silent).await, b"");
    timeout(HANG, server.serving)
        .await
        .expect("nothing is left")
        .unwrap();
}

#[tokio::test]
async fn end_cuts_what_does_not_finish() {
    let server = start(Limits::default(), None).await;
    let mut client = Client::connect(server.addr).await.unwrap();
    let never = client.send("/never").await.unwrap();
    client.get("/").await.unwrap();
    server.lifecycle.advance(Phase::Draining);
    server.lifecycle.advance(Phase::Ended);
    timeout(HANG, server.serving)
        .await
        .expect("the connection is dropped")
        .unwrap();
    text(never).await.unwrap_err();
}

#[tokio::test]
async fn connections_go_with_their_server() {
    let server = start(Limits::default(), None).await;
    let mut client = Client::connect(server.addr).await.unwrap();
    client.get("/").await.unwrap();
    server.serving.abort();
    let closed = timeout(HANG, client.connection).await;
    let _ = closed.expect("the connection is dropped");
}

#[tokio::test]
async fn idle_connection_is_closed_and_a_busy_one_is_not() {
    let idle_timeout = Duration::from_millis(500);
    let limits = Limits::default().idle_timeout(idle_timeout);
    let server = start(limits, None).await;
    let mut busy = Client::connect(server.addr).await.unwrap();
    let response = busy.send("/gate").await.unwrap();
    let mut idle = Client::connect(server.addr).await.unwrap();
    let started = Instant::now();
    idle.get("/").await.unwrap();
    let _ = timeout(HANG, idle.connection)
        .await
        .expect("the idle one is closed");
    assert!(started.elapsed() >= idle_timeout);

    server.gate.notify_one();
    assert_eq!(text(response).await.unwrap(), "open");
    let _ = timeout(HANG, busy.connection).await.expect("it is idle now");
}

#[tokio::test]
async fn old_connection_is_told_to_leave_and_cut_after_its_grace() {
    // Long enough that a busy machine makes both calls before the age, and ends one of them within the grace.
    let limits = Limits::default()
        .max_connection_age(Duration::from_secs(1))
        .max_connection_age_grace(Duration::from_secs(2));
    let server = start(limits, None).await;
    let started = Instant::now();
    let mut finishing = Client::connect(server.addr).await.unwrap();
    let response = finishing.send("/gate").await.unwrap();
    let mut stuck = Client::connect(server.addr).await.unwrap();
    let never = stuck.send("/never").await.unwrap();
    let refused = loop {
        if let Err(error) = finishing.get("/").await {
            break error;
        }
    };
    assert_eq!(refused.reason(), Some(h2::Reason::NO_ERROR));
    // The age, less a tenth.
    assert!(started.elapsed() >= Duration::from_millis(900));
    server.gate.notify_one();
    assert_eq!(text(response).await.unwrap(), "open");
    text(never).await.unwrap_err();
    assert!(started.elapsed() >= Duration::from_millis(2900));
}

const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

#[tokio::test]
async fn rapid_reset_is_goaway() {
    let server = start(Limits::default(), None).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let mut flood = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    flood.extend(frame(SETTINGS, 0, 0, &[]));
    for stream in (1..4001).step_by(2) {
        // POST, http, /, and the authority "t".
        flood.extend(frame(HEADERS, 0x5, stream, &[0x83, 0x86, 0x84, 0x01, 1, b't']));
        flood.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    // The server may hang up before it has taken all of it.
    let _ = stream.write_all(&flood).await;
    let sent = read_to_close(&mut stream).await;
    let mut rest = sent.as_slice();
    while let [a, b, c, kind, _, _, _, _, _, payload @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if *kind == GOAWAY {
            assert_eq!(payload[4..8], 11_u32.to_be_bytes(), "ENHANCE_YOUR_CALM");
            return;
        }
        rest = &payload[length..];
    }
    panic!("no GOAWAY in {sent:?}");
}
