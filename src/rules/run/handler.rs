//! Rules as the handler of their method, alone or in front of what answers where no rule does.

use tonic::Status;

use super::call::chosen::Choice;
use super::call::session::Session;
use super::choose::{choose, unmatched};
use super::method::MethodRules;
use crate::handler::{Call, Front, Handler, Passage};

impl Handler for MethodRules {
    fn begins_in_place(&self) -> bool {
        true
    }

    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let mut session = Session::new(self, call);
        let Choice { chosen, come } = self.choice(&mut session, call).await?;
        match chosen {
            Some(chosen) => session.answer(chosen, come, call).await,
            None => Err(unmatched(self, &mut session, call)),
        }
    }
}

impl Front for MethodRules {
    fn begins_in_place(&self) -> bool {
        true
    }

    async fn answer_or_pass(&self, call: &mut Call) -> Result<Passage, Status> {
        let mut session = Session::new(self, call);
        let Choice { chosen, come } = self.choice(&mut session, call).await?;
        let Some(chosen) = chosen else {
            session.give_back(come, call);
            return Ok(Passage::PassedOn);
        };
        session.answer(chosen, come, call).await?;
        Ok(Passage::Answered)
    }
}

impl MethodRules {
    #[inline]
    async fn choice<'r>(&'r self, session: &mut Session<'r>, call: &mut Call) -> Result<Choice<'r>, Status> {
        match self.unconditional() {
            Some(rule) => Ok(Choice::at_once(rule)),
            None => choose(self, session, call).await,
        }
    }
}
