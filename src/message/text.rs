//! Messages from and to the protobuf text format.
//!
//! prost-reflect parses it, and recurses without a limit; what prints it recurses, too. So both are bounded here first.

use std::fmt;

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use super::check::MAX_DEPTH;
use super::error::MessageError;
use super::json::check_anys;
use super::message::Message;
use super::unknown_types::UnknownTypes;
use crate::schema::{AnyTypes, first_bracket_below, text_format};

impl Message {
    /// Reads the protobuf text format.
    ///
    /// Fails on text that does not fit the type, and where brackets nest more than 100 levels deep.
    pub fn from_text(descriptor: MessageDescriptor, text: &str) -> Result<Self, MessageError> {
        // The parser recurses without a limit.
        if let Some(at) = first_bracket_below(text, MAX_DEPTH as usize) {
            return Err(MessageError::text_too_deep(at));
        }
        let message = DynamicMessage::parse_text_format(descriptor, text).map_err(MessageError::text)?;
        Ok(Self::from_dynamic(message))
    }

    /// Writes the protobuf text format over several lines, unknown fields by number.
    ///
    /// Fails where [`to_dynamic`](Self::to_dynamic) does, on messages deeper than 100 levels, those in `Any`s counted,
    /// and on an `Any` with more elements than [`decode`](Self::decode) takes.
    pub fn to_text(&self) -> Result<String, MessageError> {
        TextPrinter::new().print(self)
    }
}

/// Prints messages in the protobuf text format, and keeps the types of `Any`s that it does not know, so that a client can
/// ask its server for them.
///
/// [`Message::to_text`] is enough where the message's own schema has all types.
#[derive(Default)]
#[must_use]
pub struct TextPrinter {
    pools: Vec<DescriptorPool>,
    /// The types that no pool has.
    unknown: UnknownTypes,
}

impl TextPrinter {
    /// Prints an `Any` of a type that the message's own schema does not have as its bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also looks up the types in `Any`s in this pool, after the message's own and those that were added before.
    pub fn add_pool(&mut self, pool: DescriptorPool) {
        self.pools.push(pool);
    }

    /// The message over several lines, without a newline at its end.
    ///
    /// Fails where [`Message::to_text`] does.
    pub fn print(&mut self, message: &Message) -> Result<String, MessageError> {
        let message = message.as_dynamic()?;
        check_anys(&message, &self.pools)?;
        let anys = AnyTypes {
            pools: &self.pools,
            unknown: &mut |name| self.unknown.note(name),
        };
        Ok(text_format(&message, anys))
    }

    /// The names of the types in `Any`s that were printed as bytes. Each is returned once in the printer's life.
    pub fn take_unknown_types(&mut self) -> Vec<String> {
        self.unknown.take_new()
    }
}

/// Without the pools: see [`JsonPrinter`](super::JsonPrinter).
impl fmt::Debug for TextPrinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextPrinter").finish_non_exhaustive()
    }
}
