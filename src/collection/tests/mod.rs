//! Tests of all engines, of the file, and of what replicas share.

#[cfg(feature = "nats")]
#[path = "../../../tests/support/broker.rs"]
#[allow(dead_code, reason = "other programs use the rest")]
mod broker;
mod engines;
mod file;
#[cfg(feature = "nats")]
mod streams;
mod types;

use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use prost_reflect::MessageDescriptor;

use super::*;
use crate::schema::Schema;

/// What the collections here are of.
pub(super) const POINT: &str = r#"syntax = "proto3"; package t;
    enum Colour { NONE = 0; RED = 1; }
    message Point {
        string name = 1; int64 x = 2; double y = 3; uint64 id = 4; Colour colour = 5; bytes message = 6; optional int32 level = 7;
        repeated int32 more = 8;
    }
    service S { rpc Do(Point) returns (Point); }"#;

pub(super) fn type_of(proto: &str) -> MessageDescriptor {
    let schema = Schema::from_source("t.proto", proto).unwrap();
    schema.method("t.S/Do").unwrap().input().clone()
}

pub(super) fn declaration(proto: &str, key: Option<u32>) -> Declaration {
    Declaration {
        name: "points".into(),
        message: type_of(proto),
        key,
        keep: Retention::default(),
        durability: Durability::Fsync,
    }
}

/// A message of text format.
pub(super) fn bytes_of(declaration: &Declaration, text: &str) -> Vec<u8> {
    use prost::Message as _;
    prost_reflect::DynamicMessage::parse_text_format(declaration.message.clone(), text)
        .unwrap()
        .encode_to_vec()
}

/// Runs what waits, for no longer than a test may take.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_mins(1), future)
            .await
            .expect("it ends")
    })
}

/// A program that is being started has the locks of files, too, for a moment.
static STARTING: RwLock<()> = RwLock::new(());

/// Lets a folder be opened again as soon as it was closed: no program is started while this is held.
pub(super) fn nothing_starts() -> RwLockReadGuard<'static, ()> {
    STARTING.read().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program.
#[cfg(feature = "nats")]
pub(super) fn starting<T>(start: impl FnOnce() -> T) -> T {
    let _starting = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    start()
}

/// All engines: in memory and in a file, and the same as copies of streams.
pub(super) fn each_engine(test: impl Fn(&Collections)) {
    each_local_engine(|collections| test(&collections));
    #[cfg(feature = "nats")]
    {
        let brokers = starting(broker::Brokers::one);
        let namespaces = std::cell::Cell::new(0);
        each_local_engine(|collections| {
            namespaces.set(namespaces.get() + 1);
            let store = streams::store(&brokers, &namespaces.get().to_string());
            test(&Collections::shared(&store, collections));
        });
    }
}

/// The engines of one server: in memory and in a file.
pub(super) fn each_local_engine(test: impl Fn(Collections)) {
    test(Collections::in_memory());
    let folder = tempfile::tempdir().unwrap();
    test(Collections::open(folder.path()).unwrap());
}

/// Writes messages in text format, and waits until they are stored.
pub(super) fn write(collections: &Collections, declaration: &Declaration, texts: &[&str]) -> Collection {
    let collection = collections.declare(declaration).unwrap();
    let mut writer = collection.writer();
    for text in texts {
        writer.put(&bytes_of(declaration, text)).unwrap();
    }
    wait(writer.committed()).unwrap();
    collection
}

/// Reads all, in batches of so many.
pub(super) fn read(from: &Collection, query: &Query, rows: usize) -> Result<Vec<(Position, Vec<u8>)>, Fault> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let most = Most {
            rows,
            ..Most::default()
        };
        let batch = from.read(query, after, most)?;
        assert!(batch.rows.len() <= rows);
        all.extend(
            batch
                .rows
                .into_iter()
                .map(|(position, bytes)| (position, bytes.to_vec())),
        );
        after = batch.seen.or(after);
        if batch.is_end {
            return Ok(all);
        }
    }
}

/// Reads all messages, oldest first.
pub(super) fn messages(from: &Collection) -> Vec<Vec<u8>> {
    let all = read(from, &Query::default(), 1000).unwrap();
    all.into_iter().map(|(_, bytes)| bytes).collect()
}
