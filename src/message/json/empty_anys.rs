//! `Any`s that are `{}` in JSON.
//!
//! prost-reflect wants each `Any` to have a type that the pool has. One that has none gets a type to stand in until the
//! whole message is read: the type of that message, or another where that is an `Any` itself. An `Any` may be within
//! another.

use std::cell::Cell;

use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _, Value};

use crate::schema::WellKnown;

/// The stand-in for the `Any`s of one message that have no type.
pub(super) struct EmptyAnys {
    /// None where the message is an `Any` itself, and there is no other message.
    stand_in: Option<String>,
    found: Cell<bool>,
}

impl EmptyAnys {
    /// For the `Any`s in a message of that type.
    pub(super) fn of(root: &MessageDescriptor) -> Self {
        let is_plain =
            |message: &MessageDescriptor| WellKnown::of(message).is_none() && !message.is_map_entry();
        let stand_in = if WellKnown::of(root) == Some(WellKnown::Any) {
            root.parent_pool().all_messages().find(is_plain)
        } else {
            Some(root.clone())
        };
        Self {
            stand_in: stand_in.map(|message| format!("empty:/{}", message.full_name())),
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

/// Whether there was one.
fn clear_stand_ins(message: &mut DynamicMessage, stand_in: &str) -> bool {
    if WellKnown::of(&message.descriptor()) == Some(WellKnown::Any) {
        let url = message.get_field_by_number(1);
        if url.is_some_and(|url| url.as_str() == Some(stand_in)) {
            message.clear_field_by_number(1);
            return true;
        }
        return clear_stand_ins_held(message, stand_in).unwrap_or(false);
    }
    let mut cleared = false;
    for (_, value) in message.fields_mut() {
        cleared |= clear_stand_ins_in(value, stand_in);
    }
    for (_, value) in message.extensions_mut() {
        cleared |= clear_stand_ins_in(value, stand_in);
    }
    cleared
}

/// Clears those within the message that an `Any` holds, which is encoded already. `None` if it holds none that is known.
fn clear_stand_ins_held(any: &mut DynamicMessage, stand_in: &str) -> Option<bool> {
    let url = any.get_field_by_number(1)?;
    let name = url.as_str()?.rsplit('/').next()?.to_owned();
    let held = any.descriptor().parent_pool().get_message_by_name(&name)?;
    let mut held = DynamicMessage::decode(held, any.get_field_by_number(2)?.as_bytes()?.clone()).ok()?;
    let cleared = clear_stand_ins(&mut held, stand_in);
    if cleared {
        any.set_field_by_number(2, Value::Bytes(held.encode_to_vec().into()));
    }
    Some(cleared)
}

fn clear_stand_ins_in(value: &mut Value, stand_in: &str) -> bool {
    let mut cleared = false;
    match value {
        Value::Message(message) => cleared = clear_stand_ins(message, stand_in),
        Value::List(values) => {
            for value in values {
                cleared |= clear_stand_ins_in(value, stand_in);
            }
        }
        Value::Map(values) => {
            for value in values.values_mut() {
                cleared |= clear_stand_ins_in(value, stand_in);
            }
        }
        _ => {}
    }
    cleared
}
