//! Length prefixes: bytes are reserved for each length, and filled in when its contents are written.
//!
//! A length that takes more bytes than were reserved moves its contents. To make that rare, a place in a template
//! remembers how many bytes its length took the last time.

use std::sync::atomic::{AtomicU8, Ordering};

/// Where a length goes, and how many bytes are reserved for it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ReservedLength {
    pub(crate) start: usize,
    pub(crate) width: u8,
}

/// Writes a length before what `contents` appends.
pub(crate) fn with_length<E>(
    buffer: &mut Vec<u8>,
    contents: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let reserved = reserve_length(buffer, 1);
    contents(buffer)?;
    fill_in(buffer, reserved);
    Ok(())
}

/// How many bytes a length took the last time, in whichever call. Reserving as many means that contents seldom move.
#[derive(Debug)]
pub(crate) struct LengthWidth(AtomicU8);

impl Default for LengthWidth {
    fn default() -> Self {
        Self(AtomicU8::new(1))
    }
}

impl LengthWidth {
    #[inline]
    pub(crate) fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reserves `width` bytes for a length.
#[inline(always)]
pub(crate) fn reserve_length(buffer: &mut Vec<u8>, width: u8) -> ReservedLength {
    let start = buffer.len();
    buffer.push(0);
    for _ in 1..width {
        buffer.push(0);
    }
    ReservedLength { start, width }
}

/// Fills in the length of all that was written since it was reserved, and corrects the width for the next one.
#[inline(always)]
pub(crate) fn fill_length(buffer: &mut Vec<u8>, reserved: ReservedLength, width: &LengthWidth) {
    let taken = fill_in(buffer, reserved);
    // Written only if it changes, because calls on other cores read it.
    if taken != reserved.width {
        width.0.store(taken, Ordering::Relaxed);
    }
}

/// Fills in the length of all that was written since it was reserved. Returns how many bytes it took.
#[inline(always)]
pub(in crate::message) fn fill_in(buffer: &mut Vec<u8>, reserved: ReservedLength) -> u8 {
    let ReservedLength { start, width } = reserved;
    let reserved = usize::from(width);
    let length = buffer.len() - start - reserved;
    if reserved == 1 && length < 0x80 {
        buffer[start] = length as u8;
        // Not 1, so that the compiler sees that it is what was reserved.
        width
    } else {
        fill_in_long(buffer, start, reserved, length)
    }
}

/// Returns how many bytes the length took.
fn fill_in_long(buffer: &mut Vec<u8>, start: usize, reserved: usize, length: usize) -> u8 {
    let width = varint_width(length);
    move_contents(buffer, start, reserved, width, length);
    let mut rest = length;
    for byte in &mut buffer[start..start + width - 1] {
        *byte = rest as u8 | 0x80;
        rest >>= 7;
    }
    buffer[start + width - 1] = rest as u8;
    width as u8
}

fn move_contents(buffer: &mut Vec<u8>, start: usize, reserved: usize, width: usize, length: usize) {
    let contents = start + reserved..start + reserved + length;
    if width > reserved {
        buffer.extend_from_slice(&[0; 10][..width - reserved]);
    }
    if width != reserved {
        buffer.copy_within(contents, start + width);
        buffer.truncate(start + width + length);
    }
}

/// How many bytes a length takes as a varint.
fn varint_width(length: usize) -> usize {
    let bits = (usize::BITS - (length | 1).leading_zeros()) as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::{LengthWidth, fill_length, reserve_length, with_length};

    fn long(buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(&[7; 200]);
    }

    #[test]
    fn contents_move_if_their_length_takes_more_bytes() {
        let mut buffer = vec![9];
        with_length::<()>(&mut buffer, |buffer| {
            long(buffer);
            Ok(())
        })
        .unwrap();
        assert_eq!(buffer[..4], [9, 0xc8, 0x01, 7]);
        assert_eq!(buffer.len(), 1 + 2 + 200);
    }

    #[test]
    fn what_was_reserved_stays_so_when_another_call_changes_the_width() {
        let width = LengthWidth::default();
        let (mut short, mut other) = (Vec::new(), Vec::new());
        let reserved = reserve_length(&mut short, width.get());
        let reserved_by_other = reserve_length(&mut other, width.get());
        long(&mut other);
        fill_length(&mut other, reserved_by_other, &width);
        assert_eq!(width.get(), 2);
        short.extend_from_slice(b"abc");
        fill_length(&mut short, reserved, &width);
        assert_eq!(short, b"\x03abc");
    }
}
