//! The variables of the store, for all servers.
//!
//! A stream has the changes in one order, and each server makes them in its own store. A change is computed from the store as of
//! one change, and is taken only if no other has come since: if one has, it is made here, and all is computed again. So all values
//! of one `set` are as if no other server wrote in between.

use std::sync::Arc;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::applied::Applied;
use super::changes::{follow, stream_name, subject};
use super::link::{Alive, whenever_there};
use super::{SharedStore, Trouble};
use crate::cel::put_clear;
use crate::nats::{JetStream, PATIENCE};
use crate::schema::Schema;
use crate::uuid::version_4;

/// How many calls wait to be told which change is the last.
const WAITING: usize = 100_000;

/// The variables that servers share.
#[derive(Debug)]
pub(super) struct Variables {
    store: JetStream,
    applied: Arc<Applied>,
    /// One call of this server at a time changes the store: two would only be in each other's way.
    turn: Arc<Mutex<()>>,
    questions: mpsc::Sender<oneshot::Sender<Result<u64, Trouble>>>,
}

/// Leave to change the store, until it is dropped.
#[derive(Debug)]
pub(in crate::rules::run) struct Turn {
    _turn: OwnedMutexGuard<()>,
    /// By when the change has to be taken.
    until: Instant,
}

impl Variables {
    /// Begins to make the changes of all servers in a store.
    pub(super) fn new(store: &JetStream, alive: &Alive, of: &Arc<SharedStore>) -> Self {
        let applied = Arc::new(Applied::new(of));
        let (questions, asked) = mpsc::channel(WAITING);
        alive.spawn(store, answer(store.clone(), asked));
        let following = (store.clone(), Arc::clone(&applied));
        let following = whenever_there(store.clone(), move || {
            let (store, applied) = following.clone();
            follow(store, applied)
        });
        alive.spawn(store, following);
        Self {
            store: store.clone(),
            applied,
            turn: Arc::default(),
            questions,
        }
    }

    /// Notes the types of rules that were loaded.
    pub(super) fn learn(&self, schemas: Vec<Schema>) {
        self.applied.learn(schemas);
    }

    /// Waits until the store has all changes that were taken before this is called.
    pub(super) async fn seen(&self) -> Result<(), Trouble> {
        let (send, last) = oneshot::channel();
        self.questions.try_send(send).map_err(|_| Trouble::Busy)?;
        let last = last.await.unwrap_or(Err(Trouble::Unreachable))?;
        self.applied.reaches(last).await
    }

    /// Waits for leave to change the store.
    pub(super) async fn turn(&self) -> Result<Turn, Trouble> {
        self.store.reached().await?;
        let turn = timeout(PATIENCE, Arc::clone(&self.turn).lock_owned()).await;
        Ok(Turn {
            _turn: turn.map_err(|_| Trouble::Busy)?,
            until: Instant::now() + PATIENCE,
        })
    }

    /// The last change that the store has. It has to be locked.
    pub(super) fn sequence(&self) -> u64 {
        self.applied.sequence()
    }

    /// Makes a change that was computed with the store as of another one, and waits until it is made here. `false` if another came
    /// in between, which is made here then.
    pub(super) async fn take(&self, turn: &Turn, after: u64, record: &[u8]) -> Result<bool, Trouble> {
        if Instant::now() > turn.until {
            return Err(Trouble::Busy);
        }
        let message = PublishMessage::build()
            .payload(self.applied.own(record))
            .expected_last_sequence(after);
        match self.store.publish(&subject(&self.store), &message).await? {
            Ok(ack) => self.applied.reaches(ack.sequence).await.map(|()| true),
            Err(error) if is_conflict(&error) => {
                self.applied.reaches(after + 1).await?;
                // An earlier try may have been heard, and its answer lost.
                Ok(self.applied.own_has_come())
            }
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                let most = self.store.client().max_payload();
                Err(Trouble::TooLarge("what one `set` stores", most))
            }
            Err(error) => {
                tracing::warn!(target: "protod::store", %error, "the store does not take a change");
                Err(Trouble::Refused)
            }
        }
    }

    /// Removes all variables, on all servers.
    pub(super) async fn clear(&self) -> Result<(), Trouble> {
        let _turn = self.turn().await?;
        let mut record = Vec::new();
        put_clear(&mut record);
        let message = PublishMessage::build()
            .payload(self.applied.own(&record))
            .message_id(version_4(fastrand::u128(..)));
        match self.store.publish(&subject(&self.store), &message).await? {
            Ok(ack) => self.applied.reaches(ack.sequence).await,
            Err(error) => {
                tracing::warn!(target: "protod::store", %error, "the store is not cleared");
                Err(Trouble::Refused)
            }
        }
    }
}

/// Whether another change has come first.
fn is_conflict(error: &async_nats::jetstream::context::PublishError) -> bool {
    // A cluster answers with another number while a change is on its way to the other brokers.
    error.kind() == PublishErrorKind::WrongLastSequence || error.to_string().contains("wrong last sequence")
}

/// Tells calls which change is the last. One question is for all who wait when it is asked.
async fn answer(store: JetStream, mut asked: mpsc::Receiver<oneshot::Sender<Result<u64, Trouble>>>) {
    while let Some(first) = asked.recv().await {
        let mut waiting = vec![first];
        while let Ok(more) = asked.try_recv() {
            waiting.push(more);
        }
        let last = store
            .last_sequence(&stream_name(&store))
            .await
            .map_err(Trouble::from);
        for asking in waiting {
            // It may have left.
            asking.send(last).ok();
        }
    }
}
