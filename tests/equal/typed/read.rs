//! Reads it.

use std::collections::HashMap;
use std::fmt;

use prost_reflect::{
    DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, OneofDescriptor, Value,
};
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_bytes::ByteBuf;

use super::{Fitting, Part, TYPE, Wrong, is_option, is_wide, is_wrong, list, name_of, parts};

/// What names are made into: an enum, as in what is derived.
macro_rules! keys {
    ($($key:ident)*) => {
        #[derive(Clone, Copy)]
        enum Key { $($key),* }

        const KEYS: &[Key] = &[$(Key::$key),*];
    };
}

keys! {
    K0 K1 K2 K3 K4 K5 K6 K7 K8 K9 K10 K11 K12 K13 K14 K15 K16 K17 K18 K19 K20 K21 K22 K23 K24 K25 K26 K27 K28 K29 K30 K31
}

struct KeySeed(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        let name = String::deserialize(deserializer)?;
        let index = self.0.iter().position(|known| **known == *name);
        let index = index.ok_or_else(|| D::Error::unknown_field(&name, self.0))?;
        Ok(KEYS[index])
    }
}

impl<'de> Deserialize<'de> for Fitting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (descriptor, _) = TYPE.with_borrow(Clone::clone).expect("it was given");
        MessageSeed(&descriptor).deserialize(deserializer).map(Self)
    }
}

struct MessageSeed<'d>(&'d MessageDescriptor);

impl<'de> DeserializeSeed<'de> for MessageSeed<'_> {
    type Value = DynamicMessage;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<DynamicMessage, D::Error> {
        let names = list(parts(self.0).iter().map(Part::name));
        deserializer.deserialize_struct("Fitting", names, self)
    }
}

impl<'de> Visitor<'de> for MessageSeed<'_> {
    type Value = DynamicMessage;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.full_name())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DynamicMessage, A::Error> {
        let parts = parts(self.0);
        let names = list(parts.iter().map(Part::name));
        let mut message = DynamicMessage::new(self.0.clone());
        while let Some(key) = map.next_key_seed(KeySeed(names))? {
            match &parts[key as usize] {
                Part::Field(field) => {
                    if let Some(value) = map.next_value_seed(FieldSeed(field))? {
                        message.set_field(field, value);
                    }
                }
                Part::Oneof(oneof) => {
                    if let Some((field, value)) = map.next_value_seed(Maybe(OneofSeed(oneof)))? {
                        message.set_field(&field, value);
                    }
                }
            }
        }
        Ok(message)
    }
}

/// An `Option`.
struct Maybe<S>(S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Maybe<S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Maybe<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an option")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

/// All that a field holds. `None` if it is not there.
struct FieldSeed<'d>(&'d FieldDescriptor);

impl<'de> DeserializeSeed<'de> for FieldSeed<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Value>, D::Error> {
        if self.0.is_map() {
            deserializer.deserialize_map(self).map(Some)
        } else if self.0.is_list() {
            deserializer.deserialize_seq(self).map(Some)
        } else if is_option(self.0) {
            Maybe(ValueSeed::of(self.0)).deserialize(deserializer)
        } else {
            ValueSeed::of(self.0).deserialize(deserializer).map(Some)
        }
    }
}

impl<'de> Visitor<'de> for FieldSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a map")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(ValueSeed::of(self.0))? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let entry = match self.0.kind() {
            Kind::Message(entry) => entry,
            kind => unreachable!("a map of {kind:?}"),
        };
        let key = || ValueSeed::of(&entry.map_entry_key_field());
        let value = || ValueSeed {
            kind: entry.map_entry_value_field().kind(),
            is_wrong: is_wrong(self.0, Wrong::Kind),
            is_wide: is_wide(self.0),
        };
        let mut entries = HashMap::<MapKey, Value>::new();
        while let Some((key, value)) = map.next_entry_seed(key(), value())? {
            entries.insert(key.into_map_key().expect("it has the kind of one"), value);
        }
        Ok(Value::Map(entries))
    }
}

struct ValueSeed {
    kind: Kind,
    is_wrong: bool,
    is_wide: bool,
}

impl ValueSeed {
    fn of(field: &FieldDescriptor) -> Self {
        Self {
            kind: field.kind(),
            is_wrong: is_wrong(field, Wrong::Kind),
            is_wide: is_wide(field),
        }
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        Ok(match &self.kind {
            kind @ Kind::Bool if self.is_wrong => {
                String::deserialize(from).map(|_| Value::default_value(kind))?
            }
            kind if self.is_wrong => bool::deserialize(from).map(|_| Value::default_value(kind))?,
            kind if self.is_wide => wide(kind, from)?,
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(i32::deserialize(from)?),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(i64::deserialize(from)?),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::deserialize(from)?),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::deserialize(from)?),
            Kind::Bool => Value::Bool(bool::deserialize(from)?),
            Kind::Float => Value::F32(f32::deserialize(from)?),
            Kind::Double => Value::F64(f64::deserialize(from)?),
            Kind::String => Value::String(String::deserialize(from)?),
            Kind::Bytes => Value::Bytes(ByteBuf::deserialize(from)?.into_vec().into()),
            Kind::Enum(_) => Value::EnumNumber(i32::deserialize(from)?),
            Kind::Message(inner) => Value::Message(MessageSeed(inner).deserialize(from)?),
        })
    }
}

/// A value by another type than the nearest.
fn wide<'de, D: Deserializer<'de>>(kind: &Kind, from: D) -> Result<Value, D::Error> {
    Ok(match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(narrow(i64::deserialize(from)?)),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(narrow(i128::deserialize(from)?)),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(narrow(i64::deserialize(from)?)),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(narrow(u128::deserialize(from)?)),
        Kind::Float => Value::F32(f64::deserialize(from)? as f32),
        Kind::Bytes => Value::Bytes(Vec::<u8>::deserialize(from)?.into()),
        Kind::Enum(of) => Value::EnumNumber(number_of(of, &String::deserialize(from)?)),
        Kind::Bool => Value::Bool(bool::deserialize(from)?),
        Kind::Double => Value::F64(f64::deserialize(from)?),
        Kind::String => Value::String(String::deserialize(from)?),
        Kind::Message(inner) => Value::Message(MessageSeed(inner).deserialize(from)?),
    })
}

fn narrow<W: fmt::Debug, N: TryFrom<W, Error: fmt::Debug>>(number: W) -> N {
    number.try_into().expect("the field holds no more")
}

fn number_of(of: &EnumDescriptor, name: &str) -> i32 {
    match of.get_value_by_name(name) {
        Some(value) => value.number(),
        None => name.parse().expect("a number without a name"),
    }
}

/// A oneof as an enum: the member that is there, and its value.
struct OneofSeed<'d>(&'d OneofDescriptor);

impl<'de> DeserializeSeed<'de> for OneofSeed<'_> {
    type Value = (FieldDescriptor, Value);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let variants = list(self.0.fields().map(|field| name_of(&field)));
        deserializer.deserialize_enum("Member", variants, self)
    }
}

impl<'de> Visitor<'de> for OneofSeed<'_> {
    type Value = (FieldDescriptor, Value);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.full_name())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        let variants = list(self.0.fields().map(|field| name_of(&field)));
        let (key, variant) = access.variant_seed(KeySeed(variants))?;
        let field = self.0.fields().nth(key as usize).expect("it has as many");
        let value = variant.newtype_variant_seed(ValueSeed::of(&field))?;
        Ok((field, value))
    }
}
