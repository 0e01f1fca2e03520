//! One collection, as the type of a declaration sees it.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::futures::OwnedNotified;

use super::declared::Declared;
use super::fault::{Fault, FaultKind};
use super::fold::Fold;
use super::place::Place;
use super::query::{Aggregate, Batch, Extent, Most, Position, Query};
use super::scalar::Scalar;
#[cfg(feature = "sqlite")]
use super::sqlite::Computed;
use super::writer::Writer;

/// So many messages in memory are looked through at once.
const SHORT: usize = 512;

/// A collection. Cheap to clone.
///
/// What reads may take some milliseconds: it is called in a [lane](crate::handler), or where nothing else is served. What
/// is [at hand](Self::is_at_hand), or [short](Self::is_short), is read anywhere.
#[derive(Debug, Clone)]
pub(crate) struct Collection(Arc<Declared>);

impl Collection {
    pub(super) fn new(declared: Declared) -> Self {
        Self(Arc::new(declared))
    }

    /// Whether who reads must [catch up](Self::caught_up) first.
    pub(crate) fn is_shared(&self) -> bool {
        #[cfg(feature = "nats")]
        if self.0.stream.is_some() {
            return true;
        }
        false
    }

    /// Whether a message is found by its key without waiting for a disk or another server.
    pub(crate) fn is_at_hand(&self) -> bool {
        !self.is_shared() && matches!(self.0.place, Place::Memory(_))
    }

    /// Whether it is at hand, and so short that reading all of it takes no longer than other steps do.
    pub(crate) fn is_short(&self) -> bool {
        match &self.0.place {
            Place::Memory(rows) => !self.is_shared() && rows.len() <= SHORT,
            #[cfg(feature = "sqlite")]
            Place::File(_) => false,
        }
    }

    /// Waits until reads find all that was stored before this was called, on whatever replica. Where replicas share nothing, they do.
    #[cfg_attr(
        not(feature = "nats"),
        expect(clippy::unused_async, reason = "an engine that is shared waits")
    )]
    pub(crate) async fn caught_up(&self) -> Result<(), Fault> {
        #[cfg(feature = "nats")]
        if let Some(stream) = &self.0.stream {
            return stream.caught_up().await.map_err(|kind| self.fault(kind));
        }
        Ok(())
    }

    /// Whether it is the other one, and of the same declaration.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What writes to it, for one call.
    pub(crate) fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.0))
    }

    /// The message of a key.
    pub(crate) fn get(&self, key: &Scalar<'_>) -> Result<Option<Bytes>, Fault> {
        let Some(key) = key.clone().into_owned().into_key() else {
            return Ok(None);
        };
        match &self.0.place {
            Place::Memory(rows) => Ok(rows.get(&key, &self.0.row_type)),
            #[cfg(feature = "sqlite")]
            Place::File(file) => {
                let got = file.get(&key, &self.0.row_type, self.0.durability);
                got.map_err(|kind| self.fault(kind))
            }
        }
    }

    /// Some of the messages that a query finds, in its order, from the one behind `after` on.
    pub(crate) fn read(&self, query: &Query, after: Option<Position>, most: Most) -> Result<Batch, Fault> {
        match &self.0.place {
            Place::Memory(rows) => Ok(rows.read(query, after, most, &self.0.row_type)),
            #[cfg(feature = "sqlite")]
            Place::File(file) => {
                let read = file.read(query, after, most, &self.0.row_type, self.0.durability);
                read.map_err(|kind| self.fault(kind))
            }
        }
    }

    /// Computes something of all messages that a query finds. `None` if there are none of which it could be.
    pub(crate) fn aggregate(&self, query: &Query, what: Aggregate) -> Result<Option<Scalar<'static>>, Fault> {
        #[cfg(feature = "sqlite")]
        if let Place::File(file) = &self.0.place {
            let computed = file.aggregate(query, what, &self.0.row_type, self.0.durability);
            if let Computed::Is(computed) = computed.map_err(|kind| self.fault(kind))? {
                return Ok(computed);
            }
        }
        match (&self.0.place, what) {
            (Place::Memory(rows), Aggregate::Count) if query.conditions.is_empty() => {
                let count = rows.count(&self.0.row_type);
                Ok(Some(Scalar::Int(count.cast_signed())))
            }
            _ => self.fold(query, what),
        }
    }

    /// How many messages there are, if nothing has to be looked at for that.
    pub(crate) fn counted(&self) -> Option<u64> {
        match &self.0.place {
            Place::Memory(rows) if !self.is_shared() => rows.counted(&self.0.row_type),
            _ => None,
        }
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::new(&self.0.name, kind)
    }

    /// Computes it of the messages themselves, in batches.
    fn fold(&self, query: &Query, what: Aggregate) -> Result<Option<Scalar<'static>>, Fault> {
        let row_type = &self.0.row_type;
        let field = match what {
            Aggregate::Count => None,
            Aggregate::Sum(number)
            | Aggregate::Average(number)
            | Aggregate::Least(number)
            | Aggregate::Greatest(number) => row_type.field(number),
        };
        let mut fold = Fold::new(what, field.map(|field| &row_type.fields[field].default));
        let (mut after, mut row) = (None, row_type.row());
        loop {
            let batch = self.read(query, after, Most::default())?;
            for (_, bytes) in &batch.rows {
                match field {
                    None => fold.count(),
                    Some(field) if row_type.fits(bytes, &mut row) => {
                        fold.add(row_type.value(field, &row, bytes));
                    }
                    Some(_) => {}
                }
            }
            after = batch.seen.or(after);
            if batch.is_end {
                break;
            }
        }
        self.folded(fold)
    }

    /// What was computed of its messages.
    ///
    /// Fails if it is a sum that its field cannot have.
    pub(crate) fn folded(&self, fold: Fold) -> Result<Option<Scalar<'static>>, Fault> {
        fold.end().map_err(|_| self.fault(FaultKind::Overflow))
    }

    /// How much is in it.
    pub(crate) fn extent(&self) -> Result<Extent, Fault> {
        match &self.0.place {
            Place::Memory(rows) => Ok(rows.extent()),
            #[cfg(feature = "sqlite")]
            Place::File(file) => {
                let extent = file.extent(self.0.durability);
                extent.map_err(|kind| self.fault(kind))
            }
        }
    }

    /// What keeps it, in one word for people.
    pub(crate) fn engine(&self) -> &'static str {
        if self.is_shared() {
            return "jetstream";
        }
        match &self.0.place {
            Place::Memory(_) => "memory",
            #[cfg(feature = "sqlite")]
            Place::File(_) => "sqlite",
        }
    }

    /// The file that has it, or a copy of it. `None` if none does.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.0.place {
            Place::Memory(_) => None,
            #[cfg(feature = "sqlite")]
            Place::File(file) => Some(file.sqlite.path()),
        }
    }

    /// Is ready when something has been written after this was called.
    pub(crate) fn added(&self) -> OwnedNotified {
        match &self.0.place {
            Place::Memory(rows) => rows.added(),
            #[cfg(feature = "sqlite")]
            Place::File(file) => file.kept.added(),
        }
    }
}
