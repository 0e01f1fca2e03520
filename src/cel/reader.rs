//! Reads fields from the bytes of a message, by proto's rules: the last value wins, sub-messages that come in
//! pieces merge, a member of a oneof clears the others, lists come packed or not, the last entry of a map key wins.
//!
//! The bytes were checked when they came, so an error here means that someone passed other bytes; it is an error
//! all the same, never a panic.

use std::borrow::Cow;
use std::collections::HashMap;

use prost_reflect::Kind;

use super::Value;
use super::equal::Key;
use super::field::{Cardinality, Field};
use super::well_known::message_value;
use crate::message::{MAX_DEPTH, Malformed, Reader, WireType};

/// A field's value as it came.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wire<'b> {
    Varint(u64),
    Fixed32(u32),
    Fixed64(u64),
    Delimited(&'b [u8]),
    /// What stands between the tags of a group.
    Group(&'b [u8]),
}

/// The fields of a message, in the order that they came.
#[derive(Debug)]
pub(super) struct Fields<'b> {
    bytes: &'b [u8],
    reader: Reader<'b>,
}

impl<'b> Fields<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            reader: Reader::new(bytes),
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<(u32, Wire<'b>)>, Malformed> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.reader.key()?;
        let wire = match wire_type {
            WireType::Varint => Wire::Varint(self.reader.varint()?),
            WireType::Fixed32 => Wire::Fixed32(self.reader.fixed32()?),
            WireType::Fixed64 => Wire::Fixed64(self.reader.fixed64()?),
            WireType::LengthDelimited => Wire::Delimited(self.reader.delimited()?),
            WireType::StartGroup => Wire::Group(self.group(number)?),
            WireType::EndGroup => return Err(Malformed::EndGroup),
        };
        Ok(Some((number, wire)))
    }

    fn group(&mut self, group: u32) -> Result<&'b [u8], Malformed> {
        let start = self.reader.position();
        loop {
            let end = self.reader.position();
            match self.reader.key()? {
                (number, WireType::EndGroup) if number == group => return Ok(&self.bytes[start..end]),
                (number, wire_type) => {
                    self.reader.skip(number, wire_type, MAX_DEPTH)?;
                }
            }
        }
    }
}

/// A scalar or enum value of `kind`; the wire type fits it, as the check saw to.
#[inline]
pub(super) fn scalar<'b>(kind: &Kind, wire: Wire<'b>) -> Value<'b> {
    match wire {
        Wire::Varint(raw) => varint(kind, raw),
        Wire::Fixed32(raw) => fixed32(kind, raw),
        Wire::Fixed64(raw) => fixed64(kind, raw),
        Wire::Delimited(bytes) | Wire::Group(bytes) => delimited(kind, bytes),
    }
}

#[inline]
pub(super) fn varint(kind: &Kind, raw: u64) -> Value<'static> {
    match kind {
        Kind::Bool => Value::Bool(raw != 0),
        Kind::Uint64 => Value::Uint(raw),
        Kind::Uint32 => Value::Uint(u64::from(raw as u32)),
        Kind::Enum(descriptor) => Value::Enum(descriptor.clone(), raw as i32),
        _ => Value::Int(signed_varint(kind, raw)),
    }
}

/// The number in a varint of a signed integer or an enum.
#[inline]
pub(super) fn signed_varint(kind: &Kind, raw: u64) -> i64 {
    match kind {
        Kind::Int64 => raw.cast_signed(),
        Kind::Sint32 => i64::from(zigzag(u64::from(raw as u32)) as i32),
        Kind::Sint64 => zigzag(raw),
        _ => i64::from(raw as i32),
    }
}

fn zigzag(raw: u64) -> i64 {
    (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed()
}

#[inline]
pub(super) fn fixed32(kind: &Kind, raw: u32) -> Value<'static> {
    match kind {
        Kind::Float => Value::Double(f64::from(f32::from_bits(raw))),
        Kind::Sfixed32 => Value::Int(i64::from(raw.cast_signed())),
        _ => Value::Uint(u64::from(raw)),
    }
}

#[inline]
pub(super) fn fixed64(kind: &Kind, raw: u64) -> Value<'static> {
    match kind {
        Kind::Double => Value::Double(f64::from_bits(raw)),
        Kind::Sfixed64 => Value::Int(raw.cast_signed()),
        _ => Value::Uint(raw),
    }
}

#[inline]
pub(super) fn delimited<'b>(kind: &Kind, bytes: &'b [u8]) -> Value<'b> {
    match kind {
        Kind::String => Value::String(text(bytes)),
        _ => Value::Bytes(Cow::Borrowed(bytes)),
    }
}

/// Text as it came. `from_utf8` is many times faster on long text than the lossy reading, which checked bytes do
/// not need.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

impl Field {
    /// The field's value in the bytes of its message, or nothing if it is unset.
    pub(super) fn read<'b>(&self, bytes: &'b [u8]) -> Result<Option<Value<'b>>, Malformed> {
        match &self.cardinality {
            Cardinality::Singular if self.is_scalar() => self.last(bytes),
            Cardinality::Singular => match self.contents(bytes)? {
                Some(contents) => self.message_value(contents).map(Some),
                None => Ok(None),
            },
            Cardinality::List => self.list(bytes).map(Some),
            Cardinality::Map(key, value) => self.map(bytes, key, value).map(Some),
        }
    }

    /// Whether a singular field is on the wire, and its oneof was not set to another member later.
    pub(super) fn is_present(&self, bytes: &[u8]) -> Result<bool, Malformed> {
        let mut present = false;
        let mut fields = Fields::new(bytes);
        while let Some((number, _)) = fields.next()? {
            if number == self.number {
                present = true;
            } else if self.siblings.contains(&number) {
                present = false;
            }
        }
        Ok(present)
    }

    /// The bytes of a singular sub-message; its pieces, if it came in several, one after the other: that is how
    /// proto merges.
    pub(super) fn contents<'b>(&self, bytes: &'b [u8]) -> Result<Option<Cow<'b, [u8]>>, Malformed> {
        let mut contents: Option<Cow<'b, [u8]>> = None;
        let mut fields = Fields::new(bytes);
        while let Some((number, wire)) = fields.next()? {
            if number == self.number
                && let Wire::Delimited(piece) | Wire::Group(piece) = wire
            {
                match &mut contents {
                    None => contents = Some(Cow::Borrowed(piece)),
                    Some(pieces) => pieces.to_mut().extend_from_slice(piece),
                }
            } else if self.siblings.contains(&number) {
                contents = None;
            }
        }
        Ok(contents)
    }

    fn message_value<'b>(&self, contents: Cow<'b, [u8]>) -> Result<Value<'b>, Malformed> {
        match &self.kind {
            Kind::Message(message) => message_value(message, self.known.as_ref(), contents),
            _ => Ok(Value::Bytes(contents)),
        }
    }

    fn last<'b>(&self, bytes: &'b [u8]) -> Result<Option<Value<'b>>, Malformed> {
        let mut last = None;
        let mut fields = Fields::new(bytes);
        while let Some((number, wire)) = fields.next()? {
            if number == self.number {
                last = Some(wire);
            } else if self.siblings.contains(&number) {
                last = None;
            }
        }
        Ok(last.map(|wire| self.scalar(wire)))
    }

    /// A scalar as [`scalar`] has it, but for `NullValue`, whose only value is null.
    fn scalar<'b>(&self, wire: Wire<'b>) -> Value<'b> {
        if self.is_null_value() {
            Value::Null
        } else {
            scalar(&self.kind, wire)
        }
    }

    fn list<'b>(&self, bytes: &'b [u8]) -> Result<Value<'b>, Malformed> {
        let mut values = Vec::new();
        let mut fields = Fields::new(bytes);
        while let Some((number, wire)) = fields.next()? {
            if number != self.number {
                continue;
            }
            match (wire, &self.kind) {
                (Wire::Delimited(contents) | Wire::Group(contents), Kind::Message(_)) => {
                    values.push(self.message_value(Cow::Borrowed(contents))?);
                }
                (Wire::Delimited(packed), kind) if !matches!(kind, Kind::String | Kind::Bytes) => {
                    let mut packed = Reader::new(packed);
                    while !packed.is_empty() {
                        let wire = match packed_as(kind) {
                            WireType::Fixed32 => Wire::Fixed32(packed.fixed32()?),
                            WireType::Fixed64 => Wire::Fixed64(packed.fixed64()?),
                            _ => Wire::Varint(packed.varint()?),
                        };
                        values.push(self.scalar(wire));
                    }
                }
                (wire, _) => values.push(self.scalar(wire)),
            }
        }
        Ok(Value::List(values))
    }

    fn map<'b>(&self, bytes: &'b [u8], key: &Field, value: &Field) -> Result<Value<'b>, Malformed> {
        let mut entries = Entries::default();
        let mut fields = Fields::new(bytes);
        while let Some((number, wire)) = fields.next()? {
            if number == self.number
                && let Wire::Delimited(entry) = wire
            {
                let key = key.read(entry)?.unwrap_or_else(|| key.default.clone());
                let value = value.read(entry)?.unwrap_or_else(|| value.default.clone());
                entries.insert(key, value);
            }
        }
        Ok(entries.into_value())
    }
}

fn packed_as(kind: &Kind) -> WireType {
    match kind {
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => WireType::Fixed32,
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => WireType::Fixed64,
        _ => WireType::Varint,
    }
}

/// The entries of a map while they come: the last one of a key wins, in the place of the first.
#[derive(Debug, Default)]
pub(super) struct Entries<'b> {
    entries: Vec<(Value<'b>, Value<'b>)>,
    /// By key, from the moment that there are too many to look through.
    index: HashMap<Key, usize>,
}

impl<'b> Entries<'b> {
    const LOOKED_THROUGH: usize = 16;

    pub(super) fn insert(&mut self, key: Value<'b>, value: Value<'b>) {
        match self.place(&key) {
            Some(place) => self.entries[place].1 = value,
            None => self.entries.push((key, value)),
        }
    }

    fn place(&mut self, key: &Value<'b>) -> Option<usize> {
        let count = self.entries.len();
        if count < Self::LOOKED_THROUGH {
            return self
                .entries
                .iter()
                .position(|(other, _)| super::equal::equals(other, key));
        }
        if self.index.is_empty() {
            let keys = self.entries.iter().enumerate();
            self.index = keys
                .filter_map(|(place, (key, _))| Some((Key::of(key)?, place)))
                .collect();
        }
        let key = Key::of(key)?;
        if let Some(place) = self.index.get(&key) {
            Some(*place)
        } else {
            self.index.insert(key, count);
            None
        }
    }

    pub(super) fn into_value(self) -> Value<'b> {
        Value::Map(self.entries)
    }
}
