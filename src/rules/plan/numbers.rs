//! Numbers as the wire has them.

use prost_reflect::Kind;

use crate::message::{put_varint, zigzag};

/// A raw varint as its type encodes it: a client may have sent a 32-bit field with more bits.
#[inline]
pub(crate) fn canonical(kind: &Kind, raw: u64) -> u64 {
    match kind {
        Kind::Int32 | Kind::Enum(_) => i64::from(raw as u32 as i32) as u64,
        Kind::Uint32 | Kind::Sint32 => u64::from(raw as u32),
        Kind::Bool => u64::from(raw != 0),
        _ => raw,
    }
}

/// How an integer kind encodes ints, and which ints fit it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IntEncoding {
    form: Form,
    least: i64,
    most: i64,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Varint,
    Zigzag,
    Fixed32,
    Fixed64,
}

impl IntEncoding {
    pub(crate) fn of(kind: &Kind) -> Self {
        let (form, least, most) = match kind {
            Kind::Int32 => (Form::Varint, i32::MIN.into(), i32::MAX.into()),
            Kind::Sint32 => (Form::Zigzag, i32::MIN.into(), i32::MAX.into()),
            Kind::Sfixed32 => (Form::Fixed32, i32::MIN.into(), i32::MAX.into()),
            Kind::Uint32 => (Form::Varint, 0, u32::MAX.into()),
            Kind::Fixed32 => (Form::Fixed32, 0, u32::MAX.into()),
            Kind::Uint64 => (Form::Varint, 0, i64::MAX),
            Kind::Fixed64 => (Form::Fixed64, 0, i64::MAX),
            Kind::Sint64 => (Form::Zigzag, i64::MIN, i64::MAX),
            Kind::Sfixed64 => (Form::Fixed64, i64::MIN, i64::MAX),
            _ => (Form::Varint, i64::MIN, i64::MAX),
        };
        Self { form, least, most }
    }

    #[inline]
    pub(crate) fn takes(self, number: i64) -> bool {
        (self.least..=self.most).contains(&number)
    }

    /// Writes a number that [fits](Self::takes), without its key.
    #[inline]
    pub(crate) fn put(self, buffer: &mut Vec<u8>, number: i64) {
        if let Form::Varint = self.form {
            put_varint(buffer, number as u64);
        } else {
            self.put_any(buffer, number);
        }
    }

    #[inline(never)]
    fn put_any(self, buffer: &mut Vec<u8>, number: i64) {
        match self.form {
            Form::Varint => put_varint(buffer, number as u64),
            Form::Zigzag => put_varint(buffer, zigzag(number)),
            Form::Fixed32 => buffer.extend_from_slice(&(number as u32).to_le_bytes()),
            Form::Fixed64 => buffer.extend_from_slice(&number.to_le_bytes()),
        }
    }
}
