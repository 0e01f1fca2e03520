//! What is told of a call in its span.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tonic::Code;

use super::ids::TraceIds;

/// A call that has ended, for whoever sends spans.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) ids: TraceIds,
    pub(crate) state: Box<str>,
    pub(crate) start: SystemTime,
    pub(crate) duration: Duration,
    /// The number of the call.
    pub(crate) call: u64,
    /// What was asked for: the name of its method, if there is one.
    pub(crate) method: Box<str>,
    pub(crate) is_known_method: bool,
    pub(crate) protocol: &'static str,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) rule: Option<Arc<str>>,
    pub(crate) code: Code,
    /// The message of its status.
    pub(crate) message: Box<str>,
}
