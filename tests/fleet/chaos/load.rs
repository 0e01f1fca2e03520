//! The load of the chaos test: calls without pause, and what their answers promise.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep};
use tonic::{Code, Status};

use super::replica::Replica;
use crate::program::SOON;

/// The calls that are made of each server, each kind by a worker of its own.
const KINDS: [Kind; 5] = [Kind::Plain, Kind::Add, Kind::Put, Kind::Count, Kind::See];

/// How often each kind of call must be answered until there is [more](Load::more).
const MORE: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It needs no broker.
    Plain,
    /// It appends to a collection.
    Add,
    /// It puts into a collection with a key.
    Put,
    /// It counts in the store.
    Count,
    /// It reads what was counted and added.
    See,
}

/// What was answered so far.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Who has added which number.
    pub(super) added: HashSet<(String, i64)>,
    /// Which number was put last under a name.
    pub(super) put: HashMap<String, i64>,
    /// To which number was counted.
    pub(super) counted: HashSet<i64>,
    /// How many calls of a server that runs have failed.
    pub(super) failed: usize,
}

/// The workers.
pub(super) struct Load {
    pub(super) replicas: Vec<Arc<Replica>>,
    told: Mutex<Told>,
    /// By server and kind.
    answered: Vec<[AtomicUsize; KINDS.len()]>,
    /// Whether a server is dead.
    is_down: Vec<AtomicBool>,
    stopped: AtomicBool,
    workers: tokio::sync::Mutex<JoinSet<()>>,
}

impl Load {
    /// Begins to call all servers.
    pub(super) async fn begin(replicas: Vec<Arc<Replica>>) -> Arc<Self> {
        let load = Arc::new(Self {
            told: Mutex::default(),
            answered: replicas.iter().map(|_| Default::default()).collect(),
            is_down: replicas.iter().map(|_| AtomicBool::new(false)).collect(),
            stopped: AtomicBool::new(false),
            workers: tokio::sync::Mutex::default(),
            replicas,
        });
        let mut workers = load.workers.lock().await;
        for at in 0..load.replicas.len() {
            for kind in KINDS {
                workers.spawn(Arc::clone(&load).work(at, kind));
            }
        }
        drop(workers);
        load
    }

    /// Ends it, and returns what was answered.
    pub(super) async fn end(&self) -> Told {
        self.stopped.store(true, Ordering::Relaxed);
        while let Some(worker) = self.workers.lock().await.join_next().await {
            worker.expect("what was promised holds");
        }
        std::mem::take(&mut *self.told())
    }

    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills a server.
    pub(super) async fn kill(&self, at: usize) {
        self.is_down[at].store(true, Ordering::Relaxed);
        self.replicas[at].kill().await;
    }

    /// Starts it again.
    pub(super) async fn start_again(&self, at: usize) {
        self.replicas[at].start_again().await;
        self.is_down[at].store(false, Ordering::Relaxed);
    }

    /// Waits until calls of all kinds were answered by these servers.
    pub(super) async fn more(&self, servers: &[usize]) {
        let answered = |at: usize, kind: usize| self.answered[at][kind].load(Ordering::Relaxed);
        let all = servers
            .iter()
            .flat_map(|at| (0..KINDS.len()).map(|kind| (*at, kind)));
        let wanted: Vec<_> = all
            .map(|(at, kind)| (at, kind, answered(at, kind) + MORE))
            .collect();
        let began = Instant::now();
        while let Some((at, kind, _)) = wanted
            .iter()
            .find(|(at, kind, count)| answered(*at, *kind) < *count)
        {
            let (name, kind) = (&self.replicas[*at].name, KINDS[*kind]);
            assert!(began.elapsed() < SOON, "{kind:?} is not answered by {name}");
            // A worker that has found something wrong says it when it is joined.
            assert!(
                self.workers.lock().await.try_join_next().is_none(),
                "no worker ends before all do"
            );
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Calls one method of one server again and again.
    async fn work(self: Arc<Self>, at: usize, kind: Kind) {
        let replica = &self.replicas[at];
        let name = format!("{} {kind:?}", replica.name);
        for number in (1..).take_while(|_| !self.stopped.load(Ordering::Relaxed)) {
            let was_down = self.is_down[at].load(Ordering::Relaxed);
            match self.call(replica, kind, &name, number).await {
                Ok(()) => {
                    self.answered[at][kind as usize].fetch_add(1, Ordering::Relaxed);
                }
                Err(status) => {
                    if !was_down && !self.is_down[at].load(Ordering::Relaxed) {
                        assert_ne!(kind, Kind::Plain, "{name} needs no broker: {status:?}");
                        assert_eq!(status.code(), Code::Unavailable, "{name}: {status:?}");
                        self.told().failed += 1;
                    }
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Makes one call, checks its answer, and notes what it promises.
    async fn call(&self, replica: &Replica, kind: Kind, name: &str, number: i64) -> Result<(), Status> {
        let request = json!({"name": name, "number": number.to_string()});
        match kind {
            Kind::Plain => {
                let answers = replica.ask("Plain", &request).await?;
                assert_eq!(answers.len(), 5);
                assert!(
                    answers.iter().all(|answer| *answer == answers[0]),
                    "one call, one generation"
                );
            }
            Kind::Add => {
                replica.ask("Add", &request).await?;
                self.told().added.insert((name.to_owned(), number));
            }
            Kind::Put => {
                replica.ask("Put", &request).await?;
                self.told().put.insert(name.to_owned(), number);
            }
            Kind::Count => {
                let answers = replica.ask("Count", &request).await?;
                let number = number_in(&answers[0], "number");
                assert!(self.told().counted.insert(number), "{number} was answered twice");
            }
            Kind::See => {
                let (counted, added) = {
                    let told = self.told();
                    (
                        told.counted.iter().max().copied().unwrap_or_default(),
                        told.added.len(),
                    )
                };
                let answer = &replica.ask("See", &request).await?[0];
                let seen = (number_in(answer, "number"), number_in(answer, "points"));
                assert!(
                    seen.0 >= counted && seen.1 >= i64::try_from(added).expect("few"),
                    "{name} has seen {seen:?} after {counted} was counted and {added} were added"
                );
            }
        }
        Ok(())
    }
}

/// A number in a message, which JSON has as a text, and not at all if it is 0.
pub(super) fn number_in(message: &Value, field: &str) -> i64 {
    let text = message[field].as_str();
    text.map_or(0, |text| text.parse().expect("a number"))
}
