//! Reads values of Rust from the bytes of messages.

mod elements;
mod field;
mod message;
mod oneof;
mod ordered;
mod parts;
mod reader;
mod scalar;
mod value;
mod well_known;

use serde::de::DeserializeOwned;

use self::parts::MessageDeserializer;
use self::reader::Reader;
use super::error::TypedError;
use crate::message::check::Order;
use crate::schema::{LayoutId, Layouts};

/// Reads a value from a message whose bytes were [checked](crate::message::check::check), where `order` is what was found then.
pub(super) fn read<T: DeserializeOwned>(
    layouts: &Layouts,
    message: LayoutId,
    bytes: &[u8],
    order: Order,
) -> Result<T, TypedError> {
    loop {
        let mut reader = Reader::new(layouts, bytes, order);
        let pieces = reader.root();
        let value = T::deserialize(MessageDeserializer {
            reader: &mut reader,
            message,
            pieces,
        });
        match value {
            // Each time a key is given that was not given before.
            Err(error) if error.wants_again() => {}
            result => return result,
        }
    }
}
