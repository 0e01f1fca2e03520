//! A collection that replicas share, and its tasks.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::ask::{Questions, answer, caught_up};
use super::chunk::{Head, Record};
use super::clean::clean;
use super::publish::publish;
use super::shared::Shared;
use super::tail::tail;
use crate::collection::end::End;
use crate::collection::fault::FaultKind;
use crate::collection::scalar::Key;

/// How long to wait for the broker where it is away.
const AWAY: Duration = Duration::from_secs(2);

/// The stream of a collection. Its tasks end with it.
#[derive(Debug)]
pub(in crate::collection) struct Stream {
    pub(super) shared: Arc<Shared>,
    questions: Questions,
    tasks: Vec<JoinHandle<()>>,
}

/// A collection in a stream, as it was declared. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::collection) struct InStream {
    pub(super) stream: Arc<Stream>,
    pub(super) head: Head,
}

impl Stream {
    pub(super) fn open(shared: Shared) -> Arc<Self> {
        let shared = Arc::new(shared);
        let store = &shared.store;
        let (questions, asked) = mpsc::unbounded_channel();
        let tasks = vec![
            store.spawn(tail(Arc::clone(&shared))),
            store.spawn(answer(Arc::clone(&shared), asked)),
            store.spawn(publish(Arc::clone(&shared), questions.clone())),
            store.spawn(clean(Arc::clone(&shared))),
        ];
        Arc::new(Self {
            shared,
            questions,
            tasks,
        })
    }

    /// Waits until all has ended that was written before. Blocks.
    pub(super) fn settle(&self) {
        if let Some(end) = self.shared.queue.end() {
            end.wait();
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.shared.queue.close();
        self.shared.copy.close();
    }
}

impl InStream {
    pub(in crate::collection) fn put(
        &self,
        message: &[u8],
        last: Option<&Arc<End>>,
    ) -> Result<Arc<End>, FaultKind> {
        if !self.stream.shared.copy.has_room(message) {
            return Err(FaultKind::Full);
        }
        self.add(&Record::Put(message), message.len(), last)
    }

    pub(in crate::collection) fn delete(
        &self,
        key: Key,
        last: Option<&Arc<End>>,
    ) -> Result<Arc<End>, FaultKind> {
        let size = match &key {
            Key::Text(text) => text.len(),
            Key::Bytes(bytes) => bytes.len(),
            Key::Bool(_) | Key::Int(_) | Key::Uint(_) => 0,
        };
        self.add(&Record::Delete(key), size, last)
    }

    pub(in crate::collection) fn clear(&self, last: Option<&Arc<End>>) -> Result<Arc<End>, FaultKind> {
        self.add(&Record::Clear, 0, last)
    }

    fn add(&self, record: &Record<'_>, size: usize, last: Option<&Arc<End>>) -> Result<Arc<End>, FaultKind> {
        let shared = &self.stream.shared;
        if size > shared.largest() {
            return Err(FaultKind::TooLarge);
        }
        shared.queue.add(self.head, record, (size, shared.most()), last)
    }

    pub(in crate::collection) fn is_full(&self) -> bool {
        self.stream.shared.queue.is_full()
    }

    pub(in crate::collection) async fn room(&self) {
        self.stream.shared.queue.room().await;
    }

    /// Waits until the copy has all that was stored, on whatever replica, before this was called, and what this replica writes
    /// for nobody who waits.
    pub(in crate::collection) async fn caught_up(&self) -> Result<(), FaultKind> {
        let shared = &self.stream.shared;
        let mut connected = shared.store.connected();
        let found = timeout(AWAY, connected.wait_for(|is_connected| *is_connected)).await;
        if !matches!(found, Ok(Ok(_))) {
            return Err(FaultKind::Away);
        }
        drop(found);
        if let Some(end) = shared.queue.end() {
            // How it ended is told to whom it concerns.
            let _ = end.reached().await;
        }
        caught_up(shared, &self.stream.questions).await
    }
}
