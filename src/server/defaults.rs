//! The limits of a server that sets none.

use std::time::Duration;

use super::builder::ServerBuilder;
use crate::message::{DEFAULT_MAX_ELEMENTS, MAX_DEPTH};

impl ServerBuilder {
    /// The default of [`max_receive_size`](Self::max_receive_size): 4 MiB.
    pub const DEFAULT_MAX_RECEIVE_SIZE: usize = 4 << 20;
    /// The default of [`max_send_size`](Self::max_send_size): 4 GiB, the most that a gRPC frame can hold.
    pub const DEFAULT_MAX_SEND_SIZE: usize = u32::MAX as usize;
    /// The default of [`max_elements`](Self::max_elements): 1,048,576.
    pub const DEFAULT_MAX_ELEMENTS: u32 = DEFAULT_MAX_ELEMENTS;
    /// The default of [`max_depth`](Self::max_depth), and the most that it can be: 100.
    pub const DEFAULT_MAX_DEPTH: u32 = MAX_DEPTH;
    /// The default of [`max_message_memory`](Self::max_message_memory): 64 MiB.
    pub const DEFAULT_MAX_MESSAGE_MEMORY: usize = 64 << 20;
    /// The default of [`max_call_memory`](Self::max_call_memory): 64 MiB.
    pub const DEFAULT_MAX_CALL_MEMORY: usize = 64 << 20;
    /// The default of [`max_calls`](Self::max_calls): 10,000.
    pub const DEFAULT_MAX_CALLS: usize = 10_000;
    /// The default of [`drain_timeout`](Self::drain_timeout): 10 s.
    pub const DEFAULT_DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

    /// The default of [`max_validation_cost`](Self::max_validation_cost): 1,000,000.
    #[cfg(feature = "validate")]
    pub const DEFAULT_MAX_VALIDATION_COST: u64 = 1_000_000;
}
