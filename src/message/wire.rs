//! Reading and writing the protobuf wire format, on slices.
//!
//! The reader never allocates and never panics: whatever the bytes are, it returns the next piece or says what is
//! wrong. It accepts what prost accepts, except overlong keys, so that bytes checked here always decode there.

/// What is wrong with the bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("a varint does not end, or does not fit in 64 bits")]
    Varint,
    #[error("a field's key has no valid field number or wire type")]
    Key,
    #[error("the bytes end inside a field")]
    Truncated,
    #[error("field {0} has a wire type that does not fit its type")]
    WireType(u32),
    #[error("field {0} is a string that is not valid UTF-8")]
    Utf8(u32),
    #[error("a group ends that did not begin")]
    EndGroup,
    #[error("messages are nested deeper than the limit")]
    TooDeep,
    #[error("the message has more than {0} elements")]
    TooManyElements(u32),
}

/// How a value is laid out on the wire; the low three bits of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireType {
    Varint = 0,
    Fixed64 = 1,
    LengthDelimited = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

impl WireType {
    /// That of a key.
    #[inline]
    pub(crate) fn of_key(key: u32) -> Result<Self, Malformed> {
        Ok(match key & 7 {
            0 => Self::Varint,
            1 => Self::Fixed64,
            2 => Self::LengthDelimited,
            3 => Self::StartGroup,
            4 => Self::EndGroup,
            5 => Self::Fixed32,
            _ => return Err(Malformed::Key),
        })
    }
}

/// A key has 32 bits, and no more bytes than these take.
const MAX_KEY_LENGTH: usize = 5;

/// The key of a field: its number and wire type.
pub(crate) const fn key(number: u32, wire_type: WireType) -> u32 {
    number << 3 | wire_type as u32
}

/// A position in the bytes of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
    /// How many bytes there were.
    length: usize,
}

impl<'b> Reader<'b> {
    #[inline]
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self {
            rest: bytes,
            length: bytes.len(),
        }
    }

    /// How far the reader has come.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    /// What is still to be read.
    #[inline]
    pub(crate) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, without taking it.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Skips the byte that [`peek`](Self::peek) returned.
    #[inline]
    pub(crate) fn pass(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        match *self.rest {
            [byte, ref rest @ ..] if byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(byte))
            }
            [first, second, ref rest @ ..] if second < 0x80 => {
                self.rest = rest;
                Ok(u64::from(first & 0x7f) | u64::from(second) << 7)
            }
            _ => {
                let value;
                (value, self.rest) = long_varint(self.rest)?;
                Ok(value)
            }
        }
    }

    /// The next field's number and wire type.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<(u32, WireType), Malformed> {
        let before = self.rest.len();
        let key = u32::try_from(self.varint()?).map_err(|_| Malformed::Key)?;
        if before - self.rest.len() > MAX_KEY_LENGTH {
            return Err(Malformed::Key);
        }
        let wire_type = WireType::of_key(key)?;
        if key < 8 {
            return Err(Malformed::Key);
        }
        Ok((key >> 3, wire_type))
    }

    #[inline]
    pub(crate) fn fixed32(&mut self) -> Result<u32, Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    #[inline]
    pub(crate) fn fixed64(&mut self) -> Result<u64, Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// The contents of a length-delimited field.
    #[inline]
    pub(crate) fn delimited(&mut self) -> Result<&'b [u8], Malformed> {
        let length = usize::try_from(self.varint()?).map_err(|_| Malformed::Truncated)?;
        let (contents, rest) = self.rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(contents)
    }

    /// Skips a value whose key was just read. `depth` is how many groups may still open inside it. Returns how many
    /// fields that were: one, and for a group also those inside it.
    pub(crate) fn skip(&mut self, number: u32, wire_type: WireType, depth: u32) -> Result<usize, Malformed> {
        match wire_type {
            WireType::Varint => self.varint().map(drop)?,
            WireType::Fixed64 => self.fixed64().map(drop)?,
            WireType::Fixed32 => self.fixed32().map(drop)?,
            WireType::LengthDelimited => self.delimited().map(drop)?,
            WireType::EndGroup => return Err(Malformed::EndGroup),
            WireType::StartGroup => {
                let depth = depth.checked_sub(1).ok_or(Malformed::TooDeep)?;
                let mut fields = 1;
                loop {
                    match self.key()? {
                        (end, WireType::EndGroup) if end == number => return Ok(fields),
                        (inner, wire_type) => fields += self.skip(inner, wire_type, depth)?,
                    }
                }
            }
        }
        Ok(1)
    }
}

/// A varint of more than two bytes, or none at all; also returns what follows it. It is no method, so that a reader whose
/// varints are short can stay in registers.
#[inline(never)]
fn long_varint(bytes: &[u8]) -> Result<(u64, &[u8]), Malformed> {
    if let Some(chunk) = bytes.first_chunk() {
        // Up to eight bytes at once: the first without the bit that says that more follow is the last.
        let word = u64::from_le_bytes(*chunk);
        let last = !word & 0x8080_8080_8080_8080;
        if last != 0 {
            let width = last.trailing_zeros() / 8 + 1;
            let bits = word & (u64::MAX >> (64 - 8 * width));
            let bits = bits & 0x007f_007f_007f_007f | (bits & 0x7f00_7f00_7f00_7f00) >> 1;
            let bits = bits & 0x0000_3fff_0000_3fff | (bits & 0x3fff_0000_3fff_0000) >> 2;
            let value = bits & 0x0fff_ffff | (bits & 0x0fff_ffff_0000_0000) >> 4;
            return Ok((value, &bytes[width as usize..]));
        }
    }
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            // The tenth byte has room for one bit only.
            if index == 9 && byte > 1 {
                return Err(Malformed::Varint);
            }
            return Ok((value, &bytes[index + 1..]));
        }
    }
    Err(Malformed::Varint)
}

/// Appends a varint.
#[inline(always)]
pub(crate) fn put_varint(buffer: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        buffer.push(value as u8);
    } else if value < 1 << 28 {
        // Up to four bytes, made in a register and written at once: seven bits in each, and in all but the last the
        // bit that says that more follow.
        let value = value as u32;
        let width = (38 - value.leading_zeros()) / 7;
        let spread =
            value & 0x7f | (value & 0x3f80) << 1 | (value & 0x1f_c000) << 2 | (value & 0xfe0_0000) << 3;
        let more = 0x0080_8080 & ((1 << (8 * (width - 1))) - 1);
        let length = buffer.len() + width as usize;
        buffer.extend_from_slice(&(spread | more).to_le_bytes());
        buffer.truncate(length);
    } else {
        put_long_varint(buffer, value);
    }
}

/// Appends a length and its contents.
pub(crate) fn put_delimited(buffer: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(buffer, bytes.len() as u64);
    buffer.extend_from_slice(bytes);
}

/// A signed number as an unsigned one, small where it is near zero: the form of `sint32` and `sint64`.
#[inline]
pub(crate) fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

/// The number that [`zigzag`] made this of.
#[inline]
pub(crate) fn unzigzag(raw: u64) -> i64 {
    (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed()
}

#[cold]
fn put_long_varint(buffer: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        buffer.push(value as u8 | 0x80);
        value >>= 7;
    }
    buffer.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_of_every_length_round_trip() {
        for shift in 0..64 {
            for value in [1_u64 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let mut buffer = Vec::new();
                put_varint(&mut buffer, value);
                let mut reader = Reader::new(&buffer);
                assert_eq!(reader.varint(), Ok(value));
                assert!(reader.is_empty());
            }
        }
    }

    #[test]
    fn zigzag_alternates_between_signs() {
        let table = [
            (0, 0),
            (-1, 1),
            (1, 2),
            (-2, 3),
            (i64::MAX, u64::MAX - 1),
            (i64::MIN, u64::MAX),
        ];
        for (number, raw) in table {
            assert_eq!((zigzag(number), unzigzag(raw)), (raw, number));
        }
        // A `sint32` is the same in 32 bits.
        assert_eq!(zigzag(i32::MIN.into()), u64::from(u32::MAX));
    }

    #[test]
    fn a_varint_that_overflows_or_does_not_end_is_malformed() {
        for bytes in [
            &[0x80; 10][..],
            &[0xff; 11],
            &[0x80],
            &[],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        ] {
            assert_eq!(Reader::new(bytes).varint(), Err(Malformed::Varint), "{bytes:?}");
        }
    }

    #[test]
    fn keys_without_number_or_wire_type_are_malformed() {
        for bytes in [
            &[0x00][..],
            &[0x07],
            &[0x0e],
            &[0x0f],
            &[0x80, 0x80, 0x80, 0x80, 0x10],
        ] {
            assert_eq!(Reader::new(bytes).key(), Err(Malformed::Key), "{bytes:?}");
        }
    }
}
