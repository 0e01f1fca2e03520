//! What entries are read with: the methods of the schema that is served now, and what of messages is not to be seen.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::events::Direction;
use super::redaction::{Redaction, Redactor};
use crate::schema::Method;

type FindMethod = dyn Fn(&str) -> Option<Arc<Method>> + Send + Sync;

/// Reads entries.
pub(crate) struct Reader {
    find: Box<FindMethod>,
    redaction: Arc<Redaction>,
    redactor: Redactor,
}

impl Reader {
    /// Reads what a server without a journal tells of its calls: no messages and no headers. `find` gives the method of a
    /// name.
    pub(crate) fn without_journal(
        find: impl Fn(&str) -> Option<Arc<Method>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self::new(&Arc::new(Redaction::new(&[])), find))
    }

    /// `find` gives the method of a name.
    pub(super) fn new(
        redaction: &Arc<Redaction>,
        find: impl Fn(&str) -> Option<Arc<Method>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            find: Box::new(find),
            redaction: Arc::clone(redaction),
            redactor: Redactor::default(),
        }
    }

    pub(super) fn method(&self, name: &str) -> Option<Arc<Method>> {
        (self.find)(name)
    }

    /// The bytes of a message of a method, without what is not to be seen. `None` if that cannot be told.
    pub(super) fn redacted(
        &self,
        method: Option<&Method>,
        direction: Direction,
        bytes: Bytes,
    ) -> Option<Bytes> {
        let method = method?;
        let message = match direction {
            Direction::Request => method.input(),
            Direction::Response => method.output(),
        };
        match self.redactor.redact(&self.redaction, message, &bytes) {
            Ok(None) => Some(bytes),
            Ok(Some(redacted)) => Some(redacted.into()),
            Err(_) => None,
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
