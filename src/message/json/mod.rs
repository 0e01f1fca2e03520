//! Messages from and to ProtoJSON.
//!
//! There are two ways, which come to the same:
//!
//! - Calls whose messages are JSON on the wire go straight between JSON and bytes, by the tables of their schema: see
//!   [`to_wire`] and [`to_json`].
//! - [`Message`] and what prints and reads single messages has only a descriptor, and choices of style. There prost-reflect
//!   does most of it. [`input`] corrects where its reading differs from the specification, [`output`] does so for its
//!   writing, and [`depth`] bounds what neither of them does: the contents of an `Any`.

mod any;
mod depth;
mod empty_anys;
mod expected;
mod input;
mod layout;
mod output;
mod printer;
mod reader;
#[cfg(test)]
mod tests;
mod time;
mod to_json;
mod to_wire;
#[cfg(test)]
mod transcode_tests;
mod type_first;
mod typed;

use prost_reflect::MessageDescriptor;

pub(super) use self::depth::check_anys;
use self::depth::check_anys_and_times;
pub(crate) use self::output::key_text;
use self::output::{JsonStyle, serialize_json};
pub use self::printer::JsonPrinter;
pub use self::reader::JsonReader;
pub(crate) use self::to_json::wire_to_json;
pub(crate) use self::to_wire::json_to_wire;
use super::error::MessageError;
use super::message::Message;

impl Message {
    /// Reads ProtoJSON: fields by their proto or JSON name.
    ///
    /// Fails, with line and column, on text that is not JSON or is nested more than 127 levels deep; on
    /// fields that the type does not have, or that come twice; on values that do not fit their field, such as
    /// numbers out of range and names that an enum does not have; and on an `Any` of a type that the schema does not
    /// have.
    pub fn from_json(descriptor: MessageDescriptor, json: &str) -> Result<Self, MessageError> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let message = input::read(descriptor, &mut deserializer).map_err(MessageError::json)?;
        deserializer.end().map_err(MessageError::json)?;
        Ok(Self::from_dynamic(message))
    }

    /// Writes ProtoJSON on one line, with JSON names; fields that are unset or at their default are left out.
    ///
    /// Fails where [`to_dynamic`](Self::to_dynamic) does, and on what JSON cannot express: a `Timestamp` or `Duration` out of
    /// range, a `google.protobuf.Value` that is not finite, a path of a `FieldMask` that has no form in camel case, an
    /// `Any` whose type the schema does not have or whose contents are malformed. Messages deeper than 100 levels, those
    /// in `Any`s counted, are an error too, and so is an `Any` with more elements than [`decode`](Self::decode) takes.
    pub fn to_json(&self) -> Result<String, MessageError> {
        let mut json = Vec::new();
        let mut serializer = serde_json::Serializer::new(&mut json);
        let message = self.as_dynamic()?;
        check_anys_and_times(&message, &[])?;
        serialize_json(&message, &JsonStyle::default(), &mut serializer).map_err(MessageError::json)?;
        Ok(String::from_utf8(json).expect("serde_json writes UTF-8"))
    }
}
