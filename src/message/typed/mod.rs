//! Messages as types of one's own.
//!
//! What a handler or a client takes and gives is a [`Message`](super::Message), a dynamic message, or a type with serde's
//! traits.

mod convert;

pub(crate) use self::convert::MessageType;
pub use self::convert::{FromMessage, IntoMessage};
