//! Collections: messages that rules keep, in memory, in SQLite, or on JetStream.
//!
//! A [`Collection`] is a log of messages of one type. Each has a position, which grows; with a key, the newest message of a
//! key takes the place of the one before, at a position of its own. A call writes by a [`Writer`], which queues, and waits
//! once, for all that it has written. Reads are in batches that are bounded in bytes and in work.
//!
//! Whatever is read has been checked against the type by which it is read, so its bytes always decode. Messages that do not
//! fit the type, because the proto has changed, are left out and stay where they are.
//!
//! | file | what it is |
//! |---|---|
//! | `collections` | where collections are kept |
//! | `declaration`, `declared`, `place` | what rules say of one, and where it then is |
//! | `collection`, `writer` | one of them, as a type sees it; what a call writes to it |
//! | `row_type`, `scalar` | the scalar fields of its messages, read from bytes |
//! | `query`, `relation`, `fold` | what is read, how it compares, and what is computed of it |
//! | `end`, `fault` | how a group of writes ended; why it could not be read or written |
//! | `memory`, `sqlite` | the engines |
//! | `jetstream` | streams that replicas share, of which an engine has a copy |

#[expect(clippy::module_inception, reason = "the type that the room is about")]
mod collection;
mod collections;
mod declaration;
mod declared;
#[cfg_attr(
    not(any(feature = "sqlite", feature = "nats")),
    expect(dead_code, reason = "in memory a write ends at once")
)]
mod end;
mod fault;
mod fold;
#[cfg(feature = "nats")]
mod jetstream;
mod memory;
mod place;
mod query;
mod relation;
mod row_type;
mod scalar;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;
mod writer;

pub(crate) use self::collection::Collection;
pub use self::collections::Collections;
pub(crate) use self::declaration::{Declaration, Durability, Retention};
pub(crate) use self::fault::Fault;
pub(crate) use self::fold::Fold;
pub(crate) use self::query::{Aggregate, Batch, Condition, Most, Order, Position, Query};
pub(crate) use self::relation::Relation;
pub(crate) use self::scalar::Scalar;
#[cfg(feature = "sqlite")]
pub use self::sqlite::{Archive, ArchiveWriter, ArchivedCollection, ArchivedMessage};
pub(crate) use self::writer::Writer;
