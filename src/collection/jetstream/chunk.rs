//! Chunks: what a stream of JetStream holds, each some writes of one replica.
//!
//! | bytes | what they are |
//! |---|---|
//! | 1 | the version of this form: 1 |
//! | 8 | the number of the chunk among those of its replica, from 1, little-endian |
//! | varints | the number of the key's field, or 0; how many messages, bytes and milliseconds are kept, each plus 1, or 0 for all |
//! | the rest | records |
//!
//! A record is its kind, and what the kind has: the length and the bytes of a message that is written; the key that is deleted,
//! which is its type and its value; nothing for a clear; the position, the time, the length and the bytes of a message that
//! stood in a chunk which is to go.
//!
//! All that decides what is kept stands in the chunk, and not in the rules of who reads it: so all replicas keep the same. The
//! position of a message is the sequence of its chunk and its place in there, which is the same on all of them, too.

use std::time::Duration;

use bytes::Bytes;

use crate::collection::declaration::Retention;
use crate::collection::scalar::Key;
use crate::message::{Reader, put_delimited, put_varint, unzigzag, zigzag};

/// How many bytes of records a chunk has. A single message may be larger.
pub(super) const LARGEST: usize = 64 << 10;

/// How many bytes may come beside a message in its chunk.
const OVERHEAD: usize = 96;

const VERSION: u8 = 1;

/// How many bits of a position are the place in the chunk. A record has a byte at least, so a full chunk has no more.
const PLACE_BITS: u32 = 16;

const PUT: u8 = 1;
const DELETE: u8 = 2;
const CLEAR: u8 = 3;
const RESTORE: u8 = 4;

/// The position of the first record of a chunk.
pub(in crate::collection) fn first_position(sequence: u64) -> u64 {
    sequence << PLACE_BITS
}

/// The chunk in which the message of a position was written.
pub(super) fn sequence_of(position: u64) -> u64 {
    position >> PLACE_BITS
}

/// What a chunk says of its collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::collection) struct Head {
    /// The number of the key's field.
    pub(super) key: Option<u32>,
    /// How much is kept when the chunk has been applied.
    pub(super) keep: Retention,
}

/// One write.
#[derive(Debug, PartialEq)]
pub(in crate::collection) enum Record<'b> {
    Put(&'b [u8]),
    Delete(Key),
    Clear,
    /// A message that stood in an older chunk: who has it, keeps it.
    Restore {
        position: u64,
        at: u64,
        message: &'b [u8],
    },
}

/// A chunk that is being made.
#[derive(Debug)]
pub(in crate::collection) struct ChunkBuilder {
    pub(super) head: Head,
    bytes: Vec<u8>,
    /// Where the records begin.
    begin: usize,
}

impl ChunkBuilder {
    pub(in crate::collection) fn new(head: Head) -> Self {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&0_u64.to_le_bytes());
        put_varint(&mut bytes, head.key.unwrap_or_default().into());
        let Retention { count, size, age } = head.keep;
        let age = age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        for most in [count, size, age] {
            put_varint(&mut bytes, most.map_or(0, |most| most.saturating_add(1)));
        }
        let begin = bytes.len();
        Self { head, bytes, begin }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == self.begin
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether a message of that size fits in, beside what is there, if a chunk may have so many bytes of records.
    pub(super) fn has_room(&self, message: usize, most: usize) -> bool {
        self.is_empty() || self.bytes.len() - self.begin + message + OVERHEAD <= most
    }

    pub(in crate::collection) fn add(&mut self, record: &Record<'_>) {
        let bytes = &mut self.bytes;
        match record {
            Record::Put(message) => {
                bytes.push(PUT);
                put_delimited(bytes, message);
            }
            Record::Delete(key) => {
                bytes.push(DELETE);
                put_key(bytes, key);
            }
            Record::Clear => bytes.push(CLEAR),
            Record::Restore {
                position,
                at,
                message,
            } => {
                bytes.push(RESTORE);
                put_varint(bytes, *position);
                put_varint(bytes, *at);
                put_delimited(bytes, message);
            }
        }
    }

    /// The chunk, with its number.
    pub(in crate::collection) fn finish(mut self, number: u64) -> Bytes {
        self.bytes[1..9].copy_from_slice(&number.to_le_bytes());
        self.bytes.into()
    }
}

/// A chunk of a stream, which has been checked.
#[derive(Debug)]
pub(in crate::collection) struct Chunk {
    pub(in crate::collection) sequence: u64,
    /// When it came into the stream, in milliseconds since 1970.
    pub(in crate::collection) at: u64,
    /// Its number among those of its replica.
    pub(super) number: u64,
    pub(super) head: Head,
    bytes: Bytes,
    begin: usize,
}

/// Why bytes are no chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoChunk {
    /// A newer version has written it.
    Newer(u8),
    Malformed,
}

impl std::fmt::Display for NoChunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Newer(version) => write!(
                f,
                "a newer protod has written it: its version is {version}, and this one knows {VERSION}"
            ),
            Self::Malformed => f.write_str("it is not what a protod writes"),
        }
    }
}

impl Chunk {
    /// Checks what came. Nothing of it is copied.
    pub(super) fn parse(sequence: u64, at: u64, bytes: Bytes) -> Result<Self, NoChunk> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(&version) if version > VERSION => return Err(NoChunk::Newer(version)),
            _ => return Err(NoChunk::Malformed),
        }
        let number = bytes.get(1..9).and_then(|number| number.try_into().ok());
        let number = u64::from_le_bytes(number.ok_or(NoChunk::Malformed)?);
        let mut reader = Reader::new(&bytes[9..]);
        let head = head(&mut reader).ok_or(NoChunk::Malformed)?;
        let begin = bytes.len() - reader.rest().len();
        let mut records = 0_u64;
        while !reader.is_empty() {
            match record(&mut reader).ok_or(NoChunk::Malformed)? {
                // What stood in an older chunk stands before this one.
                Record::Restore { position, .. } if position >= first_position(sequence) => {
                    return Err(NoChunk::Malformed);
                }
                _ => records += 1,
            }
        }
        if records > 1 << PLACE_BITS || sequence > u64::MAX >> (PLACE_BITS + 1) {
            return Err(NoChunk::Malformed);
        }
        Ok(Self {
            sequence,
            at,
            number,
            head,
            bytes,
            begin,
        })
    }

    /// How much is kept when it has been applied.
    pub(in crate::collection) fn keep(&self) -> Retention {
        self.head.keep
    }

    /// The number of the key's field.
    pub(super) fn key(&self) -> Option<u32> {
        self.head.key
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The records, each with the position of the message that it writes.
    pub(in crate::collection) fn records(&self) -> impl Iterator<Item = (u64, Record<'_>)> {
        let mut reader = Reader::new(&self.bytes[self.begin..]);
        let records = std::iter::from_fn(move || record(&mut reader));
        (first_position(self.sequence)..).zip(records)
    }
}

fn head(reader: &mut Reader<'_>) -> Option<Head> {
    let key = u32::try_from(reader.varint().ok()?).ok()?;
    let mut most = || Some(reader.varint().ok()?.checked_sub(1));
    Some(Head {
        key: (key > 0).then_some(key),
        keep: Retention {
            count: most()?,
            size: most()?,
            age: most()?.map(Duration::from_millis),
        },
    })
}

/// The next record; `None` if there is none.
fn record<'b>(reader: &mut Reader<'b>) -> Option<Record<'b>> {
    let kind = reader.peek()?;
    reader.pass();
    Some(match kind {
        PUT => Record::Put(reader.delimited().ok()?),
        DELETE => Record::Delete(key(reader)?),
        CLEAR => Record::Clear,
        RESTORE => Record::Restore {
            position: reader.varint().ok()?,
            at: reader.varint().ok()?,
            message: reader.delimited().ok()?,
        },
        _ => return None,
    })
}

fn put_key(buffer: &mut Vec<u8>, key: &Key) {
    match key {
        Key::Bool(truth) => buffer.extend_from_slice(&[0, u8::from(*truth)]),
        Key::Int(number) => {
            buffer.push(1);
            put_varint(buffer, zigzag(*number));
        }
        Key::Uint(number) => {
            buffer.push(2);
            put_varint(buffer, *number);
        }
        Key::Text(text) => {
            buffer.push(3);
            put_delimited(buffer, text.as_bytes());
        }
        Key::Bytes(bytes) => {
            buffer.push(4);
            put_delimited(buffer, bytes);
        }
    }
}

fn key(reader: &mut Reader<'_>) -> Option<Key> {
    let kind = reader.peek()?;
    reader.pass();
    Some(match kind {
        0 => Key::Bool(reader.varint().ok()? != 0),
        1 => Key::Int(unzigzag(reader.varint().ok()?)),
        2 => Key::Uint(reader.varint().ok()?),
        3 => Key::Text(std::str::from_utf8(reader.delimited().ok()?).ok()?.into()),
        4 => Key::Bytes(reader.delimited().ok()?.into()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a chunk behind what `all` restores.
    const SEQUENCE: u64 = 1 << 25;

    fn all() -> (Head, Vec<Record<'static>>) {
        let head = Head {
            key: Some(7),
            keep: Retention {
                count: Some(0),
                size: Some(u64::MAX - 1),
                age: Some(Duration::from_millis(5)),
            },
        };
        let keys = [
            Key::Bool(true),
            Key::Int(i64::MIN),
            Key::Uint(u64::MAX),
            Key::Text("ä".into()),
            Key::Bytes([255, 0].into()),
        ];
        let mut records = vec![
            Record::Put(b"one"),
            Record::Put(b""),
            Record::Clear,
            Record::Restore {
                position: 1 << 40,
                at: 3,
                message: b"old",
            },
        ];
        records.extend(keys.map(Record::Delete));
        (head, records)
    }

    fn chunk_of(head: Head, records: &[Record<'_>]) -> Bytes {
        let mut builder = ChunkBuilder::new(head);
        for record in records {
            builder.add(record);
        }
        builder.finish(9)
    }

    #[test]
    fn what_is_written_into_a_chunk_is_read_out_of_it_at_its_positions() {
        let (head, records) = all();
        let chunk = Chunk::parse(SEQUENCE, 12, chunk_of(head, &records)).unwrap();
        assert_eq!((chunk.head, chunk.number, chunk.at), (head, 9, 12));
        let (positions, found): (Vec<_>, Vec<_>) = chunk.records().unzip();
        assert_eq!(found, records);
        assert!(
            positions
                .iter()
                .copied()
                .eq((SEQUENCE << 16..).take(records.len()))
        );
        let empty = Chunk::parse(1, 0, chunk_of(Head::default(), &[])).unwrap();
        assert_eq!((empty.head, empty.records().count()), (Head::default(), 0));
    }

    #[test]
    fn what_is_no_chunk_is_named_and_never_read_in_part() {
        let (head, records) = all();
        let whole = chunk_of(head, &records);
        // Cut off between two records it is a chunk of fewer.
        let mut ends: Vec<_> = (0..=records.len())
            .map(|some| chunk_of(head, &records[..some]).len())
            .collect();
        for length in 0..=whole.len() {
            let parsed = Chunk::parse(SEQUENCE, 0, whole.slice(..length));
            match parsed {
                Ok(_) => assert_eq!(ends.remove(0), length),
                Err(why) => assert_eq!(why, NoChunk::Malformed),
            }
        }
        assert!(ends.is_empty());
        let mut newer = whole.to_vec();
        newer[0] = 2;
        assert_eq!(Chunk::parse(1, 0, newer.into()).unwrap_err(), NoChunk::Newer(2));
        assert!(Chunk::parse(1 << 48, 0, whole.clone()).is_err());
        let before_what_it_restores = Chunk::parse(1 << 24, 0, whole);
        assert_eq!(before_what_it_restores.unwrap_err(), NoChunk::Malformed);
    }
}
