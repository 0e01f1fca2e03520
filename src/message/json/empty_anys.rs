//! `Any`s that are `{}` in JSON.
//!
//! prost-reflect wants each `Any` to have a type that the pool has. One that has none gets a type to stand in until the
//! whole message is read: the type of that message.

use std::cell::Cell;

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _, Value};

use crate::schema::WellKnown;

/// The stand-in for the `Any`s of one message that have no type.
pub(super) struct EmptyAnys {
    /// None where the message is an `Any` itself.
    stand_in: Option<String>,
    found: Cell<bool>,
}

impl EmptyAnys {
    /// For the `Any`s in a message of that type.
    pub(super) fn of(root: &MessageDescriptor) -> Self {
        let is_any = WellKnown::of(root) == Some(WellKnown::Any);
        Self {
            stand_in: (!is_any).then(|| format!("empty:/{}", root.full_name())),
            found: Cell::new(false),
        }
    }

    /// An `Any` is `{}`: gives the type that stands in for its own.
    pub(super) fn stand_in(&self) -> Option<&str> {
        self.found.set(true);
        self.stand_in.as_deref()
    }

    /// Whether the message is itself an `Any` that is `{}`.
    pub(super) fn is_whole_message(&self) -> bool {
        self.stand_in.is_none() && self.found.get()
    }

    /// Takes the stand-ins away again.
    pub(super) fn clear(&self, message: &mut DynamicMessage) {
        if let Some(stand_in) = self.stand_in.as_deref().filter(|_| self.found.get()) {
            clear_stand_ins(message, stand_in);
        }
    }
}

fn clear_stand_ins(message: &mut DynamicMessage, stand_in: &str) {
    if WellKnown::of(&message.descriptor()) == Some(WellKnown::Any) {
        let url = message.get_field_by_number(1);
        if url.is_some_and(|url| url.as_str() == Some(stand_in)) {
            message.clear_field_by_number(1);
        }
        return;
    }
    let values = message.fields_mut().map(|(_, value)| value);
    values.for_each(|value| clear_stand_ins_in(value, stand_in));
    let values = message.extensions_mut().map(|(_, value)| value);
    values.for_each(|value| clear_stand_ins_in(value, stand_in));
}

fn clear_stand_ins_in(value: &mut Value, stand_in: &str) {
    match value {
        Value::Message(message) => clear_stand_ins(message, stand_in),
        Value::List(values) => values
            .iter_mut()
            .for_each(|value| clear_stand_ins_in(value, stand_in)),
        Value::Map(values) => values
            .values_mut()
            .for_each(|value| clear_stand_ins_in(value, stand_in)),
        _ => {}
    }
}
