//! [`Answers`]: what replicas say of themselves, as a publisher hears it.
//!
//! The invariant: a replica that lives is waited for, even if it could not be heard for long, since the broker was away or a cluster
//! chose a leader. One that takes part counts as gone only after the broker, which was asked twice with time for a heartbeat between,
//! knew nothing of it; a broker that does not answer makes nobody gone.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::kv::{Operation, Watch};
use futures_util::StreamExt as _;
use tokio::time::{Instant, sleep, sleep_until};

use super::records::ReplicaRecord;
use super::shelf::{HEARTBEAT, LIVES, Shelf, decode, key_of_replica, name_of_replica, unavailable};
use crate::error::Error;

/// How long until a broker that did not answer is asked again.
const RETRY: Duration = Duration::from_millis(200);

/// How long after a first look a second one finds whoever has only been late.
const SECOND_LOOK: Duration = HEARTBEAT.saturating_add(Duration::from_millis(500));

/// The replicas that take part.
pub(super) struct Answers<'s> {
    shelf: &'s Shelf,
    /// `None` while it is to be made again.
    watch: Option<Watch>,
    /// By their keys.
    replicas: BTreeMap<String, Heard>,
    /// The change of the fleet by which those are known that take part.
    as_of: u64,
}

/// What was heard of a replica.
struct Heard {
    /// `None` while nothing was.
    record: Option<ReplicaRecord>,
    /// When to ask whether it is still there, unless it says so before.
    ask_at: Instant,
    /// Whether the broker knew nothing of it when it was asked.
    was_missing: bool,
}

impl<'s> Answers<'s> {
    /// Those that take part now, and all that say something from now on.
    pub(super) async fn listen(shelf: &'s Shelf) -> Result<Self, Error> {
        let watch = watch(shelf).await?;
        let members = shelf.members().await?;
        let mut answers = Self {
            shelf,
            watch: Some(watch),
            replicas: members
                .keys
                .into_iter()
                .map(|key| (key, Heard::now(None)))
                .collect(),
            as_of: members.as_of,
        };
        for record in shelf.replicas().await? {
            answers.hear(record);
        }
        Ok(answers)
    }

    /// Waits until what is `done` for each replica is so, until the deadline. Returns whether that came.
    pub(super) async fn wait(&mut self, deadline: Instant, done: impl Fn(&ReplicaRecord) -> bool) -> bool {
        let all_done = |all: &BTreeMap<String, Heard>| {
            all.values().all(|heard| heard.record.as_ref().is_some_and(&done))
        };
        loop {
            if all_done(&self.replicas) {
                return true;
            }
            let ask_at = self.replicas.values().map(|heard| heard.ask_at).min();
            let ask_at = ask_at.unwrap_or(deadline);
            let Some(watch) = &mut self.watch else {
                if Instant::now() >= deadline {
                    return false;
                }
                self.listen_again().await;
                continue;
            };
            tokio::select! {
                entry = watch.next() => match entry {
                    Some(Ok(entry)) if entry.operation == Operation::Put => {
                        // What makes no sense is of no replica.
                        if let Ok(record) = decode::<ReplicaRecord>("what is known of a replica", &entry.value)
                            && key_of_replica(&record.name) == entry.key
                        {
                            self.hear(record);
                        }
                    }
                    // It has said that it goes.
                    Some(Ok(entry)) => drop(self.replicas.remove(&entry.key)),
                    Some(Err(_)) | None => self.watch = None,
                },
                () = sleep_until(ask_at), if ask_at < deadline => self.look().await,
                () = sleep_until(deadline) => return all_done(&self.replicas),
            }
        }
    }

    /// What each that was heard of has said last.
    pub(super) fn replicas(&self) -> impl Iterator<Item = &ReplicaRecord> {
        self.replicas.values().filter_map(|heard| heard.record.as_ref())
    }

    /// The names of those that nothing was heard of yet.
    pub(super) fn silent(&self) -> impl Iterator<Item = String> {
        let silent = self.replicas.iter().filter(|(_, heard)| heard.record.is_none());
        silent.map(|(key, _)| name_of_replica(key))
    }

    fn hear(&mut self, record: ReplicaRecord) {
        self.replicas
            .insert(key_of_replica(&record.name), Heard::now(Some(record)));
    }

    /// Asks the broker for those that were not heard of for long.
    async fn look(&mut self) {
        let there = self.shelf.replicas().await;
        let now = Instant::now();
        let Ok(there) = there else {
            for heard in self.replicas.values_mut() {
                heard.ask_at = now + LIVES;
            }
            self.watch = None;
            return;
        };
        let with_key = |record: ReplicaRecord| (key_of_replica(&record.name), record);
        let mut there: BTreeMap<String, ReplicaRecord> = there.into_iter().map(with_key).collect();
        let late = self.replicas.iter_mut().filter(|(_, heard)| heard.ask_at <= now);
        let mut gone = Vec::new();
        for (key, heard) in late {
            if let Some(record) = there.remove(key) {
                *heard = Heard {
                    ask_at: now + HEARTBEAT,
                    ..Heard::now(Some(record))
                };
            } else if heard.was_missing {
                gone.push(key.clone());
            } else {
                (heard.ask_at, heard.was_missing) = (now + SECOND_LOOK, true);
            }
        }
        for key in gone {
            self.replicas.remove(&key);
            self.shelf.forget(&key, self.as_of).await;
        }
    }

    async fn listen_again(&mut self) {
        match watch(self.shelf).await {
            Ok(watch) => self.watch = Some(watch),
            Err(_) => sleep(RETRY).await,
        }
        // Nobody could be heard meanwhile.
        let ask_at = Instant::now() + LIVES;
        for heard in self.replicas.values_mut() {
            heard.ask_at = ask_at;
        }
    }
}

impl Heard {
    fn now(record: Option<ReplicaRecord>) -> Self {
        Self {
            record,
            ask_at: Instant::now() + LIVES,
            was_missing: false,
        }
    }
}

async fn watch(shelf: &Shelf) -> Result<Watch, Error> {
    let watch = shelf.replicas.watch_with_history("replica.>").await;
    watch.map_err(|error| unavailable("cannot listen to the replicas", error))
}
