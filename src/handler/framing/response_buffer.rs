//! What a handler has written and the response body has not taken yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tonic::metadata::MetadataMap;

/// Headers and frames on their way from the handler to the response body. Clones share them.
#[derive(Debug, Clone, Default)]
pub(in crate::handler) struct ResponseBuffer {
    contents: Arc<Mutex<Contents>>,
}

#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) headers: Option<MetadataMap>,
    pub(super) frames: Vec<u8>,
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

    /// The frames written since the last call; empty if there are none.
    pub(in crate::handler) fn take_frames(&self) -> Bytes {
        std::mem::take(&mut self.lock().frames).into()
    }
}
