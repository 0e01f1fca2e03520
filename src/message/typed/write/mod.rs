//! Writes values of Rust as the bytes of messages.

mod byte;
mod collections;
mod compound;
mod fields;
mod message;
mod oneof;
mod parts;
mod scalar;
mod value;
mod well_known;
mod writer;

use serde::Serialize;

use self::parts::MessageSerializer;
use self::writer::Writer;
use super::error::TypedError;
use crate::schema::{LayoutId, Layouts};

/// Appends a value as a message of this type. After an error the buffer has an incomplete one.
pub(super) fn write<T: Serialize + ?Sized>(
    layouts: &Layouts,
    message: LayoutId,
    value: &T,
    buffer: &mut Vec<u8>,
) -> Result<(), TypedError> {
    let mut writer = Writer::new(layouts, buffer);
    value.serialize(MessageSerializer::root(&mut writer, message))
}
