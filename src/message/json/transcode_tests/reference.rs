//! Messages to and from JSON by prost-reflect's trees of values.

use crate::message::check::check;
use crate::message::encode::put_message;
use crate::message::error::MessageError;
use crate::message::json::depth::check_anys_and_times;
use crate::message::json::input;
use crate::message::json::output::{JsonStyle, serialize_json};
use crate::message::message::Message;
use crate::message::typed::MessageType;

pub(super) fn json_to_wire(of: MessageType<'_>, json: &[u8]) -> Result<Vec<u8>, MessageError> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let descriptor = of.layouts.get(of.layout).descriptor.clone();
    let message = input::read(descriptor, &mut deserializer).map_err(MessageError::json)?;
    deserializer.end().map_err(MessageError::json)?;
    let mut wire = Vec::new();
    put_message(&mut wire, &message);
    check(of.layouts, of.layout, &wire, of.bounds)?;
    Ok(wire)
}

pub(super) fn wire_to_json(of: MessageType<'_>, wire: &[u8]) -> Result<String, MessageError> {
    let descriptor = of.layouts.get(of.layout).descriptor.clone();
    let message = Message::from_checked(descriptor, wire.to_vec().into()).into_dynamic()?;
    check_anys_and_times(&message, &[])?;
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut json);
    serialize_json(&message, &JsonStyle::default(), &mut serializer).map_err(MessageError::json)?;
    Ok(String::from_utf8(json).unwrap())
}
