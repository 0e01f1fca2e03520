//! Prints the types that have a form of their own in JSON.
//!
//! Their fields have the numbers and types that google's protos give them; whatever else is in them is left out.

use std::io::Write as _;

use prost_types::{Duration, Timestamp};

use super::notes::{Contents, Range};
use super::printer::{Printer, deeper};
use super::scalar::{Scalar, as_text, put_json};
use crate::message::check::{Bounds, MAX_DEPTH, check};
use crate::message::error::MessageError;
use crate::message::ranges::{is_duration, is_timestamp};
use crate::message::wire::{Reader, WireType};
use crate::schema::{JsonForm, JsonKind, LayoutId, WellKnown};

impl<'w> Printer<'w, '_> {
    /// Calls `each` with the fields of a message that have this wire type: it reads the value.
    fn each_field(
        &self,
        contents: Contents,
        wire_type: WireType,
        mut each: impl FnMut(u32, &mut Reader<'w>) -> Result<(), MessageError>,
    ) -> Result<(), MessageError> {
        let single = match contents {
            Contents::One(range) => Some(range),
            Contents::Pieces { .. } => None,
        };
        let pieces = match contents {
            Contents::One(_) => &[],
            Contents::Pieces { first, last } => &self.notes.ranges[first..last],
        };
        for range in single.iter().chain(pieces) {
            let mut reader = self.reader(*range);
            while !reader.is_empty() {
                let (number, found) = reader.key()?;
                if found == wire_type {
                    each(number, &mut reader)?;
                } else {
                    reader.skip(number, found, MAX_DEPTH)?;
                }
            }
        }
        Ok(())
    }

    /// `StringValue` and the like: as the value that is in it.
    pub(super) fn wrapper(&mut self, message: LayoutId, contents: Contents) -> Result<(), MessageError> {
        let fields = self.layouts.json_fields(message);
        let Some(field) = fields.list.first() else {
            self.json.extend_from_slice(b"null");
            return Ok(());
        };
        let parts = self.note(self.layouts.get(message), fields, contents)?;
        let value = self.notes.parts[parts.first..].iter().rev();
        let scalar = match value.into_iter().find(|part| part.field() == 0) {
            Some(part) => Scalar::read(field.kind, &mut self.reader_from(part.at))?,
            None => Scalar::absent(field.kind, fields),
        };
        self.notes.parts.truncate(parts.first);
        self.put(scalar, fields)
    }

    /// A `Timestamp` in RFC 3339, a `Duration` in seconds.
    pub(super) fn time(&mut self, which: WellKnown, contents: Contents) -> Result<(), MessageError> {
        let (mut seconds, mut nanos) = (0, 0);
        self.each_field(contents, WireType::Varint, |number, reader| {
            let value = reader.varint()?.cast_signed();
            match number {
                1 => seconds = value,
                2 => nanos = value as i32,
                _ => {}
            }
            Ok(())
        })?;
        let written = match which {
            WellKnown::Duration if is_duration(seconds, nanos) => {
                write!(self.json, "\"{}\"", Duration { seconds, nanos })
            }
            WellKnown::Duration => return Err(MessageError::time_out_of_range("google.protobuf.Duration")),
            _ if is_timestamp(seconds, nanos) => write!(self.json, "\"{}\"", Timestamp { seconds, nanos }),
            _ => return Err(MessageError::time_out_of_range("google.protobuf.Timestamp")),
        };
        written.expect("a Vec takes all bytes");
        Ok(())
    }

    /// The paths of a `FieldMask` in camel case, with commas.
    pub(super) fn field_mask(&mut self, contents: Contents) -> Result<(), MessageError> {
        let mut text = String::new();
        self.each_field(contents, WireType::LengthDelimited, |number, reader| {
            let path = reader.delimited()?;
            if number == 1 {
                if !text.is_empty() {
                    text.push(',');
                }
                put_path(&mut text, &as_text(path))?;
            }
            Ok(())
        })?;
        put_json(self.json, &text);
        Ok(())
    }

    /// `Struct`, `ListValue` and `Value`: each has one field that is its JSON.
    pub(super) fn struct_value(
        &mut self,
        which: WellKnown,
        message: LayoutId,
        contents: Contents,
        depth: u32,
    ) -> Result<(), MessageError> {
        let fields = self.layouts.json_fields(message);
        let parts = self.note(self.layouts.get(message), fields, contents)?;
        let mut rest = parts;
        let mut is_written = false;
        while let Some((field, parts)) = self.next_field(fields, &mut rest)
            && !is_written
        {
            let start = self.json.len();
            if (field.form, field.kind) == (JsonForm::One, JsonKind::Double) {
                self.expect_finite(self.notes.parts[parts.last - 1].at)?;
            }
            is_written = self.field(fields, field, parts, depth)?;
            if !is_written {
                self.json.truncate(start);
            }
        }
        self.notes.parts.truncate(parts.first);
        if !is_written {
            self.json.extend_from_slice(match which {
                WellKnown::Struct => b"{}",
                WellKnown::ListValue => b"[]",
                _ => b"null",
            });
        }
        Ok(())
    }

    fn expect_finite(&self, at: u32) -> Result<(), MessageError> {
        let number = f64::from_bits(self.reader_from(at).fixed64()?);
        if number.is_finite() {
            return Ok(());
        }
        Err(MessageError::unfit_json(
            "google.protobuf.Value cannot hold an infinite number in JSON",
        ))
    }

    /// An `Any`: the URL of its type, and the message that it holds.
    pub(super) fn any(&mut self, contents: Contents, depth: u32) -> Result<(), MessageError> {
        let end = self.wire.len() as u32;
        let empty = Range { start: end, end };
        let (mut url, mut value) = (empty, empty);
        self.each_field(contents, WireType::LengthDelimited, |number, reader| {
            // The readers of pieces end elsewhere, so the place is told from the bytes themselves.
            let bytes = reader.delimited()?;
            let start = (bytes.as_ptr().addr() - self.wire.as_ptr().addr()) as u32;
            let range = Range {
                start,
                end: start + bytes.len() as u32,
            };
            match number {
                1 => url = range,
                2 => value = range,
                _ => {}
            }
            Ok(())
        })?;
        let wire = self.wire;
        let bytes = |range: Range| &wire[range.start as usize..range.end as usize];
        let (url, held) = (as_text(bytes(url)), bytes(value));
        self.json.push(b'{');
        if !url.is_empty() || !held.is_empty() {
            let name = url.rsplit('/').next().unwrap_or_default();
            let message = self.held_message(name, held)?;
            self.json.extend_from_slice(b"\"@type\":");
            put_json(self.json, &*url);
            let contents = Contents::One(value);
            match self.layouts.json_fields(message).well_known {
                Some(WellKnown::Empty) => {}
                Some(_) => {
                    self.json.extend_from_slice(b",\"value\":");
                    self.message(message, contents, depth)?;
                }
                None => {
                    let mark = self.groups.enter();
                    self.fields(message, contents, false, deeper(depth)?)?;
                    self.groups.leave(&mark);
                }
            }
        }
        self.json.push(b'}');
        Ok(())
    }

    /// The type of what an `Any` holds, when its bytes have been checked: for the message that it is in they are only bytes.
    fn held_message(&self, name: &str, held: &[u8]) -> Result<LayoutId, MessageError> {
        let message = self.layouts.find(name).ok_or_else(|| {
            MessageError::unfit_json(format_args!(
                "an Any holds a {name}, which the schema does not have"
            ))
        })?;
        match check(self.layouts, message, held, Bounds::default()).map_err(MessageError::from) {
            Ok(()) => Ok(message),
            Err(error) if error.is_too_large() => Err(error),
            Err(error) => Err(MessageError::unfit_json(format_args!(
                "the {name} in an Any is malformed: {error}"
            ))),
        }
    }
}

/// Appends a path of a field mask, if it is the same after it has been read from JSON.
fn put_path(text: &mut String, path: &str) -> Result<(), MessageError> {
    for (part, index) in path.split('.').zip(0..) {
        if index > 0 {
            text.push('.');
        }
        let mut is_after_underscore = false;
        for letter in part.chars() {
            let is_lost = letter.is_ascii_uppercase() || is_after_underscore && !letter.is_ascii_lowercase();
            if is_lost {
                return Err(MessageError::unfit_json(format_args!(
                    "the path `{}` of a FieldMask has no form in camel case",
                    crate::excerpt::excerpt(path)
                )));
            }
            match letter {
                '_' => is_after_underscore = true,
                letter if is_after_underscore => {
                    text.push(letter.to_ascii_uppercase());
                    is_after_underscore = false;
                }
                letter => text.push(letter),
            }
        }
    }
    Ok(())
}
