//! [`CallSummary`]: what the servers of a fleet tell of a call.

use std::time::{Duration, SystemTime};

use tonic::Code;

use crate::handler::code_name;

/// A call that a server of a fleet has answered: what [`Fleet::calls`](super::super::Fleet::calls) gives.
///
/// It has no headers, no messages, and not what its status says. Those are in the
/// [journal](crate::Server::journal) of its replica, for as long as that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallSummary {
    /// The name of the server that answered it.
    pub replica: String,
    /// Its number in the journal of that server. A server that is started again begins with 1.
    pub id: u64,
    /// The name of its method, `package.Service/Method`, or what the client sent in its place; up to 500 bytes of it.
    pub method: String,
    /// `grpc`, `grpc-web`, `connect` or `rest`.
    pub protocol: String,
    /// When it began, by the server's clock.
    pub start: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// What it ended with.
    pub code: Code,
    /// The rule that answered, up to 500 bytes of its name. `None` if none did.
    pub rule: Option<String>,
    /// Whether no rule and no handler answered it.
    pub is_unmatched: bool,
    /// How often that server had replaced its protos and rules before it.
    pub generation: u64,
    /// The session that it was of.
    pub session: Option<String>,
    /// How many messages came.
    pub request_count: u64,
    /// How many messages went.
    pub response_count: u64,
}

impl CallSummary {
    /// What it ended with, as gRPC names it: `OK`, `NOT_FOUND`.
    pub fn code_name(&self) -> &'static str {
        code_name(self.code)
    }
}
