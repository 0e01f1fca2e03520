//! [`JournalStats`]: how much a journal holds.

/// How much a [`Journal`](crate::Journal) holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalStats {
    /// How many calls that have ended it holds.
    pub kept: u64,
    /// How many calls have ended in all, those that are gone included.
    pub recorded: u64,
    /// How many calls are gone because newer ones needed their room.
    pub evicted: u64,
    /// How many bytes those take that it holds, calls in flight included.
    pub bytes: usize,
}
