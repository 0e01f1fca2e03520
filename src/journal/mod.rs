//! The calls of a server, kept in bounded memory: what came, what went, and why.
//!
//! A call is recorded while it runs, and written to the journal at its end, as one run of bytes. Readers make a
//! [`RecordedCall`] of it. What a client sends is bounded on each way: the first messages of a call, so many bytes of its
//! headers, so many bytes in all.

mod call;
mod chunks;
mod details;
mod entry;
mod events;
mod log;
mod options;
mod reader;
mod recording;
mod redaction;
mod stats;

pub use self::call::{RecordedCall, RecordedMessage};
pub(crate) use self::entry::{Counts, EntryBytes, Facts, PeerFact};
pub use self::events::Direction;
pub(crate) use self::events::Headers;
pub(crate) use self::log::{Log, Snapshot, Watch};
pub use self::options::JournalOptions;
pub(crate) use self::reader::Reader;
pub(crate) use self::recording::Recording;
pub(crate) use self::redaction::Redaction;
pub use self::stats::JournalStats;
