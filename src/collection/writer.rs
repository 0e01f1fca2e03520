//! What one call writes to a collection.

use std::sync::Arc;

use super::declaration::Durability;
use super::declared::Declared;
use super::end::End;
use super::fault::{Fault, FaultKind};
use super::place::Place;
use super::row_type::Row;
use super::scalar::Scalar;
#[cfg(feature = "sqlite")]
use super::sqlite::{InFile, Queued, To};

/// Writes to a collection for one call, and knows when all of it is stored.
///
/// Writes are done in their order. After one that failed, the others of the call fail too: what is kept of a call is a prefix.
#[derive(Debug)]
pub(crate) struct Writer {
    to: Arc<Declared>,
    row: Row,
    /// The end of the group in which the last write is. Those before it have ended well if this does. `None` in memory.
    last: Option<Arc<End>>,
    /// Whether so much waited with its last write that it should wait.
    #[cfg(feature = "sqlite")]
    is_full: bool,
}

impl Writer {
    pub(super) fn new(to: Arc<Declared>) -> Self {
        Self {
            row: to.row_type.row(),
            to,
            last: None,
            #[cfg(feature = "sqlite")]
            is_full: false,
        }
    }

    /// Writes a message, which has passed the check of its type. In a collection with a key it takes the place of the message
    /// that has the same.
    pub(crate) fn put(&mut self, message: &[u8]) -> Result<(), Fault> {
        #[cfg(feature = "nats")]
        if let Some(stream) = &self.to.stream {
            let queued = stream.put(message, self.last.as_ref());
            return self.queued(queued);
        }
        match &self.to.place {
            Place::Memory(rows) => {
                let row_type = &self.to.row_type;
                let key = row_type.key_if_fits(&mut self.row, message);
                rows.put(key, message, row_type)
                    .map_err(|()| self.fault(FaultKind::Full))
            }
            #[cfg(feature = "sqlite")]
            Place::File(file) => {
                let queued = file.sqlite.queue.put(&self.to(file), message);
                self.queued_in_file(queued)
            }
        }
    }

    /// Takes away the message of a key, if there is one.
    pub(crate) fn delete(&mut self, key: &Scalar<'_>) -> Result<(), Fault> {
        let Some(key) = key.clone().into_owned().into_key() else {
            return Ok(());
        };
        #[cfg(feature = "nats")]
        if let Some(stream) = &self.to.stream {
            let queued = stream.delete(key, self.last.as_ref());
            return self.queued(queued);
        }
        match &self.to.place {
            Place::Memory(rows) => {
                rows.delete(&key);
                Ok(())
            }
            #[cfg(feature = "sqlite")]
            Place::File(file) => {
                let queued = file.sqlite.queue.delete(&self.to(file), key);
                self.queued_in_file(queued)
            }
        }
    }

    /// Takes away all messages.
    pub(crate) fn clear(&mut self) -> Result<(), Fault> {
        #[cfg(feature = "nats")]
        if let Some(stream) = &self.to.stream {
            let queued = stream.clear(self.last.as_ref());
            return self.queued(queued);
        }
        match &self.to.place {
            Place::Memory(rows) => {
                rows.clear();
                Ok(())
            }
            #[cfg(feature = "sqlite")]
            Place::File(file) => {
                let queued = file.sqlite.queue.clear(&self.to(file));
                self.queued_in_file(queued)
            }
        }
    }

    /// Whether so much waits to be written that who writes more should wait for [`room`](Self::room).
    pub(crate) fn is_full(&self) -> bool {
        #[cfg(feature = "nats")]
        if let Some(stream) = &self.to.stream {
            return stream.is_full();
        }
        match &self.to.place {
            Place::Memory(_) => false,
            #[cfg(feature = "sqlite")]
            Place::File(_) => self.is_full,
        }
    }

    /// Waits until there is room for more that waits to be written.
    #[cfg_attr(
        not(any(feature = "sqlite", feature = "nats")),
        expect(clippy::unused_async, reason = "an engine with a queue waits")
    )]
    pub(crate) async fn room(&self) {
        #[cfg(feature = "nats")]
        if let Some(stream) = &self.to.stream {
            return stream.room().await;
        }
        match &self.to.place {
            Place::Memory(_) => {}
            #[cfg(feature = "sqlite")]
            Place::File(file) => file.sqlite.queue.room().await,
        }
    }

    /// Whether something was written of which it is not known whether it is stored, and should be.
    pub(crate) fn has_uncommitted(&self) -> bool {
        self.last.is_some() && self.to.durability != Durability::Memory
    }

    /// Waits until all that was written is stored as the durability of the collection says. Who reads then reads it.
    pub(crate) async fn committed(&mut self) -> Result<(), Fault> {
        if let Some(last) = &self.last {
            let outcome = if self.to.durability == Durability::Memory {
                last.outcome()
            } else {
                Some(last.reached().await)
            };
            match outcome {
                None => {}
                Some(Ok(())) => self.last = None,
                Some(Err(kind)) => return Err(self.fault(kind)),
            }
        }
        Ok(())
    }

    #[cfg(feature = "sqlite")]
    fn to<'w>(&'w self, file: &'w InFile) -> To<'w> {
        To {
            kept: &file.kept,
            durability: self.to.durability,
            last: self.last.as_ref(),
        }
    }

    #[cfg(feature = "sqlite")]
    fn queued_in_file(&mut self, queued: Result<Queued, FaultKind>) -> Result<(), Fault> {
        let queued = queued.map_err(|kind| self.fault(kind))?;
        if queued.end.is_some() {
            self.last = queued.end;
        }
        self.is_full = queued.is_full;
        Ok(())
    }

    #[cfg(feature = "nats")]
    fn queued(&mut self, end: Result<Arc<End>, FaultKind>) -> Result<(), Fault> {
        self.last = Some(end.map_err(|kind| self.fault(kind))?);
        Ok(())
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::new(&self.to.name, kind)
    }
}
