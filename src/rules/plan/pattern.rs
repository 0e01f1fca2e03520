//! The pattern of `match`: a partial message, each listed field of which must equal.
//!
//! Nested messages are partial too, and maps by their keys; lists must have just the listed elements. A field listed
//! with its default also matches unset, and `null` matches unset only.

use prost_reflect::{DynamicMessage, MapKey, MessageDescriptor};

use super::field::FieldInfo;
use super::wire_scalar::WireScalar;
use crate::schema::Schema;

/// What a value must be.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    Unset,
    /// Set, and to that: what a `google.protobuf.Value` holds, where 0 is another value than unset.
    Set(Box<Pattern>),
    Scalar(WireScalar),
    /// By field, with its name as the rule writes it.
    Message(Vec<(FieldInfo, String, Pattern)>),
    List(Vec<Pattern>),
    Map(Vec<(MapKey, Pattern)>),
    /// A message of a type that has a JSON form of its own: equal in whole.
    Whole(Box<DynamicMessage>),
    /// An `Any` that holds a message of that type.
    Packed(Schema, MessageDescriptor, Box<Pattern>),
}
