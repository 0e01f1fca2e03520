//! From JSON to the bytes of a message, in one pass and without a tree of values.
//!
//! serde_json reads the text and hands each value to a visitor that knows its field, which writes it at once. Names are
//! found in the tables of the schema. What is kept besides the bytes is for each message that is open a bit for each of
//! its fields, which tells those that come twice.
//!
//! Fields are written in the order in which they come, and of the entries of a map with one key all are: who reads the bytes
//! takes the last.
//!
//! | file | what it does |
//! |---|---|
//! | `parts` | what each value is read by |
//! | `writer`, `raw` | the bytes, and what is open in them |
//! | `place` | where in the JSON an error is |
//! | `message` | messages and their fields |
//! | `field` | lists, maps and null |
//! | `scalar`, `number` | single values |
//! | `well_known`, `time`, `structs` | types with a form of their own |
//! | `any` | messages of a type that the JSON names |

mod any;
mod field;
mod message;
mod number;
mod parts;
mod place;
mod raw;
mod scalar;
mod structs;
mod well_known;
mod writer;

use serde::de::DeserializeSeed as _;

use self::parts::MessageSeed;
use self::writer::Writer;
use crate::message::error::MessageError;
use crate::message::typed::MessageType;

/// Appends the bytes of a message in JSON: fields by their JSON or proto name.
///
/// Fails, with the path of the field and with line and column, on text that is not JSON or is nested more than 127 levels deep;
/// on fields that the type does not have, or that come twice; on values that do not fit their field; and on an `Any` of a
/// type that the schema does not have. Fails without a place where the message has more levels or more elements than its
/// bounds allow. Required fields may be missing, as they may on the wire. What was appended until then is taken away.
///
/// The bytes are well formed; who hands them on has to [check](crate::message::check) how much they hold.
pub(crate) fn json_to_wire(of: MessageType<'_>, json: &[u8], wire: &mut Vec<u8>) -> Result<(), MessageError> {
    let start = wire.len();
    let mut writer = Writer::new(of.layouts, of.bounds, json, wire);
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let read = MessageSeed::root(&mut writer, of.layout).deserialize(&mut deserializer);
    let read = read.and_then(|()| deserializer.end());
    let read = read.map_err(|error| writer.error(error));
    if read.is_err() {
        wire.truncate(start);
    }
    read
}
