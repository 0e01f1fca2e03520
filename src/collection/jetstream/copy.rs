//! The copy that a replica has of a stream, in the engine that it keeps collections in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use super::chunk::Chunk;
use super::progress::Applied;
#[cfg(feature = "sqlite")]
use crate::collection::declaration::Durability;
use crate::collection::fault::FaultKind;
use crate::collection::place::Place;
use crate::collection::query::Extent;
use crate::collection::row_type::RowType;

/// The copy of a stream. All that it does may wait for a disk.
#[derive(Debug)]
pub(super) struct LocalCopy {
    /// `None` when it is closed.
    place: RwLock<Option<Place>>,
    /// The type by which keys are read. Held while chunks are applied.
    row_type: Mutex<Arc<RowType>>,
}

impl LocalCopy {
    pub(super) fn new(place: Place, row_type: &Arc<RowType>) -> Self {
        Self {
            place: RwLock::new(Some(place)),
            row_type: Mutex::new(Arc::clone(row_type)),
        }
    }

    /// Lets go of the engine, when what is being done has ended. Tasks that have not ended yet do nothing any more.
    pub(super) fn close(&self) {
        *self.place.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn place(&self) -> RwLockReadGuard<'_, Option<Place>> {
        self.place.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The type by which keys are read, to put another in its place. No chunk is applied before this is dropped.
    pub(super) fn row_type(&self) -> MutexGuard<'_, Arc<RowType>> {
        self.row_type.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what chunks say, all or nothing.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(unused_variables, reason = "in memory nothing is noted")
    )]
    pub(super) fn apply(&self, chunks: Vec<Chunk>, applied: &Applied) -> Result<(), FaultKind> {
        let row_type = self.row_type();
        match &*self.place() {
            Some(Place::Memory(rows)) => {
                rows.apply(&chunks, &row_type);
                Ok(())
            }
            #[cfg(feature = "sqlite")]
            Some(Place::File(file)) => file.apply(chunks, applied.clone()),
            None => Err(FaultKind::Unavailable),
        }
    }

    /// Takes away what stands before a position.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(unused_variables, reason = "in memory nothing is noted")
    )]
    pub(super) fn forget_before(&self, position: u64, applied: &Applied) -> Result<(), FaultKind> {
        match &*self.place() {
            Some(Place::Memory(rows)) => {
                rows.forget_before(position);
                Ok(())
            }
            #[cfg(feature = "sqlite")]
            Some(Place::File(file)) => file.forget_before(position, applied.clone()),
            None => Err(FaultKind::Unavailable),
        }
    }

    /// Which of these positions have a message.
    pub(super) fn holds(&self, positions: Vec<u64>) -> Result<Vec<bool>, FaultKind> {
        match &*self.place() {
            Some(Place::Memory(rows)) => Ok(rows.holds(&positions)),
            #[cfg(feature = "sqlite")]
            Some(Place::File(file)) => file.holds(positions),
            None => Err(FaultKind::Unavailable),
        }
    }

    /// How much there is.
    pub(super) fn extent(&self) -> Result<Extent, FaultKind> {
        match &*self.place() {
            Some(Place::Memory(rows)) => Ok(rows.extent()),
            #[cfg(feature = "sqlite")]
            Some(Place::File(file)) => file.extent(Durability::Flush),
            None => Err(FaultKind::Unavailable),
        }
    }

    /// The position of the oldest message, and when it was written, in milliseconds since 1970.
    pub(super) fn oldest(&self) -> Result<Option<(u64, u64)>, FaultKind> {
        match &*self.place() {
            Some(Place::Memory(rows)) => Ok(rows.oldest()),
            #[cfg(feature = "sqlite")]
            Some(Place::File(file)) => file.oldest(),
            None => Err(FaultKind::Unavailable),
        }
    }

    /// Whether a message may be written. A disk says so when it is.
    pub(super) fn has_room(&self, message: &[u8]) -> bool {
        let rows = match &*self.place() {
            Some(Place::Memory(rows)) if rows.has_room(message.len()) => return true,
            Some(Place::Memory(rows)) => Arc::clone(rows),
            #[cfg(feature = "sqlite")]
            Some(Place::File(_)) => return true,
            None => return false,
        };
        let row_type = Arc::clone(&self.row_type());
        rows.has_room_in_place(message, &row_type)
    }
}
