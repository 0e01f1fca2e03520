//! The entries of an `Any` in JSON: its type, and what the type says about the others.
//!
//! The type comes first here: see [`TypeFirst`](super::type_first::TypeFirst).

use prost_reflect::{DescriptorPool, MessageDescriptor};

use super::empty_anys::EmptyAnys;
use super::expected::{Expected, Fields};
use crate::schema::WellKnown;

/// A value that is next.
pub(super) enum Next<'e> {
    /// It is read, as its field is expected.
    Field(Expected),
    /// It is read, as all values of this map are expected.
    Value(&'e Expected),
    /// It is the type of an `Any`, which says what is expected of the rest.
    TypeUrl,
    /// It is not there: the `Any` has no type.
    StandIn(&'e str),
    /// It is not there: the `Any` holds an `Empty`.
    Empty,
}

/// The entries of an `Any`.
pub(super) struct Any<'e> {
    pool: &'e DescriptorPool,
    empty_anys: &'e EmptyAnys,
    /// Whether there is an entry.
    has_entries: bool,
    contents: Contents,
    has_ended: bool,
}

/// What an `Any` holds.
enum Contents {
    /// The type has not come.
    Untyped,
    /// A type that the pool does not have.
    Unknown,
    /// A message whose fields stand beside the type.
    Message(Fields),
    /// A message whose JSON is one entry, `value`, and whether that has come.
    Value(MessageDescriptor, bool),
}

impl<'e> Any<'e> {
    pub(super) fn new(pool: &'e DescriptorPool, empty_anys: &'e EmptyAnys) -> Self {
        Self {
            pool,
            empty_anys,
            has_entries: false,
            contents: Contents::Untyped,
            has_ended: false,
        }
    }

    /// The next key with what its value is; an error is the key, which has come before.
    pub(super) fn next(&mut self, key: Option<String>) -> Result<Option<(String, Next<'e>)>, String> {
        let Some(mut key) = key else {
            let was_over = std::mem::replace(&mut self.has_ended, true);
            return Ok(if was_over { None } else { self.last() });
        };
        self.has_entries = true;
        let expected = match &mut self.contents {
            Contents::Untyped if key == "@type" => return Ok(Some((key, Next::TypeUrl))),
            Contents::Untyped | Contents::Unknown => Expected::Anything,
            Contents::Message(fields) => match fields.next(&mut key) {
                Some(expected) => expected,
                None => return Err(key),
            },
            Contents::Value(held, has_come) if key == "value" => {
                if std::mem::replace(has_come, true) {
                    return Err(key);
                }
                Expected::of_message(held)
            }
            Contents::Value(..) => Expected::Anything,
        };
        Ok(Some((key, Next::Field(expected))))
    }

    /// What the type says of the other entries.
    pub(super) fn learn(&mut self, url: &str) {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.contents = match self.pool.get_message_by_name(name) {
            None => Contents::Unknown,
            Some(held) if WellKnown::of(&held).is_some() => Contents::Value(held, false),
            Some(held) => Contents::Message(Fields::of(held)),
        };
    }

    /// An entry that prost-reflect wants after the last one.
    fn last(&self) -> Option<(String, Next<'e>)> {
        match &self.contents {
            Contents::Untyped if !self.has_entries => {
                let stand_in = self.empty_anys.stand_in()?;
                Some(("@type".to_owned(), Next::StandIn(stand_in)))
            }
            Contents::Value(held, false) if WellKnown::of(held) == Some(WellKnown::Empty) => {
                Some(("value".to_owned(), Next::Empty))
            }
            _ => None,
        }
    }
}
