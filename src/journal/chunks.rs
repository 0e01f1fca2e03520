//! The memory of the journal: entries one after the other, in chunks, of which the oldest make room for the newest.
//!
//! All chunks together take no more than they may, to the byte, however large entries are. Chunks that are full never change,
//! so readers share them, and only the one that is written is copied for them.
//!
//! What an entry has in common with others, how it begins and how it ends, stands once in a chunk, if it is among the last few of that. The
//! rest of the memory that an entry takes is new to the processor's caches, and to write there is most of what the journal costs.
//!
//! In a chunk an entry is the length of its own part, the places of its begin and of its end, those of them that stand here, each after its
//! length, and its own part.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::entry::EntryBytes;

/// How many bytes a length or a place takes.
const LENGTH: usize = size_of::<u32>();

/// How many bytes stand before the parts of an entry.
const HEAD: usize = 3 * LENGTH;

/// How many begins, and how many ends, are compared with the next one.
const COMPARED: usize = 8;

/// How large a chunk is at most, unless an entry is larger.
const MAX_CHUNK: usize = 256 << 10;

/// Entries.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// Its place among all chunks that there have been.
    number: u64,
    /// The place of its first entry among all entries that there have been.
    first: u64,
    entries: u64,
    bytes: Vec<u8>,
}

impl Chunk {
    /// The place of its first entry among all entries that there have been.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The entries, oldest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = Stored<'_>> {
        let mut offset = 0;
        std::iter::from_fn(move || {
            let (entry, end) = read(&self.bytes, offset)?;
            offset = end;
            Some(entry)
        })
    }
}

/// An entry in a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'c> {
    pub(super) begin: &'c [u8],
    pub(super) own: &'c [u8],
    pub(super) end: &'c [u8],
}

impl Stored<'_> {
    pub(super) fn to_bytes(self) -> EntryBytes {
        EntryBytes {
            begin: Bytes::copy_from_slice(self.begin),
            own: Bytes::copy_from_slice(self.own),
            end: Bytes::copy_from_slice(self.end),
        }
    }
}

/// The entry at an offset of a chunk, and where the next one is.
fn read(bytes: &[u8], offset: usize) -> Option<(Stored<'_>, usize)> {
    let number = |at: usize| {
        let number = bytes.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes(*number) as usize)
    };
    let mut start = offset + HEAD;
    let mut shared = |at: usize| {
        let place = number(at)?;
        let part = bytes.get(place + LENGTH..)?.get(..number(place)?)?;
        if place == start {
            start += LENGTH + part.len();
        }
        Some(part)
    };
    let (begin, end) = (shared(offset + LENGTH)?, shared(offset + 2 * LENGTH)?);
    let own = bytes.get(start..)?.get(..number(offset)?)?;
    Some((Stored { begin, own, end }, start + own.len()))
}

/// Where the last few parts of one kind stand in a chunk, and how many bytes each has.
#[derive(Debug, Default)]
struct Known {
    parts: [Option<(usize, usize)>; COMPARED],
    /// The one that the next takes the place of.
    next: usize,
}

impl Known {
    /// The place of a part, which is appended if it is not known.
    fn place_of(&mut self, part: &[u8], bytes: &mut Vec<u8>) -> usize {
        let is_same = |&&(place, length): &&(usize, usize)| {
            let start = place + LENGTH;
            length == part.len() && bytes[start..start + length] == *part
        };
        if let Some((place, _)) = self.parts.iter().flatten().find(is_same) {
            return *place;
        }
        let place = bytes.len();
        bytes.extend_from_slice(&number(part.len()));
        bytes.extend_from_slice(part);
        self.parts[self.next] = Some((place, part.len()));
        self.next = (self.next + 1) % COMPARED;
        place
    }
}

/// How far a reader has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The number of a chunk.
    chunk: u64,
    offset: usize,
    /// How many entries there have been before.
    entry: u64,
}

impl Place {
    /// How many entries there have been before.
    pub(super) fn entries(&self) -> u64 {
        self.entry
    }
}

/// All chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    full: VecDeque<Arc<Chunk>>,
    /// The one that is written.
    open: Chunk,
    /// What stands in that.
    begins: Known,
    ends: Known,
    /// The begin of the entry that is appended.
    scratch: Vec<u8>,
    /// How many bytes all have together.
    size: usize,
    /// How many entries had to make room.
    evicted: u64,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self {
            full: VecDeque::new(),
            open: Chunk::default(),
            begins: Known::default(),
            ends: Known::default(),
            scratch: Vec::new(),
            size: 0,
            evicted: 0,
        }
    }

    /// Appends an entry, whose begin `put_begin` appends, and `put_own` its own part of up to `most` bytes, and drops the oldest chunks if all
    /// would take more than `limit`. An entry that is larger than that by itself is not kept.
    pub(super) fn append(
        &mut self,
        limit: usize,
        put_begin: impl FnOnce(&mut Vec<u8>),
        end: &[u8],
        most: usize,
        put_own: impl FnOnce(&mut Vec<u8>),
    ) {
        self.scratch.clear();
        put_begin(&mut self.scratch);
        let most = HEAD + LENGTH + self.scratch.len() + LENGTH + end.len() + most;
        if self.open.bytes.capacity() - self.open.bytes.len() < most && !self.begin_chunk(most, limit) {
            return;
        }
        let bytes = &mut self.open.bytes;
        let head = bytes.len();
        bytes.extend_from_slice(&[0; HEAD]);
        let begin = self.begins.place_of(&self.scratch, bytes);
        let end = self.ends.place_of(end, bytes);
        let start = bytes.len();
        put_own(bytes);
        let own = bytes.len() - start;
        for (field, value) in bytes[head..head + HEAD]
            .chunks_exact_mut(LENGTH)
            .zip([own, begin, end])
        {
            field.copy_from_slice(&number(value));
        }
        self.open.entries += 1;
    }

    /// Begins a chunk in which there is room for an entry. Returns whether it may be that large.
    #[cold]
    fn begin_chunk(&mut self, most: usize, limit: usize) -> bool {
        let capacity = most.max((limit / 16).min(MAX_CHUNK));
        if capacity > limit {
            return false;
        }
        let next = Chunk {
            number: self.open.number + 1,
            first: self.open.first + self.open.entries,
            entries: 0,
            bytes: Vec::new(),
        };
        // Places are of one chunk.
        (self.begins, self.ends) = (Known::default(), Known::default());
        let full = std::mem::replace(&mut self.open, next);
        self.full.push_back(Arc::new(full));
        let mut free = Vec::new();
        while self.size + capacity > limit
            && let Some(oldest) = self.full.pop_front()
        {
            self.size -= oldest.bytes.capacity();
            self.evicted += oldest.entries;
            if let Ok(oldest) = Arc::try_unwrap(oldest) {
                free = oldest.bytes;
            }
        }
        if free.capacity() == capacity {
            free.clear();
            self.open.bytes = free;
        } else {
            self.open.bytes = Vec::with_capacity(capacity);
        }
        self.size += self.open.bytes.capacity();
        true
    }

    /// Drops all entries.
    pub(super) fn clear(&mut self) {
        let next = Chunk {
            number: self.open.number + 1,
            first: self.open.first + self.open.entries,
            ..Chunk::default()
        };
        // Places are of one chunk.
        (self.begins, self.ends) = (Known::default(), Known::default());
        self.full.clear();
        self.open = next;
        self.size = 0;
    }

    /// What is kept, oldest first.
    pub(super) fn all(&self) -> Vec<Arc<Chunk>> {
        let mut all: Vec<_> = self.full.iter().cloned().collect();
        all.push(Arc::new(Chunk {
            bytes: self.open.bytes.clone(),
            ..self.open
        }));
        all
    }

    /// How many bytes are taken.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// How many entries are kept, and how many there have been in all.
    pub(super) fn entries(&self) -> (u64, u64) {
        let first = self.full.front().map_or(self.open.first, |chunk| chunk.first);
        let all = self.open.first + self.open.entries;
        (all - first, all)
    }

    /// How many entries had to make room for newer ones.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The place after the last entry.
    pub(super) fn end(&self) -> Place {
        Place {
            chunk: self.open.number,
            offset: self.open.bytes.len(),
            entry: self.open.first + self.open.entries,
        }
    }

    /// Moves a place behind the entries that are gone, and returns how many of them are behind it that were not before.
    pub(super) fn pass_gone(&self, place: &mut Place) -> u64 {
        let first = self.full.front().map_or(&self.open, |chunk| chunk);
        let before = place.entry;
        if place.chunk < first.number {
            *place = Place {
                chunk: first.number,
                offset: 0,
                entry: first.first,
            };
        }
        place.entry - before
    }

    /// The next entry after a place, which moves behind it, and how many before it are gone. `None` if there is none yet.
    pub(super) fn next(&self, place: &mut Place) -> Option<(Stored<'_>, u64)> {
        let first = self.full.front().map_or(&self.open, |chunk| chunk);
        let mut at = *place;
        let missed = self.pass_gone(&mut at);
        loop {
            let index = (at.chunk - first.number) as usize;
            let chunk = self.full.get(index).map_or(&self.open, |chunk| chunk);
            if let Some((entry, end)) = read(&chunk.bytes, at.offset) {
                at.offset = end;
                at.entry += 1;
                *place = at;
                return Some((entry, missed));
            }
            if chunk.number == self.open.number {
                return None;
            }
            at.chunk += 1;
            at.offset = 0;
        }
    }
}

fn number(number: usize) -> [u8; LENGTH] {
    (number as u32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(chunks: &mut Chunks, limit: usize, entry: &[u8]) {
        append_with(chunks, limit, b"begin", entry, b"end");
    }

    fn append_with(chunks: &mut Chunks, limit: usize, begin: &[u8], own: &[u8], end: &[u8]) {
        let put_begin = |bytes: &mut Vec<u8>| bytes.extend_from_slice(begin);
        let put_own = |bytes: &mut Vec<u8>| bytes.extend_from_slice(own);
        chunks.append(limit, put_begin, end, own.len(), put_own);
    }

    fn kept(chunks: &Chunks) -> Vec<Vec<u8>> {
        let all = chunks.all();
        all.iter()
            .flat_map(|chunk| {
                chunk
                    .entries()
                    .map(|entry| entry.own.to_vec())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn the_newest_are_kept_within_the_limit() {
        const LIMIT: usize = 64 << 10;
        let mut chunks = Chunks::new();
        for n in 0..20_000_u32 {
            append(&mut chunks, LIMIT, &vec![7; 8 + (n % 97) as usize]);
            append(&mut chunks, LIMIT, &n.to_le_bytes());
            let real: usize = chunks.full.iter().map(|chunk| chunk.bytes.capacity()).sum();
            assert_eq!(chunks.size(), real + chunks.open.bytes.capacity());
            assert!(chunks.size() <= LIMIT);
        }
        let numbers: Vec<u32> = kept(&chunks)
            .iter()
            .filter_map(|entry| Some(u32::from_le_bytes(entry.as_slice().try_into().ok()?)))
            .collect();
        assert_eq!(chunks.entries(), (kept(&chunks).len() as u64, 40_000));
        assert_eq!(chunks.evicted(), 40_000 - kept(&chunks).len() as u64);
        assert_eq!(numbers.last(), Some(&19_999));
        assert!(numbers.windows(2).all(|two| two[0] + 1 == two[1]));
        assert!(chunks.size() > LIMIT * 3 / 4, "and as many as there is room for");
    }

    #[test]
    fn what_entries_have_in_common_stands_once_in_a_chunk_and_is_read_with_each() {
        const LIMIT: usize = 16 << 20;
        let mut chunks = Chunks::new();
        let begin = |kind: usize| vec![kind as u8; 500 + kind / 2];
        let end = |kind: usize| vec![kind as u8; kind % 3 * 10];
        let kinds = |round: usize| [0, 1 + round % 3, round % 20];
        let large = vec![7; MAX_CHUNK];
        let mut expected = Vec::new();
        for round in 0..5_000_usize {
            for kind in kinds(round) {
                expected.push((begin(kind), round.to_le_bytes().to_vec(), end(kind)));
            }
            if round % 1_000 == 999 {
                expected.push((large.clone(), Vec::new(), Vec::new()));
                expected.push((Vec::new(), Vec::new(), large.clone()));
                expected.push((Vec::new(), Vec::new(), Vec::new()));
            }
        }
        for (begin, own, end) in &expected {
            append_with(&mut chunks, LIMIT, begin, own, end);
        }
        let all = chunks.all();
        let entries: Vec<Stored<'_>> = all.iter().flat_map(|chunk| chunk.entries()).collect();
        assert_eq!(entries.len(), expected.len());
        for (entry, (begin, own, end)) in entries.iter().zip(&expected) {
            assert_eq!(
                (entry.begin, entry.own, entry.end),
                (&begin[..], &own[..], &end[..])
            );
        }
        // Of a kind that comes again within a few others.
        let mut few = Chunks::new();
        for round in 0..4_000_usize {
            let kind = round % COMPARED;
            append_with(&mut few, LIMIT, &begin(kind), b"", &begin(kind));
        }
        assert_eq!(few.size(), MAX_CHUNK);
    }

    #[test]
    fn an_entry_may_be_larger_than_a_chunk_and_not_larger_than_all() {
        const LIMIT: usize = 64 << 10;
        let mut chunks = Chunks::new();
        append(&mut chunks, LIMIT, b"small");
        append(&mut chunks, LIMIT, &vec![1; LIMIT / 2]);
        assert_eq!(kept(&chunks).len(), 2);
        append(
            &mut chunks,
            LIMIT,
            &vec![2; LIMIT - HEAD - 2 * LENGTH - "beginend".len()],
        );
        assert_eq!(kept(&chunks).len(), 1);
        append(&mut chunks, LIMIT, &vec![3; LIMIT]);
        assert_eq!(kept(&chunks)[0][0], 2);
        append(&mut chunks, LIMIT, b"small");
        assert_eq!(kept(&chunks), [b"small"]);
    }

    #[test]
    fn a_reader_gets_each_entry_once_or_is_told_how_many_it_has_missed() {
        const LIMIT: usize = 64 << 10;
        let mut chunks = Chunks::new();
        append(&mut chunks, LIMIT, b"before");
        let mut place = chunks.end();
        assert!(chunks.next(&mut place).is_none());
        let (mut sent, mut seen, mut missed) = (0_u64, 0, 0);
        for round in 1..=60_u64 {
            // Some rounds are more than there is room for.
            for _ in 0..round * 40 {
                append(&mut chunks, LIMIT, &sent.to_le_bytes().repeat(8));
                sent += 1;
            }
            while let Some((entry, gone)) = chunks.next(&mut place) {
                missed += gone;
                let number = u64::from_le_bytes(entry.own[..8].try_into().expect("eight"));
                assert_eq!(number, seen + missed);
                seen += 1;
            }
            assert_eq!(seen + missed, sent);
        }
        assert!(missed > 0 && seen > missed);
        append(&mut chunks, LIMIT, b"one");
        chunks.clear();
        assert!(chunks.next(&mut place).is_none());
        append(&mut chunks, LIMIT, b"two");
        let next = chunks
            .next(&mut place)
            .map(|(entry, gone)| (entry.own.to_vec(), gone));
        assert_eq!(next, Some((b"two".to_vec(), 1)));
    }
}
