//! The pattern of `match`: a partial message. The listed fields of a request must have the listed values.
//!
//! Nested messages are partial too, and maps by their keys; lists must have exactly the listed elements. A field
//! that is listed with its default value also matches when it is unset, unless protobuf tells the two apart. `null`
//! matches only when it is unset.

use prost_reflect::{DynamicMessage, MapKey, MessageDescriptor};

use super::wire_scalar::WireScalar;
use crate::cel::FieldInfo;
use crate::schema::Schema;

/// What a value must equal.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    Unset,
    /// Set to that value: a field with presence, in which 0 differs from unset.
    Set(Box<Pattern>),
    Scalar(WireScalar),
    /// By field, with its name as the rule writes it.
    Message(Vec<(FieldInfo, String, Pattern)>),
    List(Vec<Pattern>),
    Map(Vec<(MapKey, Pattern)>),
    /// Equal to this message as a whole: its type has a JSON form of its own.
    Whole(Box<DynamicMessage>),
    /// An `Any` that holds a message of that type.
    Packed(Schema, MessageDescriptor, Box<Pattern>),
}

impl Pattern {
    /// Whether every value fits.
    pub(crate) fn fits_everything(&self) -> bool {
        match self {
            Self::Message(members) => members.iter().all(|(.., member)| member.fits_everything()),
            Self::Map(entries) => entries.is_empty(),
            _ => false,
        }
    }
}
