//! [`SchemaIndex`]: finds files and messages by name, without a descriptor pool.

use std::collections::HashSet;
use std::sync::Arc;

use super::tables::Tables;

/// The names of a schema.
#[derive(Debug)]
pub(crate) struct SchemaIndex {
    files: HashSet<Box<str>>,
    messages: HashSet<Arc<str>>,
}

impl SchemaIndex {
    pub(super) fn new(tables: &Tables) -> Self {
        let files = tables.files.iter();
        let names = tables.links.iter().flat_map(|links| &links.definitions.names);
        let messages = names.filter(|(_, kind)| kind.is_message());
        Self {
            files: files.map(|file| file.name.as_str().into()).collect(),
            messages: messages.map(|(name, _)| Arc::clone(name)).collect(),
        }
    }

    /// Whether there is a file of this name.
    pub(crate) fn has_file(&self, name: &str) -> bool {
        self.files.contains(name)
    }

    /// Whether there is a message of this full name.
    pub(crate) fn has_message(&self, name: &str) -> bool {
        self.messages.contains(name)
    }
}
