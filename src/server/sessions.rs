//! The sessions of a server: how many it takes, and where they are.

use super::builder::ServerBuilder;
use super::handle::Server;
use crate::session::Sessions;

impl ServerBuilder {
    /// The default of [`max_sessions`](Self::max_sessions): 1,000.
    pub const DEFAULT_MAX_SESSIONS: usize = 1000;

    /// [Sessions](Server::sessions) at a time; with so many, none can be made. With 0 there are no sessions, and what calls
    /// say of theirs means nothing. Default: 1,000.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }
}

impl Server {
    /// The sessions of the server, in which calls are kept apart, for tests that run in parallel.
    ///
    /// A call is of the session that its metadata `protod-session` names, or else the member `protod-session` of the W3C header
    /// `baggage`, which services pass on. If there is no such session, the call ends with `FAILED_PRECONDITION`: what it leaves
    /// behind is not to be seen by others.
    pub fn sessions(&self) -> &Sessions {
        &self.shared.sessions
    }
}
