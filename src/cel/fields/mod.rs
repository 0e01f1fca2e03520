//! From the bytes of a message to values.
//!
//! [`FieldReader`] reads one field; it looks everything up in the descriptor once, at load, and [`NamedField`] when the first
//! message of a type comes. [`ValueForm`] is how the
//! messages of `google.protobuf` read for which CEL has values of its own.

mod any;
mod defaults;
mod entries;
mod field;
mod form;
mod named;
mod read;
mod wire;

pub(crate) use self::entries::Entries;
pub(super) use self::field::Cardinality;
pub(crate) use self::field::FieldReader;
pub(super) use self::form::{ValueForm, message_value};
pub(super) use self::named::NamedField;
pub(super) use self::read::ListElements;
pub(crate) use self::wire::{WireFields, WireValue};
pub(super) use self::wire::{delimited, fixed32, fixed64, signed_varint, text, varint};
