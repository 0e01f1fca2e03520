//! The messages of `google.protobuf` that CEL has values for.
//!
//! Wrappers read as their value or null, `Timestamp` and `Duration` as such, `Struct`, `Value` and `ListValue` as
//! maps, JSON values and lists. An `Any` stays a message, so that it can be copied; it is unpacked when
//! an expression reads its contents.

use std::borrow::Cow;

use prost_reflect::{Kind, MessageDescriptor};

use super::defaults::zero;
use super::entries::{Entries, UNITS_PER_ELEMENT, UNITS_PER_ENTRY};
use super::wire::{WireFields, WireValue, scalar};
use crate::cel::budget::Budget;
use crate::cel::values::{Evaluated, MessageValue, Type, Value};
use crate::message::Malformed;
use crate::schema::WellKnown;

/// How a message type reads that is not a plain message.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cel) enum ValueForm {
    Timestamp,
    Duration,
    /// `Int32Value` and the other wrappers, with the kind of their one field.
    Wrapper(Kind),
    Struct,
    Value,
    ListValue,
    Any,
}

impl ValueForm {
    pub(in crate::cel) fn of(message: &MessageDescriptor) -> Option<Self> {
        Some(match WellKnown::of(message)? {
            WellKnown::Timestamp => Self::Timestamp,
            WellKnown::Duration => Self::Duration,
            WellKnown::Struct => Self::Struct,
            WellKnown::Value => Self::Value,
            WellKnown::ListValue => Self::ListValue,
            WellKnown::Any => Self::Any,
            WellKnown::Wrapper => Self::Wrapper(message.get_field(1)?.kind()),
            WellKnown::Empty | WellKnown::FieldMask => return None,
        })
    }

    /// The type that a field of this message type has.
    pub(in crate::cel) fn type_of(&self, message: &MessageDescriptor) -> Type {
        match self {
            Self::Timestamp => Type::Timestamp,
            Self::Duration => Type::Duration,
            Self::Wrapper(_) | Self::Value => Type::Dyn,
            Self::Struct => Type::map(Type::String, Type::Dyn),
            Self::ListValue => Type::list(Type::Dyn),
            Self::Any => Type::Message(message.clone()),
        }
    }

    /// Whether its own fields can be read by name, too (`request.created.seconds`).
    pub(in crate::cel) fn has_fields(&self) -> bool {
        matches!(self, Self::Timestamp | Self::Duration | Self::Wrapper(_))
    }

    fn read<'b>(&self, bytes: &'b [u8], budget: &Budget) -> Evaluated<Value<'b>> {
        Ok(match self {
            Self::Timestamp => {
                let (seconds, nanos) = seconds_and_nanos(bytes)?;
                Value::Timestamp { seconds, nanos }
            }
            Self::Duration => {
                let (seconds, nanos) = seconds_and_nanos(bytes)?;
                Value::Duration { seconds, nanos }
            }
            Self::Wrapper(kind) => {
                let mut value = zero(kind);
                let mut fields = WireFields::new(bytes);
                while let Some((number, wire)) = fields.next()? {
                    if number == 1 {
                        value = scalar(kind, wire);
                    }
                }
                value
            }
            Self::Struct => structure(bytes, budget)?,
            Self::Value => json_value(bytes, budget)?,
            Self::ListValue => list_value(bytes, budget)?,
            Self::Any => unreachable!("an Any is read as a message"),
        })
    }
}

/// The value of a message field that is unset: its empty message, or null for a wrapper and a `Value`.
pub(in crate::cel) fn unset(message: &MessageDescriptor) -> Value<'static> {
    match ValueForm::of(message) {
        Some(ValueForm::Wrapper(_) | ValueForm::Value) => Value::Null,
        form => message_value(message, form.as_ref(), Cow::Borrowed(&[]), &Budget::default())
            .expect("no bytes are a well-formed message"),
    }
}

/// A message's bytes as the value that CEL has for its type, `form` if it is not a plain message.
pub(in crate::cel) fn message_value<'b>(
    message: &MessageDescriptor,
    form: Option<&ValueForm>,
    bytes: Cow<'b, [u8]>,
    budget: &Budget,
) -> Evaluated<Value<'b>> {
    match (form, bytes) {
        (None | Some(ValueForm::Any), bytes) => Ok(Value::Message(MessageValue {
            descriptor: message.clone(),
            bytes,
        })),
        (Some(form), Cow::Borrowed(bytes)) => form.read(bytes, budget),
        (Some(form), Cow::Owned(bytes)) => form.read(&bytes, budget).map(Value::into_owned),
    }
}

fn seconds_and_nanos(bytes: &[u8]) -> Result<(i64, i32), Malformed> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut fields = WireFields::new(bytes);
    while let Some((number, wire)) = fields.next()? {
        match (number, wire) {
            (1, WireValue::Varint(raw)) => seconds = raw.cast_signed(),
            (2, WireValue::Varint(raw)) => nanos = raw as i32,
            _ => {}
        }
    }
    Ok((seconds, nanos))
}

/// `google.protobuf.Struct`: a map with key 1 and value 2 in each entry of field 1.
fn structure<'b>(bytes: &'b [u8], budget: &Budget) -> Evaluated<Value<'b>> {
    let mut entries = Entries::default();
    let mut fields = WireFields::new(bytes);
    while let Some((number, wire)) = fields.next()? {
        let (1, WireValue::Delimited(entry)) = (number, wire) else {
            continue;
        };
        budget.charge(UNITS_PER_ENTRY)?;
        let (mut key, mut value) = (Value::text(""), Value::Null);
        let mut parts = WireFields::new(entry);
        while let Some((number, wire)) = parts.next()? {
            match (number, wire) {
                (1, wire) => key = scalar(&Kind::String, wire),
                (2, WireValue::Delimited(bytes)) => value = json_value(bytes, budget)?,
                _ => {}
            }
        }
        entries.insert(key, value);
    }
    Ok(entries.into_value())
}

/// `google.protobuf.Value`: the last member of its oneof.
fn json_value<'b>(bytes: &'b [u8], budget: &Budget) -> Evaluated<Value<'b>> {
    let mut value = Value::Null;
    let mut fields = WireFields::new(bytes);
    while let Some((number, wire)) = fields.next()? {
        value = match (number, wire) {
            (1, WireValue::Varint(_)) => Value::Null,
            (2, WireValue::Fixed64(bits)) => Value::Double(f64::from_bits(bits)),
            (3, wire) => scalar(&Kind::String, wire),
            (4, WireValue::Varint(raw)) => Value::Bool(raw != 0),
            (5, WireValue::Delimited(bytes)) => structure(bytes, budget)?,
            (6, WireValue::Delimited(bytes)) => list_value(bytes, budget)?,
            _ => value,
        };
    }
    Ok(value)
}

fn list_value<'b>(bytes: &'b [u8], budget: &Budget) -> Evaluated<Value<'b>> {
    let mut values = Vec::new();
    let mut fields = WireFields::new(bytes);
    while let Some((number, wire)) = fields.next()? {
        if let (1, WireValue::Delimited(bytes)) = (number, wire) {
            budget.charge(UNITS_PER_ELEMENT)?;
            values.push(json_value(bytes, budget)?);
        }
    }
    Ok(Value::List(values))
}
