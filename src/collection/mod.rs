//! Collections: messages that rules keep, in memory or in SQLite.
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
//! | `declaration`, `declared` | what rules say of one, and where it then is |
//! | `collection`, `writer` | one of them, as a type sees it; what a call writes to it |
//! | `row_type`, `scalar` | the scalar fields of its messages, read from bytes |
//! | `query`, `relation`, `fold` | what is read, how it compares, and what is computed of it |
//! | `fault` | why it could not be read or written |
//! | `memory`, `sqlite` | the engines |

#[expect(clippy::module_inception, reason = "the type that the room is about")]
mod collection;
mod collections;
mod declaration;
mod declared;
mod fault;
mod fold;
mod memory;
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
pub(crate) use self::query::{Aggregate, Batch, Condition, Most, Order, Position, Query};
pub(crate) use self::relation::Relation;
pub(crate) use self::scalar::Scalar;
#[cfg(feature = "sqlite")]
pub use self::sqlite::{Archive, ArchivedCollection, ArchivedMessage};
pub(crate) use self::writer::Writer;
