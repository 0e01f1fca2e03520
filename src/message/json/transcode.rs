//! Messages from JSON to bytes and back, for calls whose messages are JSON on the wire.

use super::input;
use super::output::{JsonStyle, serialize_json};
use super::depth::check_anys_and_times;
use crate::message::encode::put_message;
use crate::message::error::MessageError;
use crate::message::message::Message;
use crate::message::typed::MessageType;

/// Appends the bytes of a message in JSON.
pub(crate) fn json_to_wire(of: MessageType<'_>, json: &[u8], wire: &mut Vec<u8>) -> Result<(), MessageError> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let message = input::read(of.layouts.get(of.layout).descriptor.clone(), &mut deserializer).map_err(MessageError::json)?;
    deserializer.end().map_err(MessageError::json)?;
    put_message(wire, &message);
    Ok(())
}

/// Appends a message in JSON.
pub(crate) fn wire_to_json(of: MessageType<'_>, wire: &[u8], json: &mut Vec<u8>) -> Result<(), MessageError> {
    let message = Message::from_checked(of.layouts.get(of.layout).descriptor.clone(), wire.to_vec().into());
    let message = message.into_dynamic()?;
    check_anys_and_times(&message, &[])?;
    let mut serializer = serde_json::Serializer::new(json);
    serialize_json(&message, &JsonStyle::default(), &mut serializer).map_err(MessageError::json)?;
    Ok(())
}
