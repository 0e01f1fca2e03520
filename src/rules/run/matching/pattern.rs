//! Compares decoded messages with patterns.

use std::borrow::Cow;

use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, ReflectMessage as _, Value};

use crate::handler::excerpt;
use crate::message::{Message, key_text};
use crate::rules::plan::{FieldInfo, Pattern, WireScalar};

impl Pattern {
    /// Compares a message with the pattern; an `Err` describes the first difference.
    pub(in crate::rules::run) fn fits_message(
        &self,
        message: &DynamicMessage,
        path: &str,
    ) -> Result<(), String> {
        match self {
            Self::Message(members) => members.iter().try_for_each(|(field, name, expected)| {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                expected.fits_field(message, field, &path)
            }),
            Self::Whole(expected) if **expected == *message => Ok(()),
            Self::Whole(expected) => Err(format!(
                "{path} is {}, not {expected}",
                excerpt(&message.to_string())
            )),
            Self::Packed(schema, descriptor, expected) => {
                let name = descriptor.full_name();
                let (url, contents) = (message.get_field_by_number(1), message.get_field_by_number(2));
                let url = url.as_deref().and_then(Value::as_str).unwrap_or_default();
                if url.rsplit_once('/').map_or(url, |(_, name)| name) != name {
                    return Err(format!("{path} holds {:?}, not {name}", excerpt(url)));
                }
                let contents = contents.as_deref().and_then(Value::as_bytes).cloned();
                // Nothing has checked the contents yet.
                let inner = Message::decode(schema, descriptor, contents.unwrap_or_default());
                match inner.and_then(Message::into_dynamic) {
                    Ok(inner) => expected.fits_message(&inner, path),
                    Err(error) if error.is_too_large() => {
                        Err(format!("{path} holds too large a {name}: {error}"))
                    }
                    Err(_) => Err(format!("{path} does not hold a whole {name}")),
                }
            }
            _ => Err(format!("{path} is a message")),
        }
    }

    fn fits(&self, value: &Value, kind: &Kind, path: &str) -> Result<(), String> {
        match (self, value) {
            (Self::Scalar(expected), _) => match WireScalar::of(value, kind) {
                Some(found) if found.equals(expected, kind) => Ok(()),
                found => {
                    let found = found.map_or_else(|| "no scalar".to_owned(), |found| found.show(kind));
                    Err(format!(
                        "{path} is {}, not {}",
                        excerpt(&found),
                        expected.show(kind)
                    ))
                }
            },
            (Self::List(expected), Value::List(items)) => {
                if expected.len() != items.len() {
                    return Err(format!(
                        "{path} has {} elements, not {}",
                        items.len(),
                        expected.len()
                    ));
                }
                let mut pairs = expected.iter().zip(items).enumerate();
                pairs.try_for_each(|(at, (expected, item))| {
                    expected.fits(item, kind, &format!("{path}[{at}]"))
                })
            }
            (Self::Map(expected), Value::Map(entries)) => {
                let entry = kind.as_message().map(MessageDescriptor::map_entry_value_field);
                let kind = entry.map_or(Kind::Bool, |field| field.kind());
                expected
                    .iter()
                    .try_for_each(|(key, expected)| match entries.get(key) {
                        Some(value) => expected.fits(value, &kind, &format!("{path}[{}]", show_key(key))),
                        None => Err(format!("{path} has no key {}", show_key(key))),
                    })
            }
            (_, Value::Message(message)) => self.fits_message(message, path),
            _ => Err(format!("{path} is of another type")),
        }
    }

    fn fits_field(&self, message: &DynamicMessage, field: &FieldInfo, path: &str) -> Result<(), String> {
        // A message finds its own fields by number, but not its extensions.
        let (set, value) = match message.descriptor().get_extension(field.number) {
            Some(extension) => (
                message.has_extension(&extension),
                message.get_extension(&extension),
            ),
            None => (
                message.has_field_by_number(field.number),
                message
                    .get_field_by_number(field.number)
                    .unwrap_or(Cow::Borrowed(&field.default)),
            ),
        };
        match self {
            Self::Unset if set => Err(format!("{path} is set")),
            Self::Unset => Ok(()),
            Self::Set(_) if !set => Err(format!("{path} is unset")),
            Self::Set(expected) => expected.fits(&value, &field.kind, path),
            _ => self.fits(&value, &field.kind, path),
        }
    }
}

fn show_key(key: &MapKey) -> String {
    match key {
        MapKey::String(key) => format!("{key:?}"),
        key => key_text(key),
    }
}
