//! What a closure is checked against when a server is built: its method, and the state that handlers share.

use std::any::type_name;
use std::sync::Arc;

use super::extract::FromCall;
use super::state::States;
use crate::error::Error;
use crate::message::{Bounds, FromMessage, MessageType};
use crate::schema::Method;

/// The method and the state of a closure.
#[derive(Debug)]
pub struct Setup<'s> {
    pub(super) method: &'s Arc<Method>,
    pub(super) states: &'s States,
}

impl Setup<'_> {
    /// Fails if a closure takes state that the server does not have.
    pub(super) fn expect_state<E: FromCall>(&self) -> Result<(), Error> {
        let Some(missing) = E::missing_state(self.states) else {
            return Ok(());
        };
        let others: Vec<_> = self.states.names().map(|name| format!("`{name}`")).collect();
        let others = if others.is_empty() {
            "no state".to_owned()
        } else {
            format!("only {}", others.join(", "))
        };
        Err(Error::missing_state(format!(
            "the handler of {} takes the state `{missing}`, and the server has {others}; give it one by `.state(…)`",
            self.method.name()
        )))
    }

    /// Fails if requests do not fit the form in which a closure takes them.
    pub(super) fn expect_request<M: FromMessage>(&self) -> Result<(), Error> {
        let misfits = M::misfits(MessageType::input_of(self.method, Bounds::default()));
        if misfits.is_empty() {
            return Ok(());
        }
        Err(Error::misfit(format!(
            "the handler of {} takes `{}`, which does not fit its requests of type {}:\n  {}",
            self.method.name(),
            type_name::<M::Value>(),
            self.method.input().full_name(),
            misfits.join("\n  ")
        )))
    }
}
