//! Takes out of a stream what is not kept.
//!
//! Who has written a megabyte looks whether the stream has more than twice what is kept, and a megabyte. If so, the chunks before
//! the oldest message go. In a collection with a key, where a message may stay for ever, the oldest chunks are
//! emptied first: what is still kept of them is written once more, into a chunk behind all others, and keeps its position.
//! That is written only if nobody writes meanwhile: so it is true for all who read it.
//!
//! Where nobody writes, messages grow too old nevertheless: an empty chunk says so to all replicas.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::Info;
use tokio::time::{sleep, timeout};

use super::chunk::{Chunk, ChunkBuilder, Head, LARGEST, Record, sequence_of};
use super::shared::{ATTEMPT, Shared};
use crate::collection::declaration::now;
use crate::collection::fault::FaultKind;

/// How much a stream may have that is not kept, beside as much as is, in bytes.
const SLACK: u64 = 1 << 20;

/// What a message has beside its bytes when it is written once more.
const RECORD: u64 = 24;

/// How many chunks are emptied at once.
const AT_ONCE: usize = 64;

/// How much is read of them at once, in bytes.
const MOST_READ: usize = 1 << 20;

/// How often it is tried to write while others write.
const TRIES: usize = 20;

/// How often it is looked whether messages are too old.
const TOO_OLD: Duration = Duration::from_secs(10);

/// Looks after a stream, for ever.
pub(super) async fn clean(shared: Arc<Shared>) {
    loop {
        let looked = tokio::select! {
            () = shared.much_written() => purge(&shared).await,
            () = sleep(TOO_OLD) => grow_old(&shared).await,
        };
        if let Err(kind) = looked {
            // There is more where that came from: it is looked at again.
            tracing::debug!(
                collection = &*shared.collection,
                "the stream {} is not cleaned: {kind:?}",
                shared.stream
            );
        }
    }
}

/// Purges the stream of what is not kept, if that is much.
async fn purge(shared: &Arc<Shared>) -> Result<(), FaultKind> {
    let mut info = shared.info().await?;
    let end = info.state.last_sequence;
    // What is written meanwhile is for the next time.
    while info.state.first_sequence <= end {
        // Before the copy is asked: what it then does not have is not kept.
        let applied = shared.progress.borrow().applied.sequence;
        let (extent, oldest) = in_thread(shared, |shared| {
            Ok((shared.copy.extent()?, shared.copy.oldest()?))
        })
        .await?;
        if info.state.bytes <= 2 * (extent.size + extent.count * RECORD) + SLACK {
            break;
        }
        match oldest {
            None => return purge_before(shared, &info, applied + 1).await,
            Some((position, _)) if shared.head().key.is_none() => {
                return purge_before(shared, &info, sequence_of(position).min(applied + 1)).await;
            }
            Some(_) if empty_oldest(shared, &info).await? => info = shared.info().await?,
            Some(_) => break,
        }
    }
    Ok(())
}

async fn purge_before(shared: &Shared, info: &Info, sequence: u64) -> Result<(), FaultKind> {
    if sequence <= info.state.first_sequence {
        return Ok(());
    }
    let stream = shared.handle().await?;
    match timeout(ATTEMPT, stream.purge().sequence(sequence).into_future()).await {
        Ok(Ok(_)) => Ok(()),
        _ => Err(FaultKind::Away),
    }
}

/// Writes once more what is kept of the oldest chunks, and purges these. `false` if others have written all the time.
async fn empty_oldest(shared: &Arc<Shared>, info: &Info) -> Result<bool, FaultKind> {
    let chunks = oldest(shared, info).await?;
    for _ in 0..TRIES {
        let applied = shared.progress.borrow().applied.sequence;
        let positions = chunks.iter().flat_map(messages).map(|(position, ..)| position);
        let positions: Vec<u64> = positions.collect();
        let holds = in_thread(shared, move |shared| shared.copy.holds(positions)).await?;
        let (left, next) = left(&chunks, holds, shared.head(), shared.most());
        // What is not kept is never kept again, whatever others write.
        if write_all(shared, left, applied).await? {
            purge_before(shared, info, next).await?;
            return Ok(!chunks.is_empty());
        }
        sleep(Duration::from_millis(fastrand::u64(1..20))).await;
    }
    Ok(false)
}

/// The oldest chunks, of those that this replica has applied.
async fn oldest(shared: &Shared, info: &Info) -> Result<Vec<Chunk>, FaultKind> {
    let applied = shared.progress.borrow().applied.sequence;
    let stream = shared.handle().await?;
    let (mut chunks, mut size) = (Vec::new(), 0);
    for sequence in (info.state.first_sequence..=applied).take(AT_ONCE) {
        let message = timeout(ATTEMPT, stream.get_raw_message(sequence)).await;
        let Ok(Ok(message)) = message else {
            return Err(FaultKind::Away);
        };
        size += message.payload.len();
        let at = u64::try_from(message.time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        chunks.push(Chunk::parse(sequence, at, message.payload).map_err(|_| FaultKind::Damaged)?);
        if size > MOST_READ {
            break;
        }
    }
    Ok(chunks)
}

/// What is kept of chunks, until that is as much as a chunk has, in chunks of `most` bytes: one by one, messages take more than together. Also the
/// sequence before which nothing is left then. `holds` says of each message whether it is kept.
fn left(chunks: &[Chunk], holds: Vec<bool>, head: Head, most: usize) -> (Vec<ChunkBuilder>, u64) {
    let (mut holds, mut next) = (holds.into_iter(), 0);
    let mut left = vec![ChunkBuilder::new(head)];
    for chunk in chunks {
        if left.iter().map(ChunkBuilder::len).sum::<usize>() > LARGEST {
            break;
        }
        for ((position, at, message), is_kept) in messages(chunk).zip(holds.by_ref()) {
            if !is_kept {
                continue;
            }
            if left.last().is_none_or(|last| !last.has_room(message.len(), most)) {
                left.push(ChunkBuilder::new(head));
            }
            if let Some(last) = left.last_mut() {
                last.add(&Record::Restore {
                    position,
                    at,
                    message,
                });
            }
        }
        next = chunk.sequence + 1;
    }
    left.retain(|chunk| !chunk.is_empty());
    (left, next)
}

/// The messages of a chunk, each with its position, and when it was written.
fn messages(chunk: &Chunk) -> impl Iterator<Item = (u64, u64, &[u8])> {
    chunk.records().filter_map(|(position, record)| match record {
        Record::Put(message) => Some((position, chunk.at, message)),
        Record::Restore {
            position,
            at,
            message,
        } => Some((position, at, message)),
        Record::Delete(_) | Record::Clear => None,
    })
}

/// Has messages go that are too old where nobody writes.
async fn grow_old(shared: &Arc<Shared>) -> Result<(), FaultKind> {
    let head = shared.head();
    if head.keep.age.is_none() {
        return Ok(());
    }
    let applied = shared.progress.borrow().applied.sequence;
    let oldest = in_thread(shared, |shared| shared.copy.oldest()).await?;
    if oldest.is_some_and(|(_, at)| at < head.keep.cutoff(now())) {
        // If others write, they say so.
        write(shared, ChunkBuilder::new(head), applied).await?;
    }
    Ok(())
}

/// Writes chunks, if the last in the stream is `applied` and nobody writes between them; `false` if somebody does. What was written then is
/// there twice, and changes nothing.
async fn write_all(shared: &Shared, chunks: Vec<ChunkBuilder>, applied: u64) -> Result<bool, FaultKind> {
    for (chunk, last) in chunks.into_iter().zip(applied..) {
        if !write(shared, chunk, last).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes a chunk, if the last in the stream is `applied`; `false` if it is not.
async fn write(shared: &Shared, chunk: ChunkBuilder, applied: u64) -> Result<bool, FaultKind> {
    let message = PublishMessage::build()
        .payload(chunk.finish(0))
        .expected_stream(&shared.stream)
        .expected_last_sequence(applied);
    let subject = format!("{}clean", shared.subjects);
    let publish = async {
        let sent = shared.store.context().send_publish(subject, message).await;
        sent.map_err(|_| FaultKind::Away)?
            .await
            .map_err(|_| FaultKind::Away)
    };
    Ok(matches!(timeout(ATTEMPT, publish).await, Ok(Ok(_))))
}

/// Asks the copy, which may wait for a disk.
async fn in_thread<T: Send + 'static>(
    shared: &Arc<Shared>,
    ask: impl FnOnce(&Shared) -> Result<T, FaultKind> + Send + 'static,
) -> Result<T, FaultKind> {
    let of_thread = Arc::clone(shared);
    let asked = tokio::task::spawn_blocking(move || ask(&of_thread)).await;
    asked.unwrap_or(Err(FaultKind::Unavailable))
}
