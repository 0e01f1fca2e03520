//! Answers a call by the rule that was chosen.

use std::sync::LazyLock;

use bytes::Bytes;
use tonic::Status;
use tonic::metadata::AsciiMetadataKey;

use super::chosen::{Chosen, Come};
use super::execution::Execution;
use super::outcome::{CallState, Stopped};
use crate::handler::Call;

/// The header that names the rule. Made once, because a name given as text would be parsed for each call.
static RULE_HEADER: LazyLock<AsciiMetadataKey> =
    LazyLock::new(|| AsciiMetadataKey::from_static("protod-rule"));

impl<'r> Execution<'r> {
    /// Answers the call by the rule that was chosen when this had come.
    pub(in crate::rules::run) async fn answer(
        &mut self,
        chosen: Chosen<'r>,
        come: Come,
        call: &mut Call,
    ) -> Result<(), Status> {
        let Chosen { at, rule, answer } = chosen;
        if self.rules().settings.rule_header {
            call.label(&RULE_HEADER, rule.header.clone());
        }
        call.answered_by(&rule.name);
        self.tallies().hit(at);
        self.begin(answer);
        if answer.uses.store && self.lacks_changes() {
            Box::pin(self.see_store()).await?;
        }
        if !answer.state.is_empty()
            && let Err(status) = self.begin_state(chosen, call)
        {
            Box::pin(self.begin_state_in_turns(status, chosen, call)).await?;
        }
        if self.run(rule, &answer.open, call).await? == CallState::Ended {
            return Ok(());
        }
        if !answer.timers.is_empty() || !answer.signals.is_empty() {
            // Boxed, like the other paths that few calls take: what is not boxed makes the future of every call larger.
            return Box::pin(self.answer_timed(chosen, come, call)).await;
        }
        if come.all {
            return Box::pin(self.replay_all(chosen, call)).await.map(drop);
        }
        let mut at_hand = come.first;
        while at_hand || self.next(chosen, call).await? {
            at_hand = false;
            let mut at = 0;
            // Not `run`: steps that do not wait need no future of their own.
            loop {
                match self.steps(rule, &answer.message, &mut at, call)? {
                    Stopped::Done(CallState::Ended) => return Ok(()),
                    Stopped::Done(CallState::Open) if self.next_at_once(chosen, call)? => at = 0,
                    Stopped::Done(CallState::Open) => break,
                    Stopped::Waiting(wait) => self.wait(wait, call).await?,
                }
            }
        }
        self.half_closed(chosen, call).await.map(drop)
    }

    /// Does what a rule does that passes the call on.
    pub(in crate::rules::run) async fn take_effect(
        &mut self,
        Chosen { at, rule, answer }: Chosen<'r>,
        call: &mut Call,
    ) -> Result<(), Status> {
        self.note_validation(rule);
        self.tallies().hit(at);
        if answer.uses.store && self.lacks_changes() {
            Box::pin(self.see_store()).await?;
        }
        if answer.state.is_empty() {
            return self.run(rule, &answer.open, call).await.map(drop);
        }
        self.variables().begin(answer.state.len());
        let ended = self.run(rule, &answer.open, call).await.map(drop);
        // The next rule has variables of its own.
        self.variables().begin(0);
        ended
    }

    /// Makes the messages that have come the next ones again, for another handler.
    pub(in crate::rules::run) fn give_back(&self, come: Come, call: &mut Call) {
        if come.first {
            let first = Bytes::copy_from_slice(call.message_bytes());
            call.rewind(&[first]);
        } else if come.all {
            call.rewind(self.requests());
        }
    }
}
