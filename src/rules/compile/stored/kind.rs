//! What the places of the store hold, as far as it is known when rules load.

use std::collections::BTreeMap;
use std::ops::Range;

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use crate::cel::{JsonForm, StoredKey, Type};
use crate::schema::{field_called, field_name};
use crate::yaml::{Node, Yaml};

/// What a place is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules::compile) enum Kind {
    Unknown,
    /// Nothing: null removes it.
    Removed,
    /// What it was before, in parts.
    Itself,
    Scalar,
    List,
    /// A map with unknown keys.
    Map,
    Mapping(BTreeMap<String, Kind>),
    Message(MessageDescriptor),
}

impl Kind {
    /// The kind of a value that has this type.
    pub(in crate::rules::compile) fn of(node: &Node, found: &Type) -> Self {
        match &node.value {
            Yaml::Null => Self::Removed,
            Yaml::Map(_) if node.get("each").is_none() => Self::written(node),
            _ => match found {
                Type::Message(message) if !found.is_dyn() => Self::Message(message.clone()),
                Type::List(_) => Self::List,
                Type::Map(..) => Self::Map,
                Type::Dyn
                    if node
                        .text()
                        .is_some_and(|text| text.trim().starts_with("${update(")) =>
                {
                    Self::Itself
                }
                other if other.is_dyn() => Self::Unknown,
                _ => Self::Scalar,
            },
        }
    }

    /// The kind of a value as it is written.
    fn written(node: &Node) -> Self {
        match &node.value {
            Yaml::Null => Self::Unknown,
            Yaml::Bool(_) | Yaml::Int(_) | Yaml::Float(_) => Self::Scalar,
            Yaml::Text(text) if text.contains("${") => Self::Unknown,
            Yaml::Text(_) => Self::Scalar,
            Yaml::List(_) => Self::List,
            Yaml::Map(_) if node.get("each").is_some() => Self::Unknown,
            Yaml::Map(entries) => {
                let entry = |(key, value): &(Node, Node)| Some((key.key_text()?, Self::written(value)));
                Self::Mapping(entries.iter().filter_map(entry).collect())
            }
        }
    }

    /// A text that no other kind has.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Unknown => "unknown".to_owned(),
            Self::Removed => "removed".to_owned(),
            Self::Itself => "itself".to_owned(),
            Self::Scalar => "scalar".to_owned(),
            Self::List => "list".to_owned(),
            Self::Map => "map".to_owned(),
            Self::Mapping(entries) => {
                let entry = |(name, kind): (&String, &Self)| format!("{name:?}: {}", kind.label());
                let entries: Vec<String> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(", "))
            }
            Self::Message(message) => format!("message {}", message.full_name()),
        }
    }

    /// Whether something may be at these keys in it.
    pub(super) fn holds(&self, keys: &[StoredKey]) -> bool {
        match (self, keys) {
            (_, []) | (Self::Unknown | Self::Itself | Self::List | Self::Map, _) => true,
            (Self::Removed | Self::Scalar, _) => false,
            (Self::Mapping(_) | Self::Message(_), [StoredKey::Computed, ..]) => true,
            (Self::Mapping(entries), [StoredKey::Name(name), rest @ ..]) => {
                entries.get(name).is_some_and(|entry| entry.holds(rest))
            }
            (Self::Message(message), [StoredKey::Name(name), rest @ ..]) => {
                // The name of an extension has dots.
                name.contains('.')
                    || field_called(message, name).is_some_and(|field| match field.kind().as_message() {
                        _ if field.is_list() || field.is_map() => true,
                        Some(inner) if JsonForm::of(inner).is_none() => {
                            Self::Message(inner.clone()).holds(rest)
                        }
                        Some(_) => true,
                        None => rest.is_empty(),
                    })
            }
        }
    }

    /// What is at these keys in it, if that is known.
    pub(super) fn at(&self, keys: &[StoredKey]) -> Option<Self> {
        match (self, keys) {
            (_, []) => Some(self.clone()),
            (Self::Mapping(entries), [StoredKey::Name(name), rest @ ..]) => entries.get(name)?.at(rest),
            (Self::Message(message), [StoredKey::Name(name), rest @ ..]) => {
                let field = field_called(message, name)?;
                let kind = field.kind();
                let inner = kind
                    .as_message()
                    .filter(|_| !field.is_list() && !field.is_map())?;
                Self::Message(inner.clone()).at(rest)
            }
            _ => None,
        }
    }

    /// The names of what is in it.
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Mapping(entries) => entries.keys().cloned().collect(),
            Self::Message(message) => message
                .fields()
                .map(|field| field_name(&field).to_owned())
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// What is taken for something else than the map that it may be, or than the key of a map.
#[derive(Debug)]
pub(in crate::rules::compile) struct NoMap {
    /// The place of the map.
    pub(super) keys: Vec<StoredKey>,
    /// Where it stands in the file.
    pub(super) at: Range<usize>,
    pub(super) message: String,
    pub(super) hint: String,
    /// Whether a map whose keys are all written may be meant.
    pub(super) may_have_names: bool,
}

impl NoMap {
    /// A key of the map, where its value was meant.
    pub(super) fn key(keys: Vec<StoredKey>, at: Range<usize>, key: &str, map: &str, hint: String) -> Self {
        Self {
            keys,
            at,
            message: format!("`{key}` is a key of the map `{map}`, and not its value"),
            hint,
            may_have_names: false,
        }
    }

    /// The map, where something else is due.
    pub(super) fn map(keys: Vec<StoredKey>, at: Range<usize>, map: &str, due: &str) -> Self {
        let hint = match due {
            "a list" => format!(
                "make a list of its values: `{{each: \"${{{map}}}\", as: [key, value], value: \"${{value}}\"}}`"
            ),
            _ => format!("`{map}[key]` is one of its values, and `size({map})` says how many there are"),
        };
        Self {
            keys,
            at,
            message: format!("`{map}` is a map, and {due} is due here"),
            hint,
            may_have_names: due == "a message",
        }
    }
}

/// A place of the store that stands where a message of a known type is due.
#[derive(Debug)]
pub(in crate::rules::compile) struct MessageDue {
    pub(super) keys: Vec<StoredKey>,
    /// Where it stands in the file.
    pub(super) at: Range<usize>,
    pub(super) text: String,
    pub(super) due: MessageDescriptor,
}

impl MessageDue {
    /// What is wrong where the place holds a message of another type, and what to do.
    pub(super) fn misfit(&self, held: &MessageDescriptor) -> (String, String) {
        let Self { text, due, .. } = self;
        let message = format!(
            "`{text}` is a {}, and a {} is due here",
            held.full_name(),
            due.full_name()
        );
        let is_due = |field: &FieldDescriptor| {
            !field.is_list() && !field.is_map() && field.kind().as_message() == Some(due)
        };
        let fields: Vec<FieldDescriptor> = held.fields().filter(is_due).collect();
        let hint = match fields.as_slice() {
            [field] => format!("write `{text}.{0}`, or store `.{0}` alone", field.name()),
            _ => format!(
                "make one of it: `{{{}: \"${{{text}.…}}\"}}`, or store a {}",
                due.fields()
                    .next()
                    .map_or_else(|| "field".to_owned(), |field| field.name().to_owned()),
                due.full_name()
            ),
        };
        (message, hint)
    }
}
