//! ProtoJSON for people: two spaces of indent, fields by number, map keys sorted, as grpcurl lays it out.
//!
//! An `Any` whose type is unknown shows its bytes as `@value`, also as in grpcurl.

mod layout;

use std::cell::RefCell;
use std::collections::BTreeMap;

use prost_reflect::{DescriptorPool, DynamicMessage};

use self::layout::Layout;
use crate::message::{JsonStyle, serialize_json};

/// Prints messages as ProtoJSON.
#[derive(Debug)]
pub(super) struct JsonPrinter {
    /// Fields that are unset are printed too, with their defaults.
    pub(super) emit_defaults: bool,
    /// Fields go by the names that they have in the proto, and not by those of JSON.
    proto_names: bool,
    /// Where the types inside `Any`s are looked up, after the message's own pool.
    pub(super) pools: Vec<DescriptorPool>,
    /// The types that were not found there, and whether they have been told of.
    unknown: RefCell<BTreeMap<String, bool>>,
}

impl JsonPrinter {
    pub(super) fn new(emit_defaults: bool) -> Self {
        Self {
            emit_defaults,
            proto_names: false,
            // The well-known types.
            pools: vec![DescriptorPool::global()],
            unknown: RefCell::default(),
        }
    }

    /// Fields go by the names that they have in the proto.
    pub(super) fn proto_names(mut self) -> Self {
        self.proto_names = true;
        self
    }

    /// The message as JSON, over several lines, without a newline at its end.
    pub(super) fn print(&self, message: &DynamicMessage) -> Result<String, serde_json::Error> {
        let mut json = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut json, Layout::new());
        let style = JsonStyle {
            emit_defaults: self.emit_defaults,
            proto_names: self.proto_names,
            pools: &self.pools,
            show_unknown: Some(&|name| self.note_unknown(name)),
            value_of_empty: true,
        };
        serialize_json(message, &style, &mut serializer)?;
        Ok(String::from_utf8(json).expect("serde_json writes UTF-8"))
    }

    /// The types of `Any`s that were not known; each is told of once.
    pub(super) fn new_unknown(&self) -> Vec<String> {
        let mut unknown = self.unknown.borrow_mut();
        let untold = unknown.iter_mut().filter_map(|(name, told)| {
            let is_new = !std::mem::replace(told, true);
            is_new.then(|| name.clone())
        });
        untold.collect()
    }

    fn note_unknown(&self, name: &str) {
        self.unknown.borrow_mut().entry(name.to_owned()).or_default();
    }
}
