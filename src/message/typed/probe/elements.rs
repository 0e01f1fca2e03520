//! The elements of a list and the entry of a map, as a type is given them.

use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::findings::{Result, seen};
use super::place::ProbeDeserializer;
use crate::message::typed::error::TypedError;

/// As many elements as there are asked for.
pub(super) struct Elements<'r, 'p> {
    pub(super) of: ProbeDeserializer<'r, 'p>,
    pub(super) left: usize,
}

impl<'p> SeqAccess<'p> for Elements<'_, 'p> {
    type Error = TypedError;

    fn next_element_seed<T: DeserializeSeed<'p>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(self.of).map(Some)
    }
}

/// One entry of a map.
pub(super) struct OneEntry<'r, 'p> {
    pub(super) key: Option<ProbeDeserializer<'r, 'p>>,
    pub(super) value: ProbeDeserializer<'r, 'p>,
}

impl<'p> MapAccess<'p> for OneEntry<'_, 'p> {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'p>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        self.key.take().map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'p>>(&mut self, seed: S) -> Result<S::Value> {
        seed.deserialize(self.value)
    }

    /// Looks at the value of a key that refuses what it is given, too.
    fn next_entry_seed<K: DeserializeSeed<'p>, S: DeserializeSeed<'p>>(
        &mut self,
        key: K,
        value: S,
    ) -> Result<Option<(K::Value, S::Value)>> {
        let Some(key) = self.next_key_seed(key).transpose() else {
            return Ok(None);
        };
        let value = self.next_value_seed(value);
        Ok(Some((key?, value?)))
    }
}

/// A map without entries.
pub(super) struct Nothing;

impl<'p> MapAccess<'p> for Nothing {
    type Error = TypedError;

    fn next_key_seed<K: DeserializeSeed<'p>>(&mut self, _: K) -> Result<Option<K::Value>> {
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'p>>(&mut self, _: S) -> Result<S::Value> {
        Err(seen())
    }
}
