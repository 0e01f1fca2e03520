//! Messages as ProtoJSON: fields by number, map keys sorted.
//!
//! prost-reflect prints ProtoJSON too, but maps in the order of a hash. It fails on an `Any` that is empty or of an
//! unknown type, and does not bound the depth of `Any`s inside one another. Here the depth is bounded, and what
//! ProtoJSON leaves open is the caller's [style](JsonStyle).

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MapKey, ReflectMessage as _, SerializeOptions, Value,
};
use serde::ser::{Error as _, Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use crate::message::check::MAX_NESTED;
use crate::message::lenient::{decode_dynamic, known_value};
use crate::schema::{WellKnown, field_name, is_null_value};

/// What ProtoJSON leaves open.
#[derive(Clone, Copy, Default)]
pub(super) struct JsonStyle<'s> {
    /// Fields that are unset are written too, with their defaults.
    pub(super) emit_defaults: bool,
    /// Fields go by the names that they have in the proto, and not by those of JSON.
    pub(super) proto_names: bool,
    /// Where the types inside `Any`s are looked up, after the message's own pool.
    pub(super) pools: &'s [DescriptorPool],
    /// Is called with the type of each `Any` that no pool has. The `Any` then shows its bytes as `@value`, as in grpcurl.
    /// Without this function it is an error.
    pub(super) show_unknown: Option<&'s dyn Fn(&str)>,
    /// Whether an `Any` of an `Empty` has a `value`: in Go it has one, in C++ it has none.
    pub(super) value_of_empty: bool,
}

/// Writes a message.
pub(super) fn serialize_json<S: Serializer>(
    message: &DynamicMessage,
    style: &JsonStyle<'_>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let json = AsJson {
        what: message,
        style,
        depth: MAX_NESTED,
    };
    json.serialize(serializer)
}

/// A part of a message that serializes as ProtoJSON.
struct AsJson<'a, T> {
    what: T,
    style: &'a JsonStyle<'a>,
    depth: u32,
}

impl<'a, T> AsJson<'a, T> {
    /// Another part at the same depth.
    fn with<U>(&self, what: U) -> AsJson<'a, U> {
        self.deeper(what, self.depth)
    }

    fn deeper<U>(&self, what: U, depth: u32) -> AsJson<'a, U> {
        AsJson {
            what,
            style: self.style,
            depth,
        }
    }
}

fn too_deep<E: serde::ser::Error>() -> E {
    E::custom("messages are nested too deep for JSON")
}

impl Serialize for AsJson<'_, &DynamicMessage> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
        let message = self.what;
        let inside = self.deeper(message, depth);
        match WellKnown::of(&message.descriptor()) {
            Some(WellKnown::Any) => inside.serialize_any(serializer),
            Some(WellKnown::Struct | WellKnown::ListValue | WellKnown::Value) => {
                inside.serialize_struct(serializer)
            }
            // prost-reflect writes null for what is not finite.
            Some(WellKnown::Wrapper) => {
                let value = message.get_field_by_number(1);
                let kind = message.descriptor().get_field(1).map(|field| field.kind());
                match (&value, &kind) {
                    (Some(value), Some(kind)) => inside.with((&**value, kind)).serialize(serializer),
                    _ => serializer.serialize_none(),
                }
            }
            Some(_) => message.serialize_with_options(serializer, &SerializeOptions::new()),
            None => {
                let mut map = serializer.serialize_map(None)?;
                inside.serialize_fields(&mut map)?;
                map.end()
            }
        }
    }
}

impl AsJson<'_, &DynamicMessage> {
    fn serialize_fields<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let message = self.what;
        let mut fields = Vec::new();
        for field in message.descriptor().fields() {
            let set = message.has_field(&field).then(|| message.get_field(&field));
            let kind = field.kind();
            let set = set.and_then(|value| match value {
                Cow::Borrowed(value) => known_value(value, &kind),
                Cow::Owned(value) => known_value(&value, &kind).map(|known| Cow::Owned(known.into_owned())),
            });
            let is_set = set.is_some();
            // An unset member of a oneof has no default: the oneof has none.
            if is_set || (self.style.emit_defaults && field.containing_oneof().is_none()) {
                let is_message = matches!(kind, Kind::Message(_)) && !field.is_list() && !field.is_map();
                let default = || (!is_message).then(|| Cow::Owned(field.default_value()));
                let value = set.or_else(default);
                let name = if self.style.proto_names {
                    field_name(&field)
                } else {
                    field.json_name()
                };
                fields.push((field.number(), name.to_owned(), value, kind));
            }
        }
        for (extension, value) in message.extensions() {
            let kind = extension.kind();
            if let Some(value) = known_value(value, &kind) {
                let name = extension.json_name().to_owned();
                fields.push((extension.number(), name, Some(value), kind));
            }
        }
        fields.sort_by_key(|(number, ..)| *number);
        for (_, name, value, kind) in &fields {
            map.serialize_entry(name, &value.as_deref().map(|value| self.with((value, kind))))?;
        }
        Ok(())
    }

    fn serialize_any<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let any = self.what;
        let (url, value) = (any.get_field_by_number(1), any.get_field_by_number(2));
        let url = url.as_ref().and_then(|url| url.as_str()).unwrap_or_default();
        let bytes = value
            .as_ref()
            .and_then(|value| value.as_bytes())
            .map(AsRef::as_ref)
            .unwrap_or_default();
        let mut map = serializer.serialize_map(None)?;
        if url.is_empty() && bytes.is_empty() {
            return map.end();
        }
        let name = url.rsplit('/').next().unwrap_or_default();
        let contents = self.any_contents(name, bytes).map_err(S::Error::custom)?;
        let Some(contents) = contents else {
            let Some(show_unknown) = self.style.show_unknown else {
                return Err(S::Error::custom(format_args!(
                    "an Any holds a {name}, which the schema does not have"
                )));
            };
            show_unknown(name);
            let error = format!("{name} is not recognized; see @value for raw binary message data");
            map.serialize_entry("@error", &error)?;
            map.serialize_entry("@type", url)?;
            map.serialize_entry("@value", &BASE64_STANDARD.encode(bytes))?;
            return map.end();
        };
        map.serialize_entry("@type", url)?;
        if let Some(known) = WellKnown::named(name) {
            if known != WellKnown::Empty || self.style.value_of_empty {
                map.serialize_entry("value", &self.with(&contents))?;
            }
        } else {
            let depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
            self.deeper(&contents, depth).serialize_fields(&mut map)?;
        }
        map.end()
    }

    /// What an `Any` holds; `None` if no pool has its type.
    fn any_contents(&self, name: &str, bytes: &[u8]) -> Result<Option<DynamicMessage>, String> {
        let descriptor = self.what.descriptor();
        let mut pools = std::iter::once(descriptor.parent_pool()).chain(self.style.pools);
        let Some(held) = pools.find_map(|pool| pool.get_message_by_name(name)) else {
            return Ok(None);
        };
        let contents = decode_dynamic(&held, Bytes::copy_from_slice(bytes));
        contents
            .map(Some)
            .map_err(|error| format!("the {name} in an Any is malformed: {error}"))
    }

    /// `Struct`, `ListValue` and `Value`: each has one field that is its JSON.
    fn serialize_struct<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let descriptor = self.what.descriptor();
        let is_value = WellKnown::of(&descriptor) == Some(WellKnown::Value);
        let field = if is_value {
            descriptor.fields().find(|field| self.what.has_field(field))
        } else {
            descriptor.get_field(1)
        };
        let Some(field) = field else {
            return serializer.serialize_none();
        };
        let value = self.what.get_field(&field);
        match &*value {
            Value::F64(number) if !number.is_finite() => Err(S::Error::custom(
                "google.protobuf.Value cannot hold an infinite number in JSON",
            )),
            value => self.with((value, &field.kind())).serialize(serializer),
        }
    }
}

impl Serialize for AsJson<'_, (&Value, &Kind)> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (value, kind) = self.what;
        match value {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::I32(value) => serializer.serialize_i32(*value),
            Value::U32(value) => serializer.serialize_u32(*value),
            // JSON's numbers are doubles for most readers.
            Value::I64(value) => serializer.collect_str(value),
            Value::U64(value) => serializer.collect_str(value),
            Value::F32(value) if value.is_finite() => serializer.serialize_f32(*value),
            Value::F64(value) if value.is_finite() => serializer.serialize_f64(*value),
            Value::F32(value) => serializer.serialize_str(not_finite(f64::from(*value))),
            Value::F64(value) => serializer.serialize_str(not_finite(*value)),
            Value::String(value) => serializer.serialize_str(value),
            Value::Bytes(value) => serializer.serialize_str(&BASE64_STANDARD.encode(value)),
            Value::EnumNumber(number) => {
                let enumeration = kind.as_enum();
                if enumeration.is_some_and(is_null_value) {
                    return serializer.serialize_none();
                }
                match enumeration.and_then(|kind| kind.get_value(*number)) {
                    Some(value) => serializer.serialize_str(value.name()),
                    None => serializer.serialize_i32(*number),
                }
            }
            Value::Message(message) => self.with(message).serialize(serializer),
            Value::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(&self.with((value, kind)))?;
                }
                list.end()
            }
            Value::Map(entries) => {
                let entry = kind.as_message().expect("maps are lists of entries");
                let kind = entry.map_entry_value_field().kind();
                let mut entries: Vec<(&MapKey, &Value)> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(&key_text(key), &self.with((value, &kind)))?;
                }
                map.end()
            }
        }
    }
}

fn not_finite(value: f64) -> &'static str {
    match (value.is_nan(), value > 0.0) {
        (true, _) => "NaN",
        (false, true) => "Infinity",
        (false, false) => "-Infinity",
    }
}

/// The key of a map as JSON has it, without quotes.
pub(crate) fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}
