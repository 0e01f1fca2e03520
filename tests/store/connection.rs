//! A server and its broker: which of them comes first, and goes away.

use std::time::{Duration, Instant};

use protod::{JetStream, JetStreamOptions};

use crate::broker::Brokers;

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
