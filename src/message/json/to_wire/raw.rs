//! A value as it is on the wire, and how it is written.

use crate::message::wire::{put_delimited, put_varint};

/// A value as it is on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raw<'r> {
    Varint(u64),
    Fixed32(u32),
    Fixed64(u64),
    Bytes(&'r [u8]),
}

/// How a value is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Style {
    /// Behind this key.
    Keyed(u32),
    /// Behind this key, but not at all if it is zero.
    UnlessZero(u32),
    /// Without a key, in a packed list.
    Packed,
}

impl Raw<'_> {
    /// Returns whether it was written.
    pub(super) fn put(self, style: Style, buffer: &mut Vec<u8>) -> bool {
        match style {
            Style::UnlessZero(_) if self.is_zero() => return false,
            Style::UnlessZero(key) | Style::Keyed(key) => put_varint(buffer, key.into()),
            Style::Packed => {}
        }
        match self {
            Self::Varint(number) => put_varint(buffer, number),
            Self::Fixed32(bits) => buffer.extend_from_slice(&bits.to_le_bytes()),
            Self::Fixed64(bits) => buffer.extend_from_slice(&bits.to_le_bytes()),
            Self::Bytes(bytes) => put_delimited(buffer, bytes),
        }
        true
    }

    fn is_zero(self) -> bool {
        match self {
            Self::Varint(bits) | Self::Fixed64(bits) => bits == 0,
            Self::Fixed32(bits) => bits == 0,
            Self::Bytes(bytes) => bytes.is_empty(),
        }
    }

    /// No difference is made between zero and negative zero where zero is the same as none.
    pub(super) fn of_float(value: f32, style: Style) -> Self {
        match style {
            Style::UnlessZero(_) if value == 0.0 => Self::Fixed32(0),
            _ => Self::Fixed32(value.to_bits()),
        }
    }

    pub(super) fn of_double(value: f64, style: Style) -> Self {
        match style {
            Style::UnlessZero(_) if value == 0.0 => Self::Fixed64(0),
            _ => Self::Fixed64(value.to_bits()),
        }
    }
}
