//! Seeds and random numbers, which are the same every time.
//!
//! Each field has its own seed, derived from the sampler's seed, the method, the request and the field's path. So a value
//! does not change when another field is added, or when fields are made up in another order. Seeds are FNV-1a hashes, and
//! the random numbers come from xoshiro256++; both are the same on every machine. The words are those of the `fake`
//! crate: an update of it may change them.

use fake::Fake;
use fake::faker::lorem;
use fake::rand::rngs::Xoshiro256PlusPlus;
use fake::rand::{RngExt, SeedableRng};
use prost_reflect::{DynamicMessage, MapKey, Value};

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// The seed of one value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed(u64);

/// A stream of random numbers, with the draws that samples need.
#[derive(Debug)]
pub(super) struct Random(pub(super) Xoshiro256PlusPlus);

impl Seed {
    pub(super) fn new(seed: u64) -> Self {
        Self(FNV_OFFSET).with_number(seed)
    }

    pub(super) fn with_number(self, number: u64) -> Self {
        self.with_bytes(&number.to_le_bytes())
    }

    pub(super) fn with_text(self, text: &str) -> Self {
        self.with_number(text.len() as u64).with_bytes(text.as_bytes())
    }

    /// Mixes in the contents of a message, however it was encoded.
    pub(super) fn with_message(self, message: &DynamicMessage) -> Self {
        let mut fields: Vec<_> = message.fields().collect();
        fields.sort_by_key(|(field, _)| field.number());
        fields.into_iter().fold(self, |seed, (field, value)| {
            seed.with_number(u64::from(field.number())).with_value(value)
        })
    }

    pub(super) fn random(self) -> Random {
        Random(Xoshiro256PlusPlus::seed_from_u64(self.0))
    }

    fn with_value(self, value: &Value) -> Self {
        match value {
            Value::Bool(value) => self.with_number(u64::from(*value)),
            Value::I32(value) | Value::EnumNumber(value) => self.with_bytes(&value.to_le_bytes()),
            Value::I64(value) => self.with_bytes(&value.to_le_bytes()),
            Value::U32(value) => self.with_number(u64::from(*value)),
            Value::U64(value) => self.with_number(*value),
            Value::F32(value) => self.with_number(u64::from(value.to_bits())),
            Value::F64(value) => self.with_number(value.to_bits()),
            Value::String(value) => self.with_text(value),
            Value::Bytes(value) => self.with_number(value.len() as u64).with_bytes(value),
            Value::Message(message) => self.with_message(message),
            Value::List(values) => values.iter().fold(self, Self::with_value),
            // Entries have no order, so their seeds are added.
            Value::Map(entries) => self.with_number(
                entries
                    .iter()
                    .map(|(key, value)| {
                        self.with_value(&Value::from(MapKey::clone(key)))
                            .with_value(value)
                            .0
                    })
                    .fold(0, u64::wrapping_add),
            ),
        }
    }

    fn with_bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
        }))
    }
}

impl Random {
    /// A number from `low` to `high`, both included. `low` if the range is empty.
    pub(super) fn between(&mut self, low: i128, high: i128) -> i128 {
        if low < high {
            self.0.random_range(low..=high)
        } else {
            low
        }
    }

    /// A length, index or count, both ends included.
    pub(super) fn count(&mut self, low: usize, high: usize) -> usize {
        if low < high {
            self.0.random_range(low..=high)
        } else {
            low
        }
    }

    pub(super) fn flip(&mut self) -> bool {
        self.0.random()
    }

    /// A number in `0..1`.
    pub(super) fn fraction(&mut self) -> f64 {
        self.0.random()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.0.random()
    }

    /// One of `choices`. `None` if there are none.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let last = choices.len().checked_sub(1)?;
        choices.get(self.count(0, last))
    }

    /// A word in lower case.
    pub(super) fn word(&mut self) -> String {
        lorem::en::Word().fake_with_rng(&mut self.0)
    }
}
