//! What one message, and one call, may cost.

use crate::message::Bounds;

/// What one message, and one call, may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallLimits {
    /// The largest message taken, in bytes, decompressed.
    pub(crate) max_receive_size: usize,
    /// The largest message sent, in bytes, before compression.
    pub(crate) max_send_size: usize,
    /// What one call may hold in memory, in bytes: messages that are incomplete, decompressed, or kept.
    pub(crate) max_memory: usize,
    /// How many values a message may hold, and how deep it may be nested.
    pub(crate) bounds: Bounds,
}
