//! [`Reader`]: the messages of a stream, in their order, none left out.
//!
//! It ends with an error whenever that cannot go on: the broker that sends them may be gone though another is there, of which one
//! that only waits would hear nothing. So it asks to hear each second that the broker is still there. Whoever reads then begins
//! again behind what it has.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::Stream;
use futures_util::{FutureExt as _, StreamExt as _};

/// How often the broker says that it is there while nothing comes. After two that are missing, it is not.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// When a broker forgets who reads and is gone.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// Reads a stream until something goes wrong.
pub(crate) struct Reader {
    messages: pull::Stream,
    /// How many messages have come.
    count: u64,
    /// How many were in the stream behind the last that has come.
    pending: u64,
}

impl Reader {
    /// Begins to read. An empty filter is none; `ahead` is how many messages the broker sends unasked.
    pub(crate) async fn open<Info: Sync>(
        stream: &Stream<Info>,
        from: DeliverPolicy,
        filter: String,
        ahead: usize,
    ) -> Result<Self, String> {
        let consumer = stream.create_consumer(pull::Config {
            deliver_policy: from,
            filter_subject: filter,
            ack_policy: AckPolicy::None,
            max_deliver: 1,
            inactive_threshold: FORGOTTEN,
            num_replicas: 1,
            memory_storage: true,
            ..pull::Config::default()
        });
        let consumer = consumer.await.map_err(|error| error.to_string())?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(ahead)
            .heartbeat(HEARTBEAT)
            .messages();
        Ok(Self {
            messages: messages.await.map_err(|error| error.to_string())?,
            count: 0,
            pending: consumer.cached_info().num_pending,
        })
    }

    /// Whether all has come that was in the stream when the last message came.
    pub(crate) fn has_all(&self) -> bool {
        self.pending == 0
    }

    /// Waits for the next message.
    pub(crate) async fn next(&mut self) -> Result<Message, String> {
        let message = self.messages.next().await;
        self.checked(message)
    }

    /// The next message, if it is there.
    pub(crate) fn ready(&mut self) -> Option<Result<Message, String>> {
        let message = self.messages.next().now_or_never()?;
        Some(self.checked(message))
    }

    /// A message, if it is the next.
    fn checked<E: std::fmt::Display>(
        &mut self,
        message: Option<Result<Message, E>>,
    ) -> Result<Message, String> {
        let message = message
            .ok_or("it has ended")?
            .map_err(|error| error.to_string())?;
        self.count += 1;
        let info = message.info().map_err(|error| error.to_string())?;
        let (number, pending) = (info.consumer_sequence, info.pending);
        if number != self.count {
            return Err("a message is missing".to_owned());
        }
        self.pending = pending;
        Ok(message)
    }
}
