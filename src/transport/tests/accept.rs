//! The accept loop: how many connections, and what follows an error.

use std::io;
use std::time::Duration;

use tokio::io::DuplexStream;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{Client, HANG, read_to_close, start};
use crate::handler::Peer;
use crate::transport::accept::{Backoff, accept_next};
use crate::transport::{Limits, ListenAddr, Listener};

#[tokio::test]
async fn connection_limit_is_kept() {
    let server = start(Limits::default().max_connections(2), None).await;
    let mut first = Client::connect(server.addr).await.unwrap();
    let mut second = Client::connect(server.addr).await.unwrap();
    first.get("/").await.unwrap();
    second.get("/").await.unwrap();

    let mut third = TcpStream::connect(server.addr).await.unwrap();
    assert_eq!(read_to_close(&mut third).await, b"");
    second.get("/").await.unwrap();

    first.connection.abort();
    // Nothing tells a client that a slot is free but that it gets one.
    let again = async {
        loop {
            if let Ok(mut client) = Client::connect(server.addr).await
                && client.get("/").await.is_ok()
            {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(HANG, again)
        .await
        .expect("the slot of the first is free again");
}

const EMFILE: i32 = 24;

/// Fails as often as `error` says for the number of the try, which begins with 1.
struct Failing {
    tries: u32,
    error: fn(u32) -> Option<io::Error>,
}

impl Failing {
    fn new(error: fn(u32) -> Option<io::Error>) -> Self {
        Self { tries: 0, error }
    }
}

impl Listener for Failing {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Peer)> {
        self.tries += 1;
        match (self.error)(self.tries) {
            Some(error) => Err(error),
            None => Ok((tokio::io::duplex(1).0, Peer::new("pipe"))),
        }
    }

    fn local_addr(&self) -> io::Result<ListenAddr> {
        Ok(ListenAddr::Other("pipe".to_owned()))
    }
}

#[tokio::test(start_paused = true)]
async fn emfile_does_not_spin() {
    let mut listener = Failing::new(|_| Some(io::Error::from_raw_os_error(EMFILE)));
    let mut backoff = Backoff::default();
    let never = timeout(Duration::from_secs(10), accept_next(&mut listener, &mut backoff)).await;
    assert!(never.is_err());
    // At 0, 50, 150, 350, 750 and 1550 ms, and each second from then on.
    assert_eq!(listener.tries, 14);
}

#[tokio::test(start_paused = true)]
async fn accept_goes_on_after_an_error() {
    let mut listener = Failing::new(|tries| (tries == 1).then(|| io::Error::from_raw_os_error(EMFILE)));
    let mut backoff = Backoff::default();
    accept_next(&mut listener, &mut backoff).await;
    assert_eq!(listener.tries, 2);
    assert_eq!(backoff.next, Backoff::default().next);
}

#[tokio::test(start_paused = true)]
async fn aborted_connection_costs_no_pause() {
    let mut listener = Failing::new(|tries| (tries <= 3).then(|| io::ErrorKind::ConnectionAborted.into()));
    let started = Instant::now();
    accept_next(&mut listener, &mut Backoff::default()).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
}

/// The time until the kernel looks whether the client of this connection of the server's is still there. `None` if it never
/// does.
#[cfg(target_os = "linux")]
async fn keepalive_timer(server: std::net::SocketAddr, client: std::net::SocketAddr) -> Option<Duration> {
    let ports = format!(":{:04X} 0100007F:{:04X} ", server.port(), client.port());
    let look = async {
        loop {
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let line = table.lines().find(|line| line.contains(&ports)).unwrap();
            let timer = line.split_whitespace().nth(5).unwrap();
            match timer.split_once(':').unwrap() {
                ("00", _) => break None,
                ("02", left) => {
                    let hundredths = u64::from_str_radix(left, 16).unwrap();
                    break Some(Duration::from_millis(hundredths * 10));
                }
                // Until the client has acknowledged what it was sent.
                _ => tokio::task::yield_now().await,
            }
        }
    };
    timeout(HANG, look).await.expect("the client acknowledges")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn client_of_http1_that_is_silent_is_asked_whether_it_is_there() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let interval = Duration::from_secs(1000);
    for expected in [Some(interval), None] {
        let limits = Limits::default().keepalive_interval(expected);
        let server = start(limits, None).await;
        let mut client = TcpStream::connect(server.addr).await.unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
            .await
            .unwrap();
        assert_ne!(client.read(&mut [0; 1000]).await.unwrap(), 0);
        let left = keepalive_timer(server.addr, client.local_addr().unwrap()).await;
        assert_eq!(left.is_some(), expected.is_some());
        assert!(
            left.is_none_or(|left| left <= interval && left > interval / 2),
            "{left:?}"
        );
    }
}
