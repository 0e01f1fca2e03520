//! A server and its broker: which of them comes first, and goes away.

use std::time::{Duration, Instant};

use protod::{JetStream, JetStreamOptions};

use crate::broker::Brokers;
use crate::program::{Server, protod};

/// Waits until a store is there, or is not.
fn await_connected(store: &JetStream, wanted: bool) {
    let began = Instant::now();
    while store.is_connected() != wanted {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "is it there: {}",
            !wanted
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_broker_that_goes_away_is_found_again_whenever_it_comes() {
    let mut brokers = Brokers::one();
    brokers.kill(0);
    let store = JetStream::open(&JetStreamOptions::new(brokers.url())).expect("opened");
    assert!(!store.is_connected());
    brokers.start_again(0);
    await_connected(&store, true);
    brokers.kill(0);
    await_connected(&store, false);
    brokers.start_again(0);
    await_connected(&store, true);
}

#[test]
fn a_broker_that_is_cut_off_is_noticed_and_another_taken() {
    let brokers = Brokers::three();
    let store = JetStream::open(&JetStreamOptions::new(brokers.url_of(0))).expect("opened");
    await_connected(&store, true);
    brokers.cut_off(0);
    await_connected(&store, false);
    await_connected(&store, true);
    brokers.reconnect(0);
    assert!(store.is_connected());
}

#[test]
fn a_broker_hears_the_user_and_the_password_of_the_address() {
    let brokers = Brokers::one_of("us@er", "pa/ss%,?");
    let login = brokers.url_as("us%40er:pa%2Fss%25%2C%3F");
    let store = JetStream::open(&JetStreamOptions::new(login)).expect("opened");
    await_connected(&store, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_takes_no_such_user_is_told_of_without_the_password() {
    let brokers = Brokers::one_of("user", "right");
    let store = brokers.url_as("user:secret");
    let fleet = protod(&["fleet", "--store", &store]).await;
    let said = String::from_utf8_lossy(&fleet.stderr);
    assert!(!fleet.status.success());
    assert!(said.contains("authorization violation"), "{said}");
    assert!(!said.contains("secret"), "{said}");

    let mut server = Server::start(&["--store", &store, "--log", "trace"]).await;
    for _ in 0..2 {
        server.line_with("attempting connection").await;
    }
    let (_, log) = server.stop().await;
    let told = log.iter().find(|line| line.contains("secret"));
    assert_eq!(told, None);
}
