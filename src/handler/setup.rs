//! What handlers are checked against when a server is built: their methods, and the state that they share.
//!
//! All that is wrong is noted, so that it is told at once.

use std::any::type_name;
use std::sync::Arc;

use super::extract::FromCall;
use super::state::States;
use crate::error::{Fault, Problem};
use crate::message::{Bounds, FromMessage, MessageType};
use crate::schema::Method;

/// The method and the state of a closure, and what does not fit them.
#[derive(Debug)]
pub struct Setup<'s> {
    pub(super) method: &'s Arc<Method>,
    pub(super) states: &'s States,
    pub(super) problems: &'s mut Vec<(Fault, Problem)>,
}

impl Setup<'_> {
    /// Notes if a closure takes state that the server does not have.
    pub(super) fn expect_state<E: FromCall>(&mut self) {
        let Some(missing) = E::missing_state(self.states) else {
            return;
        };
        let others: Vec<_> = self.states.names().map(|name| format!("`{name}`")).collect();
        let others = if others.is_empty() {
            "no state".to_owned()
        } else {
            format!("only {}", others.join(", "))
        };
        let problem = Problem::new(format!(
            "the handler of {} takes the state `{missing}`, and the server has {others}",
            self.method.name()
        ));
        let problem = problem.with_hint("give it one by `.state(…)`");
        self.problems.push((Fault::MissingState, problem));
    }

    /// Notes what of requests does not fit the form in which a closure takes them.
    pub(super) fn expect_request<M: FromMessage>(&mut self) {
        let misfits = M::misfits(MessageType::input_of(self.method, Bounds::default()));
        let subject = format!(
            "the handler of {} takes {} as `{}`",
            self.method.name(),
            self.method.input().full_name(),
            type_name::<M::Value>()
        );
        for misfit in misfits {
            let problem = misfit.of(&subject);
            // A closure may take the type twice: as the request, and of its call.
            let is_new = |(_, known): &(_, Problem)| known.message() != problem.message();
            if self.problems.iter().all(is_new) {
                self.problems.push((Fault::Misfit, problem));
            }
        }
    }
}
