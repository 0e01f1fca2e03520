//! Rules as the handler of their method, alone or in front of what answers where no rule does.

use std::sync::Arc;

use tonic::Status;

use super::call::chosen::{Choice, Come};
use super::call::execution::Execution;
use super::choose::choose;
use super::fault::{failed, logged};
use super::method::MethodRules;
use super::nearest::{note_passed_on, unmatched};
use crate::handler::{Call, Front, Handler, Passage};
use crate::rules::plan::Rule;

impl Handler for MethodRules {
    fn begins_in_place(&self) -> bool {
        true
    }

    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let mut execution = Execution::new(self, call);
        let choice = self.choice(&mut execution, call).await;
        let Choice { chosen, come } = choice.map_err(logged)?;
        match chosen {
            Some(chosen) => {
                let answered = execution.answer(chosen, come, call).await;
                let answered = execution.end(answered).await;
                self.answered(chosen.rule, answered, call)
            }
            None if self.uses.collections => {
                // Conditions that are told of read them once more.
                Box::pin(execution.enter_lane()).await;
                Err(execution.in_lane(|execution| unmatched(self, execution, call)))
            }
            None => Err(unmatched(self, &mut execution, call)),
        }
    }
}

impl Front for MethodRules {
    fn begins_in_place(&self) -> bool {
        true
    }

    async fn answer_or_pass(self: &Arc<Self>, call: &mut Call) -> Result<Passage, Status> {
        let mut execution = Execution::new(self, call);
        let choice = self.choice(&mut execution, call).await;
        let Choice { chosen, come } = choice.map_err(logged)?;
        let Some(chosen) = chosen else {
            execution.end(Ok(())).await?;
            execution.give_back(come, call);
            if self.settings.are_put {
                // The rules behind may take what is not validated.
                call.set_checks(execution.validates());
                note_passed_on(self, &execution, call);
            } else {
                // If there is one request and it has come, it has been checked.
                call.set_checks(self.method.is_client_streaming() || !come.first);
            }
            return Ok(Passage::PassedOn);
        };
        let answered = execution.answer(chosen, come, call).await;
        let answered = execution.end(answered).await;
        self.answered(chosen.rule, answered, call)?;
        Ok(Passage::Answered)
    }
}

impl MethodRules {
    /// How a rule answered. A method that answers with one message needs that message.
    #[inline]
    fn answered(&self, rule: &Rule, answered: Result<(), Status>, call: &Call) -> Result<(), Status> {
        match answered {
            Ok(()) if !self.method.is_server_streaming() && call.sent() == 0 => {
                Err(logged(failed(rule, "it answered OK without a message")))
            }
            answered => answered.map_err(logged),
        }
    }

    #[inline]
    async fn choice<'r>(
        &'r self,
        execution: &mut Execution<'r>,
        call: &mut Call,
    ) -> Result<Choice<'r>, Status> {
        call.hold_checks();
        let choice = if let Some(rule) = self.unconditional() {
            let first = execution.is_awaited_by(rule) && execution.receive(call).await?;
            Choice::at_begin(rule, Come { first, all: false })
        } else {
            if self.chooses_by_store && execution.lacks_changes() {
                Box::pin(execution.see_store()).await?;
            }
            choose(self, execution, call).await?
        };
        if choice.chosen.is_some() || !self.settings.are_put {
            execution.validate_for(choice.chosen.map(|chosen| chosen.rule), call)?;
        }
        Ok(choice)
    }
}
