//! [`Fronts`]: what stands in front of the handlers of a generation, for the calls of all, or for those of one session.

use crate::handler::{Attached, BoxHandler, Handlers};
use crate::schema::FastMap;
use crate::session::{Session, SessionId};

/// What stands in front of handlers.
#[derive(Debug, Default)]
pub(crate) struct Fronts {
    /// For all calls.
    pub(crate) of_all: Handlers,
    /// For the calls of one session, in front of that.
    pub(crate) of_sessions: Vec<(SessionId, Handlers)>,
}

/// What answers a method for the calls of sessions, by the numbers of those.
#[derive(Default)]
pub(super) struct OfSessions(FastMap<u64, BoxHandler>);

impl OfSessions {
    pub(super) fn insert(&mut self, session: &SessionId, handler: BoxHandler) {
        self.0.insert(session.number(), handler);
    }

    /// What answers calls of this session, if that is not what answers all others.
    pub(super) fn get(&self, session: &Session) -> Option<&BoxHandler> {
        self.0.get(&session.id().number())
    }
}

/// What the handlers of a session have brought along.
#[derive(Debug, Clone)]
pub(super) struct AttachedOfSession {
    pub(super) session: SessionId,
    pub(super) attached: Vec<Attached>,
}
