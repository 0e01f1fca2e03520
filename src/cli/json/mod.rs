//! ProtoJSON for people: two spaces of indent, fields by number, map keys sorted, as grpcurl lays it out.
//!
//! prost-reflect's own printing is ProtoJSON too, but gives maps in the order of a hash, fails on an `Any` whose
//! type is unknown, and has no end to the depth of an `Any` inside an `Any`. Here such an `Any` shows its bytes as
//! `@value`, the way grpcurl shows it, and the depth is bounded.

mod layout;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MapKey, ReflectMessage as _, SerializeOptions, Value,
};
use serde::ser::{Error as _, Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use self::layout::Layout;
use crate::message::MAX_DEPTH;

/// Prints messages as ProtoJSON.
#[derive(Debug)]
pub(super) struct JsonPrinter {
    /// Fields that are unset are printed too, with their defaults.
    pub(super) emit_defaults: bool,
    /// Fields go by the names that they have in the proto, and not by those of JSON.
    proto_names: bool,
    /// Where the types inside `Any`s are looked up, after the message's own pool.
    pub(super) pools: Vec<DescriptorPool>,
    /// The types that were not found there, and whether they have been told of.
    unknown: RefCell<BTreeMap<String, bool>>,
}

impl JsonPrinter {
    pub(super) fn new(emit_defaults: bool) -> Self {
        Self {
            emit_defaults,
            proto_names: false,
            // The well-known types.
            pools: vec![DescriptorPool::global()],
            unknown: RefCell::default(),
        }
    }

    /// Fields go by the names that they have in the proto.
    pub(super) fn proto_names(mut self) -> Self {
        self.proto_names = true;
        self
    }

    /// The message as JSON, over several lines, without a newline at its end.
    pub(super) fn print(&self, message: &DynamicMessage) -> Result<String, serde_json::Error> {
        let mut json = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut json, Layout::new());
        self.show(message, MAX_DEPTH).serialize(&mut serializer)?;
        Ok(String::from_utf8(json).expect("serde_json writes UTF-8"))
    }

    /// The types of `Any`s that were not known; each is told of once.
    pub(super) fn new_unknown(&self) -> Vec<String> {
        let mut unknown = self.unknown.borrow_mut();
        let untold = unknown.iter_mut().filter_map(|(name, told)| {
            let is_new = !std::mem::replace(told, true);
            is_new.then(|| name.clone())
        });
        untold.collect()
    }

    fn show<T>(&self, what: T, depth: u32) -> Shown<'_, T> {
        Shown {
            what,
            printer: self,
            depth,
        }
    }

    fn any_contents(
        &self,
        any: &DynamicMessage,
        name: &str,
        bytes: &[u8],
    ) -> Result<Option<DynamicMessage>, String> {
        let descriptor = any.descriptor();
        let mut pools = std::iter::once(descriptor.parent_pool()).chain(&self.pools);
        let Some(held) = pools.find_map(|pool| pool.get_message_by_name(name)) else {
            return Ok(None);
        };
        let contents = DynamicMessage::decode(held, bytes);
        contents
            .map(Some)
            .map_err(|error| format!("the {name} in an Any is malformed: {error}"))
    }
}

/// Something of a message, on its way to JSON.
struct Shown<'a, T> {
    what: T,
    printer: &'a JsonPrinter,
    depth: u32,
}

impl<'a, T> Shown<'a, T> {
    /// Another thing at the same depth.
    fn with<U>(&self, what: U) -> Shown<'a, U> {
        self.printer.show(what, self.depth)
    }
}

fn too_deep<E: serde::ser::Error>() -> E {
    E::custom("messages are nested too deep for JSON")
}

impl Serialize for Shown<'_, &DynamicMessage> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
        let message = self.what;
        let inside = self.printer.show(message, depth);
        match message.descriptor().full_name() {
            "google.protobuf.Any" => inside.serialize_any(serializer),
            "google.protobuf.Struct" | "google.protobuf.ListValue" | "google.protobuf.Value" => {
                inside.serialize_struct(serializer)
            }
            name if is_well_known(name) => {
                message.serialize_with_options(serializer, &SerializeOptions::new())
            }
            _ => {
                let mut map = serializer.serialize_map(None)?;
                inside.serialize_fields(&mut map)?;
                map.end()
            }
        }
    }
}

/// The types of `google.protobuf` whose JSON is not that of their fields.
const WELL_KNOWN: [&str; 17] = [
    "Any",
    "BoolValue",
    "BytesValue",
    "DoubleValue",
    "Duration",
    "Empty",
    "FieldMask",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "ListValue",
    "StringValue",
    "Struct",
    "Timestamp",
    "UInt32Value",
    "UInt64Value",
    "Value",
];

fn is_well_known(name: &str) -> bool {
    name.strip_prefix("google.protobuf.")
        .is_some_and(|name| WELL_KNOWN.contains(&name))
}

impl Shown<'_, &DynamicMessage> {
    fn serialize_fields<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let message = self.what;
        let mut fields = Vec::new();
        for field in message.descriptor().fields() {
            let is_set = message.has_field(&field);
            // An unset member of a oneof has no default: the oneof has none.
            if is_set || (self.printer.emit_defaults && field.containing_oneof().is_none()) {
                let is_message =
                    matches!(field.kind(), Kind::Message(_)) && !field.is_list() && !field.is_map();
                let value = (is_set || !is_message).then(|| message.get_field(&field));
                let name = if self.printer.proto_names {
                    field.name()
                } else {
                    field.json_name()
                };
                fields.push((field.number(), name.to_owned(), value, field.kind()));
            }
        }
        for (extension, value) in message.extensions() {
            let name = extension.json_name().to_owned();
            fields.push((
                extension.number(),
                name,
                Some(Cow::Borrowed(value)),
                extension.kind(),
            ));
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
        let contents = self
            .printer
            .any_contents(any, name, bytes)
            .map_err(S::Error::custom)?;
        let Some(contents) = contents else {
            self.printer
                .unknown
                .borrow_mut()
                .entry(name.to_owned())
                .or_default();
            let error = format!("{name} is not recognized; see @value for raw binary message data");
            map.serialize_entry("@error", &error)?;
            map.serialize_entry("@type", url)?;
            map.serialize_entry("@value", &BASE64_STANDARD.encode(bytes))?;
            return map.end();
        };
        map.serialize_entry("@type", url)?;
        if is_well_known(name) {
            map.serialize_entry("value", &self.with(&contents))?;
        } else {
            let depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
            self.printer.show(&contents, depth).serialize_fields(&mut map)?;
        }
        map.end()
    }

    /// `Struct`, `ListValue` and `Value`: each has one field that is its JSON.
    fn serialize_struct<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let descriptor = self.what.descriptor();
        let is_value = descriptor.full_name() == "google.protobuf.Value";
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

impl Serialize for Shown<'_, (&Value, &Kind)> {
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
                if enumeration.is_some_and(|kind| kind.full_name() == "google.protobuf.NullValue") {
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

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}
