//! Counts the answers of rules for all servers.
//!
//! Each count is the last message of a subject in a stream of counters (ADR-49 of NATS), to which the broker adds: what it answers is a
//! number that no other call gets. So nobody tries twice, and a rule with `times: 2` answers twice in all, whoever asks.
//!
//! Counts only grow, until all begin anew: then there is another period, which is a counter of its own and part of the
//! subjects of the others. So what a server knows to be used up, it need not ask again in that period.

use std::convert::Infallible;
use std::sync::Arc;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::stream;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use super::link::{Alive, whenever_there};
use super::{Counters, Hits, Trouble};
use crate::nats::{JetStream, PATIENCE, Reader};
use crate::rules::plan::RuleId;
use crate::uuid::version_4;

/// How many bytes the value of a `scope` may have, which becomes part of a subject.
const LARGEST_SCOPE: usize = 1024;

/// How many periods the broker tells unasked.
const AHEAD: usize = 16;

/// The header that says how much is added to a counter.
const INCREMENT: &str = "Nats-Incr";

/// The counts that servers share.
#[derive(Debug)]
pub(super) struct Counts {
    store: JetStream,
    /// The one that counts now. `None` until it is known.
    period: watch::Receiver<Option<u64>>,
}

impl Counts {
    /// Begins to hear when all counts begin anew, here too.
    pub(super) fn new(store: &JetStream, alive: &Alive, counters: &Arc<Counters>, hits: &Arc<Hits>) -> Self {
        let (told, period) = watch::channel(None);
        let here = Arc::new(Here {
            store: store.clone(),
            counters: Arc::clone(counters),
            hits: Arc::clone(hits),
            period: told,
        });
        let following = whenever_there(store.clone(), move || Arc::clone(&here).follow());
        alive.spawn(store, following);
        Self {
            store: store.clone(),
            period,
        }
    }

    /// Adds answers of a rule in a scope, and returns how many there are with them, and in which period.
    pub(super) async fn add(&self, rule: &RuleId, scope: &str, answers: u64) -> Result<(u64, u64), Trouble> {
        if scope.len() > LARGEST_SCOPE {
            return Err(Trouble::TooLarge("the value of `scope`", LARGEST_SCOPE));
        }
        let period = self.period().await?;
        let place = format!("{period}.{:016x}.{}", number(rule), token(scope));
        let count = increment(&self.store, &subject(&self.store, &place), answers).await?;
        Ok((count, period))
    }

    pub(super) fn is_period(&self, period: u64) -> bool {
        *self.period.borrow() == Some(period)
    }

    /// Begins a period, and waits until it has begun here. What was counted before is dropped.
    pub(super) async fn clear(&self) -> Result<(), Trouble> {
        let before = self.period().await?;
        let period = increment(&self.store, &subject(&self.store, PERIOD), 1).await?;
        let mut heard = self.period.clone();
        let has_begun = |heard: &Option<u64>| heard.is_some_and(|heard| heard >= period);
        let heard = timeout(PATIENCE, heard.wait_for(has_begun)).await;
        heard.map_or(Err(Trouble::Unreachable), |_| Ok(()))?;
        let stream = self
            .store
            .context()
            .get_stream_no_info(stream_name(&self.store))
            .await;
        if let Ok(stream) = stream {
            let old = subject(&self.store, &format!("{before}.>"));
            if let Err(error) = stream.purge().filter(old).await {
                tracing::debug!(target: "protod::store", %error, "counts of a period before are left");
            }
        }
        Ok(())
    }

    /// The period that counts now.
    async fn period(&self) -> Result<u64, Trouble> {
        self.store.reached().await?;
        let mut known = self.period.clone();
        let known = timeout(PATIENCE, known.wait_for(Option::is_some)).await;
        match known {
            Ok(Ok(known)) => known.ok_or(Trouble::Unreachable),
            _ => Err(Trouble::Unreachable),
        }
    }
}

/// What counts on this server.
struct Here {
    store: JetStream,
    counters: Arc<Counters>,
    hits: Arc<Hits>,
    period: watch::Sender<Option<u64>>,
}

impl Here {
    /// Hears of each period.
    async fn follow(self: Arc<Self>) {
        let Err(error) = self.heard().await;
        tracing::debug!(target: "protod::store", error, "counts are not shared for a moment");
    }

    async fn heard(&self) -> Result<Infallible, String> {
        let stream = self.store.context().get_or_create_stream(stream::Config {
            name: stream_name(&self.store),
            subjects: vec![subject(&self.store, ">")],
            max_messages_per_subject: 1,
            num_replicas: self.store.replicas(),
            allow_message_counter: true,
            ..stream::Config::default()
        });
        let stream = stream.await.map_err(|error| error.to_string())?;
        let periods = subject(&self.store, PERIOD);
        let mut periods = Reader::open(&stream, DeliverPolicy::New, periods, AHEAD).await?;
        // After it listens, so that none is missed.
        let now = increment(&self.store, &subject(&self.store, PERIOD), 0).await;
        self.begin(now.map_err(|trouble| trouble.to_string())?);
        loop {
            let message = periods.next().await?;
            let value: Option<Value> = serde_json::from_slice(&message.payload).ok();
            let period = value.as_ref().and_then(|value| count(value.get("val")?.as_str()));
            self.begin(period.ok_or("a counter has no value")?);
        }
    }

    /// A period that counts from now on, or does already.
    fn begin(&self, period: u64) {
        let before = self.period.send_replace(Some(period));
        if before.is_some_and(|before| before != period) {
            self.counters.clear();
            self.hits.clear();
        }
    }
}

/// The counter of periods.
const PERIOD: &str = "period";

fn stream_name(store: &JetStream) -> String {
    store.name("counts")
}

fn subject(store: &JetStream, place: &str) -> String {
    format!("{}.counts.{place}", store.namespace())
}

/// A text as a part of a subject.
fn token(text: &str) -> String {
    // Never empty.
    format!("s{}", URL_SAFE_NO_PAD.encode(text))
}

/// A number for a rule, which is the same on all servers. Those of FNV-1a, as no client chooses what a rule is called.
fn number(rule: &RuleId) -> u64 {
    let (file, rest) = match rule {
        RuleId::Named { file, name } => (file, format!("named {name}")),
        RuleId::Unnamed {
            file,
            content,
            ordinal,
        } => (file, format!("unnamed {content} {ordinal}")),
    };
    let bytes = file.bytes().chain([0]).chain(rest.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Adds to a counter, and returns what it is then.
async fn increment(store: &JetStream, subject: &str, by: u64) -> Result<u64, Trouble> {
    let message = PublishMessage::build()
        .header(INCREMENT, by.to_string())
        .message_id(version_4(fastrand::u128(..)));
    match store.publish(subject, &message).await? {
        Ok(ack) => value(store, &ack).await,
        Err(error) => {
            tracing::warn!(target: "protod::store", %error, "answers cannot be counted for all servers");
            Err(Trouble::Refused)
        }
    }
}

/// What a counter was when something was added to it.
async fn value(store: &JetStream, ack: &PublishAck) -> Result<u64, Trouble> {
    if let Some(value) = count(ack.value.as_deref()) {
        return Ok(value);
    }
    if !ack.duplicate {
        tracing::warn!(target: "protod::store", "the broker has no counters: it must be nats-server 2.12 or later");
        return Err(Trouble::Refused);
    }
    // The answer to an earlier try was lost. If nobody has counted since, the number is still there.
    let stream = store.context().get_stream_no_info(&ack.stream).await;
    let stream = stream.map_err(|_| Trouble::Unreachable)?;
    let message = stream.get_raw_message(ack.sequence).await;
    let message = message.map_err(|_| Trouble::Unreachable)?;
    let value: Option<Value> = serde_json::from_slice(&message.payload).ok();
    let value = value.as_ref().and_then(|value| count(value.get("val")?.as_str()));
    value.ok_or(Trouble::Unreachable)
}

fn count(value: Option<&str>) -> Option<u64> {
    value?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(file: &str, name: &str) -> u64 {
        number(&RuleId::Named {
            file: file.into(),
            name: name.into(),
        })
    }

    #[test]
    fn rules_have_numbers_that_differ_as_their_files_and_names_do() {
        // Servers of other versions count by it, too: it may not change.
        assert_eq!(named("shop.rules.yaml", "sold out"), 0xac05_0734_65bc_3dc6);
        assert_ne!(named("a", "b"), named("b", "a"));
        let unnamed = |ordinal| {
            number(&RuleId::Unnamed {
                file: "a".into(),
                content: 1,
                ordinal,
            })
        };
        assert_ne!(unnamed(0), unnamed(1));
    }

    #[test]
    fn a_scope_of_any_text_is_one_part_of_a_subject() {
        for scope in ["", "a.b", "*", ">", "ä b\n"] {
            let token = token(scope);
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            assert!(!token.is_empty() && token.chars().all(fits), "{token}");
        }
    }
}
