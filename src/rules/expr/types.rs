//! The types of expressions, as far as they are known at load.

use prost_reflect::{EnumDescriptor, MessageDescriptor};

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
    /// Known only when it runs.
    Dyn,
}
