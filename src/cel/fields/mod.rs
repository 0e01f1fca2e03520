//! From the bytes of a message to values.
//!
//! [`FieldReader`] is a field as an expression reads it: all that it asks the descriptor, asked once, at load. The
//! messages of `google.protobuf` that CEL has values for are in [`form`].

mod any;
mod defaults;
mod entries;
mod field;
mod form;
mod read;
mod wire;

pub(super) use self::field::{Cardinality, FieldReader};
pub(super) use self::form::{ValueForm, message_value};
pub(super) use self::wire::{delimited, fixed32, fixed64, signed_varint, text, varint};
