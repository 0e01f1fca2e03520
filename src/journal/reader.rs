//! What entries are read with: the methods of the schema that is served now, and what of messages is not to be seen.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::events::Direction;
use super::redaction::{Redaction, Redactor};
use crate::schema::{Method, Schema};

type FindMethod = dyn Fn(&str) -> Option<Arc<Method>> + Send + Sync;

/// Reads entries.
pub(crate) struct Reader {
    schema: Schema,
    find: Box<FindMethod>,
    redaction: Arc<Redaction>,
    redactor: Redactor,
}

impl Reader {
    /// Reads what a server without a journal tells of its calls: no messages and no headers. `find` gives the method of a
    /// name.
    pub(crate) fn without_journal(
        schema: Schema,
        find: impl Fn(&str) -> Option<Arc<Method>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self::new(&Arc::new(Redaction::new(&[])), schema, find))
    }

    /// `find` gives the method of a name.
    pub(super) fn new(
        redaction: &Arc<Redaction>,
        schema: Schema,
        find: impl Fn(&str) -> Option<Arc<Method>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            schema,
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

    /// The bytes of a message of a type of the schema, without what is not to be seen. `None` if nothing of it is hidden, or there is no
    /// such type.
    pub(super) fn redacted_of(&self, name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        let message = self.schema.pool().get_message_by_name(name)?;
        let redacted = self.redactor.redact(&self.redaction, &message, bytes);
        redacted.unwrap_or_else(|_| Some(Vec::new()))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
