//! What a descriptor says about a JSON value, as far as it matters for reading it.
//!
//! Most values are left to prost-reflect. Those named here are read differently, or contain values that are.

use std::collections::HashSet;

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};
use serde_json::Number;

use crate::schema::{WellKnown, field_named, is_null_value};

/// What a descriptor says of a value.
#[derive(Debug, Clone)]
pub(super) enum Expected {
    Message(MessageDescriptor),
    /// An `Any`; the types of its pool can be in it.
    Any(DescriptorPool),
    Integer,
    Float,
    Timestamp,
    Duration,
    /// `google.protobuf.NullValue`: null, or its only value by name or by number.
    Null,
    List(Box<Expected>),
    Map(Box<Expected>),
    /// Nothing that matters here.
    Anything,
}

impl Expected {
    pub(super) fn of_message(descriptor: &MessageDescriptor) -> Self {
        match WellKnown::of(descriptor) {
            Some(WellKnown::Any) => Self::Any(descriptor.parent_pool().clone()),
            Some(WellKnown::Wrapper) => {
                let value = descriptor.get_field(1);
                value.map_or(Self::Anything, |value| Self::of_kind(&value.kind()))
            }
            Some(WellKnown::Empty) | None => Self::Message(descriptor.clone()),
            Some(WellKnown::Timestamp) => Self::Timestamp,
            Some(WellKnown::Duration) => Self::Duration,
            // They have a JSON form of their own.
            Some(_) => Self::Anything,
        }
    }

    fn of_field(kind: &Kind, is_list: bool, is_map: bool) -> Self {
        match kind {
            Kind::Message(entry) if is_map => {
                Self::Map(Box::new(Self::of_kind(&entry.map_entry_value_field().kind())))
            }
            kind if is_list => Self::List(Box::new(Self::of_kind(kind))),
            kind => Self::of_kind(kind),
        }
    }

    fn of_kind(kind: &Kind) -> Self {
        match kind {
            Kind::Message(message) => Self::of_message(message),
            Kind::Float => Self::Float,
            Kind::Enum(kind) if is_null_value(kind) => Self::Null,
            Kind::String | Kind::Bytes | Kind::Bool | Kind::Double | Kind::Enum(_) => Self::Anything,
            _ => Self::Integer,
        }
    }
}

/// The fields of a message, as they come.
#[derive(Debug)]
pub(super) struct Fields {
    message: MessageDescriptor,
    /// The numbers of those that have come.
    seen: HashSet<u32>,
}

impl Fields {
    pub(super) fn of(message: MessageDescriptor) -> Self {
        let seen = HashSet::new();
        Self { message, seen }
    }

    /// What to expect of the next field's value; nothing if it has come before. A field that the message does not have is
    /// left to prost-reflect, which gets the name that it knows the field by.
    pub(super) fn next(&mut self, name: &mut String) -> Option<Expected> {
        let field = self.message.get_field_by_json_name(name);
        let (number, expected) = if let Some(field) = field.or_else(|| field_named(&self.message, name)) {
            let expected = Expected::of_field(&field.kind(), field.is_list(), field.is_map());
            if field.json_name() != name {
                field.name().clone_into(name);
            }
            (field.number(), expected)
        } else if let Some(extension) = self.message.get_extension_by_json_name(name) {
            let expected = Expected::of_field(&extension.kind(), extension.is_list(), extension.is_map());
            (extension.number(), expected)
        } else {
            return Some(Expected::Anything);
        };
        self.seen.insert(number).then_some(expected)
    }
}

/// The integer that a text such as `1e5` or `1.0` stands for, where a double holds it exactly.
pub(super) fn integer_with_exponent(text: &str) -> Option<i64> {
    const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
    // As JSON writes numbers, so that `inf`, `+1` and the like stay what they are.
    let number: Number = serde_json::from_str(text).ok()?;
    let value = number.as_f64().filter(|_| number.is_f64())?;
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}

/// The greatest float, where a number is what it is rounded up to when it is written.
pub(super) fn rounded_up_float(value: f64) -> Option<f64> {
    let float = f64::from(value as f32);
    (float.abs() == f64::from(f32::MAX) && value.abs() > float.abs()).then_some(float)
}
