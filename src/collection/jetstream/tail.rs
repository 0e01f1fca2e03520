//! Reads a stream, and has its chunks applied to the copy, in their order.
//!
//! Whatever goes wrong, the task begins again behind the last chunk that it has applied.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::stream::{self, Info, StorageType};
use tokio::time::{sleep, timeout};

use super::chunk::{Chunk, first_position};
use super::progress::{Applied, Own};
use super::shared::{PAUSE, Shared};
use crate::collection::fault::FaultKind;
use crate::nats::Reader;
use crate::throttle::Throttle;

/// How many chunks the broker sends unasked, and how many are applied at once.
const AHEAD: usize = 64;

/// How long to wait before what cannot be applied is tried again.
const REST: Duration = Duration::from_secs(1);

/// A position behind all others.
const ALL: u64 = i64::MAX.cast_unsigned();

/// Why reading ended.
enum Ended {
    /// The broker is away, or has forgotten who reads.
    Lost(String),
    /// A chunk cannot be applied.
    Fault(FaultKind),
}

impl From<FaultKind> for Ended {
    fn from(kind: FaultKind) -> Self {
        Self::Fault(kind)
    }
}

fn lost(error: impl std::fmt::Display) -> Ended {
    Ended::Lost(error.to_string())
}

/// Reads for ever.
pub(super) async fn tail(shared: Arc<Shared>) {
    let mut connected = shared.store.connected();
    loop {
        if connected.wait_for(|is_connected| *is_connected).await.is_err() {
            return;
        }
        match read(&shared).await {
            Ended::Lost(why) => {
                tracing::debug!(
                    collection = &*shared.collection,
                    "the stream {} is read again: {why}",
                    shared.stream
                );
                sleep(PAUSE).await;
            }
            Ended::Fault(kind) => {
                shared
                    .progress
                    .send_modify(|progress| progress.fault = Some(kind));
                sleep(REST).await;
            }
        }
    }
}

/// Reads until something goes wrong.
async fn read(shared: &Arc<Shared>) -> Ended {
    match try_read(shared).await {
        Ok(never) => match never {},
        Err(ended) => ended,
    }
}

async fn try_read(shared: &Arc<Shared>) -> Result<std::convert::Infallible, Ended> {
    let context = shared.store.context();
    shared.set_largest(context.client().server_info().max_payload);
    let stream = context.get_or_create_stream(config(shared)).await.map_err(lost)?;
    let info = shared.info().await.map_err(|_| lost("nobody leads it"))?;
    begin(shared, &info).await?;
    let last = info.state.last_sequence;
    let next = shared.progress.borrow().applied.sequence + 1;
    let from = DeliverPolicy::ByStartSequence { start_sequence: next };
    let mut reader = Reader::open(&stream, from, String::new(), AHEAD)
        .await
        .map_err(lost)?;
    loop {
        if reader.has_all() && shared.progress.borrow().applied.sequence < last {
            // What was behind it has been deleted.
            skip(shared, last).await?;
        }
        let is_faulty = shared.progress.borrow().fault.is_some();
        let first = if is_faulty {
            // What is wrong may be deleted before it comes.
            let first = timeout(REST, reader.next()).await;
            first.map_err(|_| lost("nothing comes"))?
        } else {
            reader.next().await
        };
        let mut come = vec![first.map_err(lost)?];
        while come.len() < AHEAD
            && let Some(message) = reader.ready()
        {
            come.push(message.map_err(lost)?);
        }
        let mut chunks = Vec::with_capacity(come.len());
        let mut own = None;
        for message in come {
            let chunk = chunk_of(shared, &message)?;
            if message.subject.strip_prefix(&*shared.subjects) == Some(&*shared.writer) {
                shared.wrote(chunk.len());
                own = Some(Own {
                    number: chunk.number,
                    sequence: chunk.sequence,
                });
            }
            chunks.push(chunk);
        }
        apply(shared, chunks, own).await?;
    }
}

fn config(shared: &Shared) -> stream::Config {
    stream::Config {
        name: shared.stream.clone(),
        subjects: vec![format!("{}*", shared.subjects)],
        storage: StorageType::File,
        num_replicas: shared.store.replicas(),
        description: Some(format!("the collection {} of protod", shared.collection)),
        ..stream::Config::default()
    }
}

/// Checks that the copy is one of this stream, and takes away what is not in it any more.
async fn begin(shared: &Arc<Shared>, info: &Info) -> Result<(), Ended> {
    let (first, last) = (info.state.first_sequence, info.state.last_sequence);
    let created: Arc<str> = info.created.unix_timestamp_nanos().to_string().into();
    let known = shared.progress.borrow().applied.clone();
    if known.created != created || known.sequence > last {
        if known.sequence > 0 {
            tracing::warn!(
                collection = &*shared.collection,
                "the stream {} is not the one that was copied: the copy begins anew",
                shared.stream
            );
        }
        let applied = Applied {
            created: Arc::clone(&created),
            sequence: 0,
        };
        let applied = in_thread(shared, applied, |shared, applied| {
            shared.copy.forget_before(ALL, applied)
        })
        .await?;
        shared.progress.send_modify(|progress| progress.applied = applied);
    }
    if first > shared.progress.borrow().applied.sequence + 1 {
        gap(shared, first).await?;
    }
    shared
        .progress
        .send_if_modified(|progress| progress.applied.sequence == last && progress.fault.take().is_some());
    Ok(())
}

/// All chunks before this one are gone: nothing is kept of them.
async fn gap(shared: &Arc<Shared>, first: u64) -> Result<(), Ended> {
    let applied = Applied {
        created: Arc::clone(&shared.progress.borrow().applied.created),
        sequence: first - 1,
    };
    let applied = in_thread(shared, applied, move |shared, applied| {
        shared.copy.forget_before(first_position(first), applied)
    })
    .await?;
    shared.progress.send_modify(|progress| {
        progress.applied = applied;
        progress.gaps += 1;
    });
    Ok(())
}

/// There are no chunks any more up to this one, and all that is before them stays: somebody has deleted them.
async fn skip(shared: &Arc<Shared>, last: u64) -> Result<(), Ended> {
    let applied = Applied {
        created: Arc::clone(&shared.progress.borrow().applied.created),
        sequence: last,
    };
    let applied = in_thread(shared, applied, |shared, applied| {
        shared.copy.apply(Vec::new(), applied)
    })
    .await?;
    shared.progress.send_modify(|progress| {
        progress.applied = applied;
        progress.gaps += 1;
        progress.fault = None;
    });
    Ok(())
}

/// The chunk in a message.
fn chunk_of(shared: &Shared, message: &Message) -> Result<Chunk, Ended> {
    let info = message.info().map_err(lost)?;
    let at = info.published.unix_timestamp_nanos() / 1_000_000;
    let at = u64::try_from(at).unwrap_or_default();
    let sequence = info.stream_sequence;
    let chunk = Chunk::parse(sequence, at, message.payload.clone()).map_err(|why| {
        static THROTTLE: Throttle = Throttle::new(Duration::from_secs(10));
        if THROTTLE.pass().is_some() {
            tracing::error!(
                collection = &*shared.collection,
                "the message {sequence} of the stream {} is no chunk of a collection: {why}; if it is deleted, the collection goes on",
                shared.stream
            );
        }
        Ended::Fault(FaultKind::Damaged)
    })?;
    if chunk.key() != shared.head().key {
        return Err(FaultKind::OtherKey.into());
    }
    Ok(chunk)
}

/// Applies chunks, and says so. `own` is the last of this replica among them.
async fn apply(shared: &Arc<Shared>, mut chunks: Vec<Chunk>, own: Option<Own>) -> Result<(), Ended> {
    let next = shared.progress.borrow().applied.sequence + 1;
    let sequences = chunks.iter().map(|chunk| chunk.sequence);
    let has_gaps = !(next..).take(chunks.len()).eq(sequences);
    if has_gaps {
        // What is not kept goes from the begin of the stream. All else that is missing was deleted, and what is before it stays.
        let info = shared.info().await;
        let first = info
            .map_err(|_| lost("the broker does not say where it begins"))?
            .state
            .first_sequence;
        chunks.retain(|chunk| chunk.sequence >= first);
        if first > next {
            gap(shared, first).await?;
        }
    }
    let Some(last) = chunks.last() else {
        return Ok(());
    };
    let applied = Applied {
        created: Arc::clone(&shared.progress.borrow().applied.created),
        sequence: last.sequence,
    };
    let applied = in_thread(shared, applied, move |shared, applied| {
        shared.copy.apply(chunks, applied)
    })
    .await?;
    shared.progress.send_modify(|progress| {
        progress.applied = applied;
        progress.own = own.unwrap_or(progress.own);
        progress.gaps += u64::from(has_gaps);
        progress.fault = None;
    });
    Ok(())
}

/// Changes the copy where it may take its time, and returns up to where it then is one.
async fn in_thread(
    shared: &Arc<Shared>,
    applied: Applied,
    change: impl FnOnce(&Shared, &Applied) -> Result<(), FaultKind> + Send + 'static,
) -> Result<Applied, Ended> {
    let of_thread = Arc::clone(shared);
    let changing = tokio::task::spawn_blocking(move || {
        let changed = change(&of_thread, &applied);
        changed.map(|()| applied)
    });
    Ok(changing.await.map_err(lost)??)
}
