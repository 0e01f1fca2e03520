//! Publishes a message to a stream until it is there.

use std::time::Duration;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use tokio::time::{Instant, sleep, timeout};

use super::jet_stream::JetStream;

/// How long a broker that is not there is waited for: as long as a cluster may take for another one to be found.
const AWAY: Duration = Duration::from_secs(2);

/// How long one try may take. A cluster that loses a broker takes messages again within seconds, and not all that were sent
/// meanwhile.
const TRY: Duration = Duration::from_secs(1);

/// How long it is tried.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a stream is left alone that is not there, or has no leader.
const PAUSE: Duration = Duration::from_millis(50);

/// The broker is not there, or does not answer in time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Away;

impl JetStream {
    /// Waits a moment for a broker that is not there.
    pub(crate) async fn reached(&self) -> Result<(), Away> {
        if self.is_connected() {
            return Ok(());
        }
        let mut connected = self.connected();
        match timeout(AWAY, connected.wait_for(|there| *there)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Away),
        }
    }

    /// Publishes a message until the stream has it, for five seconds. Since a try whose answer is lost may have been heard, the
    /// message must be one that counts once: it has an id, an expected sequence, or a number that its readers look at.
    pub(crate) async fn publish(
        &self,
        subject: &str,
        message: &PublishMessage,
    ) -> Result<Result<PublishAck, PublishError>, Away> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.reached().await?;
            let once = async {
                let sent = self.context().send_publish(subject.to_owned(), message.clone());
                sent.await?.await
            };
            match timeout(TRY, once).await {
                Ok(Err(error)) if is_passing(&error) => sleep(PAUSE).await,
                Ok(answer) => return Ok(answer),
                Err(_) => {}
            }
            if Instant::now() > until {
                return Err(Away);
            }
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
