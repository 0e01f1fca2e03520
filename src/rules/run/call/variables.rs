//! The variables of a rule's `state`.

use super::loops::put_int;
use crate::cel::{Type, Value};
use crate::rules::plan::IntAssignment;

/// The variables, each at the place that its name has in the plan. Each keeps the type of its first value.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: Vec<Value<'static>>,
    /// The values that a step computes before it changes any; kept for its memory.
    next: Vec<Value<'static>>,
}

impl Variables {
    /// What expressions read.
    #[inline]
    pub(super) fn values(&self) -> &[Value<'static>] {
        &self.values
    }

    pub(super) fn reserve(&mut self, count: usize) {
        self.values.reserve(count);
    }

    /// Makes room for as many variables that are set before they are read, in place of those before.
    pub(super) fn begin(&mut self, count: usize) {
        self.values.clear();
        self.values.resize(count, Value::Null);
    }

    /// Room for the next values of variables.
    pub(super) fn take_next(&mut self) -> Vec<Value<'static>> {
        std::mem::take(&mut self.next)
    }

    /// The same room, for the next step.
    pub(super) fn put_back_next(&mut self, next: Vec<Value<'static>>) {
        self.next = next;
    }

    /// Declares the next variable.
    pub(super) fn declare(&mut self, value: Value<'static>) {
        self.values.push(value);
    }

    /// Adds a constant to a variable, if that is all the assignment does; `false` if it is not.
    #[inline]
    pub(super) fn add(&mut self, set: &IntAssignment) -> bool {
        if let Some(added) = set.added
            && let Some(Value::Int(number)) = self.values.get_mut(set.place)
            && let Some(sum) = number.checked_add(added)
        {
            *number = sum;
            return true;
        }
        false
    }

    /// Sets a variable that is an int.
    #[inline]
    pub(super) fn set_int(&mut self, place: usize, number: i64) {
        put_int(&mut self.values[place], number);
    }

    /// Sets a variable to a value that [fits](fit) it.
    pub(super) fn set(&mut self, place: usize, value: Value<'static>) {
        self.values[place] = value;
    }
}

/// The value as a variable of that type holds it; an `Err` says why it cannot.
#[inline]
pub(in crate::rules::run) fn fit(variable: &Type, value: Value<'static>) -> Result<Value<'static>, String> {
    let fits = match (variable, &value) {
        #[expect(clippy::cast_precision_loss, reason = "the variable holds doubles")]
        (Type::Double, Value::Int(number)) => return Ok(Value::Double(*number as f64)),
        #[expect(clippy::cast_precision_loss, reason = "the variable holds doubles")]
        (Type::Double, Value::Uint(number)) => return Ok(Value::Double(*number as f64)),
        (Type::Dyn, _)
        | (Type::Null, Value::Null)
        | (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::Uint, Value::Uint(_))
        | (Type::Double, Value::Double(_) | Value::Float(_))
        | (Type::String, Value::String(_))
        | (Type::Bytes, Value::Bytes(_))
        | (Type::Duration, Value::Duration { .. })
        | (Type::Timestamp, Value::Timestamp { .. })
        | (Type::Meta, Value::Type(_))
        | (Type::List(_), Value::List(_))
        | (Type::Map(..), Value::Map(_)) => true,
        (Type::Enum(kept), Value::Enum(found, _)) => kept == found,
        (Type::Message(kept), Value::Message(found)) => *kept == found.descriptor,
        _ => false,
    };
    if fits {
        return Ok(value);
    }
    Err(format!("{} is not {variable}", value.to_text()))
}
