//! What a call writes to collections.
//!
//! A write is queued, and the call goes on. Before anything tells the client that it is done, and before the call reads a
//! collection, all that it has written is stored.

use tonic::Status;

use super::execution::Execution;
use super::failures::write_failed;
use super::outcome::{Stopped, Wait};
use super::written::Writing;
use crate::cel::{EvalError, key_of};
use crate::collection::Fault;
use crate::handler::Call;
use crate::rules::plan::{Change, Rule, StoreStep};
use crate::rules::run::fault::failed;

impl Execution<'_> {
    /// Writes to a collection, and waits if too much waits to be written.
    #[inline(never)]
    pub(super) fn store(
        &mut self,
        rule: &Rule,
        step: &StoreStep,
        call: &mut Call,
    ) -> Result<Option<Stopped>, Status> {
        let mut writing = self.writing.take().unwrap_or_default();
        let stored = self.store_in(rule, step, call, &mut writing);
        self.writing = Some(writing);
        stored
    }

    fn store_in(
        &mut self,
        rule: &Rule,
        StoreStep { collection, change }: &StoreStep,
        call: &mut Call,
        writing: &mut Writing,
    ) -> Result<Option<Stopped>, Status> {
        let Writing { writers, message } = writing;
        let at = writers.iter().position(|(place, _)| place == collection);
        let at = at.unwrap_or_else(|| {
            writers.push((*collection, self.tallies().collections()[*collection].writer()));
            writers.len() - 1
        });
        let writer = &mut writers[at].1;
        let written = match change {
            Change::Put(template) => {
                message.clear();
                self.with_env(call, |env, _| template.write(env, self.cache(), message))
                    .map_err(|error| write_failed(rule, error))?;
                writer.put(message)
            }
            Change::Delete(key) => {
                let key = self.with_env(call, |env, _| key.value(env));
                let key = key.map_err(|error| failed(rule, error.within("delete")))?;
                let no_key = || {
                    failed(
                        rule,
                        EvalError::of_value(&key.to_text(), "cannot be a key").within("delete"),
                    )
                };
                writer.delete(&key_of(&key).ok_or_else(no_key)?)
            }
            Change::Clear => writer.clear(),
        };
        written.map_err(|fault| fault.status())?;
        let is_full = writer.is_full();
        if writer.has_uncommitted() {
            self.has_uncommitted = true;
            self.reads().allow(false);
        }
        Ok(is_full.then_some(Stopped::Waiting(Wait::Written)))
    }

    /// Waits until there is room for more that waits to be written.
    pub(super) async fn wait_for_writes(&mut self) {
        for (_, writer) in self.writing.iter_mut().flat_map(|writing| &mut writing.writers) {
            writer.room().await;
        }
    }

    /// Waits until all that the call has written is stored.
    pub(in crate::rules::run) async fn commit(&mut self) -> Result<(), Fault> {
        if !self.has_uncommitted {
            return Ok(());
        }
        let writing = self.writing.iter_mut();
        for (_, writer) in writing.flat_map(|writing| &mut writing.writers) {
            writer.committed().await?;
        }
        self.has_uncommitted = false;
        Ok(())
    }

    /// How the call ends: not before all that it has written is stored, and with what is the matter with a collection.
    pub(in crate::rules::run) async fn end(&mut self, ended: Result<(), Status>) -> Result<(), Status> {
        match ended {
            Ok(()) if self.has_uncommitted => Box::pin(self.commit()).await.map_err(|fault| fault.status()),
            Ok(()) => Ok(()),
            Err(status) => Err(self.reads().take_fault().map_or(status, |fault| fault.status())),
        }
    }
}
