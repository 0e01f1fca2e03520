//! [`Replica`]: a server's part in a fleet.
//!
//! It hears of candidates, loads and checks them beside what it serves, and answers whether it could serve them. It hears of the
//! current generation, and swaps to it: in an instant if it was the candidate, else after it has loaded it. And it says that it
//! lives, every two seconds and whenever it has something new to say.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_nats::jetstream::kv::{Entry, Operation};
use futures_util::StreamExt as _;
use prost::Message as _;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::generation::Generation;
use super::records::{
    CandidateRecord, CurrentRecord, GenerationRecord, ReplicaRecord, VerdictRecord, cut, micros, millis,
    short,
};
use super::shelf::{
    CANDIDATE, CURRENT, HEARTBEAT, LIVES, Shelf, change, decode, subject_of_member, subject_of_replica,
    unavailable,
};
use crate::error::Error;
use crate::live::{Project, ReloadTrigger, ToldProblem};
use crate::nats::JetStream;
use crate::server::{Server, ServingStatus};

/// How long until a broker that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// How long it is tried to fetch a candidate before it is refused.
const FETCH_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a replica that stops takes to say so, at most.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// What is loaded of a generation: its schema, its rules, and what else answers.
type ProjectOf = dyn Fn(Generation) -> Box<dyn Project> + Send + Sync;

/// A server of a fleet, for as long as it [runs](Self::run_until).
///
/// ```no_run
/// # async fn run(server: protod::Server, reloader: protod::live::Reloader) -> Result<(), protod::Error> {
/// use protod::fleet::{Generation, Replica};
/// use protod::live::{Answers, Project};
/// use protod::{Error, JetStream, JetStreamOptions, RulesOptions, Schema};
///
/// struct Published(Generation);
///
/// impl Project for Published {
///     fn schema(&self) -> Result<Schema, Error> {
///         self.0.schema()
///     }
///
///     fn answers(&self, schema: &Schema) -> Result<Answers, Error> {
///         Ok(Answers::new().rules(self.0.rules(schema, &RulesOptions::default())?))
///     }
/// }
///
/// let store = JetStream::open(&JetStreamOptions::new("nats://localhost:4222"))?;
/// let replica = Replica::new(&store, &server, reloader.trigger(), Published);
/// tokio::spawn(reloader.run());
/// tokio::spawn(replica.run_until(std::future::pending()));
/// server.bind("127.0.0.1:9002").await?.serve().await
/// # }
/// ```
#[must_use = "it is none of the fleet until it runs"]
pub struct Replica {
    store: JetStream,
    server: Server,
    reloads: ReloadTrigger,
    project: Box<ProjectOf>,
    said: Arc<Said>,
    /// Whether it serves nothing yet.
    waits: AtomicBool,
}

/// What it says of itself.
struct Said {
    record: Mutex<ReplicaRecord>,
    /// Something of it has changed.
    news: Notify,
}

impl Replica {
    /// Makes a server one of those that share a store, by the [name](JetStream::replica) that the store gives it. `project` is what
    /// is loaded of a generation; `reloads` are those of the server.
    pub fn new<P: Project>(
        store: &JetStream,
        server: &Server,
        reloads: ReloadTrigger,
        project: impl Fn(Generation) -> P + Send + Sync + 'static,
    ) -> Self {
        let record = ReplicaRecord {
            name: store.replica().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: millis(SystemTime::now()),
            ..ReplicaRecord::default()
        };
        Self {
            store: store.clone(),
            server: server.clone(),
            reloads,
            project: Box::new(move |generation| Box::new(project(generation))),
            said: Arc::new(Said {
                record: Mutex::new(record),
                news: Notify::new(),
            }),
            waits: AtomicBool::new(false),
        }
    }

    /// Where it listens, for those who list it. Default: nothing is said of it.
    pub fn address(self, address: impl Into<String>) -> Self {
        self.said.record().address = address.into();
        self
    }

    /// The generation that the server was built from. Default: none.
    pub fn serves(self, generation: &Generation) -> Self {
        self.said.serves(generation.id(), SystemTime::now());
        self
    }

    /// Has the server's health say NOT_SERVING until it serves a generation, since what it has is nothing. Default: it stays as it is.
    pub fn waits(self) -> Self {
        self.waits.store(true, Ordering::Relaxed);
        self.server.health().set("", ServingStatus::NotServing);
        self
    }

    /// Takes part until `stopped`, and then says that it leaves. A broker that is gone is waited for; the server serves what it has
    /// meanwhile.
    pub async fn run_until(self, stopped: impl Future<Output = ()>) {
        tokio::select! {
            () = self.say() => {}
            () = self.take_part() => {}
            () = stopped => {}
        }
        let goodbye = async { Shelf::open(&self.store).await?.leave(self.store.replica()).await };
        // Else it is forgotten soon.
        let _ = timeout(GOODBYE_TIMEOUT, goodbye).await;
    }

    /// Says that it lives, again and again, whatever else the broker cannot do: it counts as gone when it is silent for long.
    async fn say(&self) {
        let mut said = None;
        let mut beat = interval(HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = beat.tick() => {}
                () = self.said.news.notified() => {}
            }
            // It may have been taken for gone.
            let is_member = said.is_some_and(|at: Instant| at.elapsed() < LIVES);
            match timeout(HEARTBEAT, self.say_once(is_member)).await {
                Ok(Ok(())) => said = Some(Instant::now()),
                Ok(Err(error)) => note(&error),
                // The broker is away, or chooses a leader.
                Err(_) => {}
            }
        }
    }

    async fn say_once(&self, is_member: bool) -> Result<(), Error> {
        let name = self.store.replica();
        let put = async |subject: String, record: Vec<u8>| {
            let action = "cannot say that this replica lives";
            let sent = self.store.context().publish(subject, record.into()).await;
            let sent = sent.map_err(|error| unavailable(action, error))?;
            sent.await.map_err(|error| unavailable(action, error))
        };
        let record = {
            let mut record = self.said.record();
            record.is_serving = self.server.health().status("") == Some(ServingStatus::Serving);
            record.encode_to_vec()
        };
        put(subject_of_replica(&self.store, name), record).await?;
        if !is_member {
            put(subject_of_member(&self.store, name), name.into()).await?;
        }
        Ok(())
    }

    /// Does what it hears of, and begins anew whenever that may have been lost.
    async fn take_part(&self) {
        let mut connected = self.store.connected();
        loop {
            // An error means that the connection has ended with the program.
            if connected.wait_for(|connected| *connected).await.is_err() {
                return;
            }
            connected.mark_unchanged();
            tokio::select! {
                failed = self.listen() => if let Err(error) = failed {
                    note(&error);
                },
                _ = connected.changed() => {}
            }
            sleep(RETRY).await;
        }
    }

    /// Does what it hears of until something fails.
    async fn listen(&self) -> Result<(), Error> {
        let shelf = Shelf::open(&self.store).await?;
        // The buckets are there now.
        self.said.news.notify_one();
        let action = "cannot hear of generations";
        let entries = shelf.fleet.watch_many_with_history([CANDIDATE, CURRENT]).await;
        let mut entries = entries.map_err(|error| unavailable(action, error))?;
        while let Some(entry) = entries.next().await {
            let entry = entry.map_err(|error| unavailable(action, error))?;
            if entry.operation == Operation::Put {
                self.hear(&shelf, &entry).await?;
            }
        }
        Err(unavailable(action, "the watch has ended"))
    }

    /// Does what one entry asks for. Fails if it cannot be done now, and may be later.
    async fn hear(&self, shelf: &Shelf, entry: &Entry) -> Result<(), Error> {
        match entry.key.as_str() {
            CANDIDATE => {
                if let Ok(candidate) = decode::<CandidateRecord>("the candidate", &entry.value) {
                    self.answer(shelf, &candidate).await;
                }
                Ok(())
            }
            _ => match change(&entry.value) {
                Ok(CurrentRecord { generation, .. }) => {
                    self.follow(shelf, &generation.unwrap_or_default()).await
                }
                Err(error) => {
                    let before = shelf
                        .current()
                        .await?
                        .and_then(|current| current.record.generation);
                    if let Some(before) = before {
                        self.follow(shelf, &before).await?;
                    }
                    let why = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
                    let trouble =
                        format!("{error}, what was served before is: {why}; publish one again, or roll back");
                    tracing::error!("{trouble}");
                    self.said.trouble(trouble);
                    Ok(())
                }
            },
        }
    }

    /// Loads a candidate, and answers whether it can be served.
    async fn answer(&self, shelf: &Shelf, candidate: &CandidateRecord) {
        let Some(record) = &candidate.generation else {
            return;
        };
        let is_answered = {
            let said = self.said.record();
            let verdict = said.verdict.as_ref();
            verdict.is_some_and(|verdict| verdict.attempt == candidate.attempt)
        };
        if is_answered {
            return;
        }
        let problems = if self.said.record().serves == record.id {
            Vec::new()
        } else {
            match fetch(shelf, record).await {
                Ok(generation) => self.prepare(generation).await,
                Err(error) => vec![ToldProblem::of_error(&error)],
            }
        };
        let id = short(&record.id);
        match problems.first() {
            None => tracing::info!("generation {id} could be served"),
            Some(problem) => tracing::warn!("generation {id} is refused: {}", problem.located()),
        }
        self.said.record().verdict = Some(VerdictRecord::new(candidate, &record.id, &problems));
        self.said.news.notify_one();
    }

    /// Serves the current generation, if it does not already.
    async fn follow(&self, shelf: &Shelf, record: &GenerationRecord) -> Result<(), Error> {
        if self.said.record().serves == record.id {
            self.said.no_trouble();
            return Ok(());
        }
        let mut served = self.reloads.serve_prepared(&record.id).await;
        if served.is_none() {
            let problems = match shelf.get(record).await {
                Ok(generation) => self.prepare(generation).await,
                // It may be there when it is asked for again.
                Err(error) if error.status().is_some() => return Err(error),
                Err(error) => vec![ToldProblem::of_error(&error)],
            };
            if !problems.is_empty() {
                self.not_served(record, &problems);
                return Ok(());
            }
            served = self.reloads.serve_prepared(&record.id).await;
        }
        match served.as_deref() {
            Some(outcome) if outcome.succeeded() => {
                tracing::info!("serving generation {}", short(&record.id));
                if self.waits.swap(false, Ordering::Relaxed) {
                    self.server.health().set("", ServingStatus::Serving);
                }
                self.said.serves(&record.id, outcome.at);
            }
            Some(outcome) => self.not_served(record, &outcome.problems),
            // The server stops, or protos were put in between.
            None => {
                return Err(unavailable(
                    "the generation was not served",
                    "something else was loaded meanwhile",
                ));
            }
        }
        Ok(())
    }

    /// Loads a generation, so that it can be served. Returns why it cannot.
    async fn prepare(&self, generation: Generation) -> Vec<ToldProblem> {
        let id = generation.id().to_owned();
        match self.reloads.prepare(id, (self.project)(generation)).await {
            Some(outcome) => outcome.problems.clone(),
            None => vec![ToldProblem {
                message: "this replica stops".to_owned(),
                file: None,
                position: None,
                hint: None,
            }],
        }
    }

    /// Notes that the current generation is not served, and why.
    fn not_served(&self, record: &GenerationRecord, problems: &[ToldProblem]) {
        let problem = problems.first().map(ToldProblem::located).unwrap_or_default();
        let trouble = format!("generation {} is not served: {problem}", short(&record.id));
        tracing::error!("{trouble}");
        self.said.trouble(trouble);
    }
}

/// Notes that something will be tried again.
fn note(error: &Error) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::debug!(target: "protod::store", cause, "{error}");
}

/// Fetches a candidate. A broker that does not answer is asked again: a cluster that has lost one may choose a leader first.
async fn fetch(shelf: &Shelf, record: &GenerationRecord) -> Result<Generation, Error> {
    let deadline = Instant::now() + FETCH_TIMEOUT;
    loop {
        match shelf.get(record).await {
            Err(error) if error.status().is_some() && Instant::now() < deadline => sleep(RETRY).await,
            fetched => return fetched,
        }
    }
}

impl Said {
    fn record(&self) -> MutexGuard<'_, ReplicaRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serves(&self, id: &str, since: SystemTime) {
        let mut record = self.record();
        id.clone_into(&mut record.serves);
        record.serves_since = micros(since);
        record.trouble.clear();
        drop(record);
        self.news.notify_one();
    }

    /// The current generation is served, whatever was there meanwhile.
    fn no_trouble(&self) {
        if !std::mem::take(&mut self.record().trouble).is_empty() {
            self.news.notify_one();
        }
    }

    fn trouble(&self, trouble: String) {
        self.record().trouble = cut(trouble);
        self.news.notify_one();
    }
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
