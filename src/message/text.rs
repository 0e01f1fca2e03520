//! Messages from and to the protobuf text format.
//!
//! prost-reflect parses it, and recurses without a limit; what prints it recurses, too. So both are bounded here first.

use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::check::MAX_DEPTH;
use super::error::MessageError;
use super::json::check_anys;
use super::message::Message;
use crate::schema::{AnyContents, first_bracket_below, text_format};

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
        let message = self.as_dynamic()?;
        check_anys(&message, &[])?;
        Ok(text_format(&message, AnyContents::Message))
    }
}
