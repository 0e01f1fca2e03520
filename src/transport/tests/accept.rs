//! The accept loop: how many connections, and what follows an error.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{Client, HANG, read_to_close, start};
use crate::transport::Limits;
use crate::transport::accept::{Backoff, accept_next};

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

#[tokio::test(start_paused = true)]
async fn emfile_does_not_spin() {
    let tries = Cell::new(0);
    let accept = || {
        tries.set(tries.get() + 1);
        async { Err::<(), _>(io::Error::from_raw_os_error(EMFILE)) }
    };
    let never = timeout(
        Duration::from_secs(10),
        accept_next(accept, &mut Backoff::default()),
    )
    .await;
    assert!(never.is_err());
    // At 0, 50, 150, 350, 750 and 1550 ms, and each second from then on.
    assert_eq!(tries.get(), 14);
}

#[tokio::test(start_paused = true)]
async fn accept_goes_on_after_an_error() {
    let tries = Cell::new(0);
    let accept = || {
        tries.set(tries.get() + 1);
        let error = (tries.get() == 1).then(|| io::Error::from_raw_os_error(EMFILE));
        async { error.map_or(Ok(()), Err) }
    };
    let mut backoff = Backoff::default();
    accept_next(&accept, &mut backoff).await;
    assert_eq!(tries.get(), 2);
    assert_eq!(backoff.next, Backoff::default().next);
}

#[tokio::test(start_paused = true)]
async fn aborted_connection_costs_no_pause() {
    let tries = Cell::new(0);
    let accept = || {
        tries.set(tries.get() + 1);
        let aborted = (tries.get() <= 3).then(|| io::ErrorKind::ConnectionAborted.into());
        async { aborted.map_or(Ok(()), Err) }
    };
    let started = Instant::now();
    accept_next(accept, &mut Backoff::default()).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
}
