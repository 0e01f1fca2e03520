//! The events of a call: the next message, half-close, and the replay of earlier messages.

use tokio::task::coop::consume_budget;
use tonic::Status;

use super::chosen::Chosen;
use super::execution::Execution;
use super::outcome::CallState;
use crate::handler::Call;
use crate::rules::run::fault::{failed, too_costly};

impl<'r> Execution<'r> {
    /// Waits for the next message and admits it; `false` at half-close.
    #[inline]
    pub(super) async fn next(&mut self, chosen: Chosen<'_>, call: &mut Call) -> Result<bool, Status> {
        if chosen.answer.keeps_last {
            self.keep_message(call);
        }
        if !call.next_message().await? {
            return Ok(false);
        }
        self.admit_for(chosen.answer, call)?;
        call.check_message().await?;
        Ok(true)
    }

    /// Admits the next message if it has come already, and needs no validation.
    #[inline]
    pub(super) fn next_at_once(&mut self, chosen: Chosen<'_>, call: &mut Call) -> Result<bool, Status> {
        if chosen.answer.keeps_last {
            self.keep_message(call);
        }
        let more = call.next_message_at_once();
        if more {
            self.admit_for(chosen.answer, call)?;
        }
        Ok(more)
    }

    /// Runs the steps of half-close.
    pub(super) async fn half_closed(
        &mut self,
        chosen: Chosen<'r>,
        call: &mut Call,
    ) -> Result<CallState, Status> {
        self.drop_frame();
        self.forget_time();
        self.run(chosen.rule, &chosen.answer.half_close, call).await
    }

    /// Runs the events of the messages that had come before the rule was chosen.
    pub(super) async fn replay_all(
        &mut self,
        chosen: Chosen<'r>,
        call: &mut Call,
    ) -> Result<CallState, Status> {
        let messages = self.requests().to_vec();
        let bounds = call.bounds();
        for (message, nth) in messages.iter().zip(1..) {
            // There may be a million of them, of which none waits for anything.
            consume_budget().await;
            self.replay(message, nth, bounds)?;
            if self.run(chosen.rule, &chosen.answer.message, call).await? == CallState::Ended {
                return Ok(CallState::Ended);
            }
        }
        self.half_closed(chosen, call).await
    }

    /// Gives the variables their first values, as far as they have none.
    pub(super) fn begin_state(&mut self, chosen: Chosen<'_>, call: &mut Call) -> Result<(), Status> {
        if self.waits_for_store() {
            self.budget().exhaust();
            return Err(failed(chosen.rule, "`state`: the store is in use"));
        }
        let declared = self.variables().values().len();
        for template in &chosen.answer.state[declared..] {
            let value = self.with_env(call, |env, _| template.value(env));
            let value = value.map_err(|error| failed(chosen.rule, error.within("state")))?;
            self.variables().declare(value);
        }
        Ok(())
    }

    /// Goes on with what failed with this status, for as long as more room helps.
    pub(super) async fn begin_state_in_turns(
        &mut self,
        mut status: Status,
        chosen: Chosen<'_>,
        call: &mut Call,
    ) -> Result<(), Status> {
        while self.is_interrupted() {
            if !self.get_more_room().await {
                return Err(too_costly(&status));
            }
            match self.in_lane(|execution| execution.begin_state(chosen, call)) {
                Ok(()) => {
                    self.begin_turn();
                    return Ok(());
                }
                Err(next) => status = next,
            }
        }
        Err(status)
    }
}
