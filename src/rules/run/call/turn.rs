//! Turns: how long a call evaluates expressions before others run.
//!
//! A call begins each turn with a small slice of what an evaluation may cost. Most calls never use it up. An operation that
//! does is begun again in the next turn, with a whole slice; one that needs more than that is begun again in a lane for
//! the few that are slow, with all that an evaluation may cost, while the other threads serve the other calls. Nothing an
//! operation does before it fails has an effect, so it can begin again.

use tonic::Status;

use super::execution::Execution;
use crate::handler::{Lane, SLICE};
use crate::rules::run::fault::too_costly;
use crate::rules::run::shared::state::RulesState;

impl Execution<'_> {
    /// What a turn may cost.
    pub(in crate::rules::run) fn slice(most: u64) -> u64 {
        SLICE.min(most)
    }

    /// What the turn could cost when it began, in a lane or not.
    pub(super) fn whole_turn(&self) -> u64 {
        let most = self.most();
        if self.lane.is_some() {
            most
        } else {
            Self::slice(most)
        }
    }

    /// Whether an evaluation had no room in the budget of the turn.
    #[inline]
    pub(in crate::rules::run) fn is_interrupted(&self) -> bool {
        self.budget().is_exhausted()
    }

    /// Whether what comes next may have to wait until somebody has written to the store. A lane is the place for that.
    #[inline]
    pub(in crate::rules::run) fn waits_for_store(&self) -> bool {
        self.rules().uses.store && self.lane.is_none() && self.state().readers_wait()
    }

    /// Begins a turn.
    pub(in crate::rules::run) fn begin_turn(&mut self) {
        if self.lane.take().is_some() {
            self.allow_reads(false);
        }
        self.budget().refill(Self::slice(self.most()));
    }

    /// Whether the turn is one in a lane.
    pub(in crate::rules::run) fn is_in_lane(&self) -> bool {
        self.lane.is_some()
    }

    /// Lets expressions read collections, or not.
    pub(in crate::rules::run) fn allow_reads(&self, allowed: bool) {
        self.reads().allow(allowed);
    }

    /// Waits for a lane, and begins a turn in it.
    pub(in crate::rules::run) async fn enter_lane(&mut self) {
        if self.has_uncommitted {
            // What a lane is for may read what the call has written.
            let committed = Box::pin(self.commit()).await;
            committed.unwrap_or_else(|fault| self.reads().fail(fault));
        }
        if self.reads().are_shared() {
            Box::pin(self.reads().catch_up()).await;
        }
        self.lane = Lane::enter().await;
        self.reads().allow(true);
        self.budget().refill(self.most());
    }

    /// Gives an evaluation that had no room all that there is. `false` if it had that already.
    pub(in crate::rules::run) async fn get_more_room(&mut self) -> bool {
        let had_lane = self.lane.is_some();
        self.begin_turn();
        if !had_lane {
            self.enter_lane().await;
        }
        !had_lane
    }

    /// Lets other calls run, if the turn has used up most of its slice.
    pub(super) async fn end_turn(&mut self) {
        if self.budget().left() < Self::slice(self.most()) / 2 {
            self.begin_turn();
            tokio::task::yield_now().await;
        }
    }

    /// What a call ends with when something failed that cannot begin again.
    pub(super) fn failed_in_turn(&self, status: Status) -> Status {
        if self.is_interrupted() {
            too_costly(&status)
        } else {
            status
        }
    }

    /// Runs what may be slow, if the call is in a lane, so that the other tasks of this thread go on elsewhere.
    pub(in crate::rules::run) fn in_lane<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        if self.lane.is_some() {
            let state = self.rules().uses.store.then(|| self.state().clone());
            let _held = state.as_ref().map(RulesState::slow);
            Lane::run(|| run(self))
        } else {
            run(self)
        }
    }
}
