//! The layouts of all message types of a schema, and the tables of those that types of Rust or JSON are read from.
//!
//! They refer to one another by [`LayoutId`].

use std::collections::HashMap;
use std::sync::OnceLock;

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};

use super::fields::Fields;
use super::json_fields::JsonFields;
use super::layout::{Layout, LayoutId};

/// The layouts of all message types of one schema.
#[derive(Debug, Default)]
pub(crate) struct Layouts {
    list: Vec<Layout>,
    by_name: HashMap<Box<str>, LayoutId>,
    /// By the index of the layout. Made when first asked for, since most messages are read by nobody.
    fields: Box<[OnceLock<Fields>]>,
    /// The same, for messages that are JSON somewhere.
    json_fields: Box<[OnceLock<Box<JsonFields>>]>,
}

impl Layouts {
    /// Builds the layouts of every message in `pool`, map entries included.
    pub(crate) fn of_pool(pool: &DescriptorPool) -> Self {
        Self::of_messages(pool.all_messages().collect())
    }

    /// Builds the layouts of a message and of all that it refers to.
    pub(crate) fn of_message(message: &MessageDescriptor) -> Self {
        let mut found = vec![message.clone()];
        let mut names: std::collections::HashSet<String> = [message.full_name().to_owned()].into();
        let mut next = 0;
        while let Some(message) = found.get(next).cloned() {
            next += 1;
            let fields = message.fields().map(|field| field.kind());
            let extensions = message.extensions().map(|extension| extension.kind());
            for kind in fields.chain(extensions) {
                if let Kind::Message(inner) = kind
                    && names.insert(inner.full_name().to_owned())
                {
                    found.push(inner);
                }
            }
        }
        Self::of_messages(found)
    }

    /// Every message that one of them refers to must be among them.
    fn of_messages(messages: Vec<MessageDescriptor>) -> Self {
        let by_name: HashMap<Box<str>, LayoutId> = messages
            .iter()
            .zip(0..)
            .map(|(message, index)| (message.full_name().into(), LayoutId::new(index)))
            .collect();
        let layouts: Vec<Layout> = messages
            .into_iter()
            .map(|message| Layout::of_message(message, &by_name))
            .collect();
        Self {
            fields: layouts.iter().map(|_| OnceLock::new()).collect(),
            json_fields: layouts.iter().map(|_| OnceLock::new()).collect(),
            list: layouts,
            by_name,
        }
    }

    /// The layout with this id, which must come from the same table.
    #[inline]
    pub(crate) fn get(&self, id: LayoutId) -> &Layout {
        &self.list[id.index()]
    }

    /// Finds the layout of a message type by its full name. For load time.
    pub(crate) fn find(&self, full_name: &str) -> Option<LayoutId> {
        self.by_name.get(full_name).copied()
    }

    /// The fields, by name, of the message with this id.
    #[inline]
    pub(crate) fn fields(&self, id: LayoutId) -> &Fields {
        self.fields[id.index()].get_or_init(|| Fields::of(self.get(id), &self.by_name))
    }

    /// The fields, as JSON has them, of the message with this id.
    #[inline]
    pub(crate) fn json_fields(&self, id: LayoutId) -> &JsonFields {
        self.json_fields[id.index()].get_or_init(|| Box::new(JsonFields::of(self.get(id), &self.by_name)))
    }
}
