//! The events of a call: the next message, half-close, and the replay of earlier messages.

use tonic::Status;

use super::outcome::{CallState, failed};
use super::session::Session;
use super::turn::too_costly;
use crate::handler::Call;
use crate::rules::plan::Rule;

impl<'r> Session<'r> {
    /// Waits for the next message and admits it; `false` at half-close.
    #[inline]
    pub(super) async fn next(&mut self, rule: &Rule, call: &mut Call) -> Result<bool, Status> {
        if rule.keeps_last {
            self.keep_message(call);
        }
        if !call.next_message().await? {
            return Ok(false);
        }
        self.admit_for(rule, call)?;
        Ok(true)
    }

    /// Admits the next message if it has come already.
    #[inline]
    pub(super) fn next_at_once(&mut self, rule: &Rule, call: &mut Call) -> Result<bool, Status> {
        if rule.keeps_last {
            self.keep_message(call);
        }
        let more = call.next_message_at_once();
        if more {
            self.admit_for(rule, call)?;
        }
        Ok(more)
    }

    /// Runs the steps of half-close.
    pub(super) async fn half_closed(&mut self, rule: &'r Rule, call: &mut Call) -> Result<CallState, Status> {
        self.drop_frame();
        self.run(rule, &rule.half_close, call).await
    }

    /// Runs the events of the messages that had come before the rule was chosen.
    pub(super) async fn replay_all(&mut self, rule: &'r Rule, call: &mut Call) -> Result<CallState, Status> {
        let messages = self.requests().to_vec();
        let bounds = call.bounds();
        for (message, nth) in messages.iter().zip(1..) {
            self.replay(message, nth, bounds)?;
            if self.run(rule, &rule.message, call).await? == CallState::Ended {
                return Ok(CallState::Ended);
            }
        }
        self.half_closed(rule, call).await
    }

    /// Gives the variables their first values, as far as they have none.
    pub(super) fn begin_state(&mut self, rule: &Rule, call: &mut Call) -> Result<(), Status> {
        let declared = self.variables().values().len();
        for template in &rule.state[declared..] {
            let value = self.with_env(call, |env, _| template.value(env));
            let value = value.map_err(|error| failed(rule, &format!("`state`: {error}")))?;
            self.variables().declare(value);
        }
        Ok(())
    }

    /// Goes on with what failed with this status, for as long as more room helps.
    pub(super) async fn begin_state_in_turns(
        &mut self,
        mut status: Status,
        rule: &Rule,
        call: &mut Call,
    ) -> Result<(), Status> {
        while self.is_interrupted() {
            if !self.get_more_room().await {
                return Err(too_costly(&status));
            }
            match self.in_lane(|session| session.begin_state(rule, call)) {
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
