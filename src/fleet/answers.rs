//! [`Answers`]: what replicas say of themselves, as a publisher hears it.
//!
//! The invariant: a replica that lives is waited for. One counts as gone only after the broker, which was asked twice with time for a
//! heartbeat between, knew nothing of it; a broker that does not answer makes nobody gone.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::kv::{Operation, Watch};
use futures_util::StreamExt as _;
use tokio::time::{Instant, sleep, sleep_until};

use super::records::ReplicaRecord;
use super::shelf::{HEARTBEAT, LIVES, Shelf, decode, key_of_replica, unavailable};
use crate::error::Error;

/// How long until a broker that did not answer is asked again.
const RETRY: Duration = Duration::from_millis(200);

/// How long after a first look a second one finds whoever has only been late.
const SECOND_LOOK: Duration = HEARTBEAT.saturating_add(Duration::from_millis(500));

/// The replicas that live.
pub(super) struct Answers<'s> {
    shelf: &'s Shelf,
    /// `None` while it is to be made again.
    watch: Option<Watch>,
    /// By their keys.
    replicas: BTreeMap<String, Heard>,
}

/// What was heard of a replica.
struct Heard {
    record: ReplicaRecord,
    /// When to ask whether it is still there, unless it says so before.
    ask_at: Instant,
    /// Whether the broker knew nothing of it when it was asked.
    was_missing: bool,
}

impl<'s> Answers<'s> {
    /// Those that live now, and all that say something from now on.
    pub(super) async fn listen(shelf: &'s Shelf) -> Result<Self, Error> {
        let mut answers = Self {
            shelf,
            watch: Some(watch(shelf).await?),
            replicas: BTreeMap::new(),
        };
        for record in shelf.replicas().await? {
            answers.hear(record);
        }
        Ok(answers)
    }

    /// Waits until what is `done` for each replica is so, until the deadline. Returns whether that came.
    pub(super) async fn wait(&mut self, deadline: Instant, done: impl Fn(&ReplicaRecord) -> bool) -> bool {
        loop {
            if self.replicas().all(&done) {
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
                () = sleep_until(deadline) => return self.replicas().all(&done),
            }
        }
    }

    /// What each has said last.
    pub(super) fn replicas(&self) -> impl Iterator<Item = &ReplicaRecord> {
        self.replicas.values().map(|heard| &heard.record)
    }

    fn hear(&mut self, record: ReplicaRecord) {
        let heard = Heard {
            ask_at: Instant::now() + LIVES,
            was_missing: false,
            record,
        };
        self.replicas.insert(key_of_replica(&heard.record.name), heard);
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
        let late = self.replicas.values_mut().filter(|heard| heard.ask_at <= now);
        let mut gone = Vec::new();
        for heard in late {
            if there.iter().any(|record| record.name == heard.record.name) {
                (heard.ask_at, heard.was_missing) = (now + HEARTBEAT, false);
            } else if heard.was_missing {
                gone.push(key_of_replica(&heard.record.name));
            } else {
                (heard.ask_at, heard.was_missing) = (now + SECOND_LOOK, true);
            }
        }
        for key in gone {
            self.replicas.remove(&key);
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

async fn watch(shelf: &Shelf) -> Result<Watch, Error> {
    let watch = shelf.replicas.watch_with_history("replica.>").await;
    watch.map_err(|error| unavailable("cannot listen to the replicas", error))
}
