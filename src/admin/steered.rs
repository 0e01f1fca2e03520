//! [`Steered`]: the server that is seen and steered.

use std::time::SystemTime;

use serde_json::Value;
use tonic::Status;

use super::counter::Counter;
use super::invocations::Invocations;
#[cfg(feature = "nats")]
use crate::fleet::Fleet;
use crate::live::ReloadTrigger;
use crate::message::Typed;
use crate::server::Server;

/// The server that is seen and steered.
#[derive(Debug)]
pub(super) struct Steered {
    pub(super) server: Server,
    /// What makes its reloads. `None` if nothing does.
    pub(super) reloads: Option<ReloadTrigger>,
    /// The servers that it is one of. `None` if it is alone.
    #[cfg(feature = "nats")]
    pub(super) fleet: Option<Fleet>,
    pub(super) started: SystemTime,
    /// What is counted elsewhere.
    pub(super) counters: Vec<Counter>,
    /// The calls of `Invoke` that take more requests.
    pub(super) invocations: Invocations,
}

/// What a method answers: the JSON of its message.
pub(super) type Answer = Result<Typed<Value>, Status>;
