//! An `Any`: the JSON of a message, with its type as one more entry.
//!
//! The type says what the other entries are, and JSON objects have no order. Where it is not the first, the object is read
//! twice: once for the type, then for the rest. For that, its text is found again by its first key, which stands in it unless it
//! is written with escapes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::message::{TYPE, read_fields, unknown};
use super::parts::{AnyVisitor, MessageSeed};
use super::raw::{Raw, Style};
use super::writer::{Place, Step, Writer};
use crate::excerpt::excerpt;
use crate::message::wire::{WireType, key};
use crate::schema::{LayoutId, WellKnown};

// The keys of the fields that google's proto gives the type.
const TYPE_URL: u32 = key(1, WireType::LengthDelimited);
const VALUE: u32 = key(2, WireType::LengthDelimited);

/// What holds the JSON of a message that is no object with its fields.
const VALUE_NAME: &str = "value";

/// So many `Any`s whose type is not their first entry may be within each other, since the innermost is read once more for
/// each of them.
const MAX_LATE: u32 = 16;

impl<'de> Visitor<'de> for AnyVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a message's type as '@type'")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let writer = self.writer;
        writer.nest()?;
        match entries.next_key_seed(KeySeed)? {
            None => {}
            Some(Key::Type) => {
                let url: String = entries.next_value()?;
                let held = Held { url, has_type: false };
                held.read(writer, entries)?;
            }
            Some(Key::Other(place)) => {
                entries.next_value::<IgnoredAny>()?;
                let url = late_type(&mut entries)?;
                writer.read_again(place, url)?;
            }
        }
        writer.unnest();
        Ok(())
    }
}

/// Reads an object to its end, and gives its type.
fn late_type<'de, A: MapAccess<'de>>(entries: &mut A) -> Result<String, A::Error> {
    let mut url = None;
    while let Some(key) = entries.next_key_seed(KeySeed)? {
        match key {
            Key::Type if url.is_none() => url = Some(entries.next_value()?),
            _ => drop(entries.next_value::<IgnoredAny>()?),
        }
    }
    url.ok_or_else(|| A::Error::custom("expected '@type' field: an Any has its type there"))
}

impl Writer<'_> {
    /// Reads an object whose first key is at that address, now that its type is known.
    fn read_again<E: Error>(&mut self, first_key: Option<usize>, url: String) -> Result<(), E> {
        self.late_types += 1;
        let start = first_key.and_then(|address| self.object_start(address));
        let Some(start) = start.filter(|_| self.late_types <= MAX_LATE) else {
            return Err(E::custom("the '@type' of this Any must be its first entry"));
        };
        let json = self.json;
        let mut deserializer = serde_json::Deserializer::from_slice(&json[start..]);
        let again = HeldVisitor {
            writer: &mut *self,
            held: Held { url, has_type: true },
        };
        let read = deserializer.deserialize_map(again);
        read.map_err(|error| self.placed(&error, start))?;
        self.late_types -= 1;
        Ok(())
    }

    /// Where the brace is before the key at that address.
    fn object_start(&self, address: usize) -> Option<usize> {
        let key = address.checked_sub(self.json.as_ptr().addr())?;
        let before = self.json.get(..key)?.strip_suffix(b"\"")?.trim_ascii_end();
        before.ends_with(b"{").then(|| before.len() - 1)
    }
}

/// What an `Any` holds.
struct Held {
    /// Its type.
    url: String,
    /// Whether the type is an entry that is still to come.
    has_type: bool,
}

impl Held {
    /// Reads the other entries.
    fn read<'de, A: MapAccess<'de>>(self, writer: &mut Writer<'_>, entries: A) -> Result<(), A::Error> {
        let Some((_, name)) = self.url.rsplit_once('/') else {
            return Err(A::Error::custom(format_args!(
                "unsupported type url '{}': missing at least one '/'",
                excerpt(&self.url)
            )));
        };
        let Some(message) = writer.layouts.find(name) else {
            return Err(A::Error::custom(format_args!(
                "message '{}' not found",
                excerpt(name)
            )));
        };
        writer.put(Raw::Bytes(self.url.as_bytes()), Style::Keyed(TYPE_URL))?;
        writer.spend()?;
        let start = writer.buffer.len();
        let length = writer.open_length(VALUE);
        let contents = writer.buffer.len();
        let depth = writer.begin_held();
        let fields = writer.layouts.json_fields(message);
        match fields.well_known {
            None => read_fields(writer, fields, entries, self.has_type)?,
            Some(which) => self.read_value(writer, which, message, entries)?,
        }
        writer.end_held(depth);
        if writer.buffer.len() == contents {
            writer.buffer.truncate(start);
        } else {
            writer.close_length(length);
        }
        Ok(())
    }

    /// Reads a message whose JSON is one entry.
    fn read_value<'de, A: MapAccess<'de>>(
        mut self,
        writer: &mut Writer<'_>,
        which: WellKnown,
        message: LayoutId,
        mut entries: A,
    ) -> Result<(), A::Error> {
        let mut has_come = false;
        while let Some(key) = entries.next_key::<std::borrow::Cow<'_, str>>()? {
            match &*key {
                TYPE if self.has_type => {
                    self.has_type = false;
                    entries.next_value::<IgnoredAny>()?;
                }
                VALUE_NAME if has_come => {
                    return Err(A::Error::custom("field 'value' is there twice"));
                }
                VALUE_NAME => {
                    has_come = true;
                    let value = entries.next_value_seed(MessageSeed {
                        writer: &mut *writer,
                        message,
                        place: Place::Whole,
                    });
                    value.inspect_err(|_| writer.path.push(Step::Field(VALUE_NAME)))?;
                }
                name => return Err(unknown(name, [VALUE_NAME].into_iter())),
            }
        }
        if !has_come && which != WellKnown::Empty {
            return Err(A::Error::custom(
                "expected 'value' field: this type has its JSON there",
            ));
        }
        Ok(())
    }
}

/// The object of an `Any`, for the second time.
struct HeldVisitor<'s, 'w> {
    writer: &'s mut Writer<'w>,
    held: Held,
}

impl<'de> Visitor<'de> for HeldVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        self.held.read(self.writer, entries)
    }
}

/// A key of an `Any`.
struct KeySeed;

enum Key {
    Type,
    /// Another one, and its address if it stands as it is in the text.
    Other(Option<usize>),
}

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Key, E> {
        Ok(if key == TYPE { Key::Type } else { Key::Other(None) })
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Key, E> {
        Ok(if key == TYPE {
            Key::Type
        } else {
            Key::Other(Some(key.as_ptr().addr()))
        })
    }
}
