//! The first bytes of a connection: HTTP/2's preface, and what comes in its place.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{Client, HANG, read_to_close, start};
use crate::transport::Limits;

#[tokio::test]
async fn silent_preface_is_cut() {
    let limits = Limits::default().handshake_timeout(Duration::from_millis(200));
    let server = start(limits, None).await;
    for beginning in [&b""[..], b"PRI * HT"] {
        let started = Instant::now();
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        assert_eq!(read_to_close(&mut stream).await, b"");
        assert!(started.elapsed() >= Duration::from_millis(200));
    }
    let mut client = Client::connect(server.addr).await.unwrap();
    client.get("/").await.unwrap();
}

#[tokio::test]
async fn preface_may_come_in_pieces() {
    let server = start(Limits::default(), None).await;
    let (near, far) = tokio::io::duplex(1);
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let relay = tokio::spawn(async move {
        let mut far = far;
        tokio::io::copy_bidirectional(&mut far, &mut stream).await
    });
    let mut client = Client::over(near).await.unwrap();
    assert_eq!(client.get("/").await.unwrap(), "");
    relay.abort();
}

#[tokio::test]
async fn http1_is_served_beside_http2() {
    let server = start(Limits::default(), None).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let answer = String::from_utf8(read_to_close(&mut stream).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let mut client = Client::connect(server.addr).await.unwrap();
    client.get("/").await.unwrap();
}

/// TLS libraries say of such an answer that it is no TLS.
#[tokio::test]
async fn tls_client_is_answered_in_plain_text_on_a_port_without_tls() {
    let server = start(Limits::default(), None).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream
        .write_all(&[22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3])
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let answer = String::from_utf8(read_to_close(&mut stream).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.ends_with("\r\n\r\nthis port does not speak TLS"),
        "{answer}"
    );
}

#[tokio::test]
async fn what_is_neither_http_2_nor_http_1_is_closed_without_a_word() {
    let server = start(Limits::default(), None).await;
    for preface in [
        "INVALID CONNECTION PREFACE\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nxx\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(preface.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(HANG, stream.read_to_end(&mut answer)).await;
        // Not reset: the server has read all that was sent.
        assert_eq!(read.expect("the server closes").unwrap(), 0, "{preface:?}");
    }
}
