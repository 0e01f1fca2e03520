//! Where prost-reflect reads JSON otherwise than ProtoJSON's specification has it.
//!
//! A field that comes twice, under one name or under both, is an error; an integer may be quoted and have an
//! exponent; an `Any` that holds an `Empty` needs no `value`, and one that is empty is `{}`; the greatest float may
//! be rounded up, as it is when it is written. The text is read once against the descriptor, and what prost-reflect
//! would refuse is put as it takes it.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value as Field,
};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::schema::WellKnown;

/// Fails on a field that comes twice. Gives the JSON to read instead of `json`, where that must be another.
pub(super) fn normalize(
    descriptor: &MessageDescriptor,
    json: &str,
) -> Result<Option<Value>, serde_json::Error> {
    let rewritten = Cell::new(false);
    let seed = Seed {
        expected: &Expected::of_message(descriptor),
        blank: &blank_type(descriptor),
        rewritten: &rewritten,
    };
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(rewritten.get().then_some(value))
}

/// What the descriptor says of a value.
enum Expected {
    Message(MessageDescriptor),
    Any,
    Integer,
    Float,
    List(Box<Expected>),
    Map(Box<Expected>),
    /// Nothing that matters here.
    Anything,
}

impl Expected {
    fn of_message(descriptor: &MessageDescriptor) -> Self {
        match WellKnown::of(descriptor) {
            Some(WellKnown::Any) => Self::Any,
            Some(WellKnown::Empty) | None => Self::Message(descriptor.clone()),
            // They have a JSON form of their own.
            Some(_) => Self::Anything,
        }
    }

    fn of_field(field: &FieldDescriptor) -> Self {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                Self::Map(Box::new(Self::of_kind(&entry.map_entry_value_field().kind())))
            }
            kind if field.is_list() => Self::List(Box::new(Self::of_kind(&kind))),
            kind => Self::of_kind(&kind),
        }
    }

    fn of_kind(kind: &Kind) -> Self {
        match kind {
            Kind::Message(message) => Self::of_message(message),
            Kind::Float => Self::Float,
            Kind::String | Kind::Bytes | Kind::Bool | Kind::Double | Kind::Enum(_) => Self::Anything,
            _ => Self::Integer,
        }
    }
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Seed<'e> {
    expected: &'e Expected,
    /// What an `Any` is that is `{}`.
    blank: &'e str,
    rewritten: &'e Cell<bool>,
}

impl<'e> Seed<'e> {
    fn expecting<'s>(self, expected: &'s Expected) -> Seed<'s>
    where
        'e: 's,
    {
        Seed {
            expected,
            blank: self.blank,
            rewritten: self.rewritten,
        }
    }

    /// The fields of a message, none twice.
    fn fields<'de, A: MapAccess<'de>>(
        self,
        descriptor: &MessageDescriptor,
        mut entries: A,
    ) -> Result<Map<String, Value>, A::Error> {
        let mut seen = HashSet::new();
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let field = descriptor
                .get_field_by_json_name(&key)
                .or_else(|| descriptor.get_field_by_name(&key));
            if let Some(field) = &field
                && !seen.insert(field.number())
            {
                return Err(A::Error::custom(format_args!("field '{key}' is there twice")));
            }
            let expected = field.as_ref().map_or(Expected::Anything, Expected::of_field);
            object.insert(key, entries.next_value_seed(Seed::expecting(self, &expected))?);
        }
        Ok(object)
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        let float = f64::from(value as f32);
        let rounded_up = float.abs() == f64::from(f32::MAX) && value.abs() > float.abs();
        if rounded_up && matches!(self.expected, Expected::Float) {
            self.rewritten.set(true);
            return Ok(float.into());
        }
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        match self.expected {
            Expected::Integer => Ok(match integer_with_exponent(text) {
                Some(number) => {
                    self.rewritten.set(true);
                    Value::Number(number)
                }
                None => text.into(),
            }),
            _ => Ok(text.into()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let element = match self.expected {
            Expected::List(element) => element,
            _ => &Expected::Anything,
        };
        let mut list = Vec::new();
        while let Some(value) = elements.next_element_seed(Seed::expecting(self, element))? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let value = match self.expected {
            Expected::Message(descriptor) => return self.fields(descriptor, entries).map(Value::Object),
            Expected::Map(value) => value,
            _ => &Expected::Anything,
        };
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            object.insert(key, entries.next_value_seed(Seed::expecting(self, value))?);
        }
        if matches!(self.expected, Expected::Any) {
            if object.is_empty() {
                self.rewritten.set(true);
                object.insert("@type".to_owned(), self.blank.into());
            } else if is_any_of_empty(&object) {
                self.rewritten.set(true);
                object.insert("value".to_owned(), Value::Object(Map::new()));
            }
        }
        Ok(Value::Object(object))
    }
}

/// The type of an `Any` that is `{}`, until it has been read: prost-reflect wants one that the pool has, and what
/// the `Any` is in is one.
fn blank_type(root: &MessageDescriptor) -> String {
    format!("blank:/{}", root.full_name())
}

/// Reads what [`normalize`] put in place of a text.
pub(super) fn read_normal(
    descriptor: MessageDescriptor,
    json: Value,
) -> Result<DynamicMessage, serde_json::Error> {
    let blank = blank_type(&descriptor);
    if json.get("@type").is_some_and(|url| *url == *blank) {
        return Ok(DynamicMessage::new(descriptor));
    }
    let mut message = DynamicMessage::deserialize(descriptor, json)?;
    empty_anys(&mut message, &blank);
    Ok(message)
}

/// Makes those `Any`s empty whose JSON was `{}`.
fn empty_anys(message: &mut DynamicMessage, blank: &str) {
    if WellKnown::of(&message.descriptor()) == Some(WellKnown::Any) {
        let url = message.get_field_by_number(1);
        if url.is_some_and(|url| url.as_str() == Some(blank)) {
            message.clear_field_by_number(1);
        }
        return;
    }
    let values = message.fields_mut().map(|(_, value)| value);
    values.for_each(|value| empty_anys_in(value, blank));
    let values = message.extensions_mut().map(|(_, value)| value);
    values.for_each(|value| empty_anys_in(value, blank));
}

fn empty_anys_in(value: &mut Field, blank: &str) {
    match value {
        Field::Message(message) => empty_anys(message, blank),
        Field::List(values) => values.iter_mut().for_each(|value| empty_anys_in(value, blank)),
        Field::Map(values) => values.values_mut().for_each(|value| empty_anys_in(value, blank)),
        _ => {}
    }
}

fn is_any_of_empty(any: &Map<String, Value>) -> bool {
    let type_url = any.get("@type").and_then(Value::as_str).unwrap_or_default();
    type_url.ends_with("/google.protobuf.Empty") && any.len() == 1
}

/// The integer that a text such as `1e5` or `1.0` stands for, where a double holds it exactly.
fn integer_with_exponent(text: &str) -> Option<Number> {
    const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
    // As JSON writes numbers, so that `inf`, `+1` and the like stay what they are.
    let number: Number = serde_json::from_str(text).ok()?;
    let value = number.as_f64().filter(|_| number.is_f64())?;
    (value.fract() == 0.0 && value.abs() <= EXACT).then(|| Number::from(value as i64))
}
