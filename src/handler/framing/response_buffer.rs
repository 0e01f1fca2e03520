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
    pub(super) headers: ResponseHeaders,
    pub(super) frames: Vec<u8>,
    /// The room of `frames`, if they are large.
    pub(super) room: Room,
    /// Whether the handler has taken out the frames, and the headers that are not due, and will put them back.
    pub(super) are_out: bool,
    /// How many messages the handler has sent.
    pub(super) sent: u64,
    pub(super) unsent: Option<Box<Unsent>>,
}

/// The headers of a response.
#[derive(Debug)]
pub(super) enum ResponseHeaders {
    /// The handler may still change them.
    NotDue(MetadataMap),
    /// The response begins with them.
    Due(MetadataMap),
    /// The response has begun.
    Sent,
}

impl Default for ResponseHeaders {
    fn default() -> Self {
        Self::NotDue(MetadataMap::new())
    }
}

impl ResponseHeaders {
    /// Takes those that are not due yet. `None` if they are.
    pub(super) fn take_not_due(&mut self) -> Option<MetadataMap> {
        match self {
            Self::NotDue(headers) => Some(std::mem::take(headers)),
            Self::Due(_) | Self::Sent => None,
        }
    }

    /// The response begins with those that are not due yet.
    pub(super) fn are_due(&mut self) {
        if let Some(headers) = self.take_not_due() {
            *self = Self::Due(headers);
        }
    }
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
        let headers = &mut self.lock().headers;
        match headers {
            ResponseHeaders::Due(due) => {
                let due = std::mem::take(due);
                *headers = ResponseHeaders::Sent;
                Some(due)
            }
            ResponseHeaders::NotDue(_) | ResponseHeaders::Sent => None,
        }
    }

    /// What the handler left behind, after it was dropped.
    pub(in crate::handler) fn take_unsent(&self) -> Unsent {
        self.lock()
            .unsent
            .take()
            .map(|unsent| *unsent)
            .unwrap_or_default()
    }

    /// The frames written since the last call; empty if there are none. And how many messages the handler has sent so far.
    pub(in crate::handler) fn take_frames(&self) -> (Bytes, u64) {
        let mut contents = self.lock();
        let frames = std::mem::take(&mut contents.frames);
        let sent = contents.sent;
        if contents.room.is_none() {
            return (frames.into(), sent);
        }
        (std::mem::take(&mut contents.room).around(frames), sent)
    }
}
