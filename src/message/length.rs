//! Length prefixes: bytes are reserved for each length, and filled in when its contents are written.
//!
//! A length that takes more bytes than were reserved moves its contents. To make that rare, a place in a template
//! remembers how many bytes its length took the last time.

use std::sync::atomic::{AtomicU8, Ordering};

/// Where a length is to go, and how many bytes there are for it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Room {
    pub(crate) start: usize,
    pub(crate) width: u8,
}

/// Writes a length before what `contents` appends.
pub(crate) fn with_length<E>(
    buffer: &mut Vec<u8>,
    contents: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let room = open(buffer, 1);
    contents(buffer)?;
    fill_in(buffer, room);
    Ok(())
}

/// How many bytes a length took the last time, whatever the call: its contents seldom have to move to make room.
#[derive(Debug)]
pub(crate) struct Width(AtomicU8);

impl Default for Width {
    fn default() -> Self {
        Self(AtomicU8::new(1))
    }
}

impl Width {
    #[inline]
    pub(crate) fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Leaves room for a length of `width` bytes.
#[inline(always)]
pub(crate) fn open(buffer: &mut Vec<u8>, width: u8) -> Room {
    let start = buffer.len();
    buffer.push(0);
    for _ in 1..width {
        buffer.push(0);
    }
    Room { start, width }
}

/// Fills in the length of all that was written since there is room for it, and corrects the width for the next one.
#[inline(always)]
pub(crate) fn close(buffer: &mut Vec<u8>, room: Room, width: &Width) {
    let taken = fill_in(buffer, room);
    // Nothing is written that stays the same: calls on other cores read it.
    if taken != room.width {
        width.0.store(taken, Ordering::Relaxed);
    }
}

/// Fills in the length of all that was written since there is room for it; gives how many bytes it took.
#[inline(always)]
fn fill_in(buffer: &mut Vec<u8>, room: Room) -> u8 {
    let Room { start, width } = room;
    let reserved = usize::from(width);
    let length = buffer.len() - start - reserved;
    if reserved == 1 && length < 0x80 {
        buffer[start] = length as u8;
        // Not 1: so the compiler sees that it is what was reserved.
        width
    } else {
        fill_in_long(buffer, start, reserved, length)
    }
}

/// Gives how many bytes the length took.
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
    use super::{Width, close, open, with_length};

    fn long(buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(&[7; 200]);
    }

    #[test]
    fn contents_move_where_their_length_takes_more_room() {
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
    fn room_that_was_left_stays_what_it_was_when_another_call_changes_the_width() {
        let width = Width::default();
        let (mut short, mut other) = (Vec::new(), Vec::new());
        let room = open(&mut short, width.get());
        let room_of_other = open(&mut other, width.get());
        long(&mut other);
        close(&mut other, room_of_other, &width);
        assert_eq!(width.get(), 2);
        short.extend_from_slice(b"abc");
        close(&mut short, room, &width);
        assert_eq!(short, b"\x03abc");
    }
}
