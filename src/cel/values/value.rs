//! The values of expressions, borrowed from the bytes of a message where they can be.

use std::borrow::Cow;

use bytes::Bytes;
use prost_reflect::{EnumDescriptor, MessageDescriptor};

use crate::message::Message;

/// The value of an expression.
#[derive(Debug, Clone)]
pub(crate) enum Value<'e> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    /// A double that a `float` field holds. It computes and compares as that double, and prints as a float: 0.1, and not
    /// 0.10000000149011612.
    Float(f32),
    String(Cow<'e, str>),
    Bytes(Cow<'e, [u8]>),
    Duration {
        seconds: i64,
        nanos: i32,
    },
    Timestamp {
        seconds: i64,
        nanos: i32,
    },
    Enum(EnumDescriptor, i32),
    Message(MessageValue<'e>),
    List(Vec<Value<'e>>),
    Map(Vec<(Value<'e>, Value<'e>)>),
    /// A type, by its name in CEL.
    Type(Cow<'e, str>),
}

/// A message as a value: its type and its checked bytes.
#[derive(Debug, Clone)]
pub(crate) struct MessageValue<'e> {
    pub(crate) descriptor: MessageDescriptor,
    pub(crate) bytes: Cow<'e, [u8]>,
}

impl<'e> Value<'e> {
    /// The same value, without borrowing anything.
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Uint(value) => Value::Uint(value),
            Self::Double(value) => Value::Double(value),
            Self::Float(value) => Value::Float(value),
            Self::String(value) => Value::String(Cow::Owned(value.into_owned())),
            Self::Bytes(value) => Value::Bytes(Cow::Owned(value.into_owned())),
            Self::Duration { seconds, nanos } => Value::Duration { seconds, nanos },
            Self::Timestamp { seconds, nanos } => Value::Timestamp { seconds, nanos },
            Self::Enum(descriptor, number) => Value::Enum(descriptor, number),
            Self::Message(message) => Value::Message(MessageValue {
                descriptor: message.descriptor,
                bytes: Cow::Owned(message.bytes.into_owned()),
            }),
            Self::Type(name) => Value::Type(Cow::Owned(name.into_owned())),
            Self::List(values) => Value::List(values.into_iter().map(Value::into_owned).collect()),
            Self::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.into_owned(), value.into_owned()))
                    .collect(),
            ),
        }
    }

    /// About how much memory the value takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        let beside = match self {
            Self::String(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Message(message) => message.bytes.len(),
            Self::List(values) => values.iter().map(Self::size).sum(),
            Self::Map(entries) => entries.iter().map(|(key, value)| key.size() + value.size()).sum(),
            _ => 0,
        };
        size_of::<Self>() + beside
    }

    /// Whether the value can be the key of a map.
    pub(crate) fn is_key(&self) -> bool {
        matches!(
            self,
            Self::Bool(_) | Self::Int(_) | Self::Uint(_) | Self::String(_)
        )
    }

    /// How many lists and maps stand within each other: 2 for `[[1]]`.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::List(values) => 1 + values.iter().map(Self::depth).max().unwrap_or(0),
            Self::Map(entries) => 1 + entries.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// The same value, borrowed: text and bytes are not copied.
    pub(in crate::cel) fn borrowed(&'e self) -> Value<'e> {
        match self {
            Self::String(value) => Value::String(Cow::Borrowed(value)),
            Self::Bytes(value) => Value::Bytes(Cow::Borrowed(value)),
            Self::Type(name) => Value::Type(Cow::Borrowed(name)),
            Self::Message(message) => Value::Message(MessageValue {
                descriptor: message.descriptor.clone(),
                bytes: Cow::Borrowed(&message.bytes),
            }),
            Self::List(values) => Value::List(values.iter().map(Value::borrowed).collect()),
            Self::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key.borrowed(), value.borrowed()))
                    .collect(),
            ),
            scalar => scalar.clone(),
        }
    }

    /// The same value, with a float as the double that it is.
    #[inline]
    pub(crate) fn widened(self) -> Self {
        match self {
            Self::Float(number) => Self::Double(number.into()),
            other => other,
        }
    }

    /// A string that lives as long as the event.
    pub(in crate::cel) fn text(text: impl Into<Cow<'e, str>>) -> Self {
        Self::String(text.into())
    }

    /// The name of the value's type, for messages to people.
    pub(crate) fn type_name(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) | Self::Float(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Duration { .. } => "duration",
            Self::Timestamp { .. } => "timestamp",
            Self::Enum(descriptor, _) => descriptor.full_name(),
            Self::Message(message) => message.descriptor.full_name(),
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Type(_) => "type",
        }
    }

    /// The value's type as a value: the name that CEL has for it. An enum is a type of its own.
    pub(in crate::cel) fn cel_type(&self) -> Value<'static> {
        Value::Type(match self {
            Self::Null => Cow::Borrowed("null_type"),
            Self::Duration { .. } => Cow::Borrowed("google.protobuf.Duration"),
            Self::Timestamp { .. } => Cow::Borrowed("google.protobuf.Timestamp"),
            other => Cow::Owned(other.type_name().to_owned()),
        })
    }
}

impl MessageValue<'_> {
    /// The message as a [`Message`].
    pub(in crate::cel) fn to_message(&self) -> Message {
        Message::from_checked(self.descriptor.clone(), Bytes::copy_from_slice(&self.bytes))
    }
}
