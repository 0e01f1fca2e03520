//! Reads values of Rust from the bytes of messages.

mod reader;
mod scalar;
mod value;
mod well_known;

use serde::de::DeserializeOwned;

use self::reader::Reader;
use self::value::MessageDeserializer;
use super::error::TypedError;
use crate::schema::{LayoutId, Layouts};

/// Reads a value from a message whose bytes were [checked](crate::message::check::check).
pub(super) fn read<T: DeserializeOwned>(
    layouts: &Layouts,
    message: LayoutId,
    bytes: &[u8],
) -> Result<T, TypedError> {
    loop {
        let mut reader = Reader::new(layouts, bytes);
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
