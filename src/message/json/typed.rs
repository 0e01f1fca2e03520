//! A deserializer around another that knows what is expected of each value, and changes some on the way.
//!
//! serde asks a deserializer for a value by handing it a visitor, and lists and objects ask for theirs by seeds. Each of
//! the three is wrapped in the same [`Typed`], so that what is expected goes down with them.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer as _, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::any::{Any, Next};
use super::empty_anys::EmptyAnys;
use super::expected::{Expected, Fields, integer_with_exponent, rounded_up_float};
use super::time::{A_DURATION, A_TIMESTAMP, duration, timestamp};
use super::type_first::TypeFirst;
use crate::excerpt::excerpt;

/// A deserializer, a visitor or a seed, with what is expected of the value.
pub(super) struct Typed<'e, T> {
    inner: T,
    expected: &'e Expected,
    empty_anys: &'e EmptyAnys,
}

impl<'e, T> Typed<'e, T> {
    pub(super) fn new(inner: T, expected: &'e Expected, empty_anys: &'e EmptyAnys) -> Self {
        Self {
            inner,
            expected,
            empty_anys,
        }
    }

    fn around<U>(&self, inner: U) -> Typed<'e, U> {
        Typed::new(inner, self.expected, self.empty_anys)
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Typed<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.around(visitor);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.around(visitor);
        self.inner.deserialize_option(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.around(visitor);
        self.inner.deserialize_str(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.around(visitor);
        self.inner.deserialize_string(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.around(visitor);
        self.inner.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.around(visitor);
        self.inner.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }

    // prost-reflect asks for no others.
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct struct enum identifier
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Typed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.around(deserializer);
        self.inner.deserialize(deserializer)
    }
}

/// JSON has no values but these.
impl<'de, V: Visitor<'de>> Visitor<'de> for Typed<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        match self.expected {
            // prost-reflect makes one null of it where an element can be null.
            Expected::List(_) => self.inner.visit_some(no_elements()),
            _ => self.inner.visit_none(),
        }
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let deserializer = self.around(deserializer);
        self.inner.visit_some(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.inner.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.inner.visit_i64(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        match self.expected {
            Expected::Null if value == 0 => self.inner.visit_unit(),
            _ => self.inner.visit_u64(value),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        let float = match self.expected {
            Expected::Float => rounded_up_float(value),
            _ => None,
        };
        self.inner.visit_f64(float.unwrap_or(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        let integer = match self.expected {
            Expected::Integer => integer_with_exponent(text),
            // prost-reflect reads more than JSON has.
            Expected::Timestamp if timestamp(text).is_none() => return Err(no_time(text, A_TIMESTAMP)),
            Expected::Duration if duration(text).is_none() => return Err(no_time(text, A_DURATION)),
            _ => None,
        };
        match integer {
            Some(integer) => self.inner.visit_i64(integer),
            None => self.inner.visit_str(text),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        let expected = match self.expected {
            Expected::List(element) => element,
            _ => &Expected::Anything,
        };
        self.inner
            .visit_seq(Elements(Typed::new(elements, expected, self.empty_anys)))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        if let Expected::Any(_) = self.expected {
            return match TypeFirst::read(entries)? {
                TypeFirst::Is(entries) => self.visit_entries(entries),
                TypeFirst::Made(entries) => self.visit_entries(entries).map_err(A::Error::custom),
            };
        }
        self.visit_entries(entries)
    }
}

impl<'de, V: Visitor<'de>> Typed<'_, V> {
    fn visit_entries<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.inner
            .visit_map(Entries::new(entries, self.expected, self.empty_anys))
    }
}

/// The elements of a list.
struct Elements<'e, A>(Typed<'e, A>);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = self.0.around(seed);
        self.0.inner.next_element_seed(seed)
    }
}

/// Hands on the entries of an object. Fails on a field that comes twice, and adds what prost-reflect misses in an `Any`.
struct Entries<'e, A> {
    inner: A,
    object: Object<'e>,
    empty_anys: &'e EmptyAnys,
    /// What is to be done with the value of the key that was handed on last.
    next: Next<'e>,
}

enum Object<'e> {
    Message(Fields),
    Any(Any<'e>),
    Map(&'e Expected),
    Anything,
}

impl<'e, A> Entries<'e, A> {
    fn new(inner: A, expected: &'e Expected, empty_anys: &'e EmptyAnys) -> Self {
        let object = match expected {
            Expected::Message(message) => Object::Message(Fields::of(message.clone())),
            Expected::Any(pool) => Object::Any(Any::new(pool, empty_anys)),
            Expected::Map(value) => Object::Map(value),
            _ => Object::Anything,
        };
        Self {
            inner,
            empty_anys,
            object,
            next: Next::Value(&Expected::Anything),
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let key = match &mut self.object {
            Object::Anything => return self.inner.next_key_seed(seed),
            Object::Map(value) => {
                self.next = Next::Value(value);
                return self.inner.next_key_seed(seed);
            }
            Object::Message(fields) => {
                let Some(mut key) = self.inner.next_key::<String>()? else {
                    return Ok(None);
                };
                self.next = Next::Field(fields.next(&mut key).ok_or_else(|| twice(&key))?);
                key
            }
            Object::Any(any) => {
                let key = self.inner.next_key::<String>()?;
                let Some((key, next)) = any.next(key).map_err(|key| twice(&key))? else {
                    return Ok(None);
                };
                self.next = next;
                key
            }
        };
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match &self.next {
            Next::Field(expected) => self
                .inner
                .next_value_seed(Typed::new(seed, expected, self.empty_anys)),
            Next::Value(expected) => self
                .inner
                .next_value_seed(Typed::new(seed, expected, self.empty_anys)),
            Next::TypeUrl => {
                let url: String = self.inner.next_value()?;
                if let Object::Any(any) = &mut self.object {
                    any.learn(&url);
                }
                seed.deserialize(url.into_deserializer())
            }
            Next::StandIn(url) => seed.deserialize(url.into_deserializer()),
            Next::Empty => {
                let no_fields = std::iter::empty::<(&str, &str)>();
                seed.deserialize(MapDeserializer::new(no_fields))
            }
        }
    }
}

/// A list of nothing.
fn no_elements<E: Error>() -> SeqDeserializer<std::iter::Empty<()>, E> {
    SeqDeserializer::new(std::iter::empty())
}

fn no_time<E: Error>(text: &str, expected: &str) -> E {
    E::invalid_value(Unexpected::Str(&excerpt(text)), &expected)
}

fn twice<E: Error>(key: &str) -> E {
    E::custom(format_args!("field '{key}' is there twice"))
}
