//! What the values of JSON are read by: a seed or a visitor for each way in which a value is expected.
//!
//! Messages have fields and fields have messages, so they are defined together here, and how each takes what serde_json
//! gives is in a file of its own. What is read is written at once; what does not fit is an error.

use super::raw::Style;
use super::writer::{Place, Writer};
use crate::schema::{JsonField, JsonFields, JsonKind, LayoutId, WellKnown};

/// A message, in its form in JSON.
pub(super) struct MessageSeed<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
    pub(super) message: LayoutId,
    pub(super) place: Place,
}

impl<'s, 'w> MessageSeed<'s, 'w> {
    pub(super) fn root(writer: &'s mut Writer<'w>, message: LayoutId) -> Self {
        Self {
            writer,
            message,
            place: Place::Whole,
        }
    }
}

/// The value of a field. Gives whether it was set, which null does not do.
pub(super) struct FieldSeed<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
    pub(super) fields: &'w JsonFields,
    pub(super) field: &'w JsonField,
}

/// A value of this kind.
pub(super) struct ValueSeed<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
    /// The fields of the message that it is in.
    pub(super) fields: &'w JsonFields,
    pub(super) kind: JsonKind,
    pub(super) style: Style,
}

/// The object of an `Any`.
pub(super) struct AnyVisitor<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
}

/// A time or a length of time.
pub(super) struct TimeVisitor<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
    pub(super) which: WellKnown,
}

/// The paths of a mask in camel case, with commas between them.
pub(super) struct FieldMaskVisitor<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
}

/// An object, as a `Struct`.
pub(super) struct StructVisitor<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
}

/// A list, as a `ListValue`.
pub(super) struct ListValueVisitor<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
}

/// Any value, as a `Value`.
pub(super) struct ValueVisitor<'s, 'w> {
    pub(super) writer: &'s mut Writer<'w>,
}
