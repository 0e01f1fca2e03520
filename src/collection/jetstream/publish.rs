//! Publishes what waits, chunk by chunk, each once.
//!
//! Each replica writes to a subject of its own, and each of its chunks names the one that must be the last there. So a chunk
//! that is published again, because nobody knows what became of it, is in the stream once; and one that is late, from a broker
//! that was away, is refused. A chunk is stored when this replica has read it in the stream: what is in there, a majority of
//! the brokers has.

use std::sync::Arc;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::RawMessageErrorKind;
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::ask::{Questions, caught_up};
use super::queue::Group;
use super::shared::{ATTEMPT, PATIENCE, PAUSE, Shared};
use crate::collection::fault::FaultKind;

/// Publishes what comes, for ever.
pub(super) async fn publish(shared: Arc<Shared>, questions: Questions) {
    let mut number = 0;
    loop {
        let group = shared.queue.next().await;
        let end = Arc::clone(&group.end);
        let outcome = publish_group(&shared, &questions, group, &mut number).await;
        shared.queue.set(&end, outcome);
    }
}

async fn publish_group(
    shared: &Shared,
    questions: &Questions,
    group: Group,
    number: &mut u64,
) -> Result<(), FaultKind> {
    for chunk in group.chunks {
        if let Some(fault) = shared.progress.borrow().fault {
            return Err(fault);
        }
        *number += 1;
        let deadline = Instant::now() + PATIENCE;
        let publishing = Publishing {
            shared,
            questions,
            number: *number,
            bytes: chunk.finish(*number),
            gaps: shared.progress.borrow().gaps,
        };
        let published = timeout_at(deadline, publishing.run()).await;
        published.unwrap_or_else(|_| Err(shared.progress.borrow().fault.unwrap_or(FaultKind::Away)))?;
    }
    Ok(())
}

/// A chunk that is being published.
struct Publishing<'p> {
    shared: &'p Shared,
    questions: &'p Questions,
    number: u64,
    bytes: Bytes,
    /// As it was before the chunk was published.
    gaps: u64,
}

impl Publishing<'_> {
    /// Publishes it until this replica has read it in the stream.
    async fn run(&self) -> Result<(), FaultKind> {
        let mut last = self.shared.progress.borrow().own.sequence;
        loop {
            let attempt = timeout(ATTEMPT, self.attempt(last));
            tokio::select! {
                stored = self.stored() => return stored,
                outcome = attempt => match outcome {
                    Ok(Ok(())) => return self.stored().await,
                    Ok(Err(error)) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                        return Err(FaultKind::TooLarge);
                    }
                    Ok(Err(_)) | Err(_) => {}
                },
            }
            // It may be in the stream nevertheless. When this replica has all that is there now, it knows.
            caught_up(self.shared, self.questions).await?;
            let own = {
                let progress = self.shared.progress.borrow();
                if progress.own.number >= self.number {
                    return Ok(());
                }
                if progress.gaps != self.gaps {
                    // It may have come, and be gone.
                    return Err(FaultKind::Away);
                }
                progress.own.sequence
            };
            last = if self.is_gone(own).await? { 0 } else { own };
            sleep(PAUSE).await;
        }
    }

    /// Publishes it if the last chunk of this replica is `last`.
    async fn attempt(&self, last: u64) -> Result<(), PublishError> {
        let message = PublishMessage::build()
            .payload(self.bytes.clone())
            .expected_stream(&self.shared.stream)
            .expected_last_subject_sequence(last);
        let context = self.shared.store.context();
        context
            .send_publish(self.shared.subject(), message)
            .await?
            .await?;
        Ok(())
    }

    /// Waits until this replica has read it in the stream.
    async fn stored(&self) -> Result<(), FaultKind> {
        let mut progress = self.shared.progress.subscribe();
        let stored = progress.wait_for(|progress| progress.own.number >= self.number);
        stored.await.map(drop).map_err(|_| FaultKind::Unavailable)
    }

    /// Whether the last chunk of this replica is no longer in the stream, as nothing of it was kept.
    async fn is_gone(&self, own: u64) -> Result<bool, FaultKind> {
        if own == 0 {
            return Ok(true);
        }
        let stream = self.shared.handle().await?;
        match stream
            .get_last_raw_message_by_subject(&self.shared.subject())
            .await
        {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(true),
            Err(_) => Err(FaultKind::Away),
        }
    }
}
