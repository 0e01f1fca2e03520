//! Messages as types of one's own.
//!
//! What a handler or a client takes and gives is a [`Message`](super::Message), a dynamic message, or with [`Typed`] a
//! type with serde's traits. Such a type is read straight from the bytes of a message and written straight as bytes. Which
//! of its fields is which of the message is worked out once for each schema, and is kept in the schema's tables.
//!
//! | file | what it does |
//! |---|---|
//! | `convert` | the traits of all three forms |
//! | `typed` | `Typed`, and how its errors become statuses |
//! | `parse` | single messages to values and back |
//! | `probe`, `rust_types` | look at a type before there is a message |
//! | `read`, `write` | from and to bytes |

mod convert;
mod error;
mod parse;
mod probe;
mod read;
mod rust_types;
mod times;
#[expect(clippy::module_inception, reason = "the type that the folder is about")]
mod typed;
mod write;

pub(crate) use self::convert::MessageType;
#[cfg(test)]
pub(crate) use self::convert::Side;
pub use self::convert::{FromMessage, IntoMessage};
pub use self::typed::Typed;
