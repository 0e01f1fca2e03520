//! Asks a broker, and publishes, until there is an answer.

use std::time::Duration;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use tokio::time::{Instant, sleep, timeout};

use super::jet_stream::JetStream;
use super::leader::is_of_leader;

/// How long a broker that is not there is waited for: as long as a cluster may take for another one to be found.
const AWAY: Duration = Duration::from_secs(2);

/// How long one try may take. A cluster that loses a broker takes messages again within seconds, and not all that were sent
/// meanwhile.
const TRY: Duration = Duration::from_secs(1);

/// How long it is tried.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

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
        let publish = || async {
            let sent = self.context().send_publish(subject.to_owned(), message.clone());
            sent.await?.await
        };
        self.asked(|| async {
            let answer = publish().await;
            let is_final = answer.as_ref().err().is_none_or(|error| !is_passing(error));
            is_final.then_some(answer)
        })
        .await
    }

    /// The sequence of the last message of a stream, as the broker says that leads it.
    pub(crate) async fn last_sequence(&self, stream: &str) -> Result<u64, Away> {
        self.asked(|| async {
            let stream = self.context().get_stream_no_info(stream).await.ok()?;
            let info = stream.get_info().await.ok()?;
            is_of_leader(&info).then_some(info.state.last_sequence)
        })
        .await
    }

    /// Puts a question until it has an answer, for five seconds. It has none while what is asked for is not there, or has no leader.
    async fn asked<T, F>(&self, question: impl Fn() -> F) -> Result<T, Away>
    where
        F: Future<Output = Option<T>>,
    {
        let until = Instant::now() + PATIENCE;
        loop {
            self.reached().await?;
            match timeout(TRY, question()).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => sleep(PAUSE).await,
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
