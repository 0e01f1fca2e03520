//! [`Fleet`]: all servers that share a store, as one sees them who publishes or looks.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Status};

use super::calls::{CallSummary, SummaryWatch, newest};
use super::generation::Generation;
use super::options::PublishOptions;
use super::publication::Publication;
use super::publishing::Publishing;
use super::records::{CurrentRecord, ReplicaRecord};
use super::shelf::Shelf;
use super::state::{FleetState, PublishedGeneration};
use crate::error::Error;
use crate::nats::JetStream;
use crate::uuid::version_4;
use crate::verify::{CallFilter, SummaryMatcher};

/// How long a broker may take to be there, unless there is less time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long it may take to look. A cluster that has lost a broker takes up to nine seconds to choose a leader for what that one led.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long until a broker that did not answer is asked again.
const RETRY: Duration = Duration::from_millis(250);

/// The servers that share a store.
///
/// ```no_run
/// # async fn publish() -> Result<(), protod::Error> {
/// use protod::fleet::{Fleet, Generation, Outcome, PublishOptions};
/// use protod::{JetStream, JetStreamOptions, Rules, Schema};
///
/// let schema = Schema::load("proto")?;
/// let generation = Generation::pack(&schema, &Rules::beside(&schema)?)?;
/// let store = JetStream::open(&JetStreamOptions::new("nats://localhost:4222"))?;
/// let publication = Fleet::new(&store).publish(&generation, PublishOptions::default()).await?;
/// if let Outcome::Refused(refusals) = &publication.outcome {
///     for refusal in refusals {
///         println!("{}: {:?}", refusal.replica, refusal.problems);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Fleet {
    store: JetStream,
}

impl Fleet {
    /// Those of a namespace of a store.
    pub fn new(store: &JetStream) -> Self {
        Self { store: store.clone() }
    }

    /// Puts a generation into the store, has all replicas that live load and check it, and, if all are ready, makes it the current
    /// one, which each swaps to as it hears of it. Else nothing changes.
    ///
    /// A replica that has not said that it leaves is waited for until it has not been heard of for nine seconds. Without any, a generation
    /// is current at once.
    ///
    /// Fails if the store does not answer, if another publishes, and if another has published meanwhile.
    pub async fn publish(
        &self,
        generation: &Generation,
        options: PublishOptions,
    ) -> Result<Publication, Error> {
        self.connect(options.timeout).await?;
        let publication = version_4(fastrand::u128(..));
        let publish =
            async |shelf| Box::pin(Publishing::new(shelf, &publication, options).publish(generation)).await;
        self.patiently(options.timeout, publish).await
    }

    /// Goes back to a generation that was served before, as [`publish`](Self::publish) goes forward: by the beginning of its id, or
    /// to the one before the current one. That of a generation that was gone back to is the one before it when it was published, so
    /// that each further rollback goes further back.
    ///
    /// The last ten are kept. Fails also if there is no such generation.
    pub async fn rollback(&self, id: Option<&str>, options: PublishOptions) -> Result<Publication, Error> {
        self.connect(options.timeout).await?;
        let publication = version_4(fastrand::u128(..));
        let go_back =
            async |shelf| Box::pin(Publishing::new(shelf, &publication, options).rollback(id)).await;
        self.patiently(options.timeout, go_back).await
    }

    /// Which generation is served, and by whom. Fails if the store does not answer.
    pub async fn state(&self) -> Result<FleetState, Error> {
        self.connect(CONNECT_TIMEOUT).await?;
        let look = async |shelf: Shelf| tokio::try_join!(shelf.current(), shelf.replicas());
        let (current, replicas) = self.patiently(PATIENCE, look).await?;
        Ok(FleetState {
            current: current
                .filter(|current| current.record.generation.is_some())
                .map(|current| current.record.published()),
            replicas: replicas.into_iter().map(ReplicaRecord::state).collect(),
        })
    }

    /// The last ten generations that became the current one, the newest first. Fails if the store does not answer.
    pub async fn history(&self) -> Result<Vec<PublishedGeneration>, Error> {
        self.connect(CONNECT_TIMEOUT).await?;
        let history = self
            .patiently(PATIENCE, async |shelf| shelf.history().await)
            .await?;
        Ok(history.iter().map(CurrentRecord::published).collect())
    }

    /// The newest calls of all servers that a filter means, up to so many, in the order in which they began, by the servers'
    /// clocks. The store has those of the last 24 hours, or the newest 64 MiB of them; a call is there some 100 ms after it has ended.
    ///
    /// Conditions are about `call`, which has what [`CallSummary`] has, and `call.service` and `call.matched`. A method and a session are compared by their
    /// names. Fails if a condition is wrong or about something else, and if the store does not answer.
    ///
    /// ```no_run
    /// # async fn show(store: &protod::JetStream) -> Result<(), protod::Error> {
    /// use protod::CallFilter;
    /// use protod::fleet::Fleet;
    ///
    /// let failed = CallFilter::all().where_("call.code != 'OK'");
    /// for call in Fleet::new(store).calls(&failed, 100).await? {
    ///     println!("{} {} {:?}", call.replica, call.method, call.code);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn calls(&self, filter: &CallFilter, most: usize) -> Result<Vec<CallSummary>, Error> {
        let matcher = SummaryMatcher::new(filter)?;
        self.connect(CONNECT_TIMEOUT).await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match newest(&self.store, &matcher, most).await {
                Err(error) if is_away(&error, deadline) => sleep(RETRY).await,
                found => return found,
            }
        }
    }

    /// The calls of all servers that a filter means, as [`calls`](Self::calls) takes it, from now on and as they end.
    pub async fn watch_calls(&self, filter: &CallFilter) -> Result<SummaryWatch, Error> {
        let matcher = SummaryMatcher::new(filter)?;
        self.connect(CONNECT_TIMEOUT).await?;
        SummaryWatch::new(&self.store, matcher).await
    }

    /// The current generation itself, for a server that starts. `None` if none was published. Fails if the store does not answer
    /// in this time.
    pub async fn current(&self, within: Duration) -> Result<Option<Generation>, Error> {
        let fetch = async |shelf: Shelf| {
            let current = shelf.current().await?;
            match current.and_then(|current| current.record.generation) {
                Some(record) => shelf.get(&record).await.map(Some),
                None => Ok(None),
            }
        };
        let fetched = async {
            self.connect(within).await?;
            self.patiently(within, fetch).await
        };
        timeout(within, fetched)
            .await
            .unwrap_or_else(|_| Err(self.silent()))
    }

    /// Waits until the broker is there.
    async fn connect(&self, within: Duration) -> Result<(), Error> {
        let mut connected = self.store.connected();
        let connected = timeout(
            within.min(CONNECT_TIMEOUT),
            connected.wait_for(|connected| *connected),
        );
        match connected.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(self.silent()),
        }
    }

    /// Asks again while the broker does not answer, in this time: a cluster that has lost one of its own chooses another first.
    async fn patiently<T>(
        &self,
        within: Duration,
        ask: impl AsyncFn(Shelf) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + within;
        loop {
            let asked = match Box::pin(Shelf::open(&self.store)).await {
                Ok(shelf) => Box::pin(ask(shelf)).await,
                Err(error) => Err(error),
            };
            match asked {
                Err(error) if is_away(&error, deadline) => sleep(RETRY).await,
                asked => return asked,
            }
        }
    }

    fn silent(&self) -> Error {
        let action = format!("cannot use the store {}", self.store);
        let why = self.store.trouble().filter(|_| !self.store.is_connected());
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        Error::of_status(action, Status::unavailable(format!("it does not answer{why}")))
    }
}

/// Whether the broker did not answer, and there is time to ask it again.
fn is_away(error: &Error, deadline: Instant) -> bool {
    error.status().map(Status::code) == Some(Code::Unavailable) && Instant::now() + RETRY < deadline
}
