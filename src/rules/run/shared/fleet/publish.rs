//! Publishes a message to a stream until it is there.

use std::time::Duration;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use tokio::time::{Instant, sleep, timeout};

use super::Trouble;
use super::link::reached;
use crate::nats::JetStream;

/// How long one try may take. A cluster that loses a broker takes messages again within seconds, and not all that were sent
/// meanwhile.
pub(super) const TRY: Duration = Duration::from_secs(1);

/// How long it is tried.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long a stream is left alone that is not there, or has no leader.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// Publishes a message until the stream has it. Since a try whose answer is lost may have been heard, the message must be one
/// that the stream takes once: it has an id, or an expected sequence.
pub(super) async fn publish(
    store: &JetStream,
    subject: &str,
    message: &PublishMessage,
) -> Result<Result<PublishAck, PublishError>, Trouble> {
    let until = Instant::now() + PATIENCE;
    loop {
        reached(store).await?;
        let once = async {
            let sent = store.context().send_publish(subject.to_owned(), message.clone());
            sent.await?.await
        };
        match timeout(TRY, once).await {
            Ok(Err(error)) if is_passing(&error) => sleep(PAUSE).await,
            Ok(answer) => return Ok(answer),
            Err(_) => {}
        }
        if Instant::now() > until {
            return Err(Trouble::Unreachable);
        }
    }
}

/// Whether what is wrong may be right the next moment.
fn is_passing(error: &PublishError) -> bool {
    matches!(
        error.kind(),
        PublishErrorKind::StreamNotFound
            | PublishErrorKind::TimedOut
            | PublishErrorKind::BrokenPipe
            | PublishErrorKind::MaxAckPending
    )
}
