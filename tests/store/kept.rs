//! Where the collections of the tests are kept: on a broker, which ends with the thread of its test.

use std::cell::{Cell, OnceCell};

use protod::{Collections, JetStream, JetStreamOptions};

use crate::broker::Brokers;

thread_local! {
    static BROKERS: OnceCell<Brokers> = const { OnceCell::new() };
    static NAMESPACES: Cell<u32> = const { Cell::new(0) };
}

/// Empty ones.
pub(crate) fn collections() -> Collections {
    let namespace = NAMESPACES.replace(NAMESPACES.get() + 1);
    let url = BROKERS.with(|brokers| brokers.get_or_init(Brokers::one).url());
    let store = JetStream::open(&JetStreamOptions::new(format!("{url}/test-{namespace}")));
    Collections::shared(&store.expect("opened"), Collections::in_memory())
}
