//! What the outer edge of a server's layers and its dispatcher know of each other.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use crate::handler::{CallRecord, Expiry, Peer};

/// What passes by the layers of a request.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// The client, on protod's own transport.
    pub(super) peer: Option<Peer>,
    /// Whether the client has ended the request, and all of it was read.
    pub(super) request_ended: Arc<AtomicBool>,
    /// When the call must end, once it has begun.
    pub(super) expiry: OnceLock<Option<Expiry>>,
    /// What is noted of the call, if anybody observes it.
    pub(super) record: Option<Arc<CallRecord>>,
    /// Whether it is a call by REST.
    pub(super) is_rest: bool,
}
