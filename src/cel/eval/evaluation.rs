//! The state of one evaluation: the variables of running macros.

use super::volatile;
use crate::cel::budget::Budget;
use crate::cel::env::Env;
use crate::cel::values::{EvalError, Evaluated, Value};
use crate::message::{Raw, Slot};

/// The state of one evaluation of an expression.
#[derive(Debug)]
pub(crate) struct Evaluation<'f, 'e> {
    pub(in crate::cel) env: &'f Env<'e>,
    /// The variables of the macros that are running, outermost first.
    pub(in crate::cel) variables: Variables<'e>,
}

/// The variables of macros. Most run alone, and then nothing is allocated.
#[derive(Debug, Default)]
pub(in crate::cel) struct Variables<'e> {
    first: Option<Value<'e>>,
    others: Vec<Value<'e>>,
}

impl<'e> Variables<'e> {
    #[inline]
    pub(in crate::cel) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    #[inline]
    pub(in crate::cel) fn get(&self, place: usize) -> Option<&Value<'e>> {
        match place {
            0 => self.first.as_ref(),
            place => self.others.get(place - 1),
        }
    }

    #[inline]
    pub(in crate::cel) fn push(&mut self, value: Value<'e>) {
        match self.first {
            None => self.first = Some(value),
            Some(_) => self.others.push(value),
        }
    }

    /// Adds nulls until there are so many.
    pub(in crate::cel) fn fill_to(&mut self, count: usize) {
        while self.len() < count {
            self.push(Value::Null);
        }
    }

    #[inline]
    pub(in crate::cel) fn pop(&mut self) -> Option<Value<'e>> {
        self.others.pop().or_else(|| self.first.take())
    }
}

impl<'f, 'e> Evaluation<'f, 'e> {
    pub(crate) fn new(env: &'f Env<'e>) -> Self {
        Self {
            env,
            variables: Variables::default(),
        }
    }

    /// Sets what `this` is from now on. Constraints are [checked](crate::cel::Program::check) on it.
    pub(crate) fn set_this(&mut self, this: Value<'e>) {
        self.variables = Variables::default();
        self.variables.push(this);
    }

    /// What `this` was set to.
    pub(crate) fn take_this(&mut self) -> Option<Value<'e>> {
        self.variables.pop()
    }

    /// What evaluations may still cost.
    pub(crate) fn budget(&self) -> &'e Budget {
        &self.env.call.budget
    }

    /// The time: the same for the whole event.
    pub(super) fn now(&self) -> (i64, i32) {
        *self.env.call.now.get_or_init(volatile::now)
    }

    /// A variable of a loop in a template.
    pub(super) fn element(&self, between: usize, place: usize) -> Option<&'e Value<'e>> {
        let mut round = self.env.round?;
        for _ in 0..between {
            round = round.outer?;
        }
        round.variables.get(place)
    }

    pub(super) fn request(&self) -> Evaluated<&'e [u8]> {
        self.env.request.map(|(bytes, _)| bytes).ok_or_else(no_request)
    }

    pub(super) fn picked(&self, slot: Slot) -> Evaluated<Raw> {
        self.env
            .request
            .map(|(_, picked)| picked.get(slot))
            .ok_or_else(no_request)
    }
}

#[cold]
fn no_request() -> EvalError {
    EvalError::new("there is no request here")
}

#[cold]
pub(super) fn missing_variable() -> EvalError {
    EvalError::new("a variable has no value here")
}
