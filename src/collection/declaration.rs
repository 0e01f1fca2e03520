//! What rules say of a collection.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost_reflect::MessageDescriptor;

/// A collection, as rules declare it.
#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    /// Letters, digits and underscores; it is a table's name, too.
    pub(crate) name: Arc<str>,
    /// The type of its messages.
    pub(crate) message: MessageDescriptor,
    /// The number of the field that is the key: a singular field that is no message and no floating-point number.
    pub(crate) key: Option<u32>,
    pub(crate) keep: Retention,
    pub(crate) durability: Durability,
}

impl Declaration {
    /// Logs how many of the messages there are do not fit the type, if any.
    pub(super) fn report_misfits(&self, misfits: u64, of: u64) {
        if misfits > 0 {
            let (collection, message) = (&*self.name, self.message.full_name());
            tracing::warn!(
                "the collection {collection}: {misfits} of {of} messages do not fit {message}: they are kept, and not read"
            );
        }
    }
}

/// How much is kept; the oldest messages go. What is `None` has no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Retention {
    /// So many messages.
    pub(crate) count: Option<u64>,
    /// So many bytes of messages, as they came.
    pub(crate) size: Option<u64>,
    /// Those that are no older.
    pub(crate) age: Option<Duration>,
}

impl Retention {
    /// Whether so much is too much.
    pub(super) fn is_exceeded(&self, count: u64, size: u64) -> bool {
        self.count.is_some_and(|most| count > most) || self.size.is_some_and(|most| size > most)
    }

    /// The moment before which messages are too old, in milliseconds since 1970.
    pub(super) fn cutoff(&self, now: u64) -> u64 {
        self.age.map_or(0, |age| {
            now.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
        })
    }
}

/// What must have happened to a message before its client is told that it is stored. In memory all are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Durability {
    /// Nothing: it is written soon. The end of the process may lose it.
    Memory,
    /// The operating system has it: the end of the process loses nothing, that of the machine may.
    Flush,
    /// It is on the disk.
    #[default]
    Fsync,
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
