//! Compares decoded messages with patterns.

use std::borrow::Cow;
use std::fmt::{self, Write};

use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, ReflectMessage as _, Value};

use crate::cel::{Env, FieldInfo};
use crate::excerpt::excerpt;
use crate::message::{Message, key_text, known_value};
use crate::rules::plan::{Pattern, WireScalar};

/// How a message differs from a pattern.
#[derive(Debug)]
pub(in crate::rules::run) struct Mismatch {
    /// For people: the path of what differs, and how.
    pub(super) text: String,
    /// The fields on the way to it, the innermost first, each with the message that has it, and its number.
    pub(super) way: Vec<(MessageDescriptor, u32)>,
}

impl Mismatch {
    fn new(text: String) -> Self {
        Self {
            text,
            way: Vec::new(),
        }
    }

    /// In a field of a message.
    fn inside(mut self, message: MessageDescriptor, number: u32) -> Self {
        self.way.push((message, number));
        self
    }
}

fn mismatch(text: String) -> Result<(), Mismatch> {
    Err(Mismatch::new(text))
}

impl Pattern {
    /// Compares a message with the pattern; an `Err` describes the first difference.
    pub(in crate::rules::run) fn fits_message(
        &self,
        message: &DynamicMessage,
        path: &str,
        env: &Env<'_>,
    ) -> Result<(), Mismatch> {
        match self {
            Self::Message(members) => members.iter().try_for_each(|(field, name, expected)| {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                let fits = expected.fits_field(message, field, &path, env);
                fits.map_err(|mismatch| mismatch.inside(message.descriptor(), field.number))
            }),
            Self::Whole(expected) if **expected == *message => Ok(()),
            Self::Whole(expected) => mismatch(format!(
                "{path} is {}, not {expected}",
                excerpt(&begin_of(message))
            )),
            Self::Packed(schema, descriptor, expected) => {
                let name = descriptor.full_name();
                let (url, contents) = (message.get_field_by_number(1), message.get_field_by_number(2));
                let url = url.as_deref().and_then(Value::as_str).unwrap_or_default();
                if url.rsplit_once('/').map_or(url, |(_, name)| name) != name {
                    return mismatch(format!("{path} holds {:?}, not {name}", excerpt(url)));
                }
                let contents = contents.as_deref().and_then(Value::as_bytes).cloned();
                // Nothing has checked the contents yet.
                let bytes = contents.as_deref().unwrap_or_default();
                let cost = env.charge_decoding(name, bytes);
                cost.map_err(|error| Mismatch::new(format!("{path}: {error}")))?;
                let inner = Message::decode(schema, descriptor, contents.unwrap_or_default());
                match inner.and_then(Message::into_dynamic) {
                    Ok(inner) => expected.fits_message(&inner, path, env),
                    Err(error) if error.is_too_large() => {
                        mismatch(format!("{path} holds too large a {name}: {error}"))
                    }
                    Err(_) => mismatch(format!("{path} does not hold a whole {name}")),
                }
            }
            _ => mismatch(format!("{path} is a message")),
        }
    }

    fn fits(&self, value: &Value, kind: &Kind, path: &str, env: &Env<'_>) -> Result<(), Mismatch> {
        match (self, value) {
            (Self::Scalar(expected @ WireScalar::Bytes(bytes)), Value::String(_) | Value::Bytes(_)) => {
                let found = value
                    .as_str()
                    .map(str::as_bytes)
                    .or(value.as_bytes().map(|bytes| &**bytes));
                let found = found.unwrap_or_default();
                if found == &**bytes {
                    return Ok(());
                }
                let shown = found[..found.len().min(WireScalar::MOST_SHOWN)].into();
                mismatch(format!(
                    "{path} is {}, not {}",
                    excerpt(&WireScalar::Bytes(shown).show(kind)),
                    expected.show(kind)
                ))
            }
            (Self::Scalar(expected), _) => match WireScalar::of(value, kind) {
                Some(found) if found.equals(expected, kind) => Ok(()),
                found => {
                    let found = found.map_or_else(|| "no scalar".to_owned(), |found| found.show(kind));
                    mismatch(format!(
                        "{path} is {}, not {}",
                        excerpt(&found),
                        expected.show(kind)
                    ))
                }
            },
            (Self::List(expected), Value::List(items)) => {
                if expected.len() != items.len() {
                    return mismatch(format!(
                        "{path} has {} elements, not {}",
                        items.len(),
                        expected.len()
                    ));
                }
                let mut pairs = expected.iter().zip(items).enumerate();
                pairs.try_for_each(|(at, (expected, item))| {
                    expected.fits(item, kind, &format!("{path}[{at}]"), env)
                })
            }
            (Self::Map(expected), Value::Map(entries)) => {
                let entry = kind.as_message().map(MessageDescriptor::map_entry_value_field);
                let kind = entry.map_or(Kind::Bool, |field| field.kind());
                expected
                    .iter()
                    .try_for_each(|(key, expected)| match entries.get(key) {
                        Some(value) => {
                            expected.fits(value, &kind, &format!("{path}[{}]", show_key(key)), env)
                        }
                        None => mismatch(format!("{path} has no key {}", show_key(key))),
                    })
            }
            (_, Value::Message(message)) => self.fits_message(message, path, env),
            _ => mismatch(format!("{path} is of another type")),
        }
    }

    fn fits_field(
        &self,
        message: &DynamicMessage,
        field: &FieldInfo,
        path: &str,
        env: &Env<'_>,
    ) -> Result<(), Mismatch> {
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
        // What a closed enum does not name is an unknown field.
        let (set, value) = match known_value(&value, &field.kind) {
            Some(known) => (set, known),
            None => (false, Cow::Borrowed(&field.default)),
        };
        match self {
            Self::Unset if set => mismatch(format!("{path} is set")),
            Self::Unset => Ok(()),
            Self::Set(_) if !set => mismatch(format!("{path} is unset")),
            Self::Set(expected) => expected.fits(&value, &field.kind, path, env),
            _ => self.fits(&value, &field.kind, path, env),
        }
    }
}

/// The begin of a message as text: no more than is quoted, however large it is.
fn begin_of(message: &DynamicMessage) -> String {
    struct Begin(String);
    impl Write for Begin {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.push_str(text);
            // Ends the writing.
            if self.0.len() > WireScalar::MOST_SHOWN {
                Err(fmt::Error)
            } else {
                Ok(())
            }
        }
    }
    let mut begin = Begin(String::new());
    let _ = write!(begin, "{message}");
    begin.0
}

fn show_key(key: &MapKey) -> String {
    match key {
        MapKey::String(key) => format!("{key:?}"),
        key => key_text(key),
    }
}
