//! What the tasks of one collection share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::chunk::{Head, LARGEST};
use super::copy::LocalCopy;
use super::progress::Progress;
use super::queue::Queue;
use crate::collection::fault::FaultKind;
use crate::nats::{JetStream, is_of_leader};
use crate::uuid;

/// How long a call waits for the broker, or for this replica to catch up, and how long a chunk is published.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long a single question to the broker may take before it is asked again.
pub(super) const ATTEMPT: Duration = Duration::from_secs(2);

/// How much a replica writes until it looks whether the stream has too many, in bytes.
const MUCH: usize = 1 << 20;

/// How long to wait before something is tried again.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// What a message of the broker has beside the records of a chunk: what the chunk says of the collection, and headers.
const ENVELOPE: usize = 1024;

/// The largest message of a broker, until it has said it: that of one that is not configured otherwise.
const LARGEST_MESSAGE: usize = 1 << 20;

/// One collection of one replica.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: JetStream,
    pub(super) collection: Arc<str>,
    /// The name of the stream.
    pub(super) stream: String,
    /// What the subjects of all replicas begin with.
    pub(super) subjects: String,
    /// Who this replica is among the subjects: another one each time that it starts.
    pub(super) writer: String,
    pub(super) queue: Queue,
    pub(super) copy: LocalCopy,
    pub(super) progress: watch::Sender<Progress>,
    /// As it was declared last.
    head: Mutex<Head>,
    largest: AtomicUsize,
    /// How many bytes this replica has written since it last looked whether the stream has too many.
    written: AtomicUsize,
    much_written: Notify,
}

impl Shared {
    pub(super) fn new(
        store: &JetStream,
        collection: &Arc<str>,
        head: Head,
        copy: LocalCopy,
        progress: Progress,
    ) -> Self {
        Self {
            stream: stream_of(store, collection),
            subjects: format!("{}.collection.{collection}.", store.namespace()),
            store: store.clone(),
            collection: Arc::clone(collection),
            writer: uuid::version_4(fastrand::u128(..)),
            queue: Queue::default(),
            copy,
            progress: watch::Sender::new(progress),
            head: Mutex::new(head),
            largest: AtomicUsize::new(LARGEST_MESSAGE),
            written: AtomicUsize::new(0),
            much_written: Notify::new(),
        }
    }

    /// The subject of this replica.
    pub(super) fn subject(&self) -> String {
        format!("{}{}", self.subjects, self.writer)
    }

    pub(super) fn head(&self) -> Head {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_head(&self, head: Head) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
    }

    /// How many bytes of records a message of the broker may have.
    pub(super) fn largest(&self) -> usize {
        self.largest.load(Ordering::Relaxed).saturating_sub(ENVELOPE)
    }

    /// How many bytes of records a chunk has.
    pub(super) fn most(&self) -> usize {
        self.largest().min(LARGEST)
    }

    pub(super) fn set_largest(&self, largest: usize) {
        self.largest.store(largest, Ordering::Relaxed);
    }

    /// So many bytes of this replica are in the stream.
    pub(super) fn wrote(&self, bytes: usize) {
        let before = self.written.fetch_add(bytes, Ordering::Relaxed);
        if before < MUCH && before + bytes >= MUCH {
            self.much_written.notify_one();
        }
    }

    /// Waits until this replica has written so much that the stream may have too many.
    pub(super) async fn much_written(&self) {
        self.much_written.notified().await;
        self.written.store(0, Ordering::Relaxed);
    }

    /// The stream, without a question for it.
    pub(super) async fn handle(&self) -> Result<jetstream::stream::Stream<()>, FaultKind> {
        let handle = self.store.context().get_stream_no_info(&self.stream).await;
        handle.map_err(|_| FaultKind::Away)
    }

    /// What the broker says of the stream now.
    pub(super) async fn info(&self) -> Result<jetstream::stream::Info, FaultKind> {
        let handle = self.handle().await?;
        match timeout(ATTEMPT, handle.get_info()).await {
            Ok(Ok(info)) if is_of_leader(&info) => Ok(info),
            _ => Err(FaultKind::Away),
        }
    }

    /// Waits until the chunk of this sequence, and all before it, have been applied.
    pub(super) async fn applied(&self, sequence: u64) -> Result<(), FaultKind> {
        let mut progress = self.progress.subscribe();
        let reached =
            progress.wait_for(|progress| progress.fault.is_some() || progress.applied.sequence >= sequence);
        let fault = reached.await.map_err(|_| FaultKind::Unavailable)?.fault;
        fault.map_or(Ok(()), Err)
    }
}

/// The name of the stream of a collection.
pub(super) fn stream_of(store: &JetStream, collection: &str) -> String {
    store.name(&format!("collection-{collection}"))
}
