//! [`SummarySender`]: tells the others of the calls of one server.
//!
//! It follows the journal, which keeps the calls until it comes to them. So it needs no memory but for one chunk; and however long
//! the broker is away, no call waits, and what the journal still has is told when it is back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::records::{ChunkBuilder, Head};
use super::stream;
use crate::journal::RecordedCall;
use crate::nats::{Away, JetStream};
use crate::server::{JournalWatch, Server};
use crate::throttle::Throttle;

/// How long the first call of a chunk waits for others. Meanwhile the journal wakes nobody.
const GATHER: Duration = Duration::from_millis(100);

/// How long until a broker that does not take a chunk is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// How often it is looked how many calls are gone, while the broker is away.
const LOOK: Duration = Duration::from_secs(1);

/// How long a server that stops takes to tell of its last calls, at most.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// Tells the others that share a store of the calls of a server, for as long as it [runs](Self::run_until).
///
/// ```no_run
/// # async fn run(server: protod::Server) -> Result<(), protod::Error> {
/// use protod::fleet::SummarySender;
/// use protod::{JetStream, JetStreamOptions};
///
/// let store = JetStream::open(&JetStreamOptions::new("nats://localhost:4222"))?;
/// // None if the server keeps no journal.
/// if let Some(summaries) = SummarySender::new(&store, &server) {
///     tokio::spawn(summaries.run_until(std::future::pending()));
/// }
/// server.bind("127.0.0.1:9002").await?.serve().await
/// # }
/// ```
#[must_use = "nobody is told of a call until it runs"]
pub struct SummarySender {
    source: Source,
    outlet: Outlet,
    head: Head,
    open: ChunkBuilder,
    /// A chunk that is on its way, and how many calls are in it.
    sealed: Option<(Bytes, u64)>,
}

/// How many calls of a server are told of, and how many never will be: what [`SummarySender::counts`] gives. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct SummaryCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    dropped: AtomicU64,
}

impl SummaryCounts {
    /// How many calls the store has been told of.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// How many calls it is not told of: they were gone from the journal before, since the store was away, or too slow, or since the
    /// journal was cleared.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl SummarySender {
    /// Tells of the calls that end from now on. `None` if the server keeps no [journal](crate::ServerBuilder::journal).
    pub fn new(store: &JetStream, server: &Server) -> Option<Self> {
        Some(Self {
            source: Source {
                watch: server.journal()?.watch(),
                counts: SummaryCounts::default(),
                missed: 0,
            },
            outlet: Outlet {
                store: store.clone(),
                is_open: false,
            },
            head: Head {
                replica: store.replica().to_owned(),
                run: fastrand::u64(..),
                number: 0,
                missed: 0,
            },
            open: ChunkBuilder::default(),
            sealed: None,
        })
    }

    /// How many calls are told of, for those who look at it.
    pub fn counts(&self) -> SummaryCounts {
        self.source.counts.clone()
    }

    /// Tells of calls until `stopped`, and then of those that are left, for a second at most.
    pub async fn run_until(mut self, stopped: impl Future<Output = ()>) {
        tokio::select! {
            () = self.send_for_ever() => {}
            () = stopped => {}
        }
        if timeout(GOODBYE_TIMEOUT, self.send_all()).await.is_err() {
            tracing::debug!(target: "protod::store", "the store was not told of the last calls");
        }
    }

    async fn send_for_ever(&mut self) {
        loop {
            let call = self.source.watch.next().await;
            self.add(&call);
            sleep(GATHER).await;
            self.send_all().await;
        }
    }

    /// Sends all calls that have ended. If it is dropped, the next time goes on where it was.
    async fn send_all(&mut self) {
        self.deliver().await;
        while let Some(call) = self.source.watch.try_next() {
            self.add(&call);
            if self.open.is_full() {
                self.seal();
                self.deliver().await;
            }
            tokio::task::consume_budget().await;
        }
        if self.open.count > 0 {
            self.seal();
            self.deliver().await;
        }
    }

    fn add(&mut self, call: &RecordedCall) {
        self.source.note_missed();
        self.open.add(call);
    }

    /// Makes a chunk of the calls that were added.
    fn seal(&mut self) {
        self.head.number += 1;
        self.head.missed = std::mem::take(&mut self.source.missed);
        self.sealed = Some(self.open.take(&self.head));
    }

    /// Sends the chunk that is on its way, if there is one, for as long as it takes.
    async fn deliver(&mut self) {
        let Some((bytes, count)) = self.sealed.clone() else {
            return;
        };
        let put = self.outlet.put(&bytes);
        let mut put = std::pin::pin!(put);
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let is_told = loop {
            tokio::select! {
                is_told = &mut put => break is_told,
                _ = look.tick() => {
                    self.source.watch.pass_gone();
                    self.source.note_missed();
                }
            }
        };
        self.sealed = None;
        if is_told {
            self.source.counts.0.sent.fetch_add(count, Ordering::Relaxed);
        } else {
            self.source.drop_some(count);
        }
    }
}

/// Where calls come from.
struct Source {
    watch: JournalWatch,
    counts: SummaryCounts,
    /// How many calls were gone since the last chunk.
    missed: u64,
}

impl Source {
    /// Counts the calls that were gone before it came to them.
    fn note_missed(&mut self) {
        let missed = self.watch.take_missed();
        if missed > 0 {
            self.drop_some(missed);
        }
    }

    fn drop_some(&mut self, count: u64) {
        static LOG: Throttle = Throttle::new(Duration::from_mins(1));
        self.missed += count;
        let before = self.counts.0.dropped.fetch_add(count, Ordering::Relaxed);
        if LOG.pass().is_some() {
            tracing::warn!(
                target: "protod::store",
                hint = "the store is away or too slow; `protod_summaries_dropped_total` counts them",
                "the other servers are not told of {} calls",
                before + count
            );
        }
    }
}

/// Where chunks go.
struct Outlet {
    store: JetStream,
    /// Whether the stream was there when the broker was reached last.
    is_open: bool,
}

impl Outlet {
    /// Sends a chunk, for as long as it takes. Returns whether the store has it: it may be too large.
    async fn put(&mut self, chunk: &Bytes) -> bool {
        let message = PublishMessage::build().payload(chunk.clone());
        let subject = stream::subject(&self.store);
        loop {
            match self.try_put(&subject, &message).await {
                Ok(()) => return true,
                Err(Refusal::TooLarge) => return false,
                Err(Refusal::Passing(why)) => {
                    self.is_open = false;
                    tracing::debug!(target: "protod::store", why, "the store is not told of calls now");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn try_put(&mut self, subject: &str, message: &PublishMessage) -> Result<(), Refusal> {
        let passing = |why: String| Refusal::Passing(why);
        let mut connected = self.store.connected();
        let there = connected.wait_for(|there| *there).await;
        there.map_err(|error| passing(error.to_string()))?;
        if !self.is_open {
            let made = stream::make(&self.store).await;
            made.map_err(|error| passing(error.to_string()))?;
            self.is_open = true;
        }
        match self.store.publish(subject, message).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.kind() == PublishErrorKind::MaxPayloadExceeded => Err(Refusal::TooLarge),
            Ok(Err(error)) => Err(passing(error.to_string())),
            Err(Away) => Err(passing("it is away".to_owned())),
        }
    }
}

/// Why a chunk is not in the store.
enum Refusal {
    /// It never will be.
    TooLarge,
    /// It may be later.
    Passing(String),
}

impl fmt::Debug for SummarySender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SummarySender")
            .field("counts", &self.source.counts)
            .finish_non_exhaustive()
    }
}
