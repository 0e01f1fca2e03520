//! Signals to the calls of other servers, and from them.
//!
//! They are messages that no stream keeps: who is not there does not hear them.

use std::sync::Arc;

use async_nats::Client;
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::link::Alive;
use super::{Signals, Trouble};
use crate::nats::JetStream;
use crate::uuid::version_4;

/// How many bytes the name and the key of a signal may have together.
const LARGEST: usize = 64 << 10;

/// How many bytes a message may have that is read: as many as JSON may make of the largest.
const LARGEST_MESSAGE: usize = 6 * LARGEST + 256;

/// How many signals wait to be sent.
const WAITING: usize = 1024;

/// Sends signals to the other servers.
#[derive(Debug)]
pub(super) struct Outgoing {
    store: JetStream,
    /// By which a server knows its own signals.
    own: String,
    queue: mpsc::Sender<Bytes>,
}

impl Outgoing {
    /// Begins to send, and to hear those of the others.
    pub(super) fn new(store: &JetStream, alive: &Alive, signals: &Arc<Signals>) -> Self {
        let own = version_4(fastrand::u128(..));
        let (queue, waiting) = mpsc::channel(WAITING);
        let subject = format!("{}.signals", store.namespace());
        let hearing = hear(
            store.client().clone(),
            subject.clone(),
            own.clone(),
            Arc::clone(signals),
        );
        alive.spawn(store, hearing);
        // It ends when all is sent.
        store.spawn(send(store.client().clone(), subject, waiting));
        Self {
            store: store.clone(),
            own,
            queue,
        }
    }

    /// Raises a signal in the calls of the other servers.
    pub(super) fn raise(&self, name: &str, key: Option<&str>) -> Result<(), Trouble> {
        if name.len() + key.map_or(0, str::len) > LARGEST {
            return Err(Trouble::TooLarge("a signal", LARGEST));
        }
        if !self.store.is_connected() {
            return Err(Trouble::Unreachable);
        }
        let message = json!({"from": self.own, "name": name, "key": key});
        let sent = self.queue.try_send(message.to_string().into());
        sent.map_err(|_| Trouble::Busy)
    }
}

/// Sends what waits, in its order.
async fn send(client: Client, subject: String, mut waiting: mpsc::Receiver<Bytes>) {
    while let Some(message) = waiting.recv().await {
        if let Err(error) = client.publish(subject.clone(), message).await {
            tracing::warn!(target: "protod::store", %error, "a signal does not reach the other servers");
        }
    }
}

/// Raises the signals of the others here.
async fn hear(client: Client, subject: String, own: String, signals: Arc<Signals>) {
    let mut heard = match client.subscribe(subject).await {
        Ok(heard) => heard,
        Err(error) => {
            tracing::warn!(target: "protod::store", %error, "the signals of other servers are not heard");
            return;
        }
    };
    while let Some(message) = heard.next().await {
        match read(&message.payload) {
            Some((from, ..)) if from == own => {}
            Some((_, name, key)) => {
                signals.raise(&name, key.as_deref(), None);
            }
            None => tracing::debug!(target: "protod::store", "a message is no signal"),
        }
    }
}

/// Who has sent a signal, its name and its key.
fn read(message: &[u8]) -> Option<(String, String, Option<String>)> {
    if message.len() > LARGEST_MESSAGE {
        return None;
    }
    let message: Value = serde_json::from_slice(message).ok()?;
    let text = |name| message.get(name)?.as_str().map(str::to_owned);
    Some((text("from")?, text("name")?, text("key")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_signal_is_not_read() {
        let signal = json!({"from": "a", "name": "n", "key": null}).to_string();
        let read_as = Some(("a".to_owned(), "n".to_owned(), None));
        assert_eq!(read(signal.as_bytes()), read_as);
        let large = json!({"from": "a", "name": "n".repeat(LARGEST_MESSAGE), "key": null}).to_string();
        for message in ["", "{}", "[1]", r#"{"from": 1, "name": "n"}"#, "\u{0}", &large] {
            assert_eq!(read(message.as_bytes()), None);
        }
    }
}
