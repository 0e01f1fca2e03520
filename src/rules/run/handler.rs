//! Rules as the handler of their method.

use tonic::Status;

use super::call::chosen::Chosen;
use super::call::session::Session;
use super::choose::choose;
use super::method::MethodRules;
use crate::handler::{Call, Handler};

impl Handler for MethodRules {
    fn begins_in_place(&self) -> bool {
        true
    }

    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let mut session = Session::new(self, call);
        let chosen = match self.unconditional() {
            Some(rule) => Chosen::at_once(rule),
            None => choose(self, &mut session, call).await?,
        };
        session.answer(chosen, call).await
    }
}
