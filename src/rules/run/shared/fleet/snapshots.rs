//! Snapshots of the store, so that the stream of its changes does not grow for ever.
//!
//! A snapshot is the records of all variables as of one change, each a message, and a head that names them. The head is written
//! last, and only in the place of the one before, so it always names a whole one. After it, the changes that it has are dropped.

use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream;
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Trouble;
use crate::nats::{JetStream, PATIENCE};
use crate::uuid::version_4;

/// A snapshot that was read.
pub(super) struct Snapshot {
    /// The last change that it has.
    pub(super) sequence: u64,
    pub(super) records: Vec<Bytes>,
}

/// What names a snapshot.
#[derive(Debug, Default)]
struct Head {
    sequence: u64,
    id: String,
    records: usize,
    /// Where it stands in the stream itself.
    at: u64,
}

/// The stream of snapshots.
pub(super) async fn stream(store: &JetStream) -> Result<stream::Stream, String> {
    let stream = store.context().get_or_create_stream(stream::Config {
        name: store.name("variables-snapshots"),
        subjects: vec![subject(store, ">")],
        num_replicas: store.replicas(),
        ..stream::Config::default()
    });
    stream.await.map_err(|error| error.to_string())
}

fn subject(store: &JetStream, part: &str) -> String {
    format!("{}.variables-snapshots.{part}", store.namespace())
}

async fn head(store: &JetStream, stream: &stream::Stream) -> Result<Option<Head>, String> {
    let subject = subject(store, "head");
    let message = match stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => message,
        Err(error) if error.kind() == stream::LastRawMessageErrorKind::NoMessageFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let value: Value = serde_json::from_slice(&message.payload).map_err(|error| error.to_string())?;
    let number = |name| value.get(name).and_then(Value::as_u64);
    let head = || {
        Some(Head {
            sequence: number("sequence")?,
            id: value.get("id")?.as_str()?.to_owned(),
            records: usize::try_from(number("records")?).ok()?,
            at: message.sequence,
        })
    };
    head()
        .map(Some)
        .ok_or_else(|| "the head of a snapshot is damaged".to_owned())
}

/// Reads the last snapshot, if there is one. An `Err` if it could not be read whole, as when a later one takes its place.
pub(super) async fn read(store: &JetStream) -> Result<Option<Snapshot>, String> {
    let stream = stream(store).await?;
    let Some(head) = head(store, &stream).await? else {
        return Ok(None);
    };
    let mut records = Vec::new();
    if head.records > 0 {
        let consumer = stream.create_consumer(OrderedConfig {
            filter_subject: subject(store, &format!("records.{}", head.id)),
            deliver_policy: DeliverPolicy::All,
            ..OrderedConfig::default()
        });
        let consumer = consumer.await.map_err(|error| error.to_string())?;
        let mut messages = consumer.messages().await.map_err(|error| error.to_string())?;
        while records.len() < head.records {
            let next = timeout(PATIENCE, messages.next()).await;
            let message = next.map_err(|_| "the snapshot is not whole".to_owned())?;
            let message = message
                .ok_or("the snapshot ends")?
                .map_err(|error| error.to_string())?;
            records.push(message.message.payload);
        }
    }
    Ok(Some(Snapshot {
        sequence: head.sequence,
        records,
    }))
}

/// Writes a snapshot, and drops the one before and the changes that it has. Does nothing if another server has made one since
/// that has as many.
pub(super) async fn write(
    store: &JetStream,
    changes: &stream::Stream,
    sequence: u64,
    records: Vec<Vec<u8>>,
) -> Result<(), String> {
    let stream = stream(store).await?;
    let before = head(store, &stream).await?.unwrap_or_default();
    if before.sequence >= sequence {
        return Ok(());
    }
    let id = version_4(fastrand::u128(..));
    let place = subject(store, &format!("records.{id}"));
    let count = records.len();
    for (n, record) in (0..).zip(records) {
        let message = PublishMessage::build()
            .payload(record.into())
            .message_id(format!("{id}-{n}"));
        let published = store.publish(&place, &message).await;
        let published = published.map_err(|away| Trouble::from(away).to_string())?;
        published.map_err(|error| error.to_string())?;
    }
    let head = json!({"sequence": sequence, "id": id, "records": count});
    let message = PublishMessage::build()
        .payload(head.to_string().into())
        .message_id(&id)
        .expected_last_subject_sequence(before.at);
    let published = store.publish(&subject(store, "head"), &message).await;
    let is_head = published.map_err(|away| Trouble::from(away).to_string())?.is_ok();
    // Who reads one that is dropped meanwhile begins again with the head.
    let dropped = if is_head { before.id } else { id };
    if !dropped.is_empty() {
        let records = subject(store, &format!("records.{dropped}"));
        let purged = stream.purge().filter(records).await;
        purged.map_err(|error| error.to_string())?;
    }
    if is_head {
        let purged = stream.purge().filter(subject(store, "head")).keep(1).await;
        purged.map_err(|error| error.to_string())?;
        let purged = changes.purge().sequence(sequence + 1).await;
        purged.map_err(|error| error.to_string())?;
    }
    Ok(())
}
