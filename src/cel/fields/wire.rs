//! The fields of a message as they stand on the wire, and scalars from them.

use std::borrow::Cow;

use prost_reflect::Kind;

use crate::cel::values::Value;
use crate::message::{MAX_DEPTH, Malformed, Reader, WireType, unzigzag};

/// The value of a field as it stands on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WireValue<'b> {
    Varint(u64),
    Fixed32(u32),
    Fixed64(u64),
    Delimited(&'b [u8]),
    /// What stands between the tags of a group.
    Group(&'b [u8]),
}

/// The fields of a message, in the order in which they came.
#[derive(Debug)]
pub(crate) struct WireFields<'b> {
    bytes: &'b [u8],
    reader: Reader<'b>,
}

impl<'b> WireFields<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            reader: Reader::new(bytes),
        }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<(u32, WireValue<'b>)>, Malformed> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.reader.key()?;
        let wire = match wire_type {
            WireType::Varint => WireValue::Varint(self.reader.varint()?),
            WireType::Fixed32 => WireValue::Fixed32(self.reader.fixed32()?),
            WireType::Fixed64 => WireValue::Fixed64(self.reader.fixed64()?),
            WireType::LengthDelimited => WireValue::Delimited(self.reader.delimited()?),
            WireType::StartGroup => WireValue::Group(self.group(number)?),
            WireType::EndGroup => return Err(Malformed::EndGroup),
        };
        Ok(Some((number, wire)))
    }

    /// How far the reader has come.
    pub(crate) fn position(&self) -> usize {
        self.reader.position()
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

/// A scalar or enum value of `kind`; the check has made sure that the wire type fits.
#[inline]
pub(in crate::cel) fn scalar<'b>(kind: &Kind, wire: WireValue<'b>) -> Value<'b> {
    match wire {
        WireValue::Varint(raw) => varint(kind, raw),
        WireValue::Fixed32(raw) => fixed32(kind, raw),
        WireValue::Fixed64(raw) => fixed64(kind, raw),
        WireValue::Delimited(bytes) | WireValue::Group(bytes) => delimited(kind, bytes),
    }
}

#[inline]
pub(in crate::cel) fn varint(kind: &Kind, raw: u64) -> Value<'static> {
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
pub(in crate::cel) fn signed_varint(kind: &Kind, raw: u64) -> i64 {
    match kind {
        Kind::Int64 => raw.cast_signed(),
        Kind::Sint32 => i64::from(unzigzag(u64::from(raw as u32)) as i32),
        Kind::Sint64 => unzigzag(raw),
        _ => i64::from(raw as i32),
    }
}

#[inline]
pub(in crate::cel) fn fixed32(kind: &Kind, raw: u32) -> Value<'static> {
    match kind {
        Kind::Float => Value::Float(f32::from_bits(raw)),
        Kind::Sfixed32 => Value::Int(i64::from(raw.cast_signed())),
        _ => Value::Uint(u64::from(raw)),
    }
}

#[inline]
pub(in crate::cel) fn fixed64(kind: &Kind, raw: u64) -> Value<'static> {
    match kind {
        Kind::Double => Value::Double(f64::from_bits(raw)),
        Kind::Sfixed64 => Value::Int(raw.cast_signed()),
        _ => Value::Uint(raw),
    }
}

#[inline]
pub(in crate::cel) fn delimited<'b>(kind: &Kind, bytes: &'b [u8]) -> Value<'b> {
    match kind {
        Kind::String => Value::String(text(bytes)),
        _ => Value::Bytes(Cow::Borrowed(bytes)),
    }
}

/// Text as it came. `from_utf8` is many times faster on long text than the lossy reading, which checked bytes
/// do not need.
pub(in crate::cel) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}
