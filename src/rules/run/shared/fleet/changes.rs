//! Follows the changes of the store, and makes them here.

use std::sync::Arc;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::{Message, stream};
use tokio::task::spawn_blocking;

use super::applied::{Applied, Change};
use super::snapshots;
use crate::nats::{JetStream, Reader, is_of_leader};

/// How many changes are made at a time.
const BATCH: usize = 256;

/// How many bytes of changes there are at least before a snapshot is made.
const SNAPSHOT_AFTER: u64 = 4 << 20;

/// How many bytes a record of a snapshot has, about.
const RECORD: usize = 256 << 10;

/// The name of the stream of changes.
pub(super) fn stream_name(store: &JetStream) -> String {
    store.name("variables")
}

/// Their subject.
pub(super) fn subject(store: &JetStream) -> String {
    format!("{}.variables", store.namespace())
}

/// Makes the changes of all servers here, for as long as the broker is there.
pub(super) async fn follow(store: JetStream, applied: Arc<Applied>) {
    if let Err(error) = followed(&store, &applied).await {
        tracing::debug!(target: "protod::store", error, "the store is not shared for a moment");
    }
}

async fn followed(store: &JetStream, applied: &Arc<Applied>) -> Result<(), String> {
    let stream = store.context().get_or_create_stream(stream::Config {
        name: stream_name(store),
        subjects: vec![subject(store)],
        num_replicas: store.replicas(),
        ..stream::Config::default()
    });
    let stream = stream.await.map_err(|error| error.to_string())?;
    let info = stream.cached_info();
    if !is_of_leader(info) {
        return Err("nobody leads the stream".to_owned());
    }
    let state = &info.state;
    if state.last_sequence < applied.sequence() {
        tracing::warn!(target: "protod::store", "the broker has lost the shared store: it begins anew");
        load(store, applied, 0).await?;
    } else if state.first_sequence > applied.sequence() + 1 {
        load(store, applied, state.first_sequence - 1).await?;
    }
    let from = DeliverPolicy::ByStartSequence {
        start_sequence: applied.sequence() + 1,
    };
    let mut reader = Reader::open(&stream, from, String::new(), BATCH).await?;
    // As if the last one had been made at another time on each server, so that not all make one at once.
    let mut snapshot_after = next_snapshot(0);
    loop {
        let next = tokio::select! {
            next = reader.next() => next?,
            () = applied.learns() => {
                return load(store, applied, 0).await;
            }
        };
        let first = change(next)?;
        if first.sequence > applied.sequence() + 1 {
            // Those between are in a snapshot.
            load(store, applied, first.sequence - 1).await?;
        }
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Some(next) = reader.ready()
        {
            batch.push(change(next?)?);
        }
        apply(applied, batch).await?;
        if applied.since_snapshot() > snapshot_after && !applied.has_unknown() {
            snapshot_after = next_snapshot(make_snapshot(store, &stream, applied).await?);
        }
    }
}

/// After how many bytes of changes a snapshot is made, if the last one had that many.
fn next_snapshot(size: u64) -> u64 {
    let least = SNAPSHOT_AFTER.max(2 * size);
    least + fastrand::u64(0..least / 2)
}

fn change(message: Message) -> Result<Change, String> {
    let sequence = message.info().map_err(|error| error.to_string())?.stream_sequence;
    Ok(Change {
        sequence,
        payload: message.message.payload,
    })
}

async fn apply(applied: &Arc<Applied>, batch: Vec<Change>) -> Result<(), String> {
    let applied = Arc::clone(applied);
    // A slow evaluation may have the store, and the client of the broker has to go on.
    let done = spawn_blocking(move || applied.apply(&batch)).await;
    done.map_err(|error| error.to_string())
}

/// Begins anew with the last snapshot; without one, as of that change, before which there was nothing.
async fn load(store: &JetStream, applied: &Arc<Applied>, otherwise: u64) -> Result<(), String> {
    let (sequence, records) = match snapshots::read(store).await? {
        Some(snapshot) => (snapshot.sequence, snapshot.records),
        None => (otherwise, Vec::new()),
    };
    let applied = Arc::clone(applied);
    let done = spawn_blocking(move || applied.replace(&records, sequence)).await;
    done.map_err(|error| error.to_string())
}

/// Makes a snapshot, unless another server has, and returns how many bytes it has.
async fn make_snapshot(
    store: &JetStream,
    changes: &stream::Stream,
    applied: &Arc<Applied>,
) -> Result<u64, String> {
    let reading = Arc::clone(applied);
    let records = spawn_blocking(move || reading.records(RECORD)).await;
    let (sequence, records) = records.map_err(|error| error.to_string())?;
    applied.note_snapshot();
    let size = records.iter().map(|record| record.len() as u64).sum();
    if let Err(error) = snapshots::write(store, changes, sequence, records).await {
        tracing::warn!(target: "protod::store", error, "a snapshot of the shared store is not made");
    }
    Ok(size)
}
