//! Sets variables of the store that servers share.
//!
//! The values are computed here, and taken if no server has changed the store in between; else they are computed again. So it is
//! an operation that waits and begins again: for leave to change the store, and then until the change is taken.

use tonic::Status;

use super::execution::Execution;
use super::outcome::Wait;
use super::shared_set::{Recorded, SharedSet};
use crate::handler::Call;
use crate::rules::plan::{Assignment, Rule};
use crate::rules::run::shared::trouble::Trouble;

impl Execution<'_> {
    /// Begins, or goes on after a wait.
    pub(super) fn set_for_all(
        &mut self,
        rule: &Rule,
        assignments: &[Assignment],
        call: &mut Call,
    ) -> Result<Option<Wait>, Status> {
        let turn = match self.shared_set.take().map(|set| *set) {
            Some(SharedSet::Taken(changes)) => {
                self.put_all(changes, call)?;
                return Ok(None);
            }
            Some(SharedSet::MayBegin(turn) | SharedSet::Computed(turn, ..)) => turn,
            None => return Ok(Some(Wait::Turn)),
        };
        let mut recorded = Recorded::default();
        match self.set_in_store(rule, assignments, Some(&mut recorded), call) {
            Ok(changes) => {
                self.shared_set = Some(Box::new(SharedSet::Computed(turn, recorded, changes)));
                Ok(Some(Wait::Taken))
            }
            Err(status) => {
                // It may begin again with more room.
                self.shared_set = Some(Box::new(SharedSet::MayBegin(turn)));
                Err(status)
            }
        }
    }

    /// Waits for leave to change the store.
    pub(super) async fn wait_for_turn(&mut self) -> Result<(), Status> {
        let state = self.state().clone();
        if let Some(fleet) = state.fleet() {
            let turn = fleet.turn().await.map_err(Trouble::status)?;
            self.shared_set = Some(Box::new(SharedSet::MayBegin(turn)));
        }
        Ok(())
    }

    /// Waits until what is computed is made, or cannot be.
    pub(super) async fn wait_until_taken(&mut self) -> Result<(), Status> {
        let state = self.state().clone();
        if let Some(SharedSet::Computed(turn, recorded, changes)) = self.shared_set.take().map(|set| *set)
            && let Some(fleet) = state.fleet()
        {
            let taken = fleet.take(&turn, recorded.after, &recorded.record).await;
            let set = if taken.map_err(Trouble::status)? {
                SharedSet::Taken(changes)
            } else {
                SharedSet::MayBegin(turn)
            };
            self.shared_set = Some(Box::new(set));
        }
        Ok(())
    }

    /// Whether other servers may have changed the store before the call began, and it is not known here yet.
    #[inline]
    pub(in crate::rules::run) fn lacks_changes(&self) -> bool {
        !self.has_seen_store && self.state().fleet().is_some()
    }

    /// Waits until the store has all that servers had changed before this is called.
    pub(in crate::rules::run) async fn see_store(&mut self) -> Result<(), Status> {
        let state = self.state().clone();
        if let Some(fleet) = state.fleet() {
            fleet.seen().await.map_err(Trouble::status)?;
            self.has_seen_store = true;
        }
        Ok(())
    }
}
