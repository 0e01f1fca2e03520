//! From the bytes of a message to JSON, by the tables of its schema and without a tree of values.
//!
//! JSON has each field once, and the wire may have the parts of a field anywhere: elements of a list between others, a
//! message in pieces, a value that another replaces. So one pass over a message notes where the parts of its fields are, as
//! a field's index and an offset, and puts them in the order of the numbers if they do not come in it. Then the fields are
//! printed from there. A message that came in pieces is read as what its pieces are together, from the bytes as they are.
//!
//! What is noted is forgotten when its message has been printed, so the notes of a message and of those around it are
//! there at a time: eight bytes for a field on the wire, and forty for an entry of a map. Each byte is visited once where it
//! is noted and once where it is printed.
//!
//! | file | what it does |
//! |---|---|
//! | `printer` | the message that is printed |
//! | `notes`, `scan` | where the parts of fields are |
//! | `order` | fields in order, choices of oneofs |
//! | `groups` | where groups end |
//! | `message` | messages and their fields |
//! | `map`, `entry` | maps by their keys |
//! | `scalar` | single values |
//! | `well_known` | types with a form of their own |

mod entry;
mod groups;
mod map;
mod message;
mod notes;
mod order;
mod printer;
mod scalar;
mod scan;
mod well_known;

use self::printer::Printer;
use crate::message::check::MAX_NESTED;
use crate::message::error::MessageError;
use crate::message::typed::MessageType;

/// Appends a message as JSON, on one line, with JSON names; fields that are unset or at their default are left out, and so
/// are unknown fields. The bytes must have been checked.
///
/// Fails on what JSON cannot express: a `Timestamp` or `Duration` out of range, a `google.protobuf.Value` that is not
/// finite, a path of a `FieldMask` that has no form in camel case, an `Any` whose type the schema does not have or whose
/// contents are malformed, messages deeper than 100 levels with those in `Any`s counted. Fails, too, as soon as there are more
/// than `max_size` bytes: a packed list of enums can have a hundred times as many in JSON. What was appended until then is
/// taken away.
pub(crate) fn wire_to_json(
    of: MessageType<'_>,
    wire: &[u8],
    max_size: usize,
    json: &mut Vec<u8>,
) -> Result<(), MessageError> {
    let start = json.len();
    let printed = Printer::new(of.layouts, wire, max_size, json).and_then(|mut printer| {
        let whole = printer.whole();
        printer.message(of.layout, whole, MAX_NESTED)
    });
    if printed.is_err() {
        json.truncate(start);
    }
    printed
}
