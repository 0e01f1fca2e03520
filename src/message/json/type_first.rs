//! The entries of an `Any` with its type first, wherever it is in the JSON.
//!
//! The type says what the other entries are, and JSON objects have no order. Entries that come before it are kept until it
//! has come; the errors of such an `Any` have its end as their place.

use std::vec;

use serde::de::value::MapDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer as _, MapAccess};
use serde_json::Value;

/// The entries of an `Any`.
pub(super) enum TypeFirst<A> {
    /// As they come.
    Is(Peeked<A>),
    /// All read, and brought into order.
    Made(MapDeserializer<'static, vec::IntoIter<(String, Value)>, serde_json::Error>),
}

impl<'de, A: MapAccess<'de>> TypeFirst<A> {
    pub(super) fn read(mut entries: A) -> Result<Self, A::Error> {
        let first = match entries.next_key::<String>()? {
            Some(first) if first != "@type" => first,
            first => {
                let is_empty = first.is_none();
                return Ok(Self::Is(Peeked {
                    first,
                    is_empty,
                    entries,
                }));
            }
        };
        let mut all = vec![(first, entries.next_value()?)];
        while let Some(entry) = entries.next_entry()? {
            all.push(entry);
        }
        if let Some(at) = all.iter().position(|(key, _)| key == "@type") {
            all[..=at].rotate_right(1);
        }
        Ok(Self::Made(MapDeserializer::new(all.into_iter())))
    }
}

/// Entries whose first key has been read.
pub(super) struct Peeked<A> {
    /// The key that is handed on first.
    first: Option<String>,
    /// Whether there is no entry.
    is_empty: bool,
    entries: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Peeked<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        match self.first.take() {
            None if self.is_empty => Ok(None),
            None => self.entries.next_key_seed(seed),
            Some(key) => seed.deserialize(key.into_deserializer()).map(Some),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.entries.next_value_seed(seed)
    }
}
