//! What a handler has written and the response body has not taken yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tonic::metadata::MetadataMap;

use crate::handler::room::Room;

/// Headers and frames on their way from the handler to the response body, and what a handler leaves behind that did not end.
/// Clones share them.
#[derive(Debug, Clone, Default)]
pub(in crate::handler) struct ResponseBuffer {
    contents: Arc<Mutex<Contents>>,
}

#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) headers: Option<MetadataMap>,
    pub(super) frames: Vec<u8>,
    /// The room of `frames`, if they are large.
    pub(super) room: Room,
    pub(super) unsent: Option<Box<Unsent>>,
}

/// The metadata that a handler set, and had not sent when it was dropped.
#[derive(Debug, Default)]
pub(in crate::handler) struct Unsent {
    /// `None` if they were sent.
    pub(in crate::handler) headers: Option<MetadataMap>,
    /// Whether there are headers that must go before the trailers even without a message.
    pub(in crate::handler) sets_headers: bool,
    pub(in crate::handler) trailers: MetadataMap,
}

impl ResponseBuffer {
    pub(super) fn lock(&self) -> MutexGuard<'_, Contents> {
        // A handler that panicked has ended, and everything it wrote before is whole frames.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The headers, once they are due.
    pub(in crate::handler) fn take_headers(&self) -> Option<MetadataMap> {
        self.lock().headers.take()
    }

    /// What the handler left behind, after it was dropped.
    pub(in crate::handler) fn take_unsent(&self) -> Unsent {
        self.lock()
            .unsent
            .take()
            .map(|unsent| *unsent)
            .unwrap_or_default()
    }

    /// The frames written since the last call; empty if there are none.
    pub(in crate::handler) fn take_frames(&self) -> Bytes {
        let mut contents = self.lock();
        let frames = std::mem::take(&mut contents.frames);
        if contents.room.is_none() {
            return frames.into();
        }
        std::mem::take(&mut contents.room).around(frames)
    }
}
