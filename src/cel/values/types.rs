//! The types of expressions, as far as they are known at load.
//!
//! A type is what CEL's checker would say, with two differences that proto users expect: an enum is a type of its
//! own, which compares with names and numbers, and [`Type::Dyn`] stands wherever only the values can tell (wrapper
//! types, `google.protobuf.Value`, lists of mixed elements).

use std::fmt;

use prost_reflect::{EnumDescriptor, MessageDescriptor};

use crate::schema::WellKnown;

/// The type of an expression's result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    Null,
    Bool,
    /// 64 bits, signed: all of proto's signed integers.
    Int,
    /// 64 bits, unsigned.
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    /// Compares with its name and with its number.
    Enum(EnumDescriptor),
    Message(MessageDescriptor),
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    /// The type of types: what `type(…)` gives.
    Meta,
    /// Known only when it runs.
    Dyn,
}

impl Type {
    pub(in crate::cel) fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    pub(in crate::cel) fn map(key: Type, value: Type) -> Self {
        Self::Map(Box::new(key), Box::new(value))
    }

    /// Whether only the value tells what may be done with it. An `Any` is what it holds.
    pub(crate) fn is_dyn(&self) -> bool {
        match self {
            Self::Dyn => true,
            Self::Message(message) => WellKnown::of(message) == Some(WellKnown::Any),
            _ => false,
        }
    }

    /// Whether values of the type are numbers, or may be.
    pub(in crate::cel) fn may_be_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double | Self::Enum(_)) || self.is_dyn()
    }

    /// Whether values of the type can be the keys of a map, or may be.
    pub(crate) fn may_be_key(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Bool | Self::String) || self.is_dyn()
    }

    pub(in crate::cel) fn may_be_bool(&self) -> bool {
        *self == Self::Bool || self.is_dyn()
    }

    /// The type of a value that is of one of the two types.
    pub(in crate::cel) fn join(self, other: Type) -> Type {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::List(a), Self::List(b)) => Self::list(a.join(*b)),
            (Self::Map(a, c), Self::Map(b, d)) => Self::map(a.join(*b), c.join(*d)),
            _ => Self::Dyn,
        }
    }

    /// Whether a value of one type can ever equal a value of the other.
    pub(in crate::cel) fn may_equal(&self, other: &Type) -> bool {
        match (self, other) {
            (a, b) if a == b || a.is_dyn() || b.is_dyn() => true,
            (a, b) if a.may_be_number() && b.may_be_number() => true,
            (Self::Enum(_), Self::String) | (Self::String, Self::Enum(_)) => true,
            (Self::Null, Self::Message(_)) | (Self::Message(_), Self::Null) => true,
            (Self::List(a), Self::List(b)) => a.may_equal(b),
            (Self::Map(a, c), Self::Map(b, d)) => a.may_equal(b) && c.may_equal(d),
            _ => false,
        }
    }

    /// Whether a value of one type can be less than a value of the other.
    pub(in crate::cel) fn may_compare(&self, other: &Type) -> bool {
        match (self, other) {
            (a, b) if a.may_be_number() && b.may_be_number() => true,
            (Self::Dyn, b) | (b, Self::Dyn) => b.is_ordered(),
            (a, b) => a == b && a.is_ordered(),
        }
    }

    fn is_ordered(&self) -> bool {
        !matches!(
            self,
            Self::Null | Self::List(_) | Self::Map(..) | Self::Message(_) | Self::Meta
        ) || self.is_dyn()
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Duration => f.write_str("duration"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Enum(descriptor) => f.write_str(descriptor.full_name()),
            Self::Message(descriptor) => f.write_str(descriptor.full_name()),
            Self::List(element) => write!(f, "list({element})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Meta => f.write_str("type"),
            Self::Dyn => f.write_str("dyn"),
        }
    }
}
