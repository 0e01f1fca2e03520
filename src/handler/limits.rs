//! What one message, and one call, may cost.

use crate::message::Bounds;

/// What one message, and one call, may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallLimits {
    /// The largest message taken, in bytes, decompressed.
    pub(crate) max_receive_size: usize,
    /// The largest message sent, in bytes, before compression.
    pub(crate) max_send_size: usize,
    /// What one call may hold in memory, in bytes: messages that are not whole yet, are decompressed, or are kept.
    pub(crate) max_memory: usize,
    /// How much a message may hold.
    pub(crate) bounds: Bounds,
}
