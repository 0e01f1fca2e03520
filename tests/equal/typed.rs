//! A type that fits a random message: it asks serde for what a struct asks for that was derived with the same fields.
//!
//! What a derived type knows when it is compiled, this one takes from a descriptor, which [`with`] gives it. Each second
//! oneof is an enum, and the members of the others are fields. A [`Fault`] gives one field another name or kind.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, OneofDescriptor, ReflectMessage as _,
    Value,
};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::ser::{SerializeStruct as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};

/// A message with the fields that its descriptor has.
#[derive(Debug, PartialEq)]
pub(crate) struct Fitting(pub(crate) DynamicMessage);

/// What is wrong with the type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) field: FieldDescriptor,
    pub(crate) what: Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wrong {
    Name,
    Kind,
}

thread_local! {
    static TYPE: RefCell<Option<(MessageDescriptor, Option<Fault>)>> = const { RefCell::new(None) };
    static TEXTS: RefCell<HashSet<&'static str>> = RefCell::default();
    static LISTS: RefCell<HashSet<&'static [&'static str]>> = RefCell::default();
}

/// Does something while [`Fitting`] is this message.
pub(crate) fn with<T>(descriptor: &MessageDescriptor, fault: Option<Fault>, work: impl FnOnce() -> T) -> T {
    TYPE.set(Some((descriptor.clone(), fault)));
    work()
}

/// All fields of a message and of what it holds.
pub(crate) fn fields(root: &MessageDescriptor) -> Vec<FieldDescriptor> {
    let mut messages = vec![root.clone()];
    let mut next = 0;
    while let Some(message) = messages.get(next).cloned() {
        next += 1;
        for field in message.fields() {
            let kind = match field.kind() {
                Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
                kind => kind,
            };
            match kind {
                Kind::Message(inner) if !messages.contains(&inner) => messages.push(inner),
                _ => {}
            }
        }
    }
    messages.iter().flat_map(MessageDescriptor::fields).collect()
}

/// The message without the fields that its descriptor does not have.
pub(crate) fn known(message: &DynamicMessage) -> DynamicMessage {
    let mut known = DynamicMessage::new(message.descriptor());
    for (field, value) in message.fields() {
        known.set_field(&field, known_value(value));
    }
    known
}

fn known_value(value: &Value) -> Value {
    match value {
        Value::Message(message) => Value::Message(known(message)),
        Value::List(values) => Value::List(values.iter().map(known_value).collect()),
        // In place, so that the order of the entries stays.
        Value::Map(values) => {
            let mut values = values.clone();
            for value in values.values_mut() {
                *value = known_value(value);
            }
            Value::Map(values)
        }
        value => value.clone(),
    }
}

fn is_wrong(field: &FieldDescriptor, wrong: Wrong) -> bool {
    TYPE.with_borrow(|of| match of {
        Some((_, Some(fault))) => fault.what == wrong && fault.field == *field,
        _ => false,
    })
}

/// What a derived type has as a constant.
fn constant(text: &str) -> &'static str {
    TEXTS.with_borrow_mut(|texts| {
        if let Some(known) = texts.get(text) {
            return *known;
        }
        let text: &'static str = Box::leak(text.into());
        texts.insert(text);
        text
    })
}

fn name_of(field: &FieldDescriptor) -> &'static str {
    if is_wrong(field, Wrong::Name) {
        return constant(&format!("misspelt_{}", field.name()));
    }
    constant(field.name())
}

/// What a field of the struct is for.
enum Part {
    Field(FieldDescriptor),
    Oneof(OneofDescriptor),
}

impl Part {
    fn name(&self) -> &'static str {
        match self {
            Self::Field(field) => name_of(field),
            Self::Oneof(oneof) => constant(oneof.name()),
        }
    }
}

fn parts(message: &MessageDescriptor) -> Vec<Part> {
    let mut parts = Vec::new();
    for field in message.fields() {
        let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
        let first = oneof.as_ref().and_then(|oneof| oneof.fields().next());
        match (oneof, first) {
            (Some(oneof), Some(first)) if first.number() % 2 == 0 => {
                if first == field {
                    parts.push(Part::Oneof(oneof));
                }
            }
            _ => parts.push(Part::Field(field)),
        }
    }
    parts
}

fn list(names: impl Iterator<Item = &'static str>) -> &'static [&'static str] {
    let names: Vec<&'static str> = names.collect();
    LISTS.with_borrow_mut(|lists| {
        if let Some(known) = lists.get(&*names) {
            return *known;
        }
        let names: &'static [&'static str] = names.leak();
        lists.insert(names);
        names
    })
}

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
        } else if self.0.supports_presence() {
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
}

impl ValueSeed {
    fn of(field: &FieldDescriptor) -> Self {
        Self {
            kind: field.kind(),
            is_wrong: is_wrong(field, Wrong::Kind),
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

impl Serialize for Fitting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_message(&self.0, serializer)
    }
}

fn write_message<S: Serializer>(message: &DynamicMessage, serializer: S) -> Result<S::Ok, S::Error> {
    let parts = parts(&message.descriptor());
    let mut fields = serializer.serialize_struct("Fitting", parts.len())?;
    for part in &parts {
        match part {
            Part::Field(field) if field.supports_presence() => {
                let value = message.has_field(field).then(|| Given(message.get_field(field)));
                fields.serialize_field(part.name(), &value)?;
            }
            Part::Field(field) => fields.serialize_field(part.name(), &Given(message.get_field(field)))?,
            Part::Oneof(oneof) => {
                let member = oneof.fields().find(|field| message.has_field(field));
                let member = member.map(|field| Member(name_of(&field), Given(message.get_field(&field))));
                fields.serialize_field(part.name(), &member)?;
            }
        }
    }
    fields.end()
}

/// One value, as the type of Rust that holds it.
struct Given<'v>(Cow<'v, Value>);

impl Serialize for Given<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let given = |value| Given(Cow::Borrowed(value));
        match &*self.0 {
            Value::Bool(truth) => truth.serialize(serializer),
            Value::I32(number) | Value::EnumNumber(number) => number.serialize(serializer),
            Value::I64(number) => number.serialize(serializer),
            Value::U32(number) => number.serialize(serializer),
            Value::U64(number) => number.serialize(serializer),
            Value::F32(number) => number.serialize(serializer),
            Value::F64(number) => number.serialize(serializer),
            Value::String(text) => text.serialize(serializer),
            Value::Bytes(bytes) => Bytes::new(bytes).serialize(serializer),
            Value::Message(message) => write_message(message, serializer),
            Value::List(values) => serializer.collect_seq(values.iter().map(given)),
            Value::Map(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (GivenKey(key), given(value))))
            }
        }
    }
}

struct GivenKey<'v>(&'v MapKey);

impl Serialize for GivenKey<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Given(Cow::Owned(self.0.clone().into())).serialize(serializer)
    }
}

/// The variant that stands for a member.
struct Member<'v>(&'static str, Given<'v>);

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_variant("Member", 0, self.0, &self.1)
    }
}
