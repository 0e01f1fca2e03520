//! Where a value that an expression gives is written.

use prost_reflect::{Kind, MessageDescriptor};

use crate::cel::FieldInfo;
use crate::cel::JsonForm;
use crate::message::WireType;

/// Where a value that an expression gives is written.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A field with its key: one value, a list or a map.
    Field(FieldInfo),
    /// An element of a packed list.
    Element(FieldInfo),
    /// The contents of a message.
    Contents(MessageDescriptor, Option<JsonForm>),
}

impl Target {
    /// The name for error messages.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Field(field) | Self::Element(field) => &field.full_name,
            Self::Contents(descriptor, _) => descriptor.full_name(),
        }
    }

    /// The key to write; 0 if there is none.
    pub(crate) fn key(&self) -> u32 {
        match self {
            Self::Field(field) => field.key(),
            Self::Element(_) | Self::Contents(..) => 0,
        }
    }

    /// The wire type of a value that has a key.
    pub(crate) fn wire_type(&self) -> Option<WireType> {
        match self {
            Self::Field(field) => Some(field.wire_type()),
            Self::Element(_) | Self::Contents(..) => None,
        }
    }

    pub(crate) fn has_presence(&self) -> bool {
        match self {
            Self::Field(field) => field.presence,
            Self::Element(_) | Self::Contents(..) => true,
        }
    }

    /// Whether a field that is unset in the request stays unset.
    pub(crate) fn copies_presence(&self) -> bool {
        matches!(self, Self::Field(field) if !field.element)
    }

    /// The kind of a single value.
    pub(crate) fn scalar(&self) -> Option<&Kind> {
        match self {
            Self::Field(field) if field.repeated => None,
            Self::Field(field) | Self::Element(field) => Some(&field.kind),
            Self::Contents(..) => None,
        }
    }
}
