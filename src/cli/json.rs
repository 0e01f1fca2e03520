//! ProtoJSON for people: two spaces of indent, fields by number, map keys sorted, as grpcurl lays it out.
//!
//! prost-reflect's own printing is ProtoJSON too, but gives maps in the order of a hash, fails on an `Any` whose
//! type is unknown, and has no end to the depth of an `Any` inside an `Any`. Here such an `Any` shows its bytes as
//! `@value`, the way grpcurl shows it, and the depth is bounded.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MapKey, ReflectMessage as _, SerializeOptions, Value,
};
use serde::ser::{Error as _, Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::ser::{Formatter, PrettyFormatter};

/// As deep as binary messages may be nested.
const MAX_DEPTH: u32 = 100;

/// Prints messages as ProtoJSON.
#[derive(Debug)]
pub(super) struct JsonPrinter {
    /// Fields that are unset are printed too, with their defaults.
    pub(super) emit_defaults: bool,
    /// Where the types inside `Any`s are looked up, after the message's own pool.
    pub(super) pools: Vec<DescriptorPool>,
    /// The types that were not found there.
    unknown: RefCell<BTreeSet<String>>,
}

impl JsonPrinter {
    pub(super) fn new(emit_defaults: bool) -> Self {
        Self {
            emit_defaults,
            // The well-known types.
            pools: vec![DescriptorPool::global()],
            unknown: RefCell::default(),
        }
    }

    /// The message as JSON, over several lines, without a newline at its end.
    pub(super) fn print(&self, message: &DynamicMessage) -> Result<String, serde_json::Error> {
        let mut json = Vec::new();
        let mut serializer =
            serde_json::Serializer::with_formatter(&mut json, Layout(PrettyFormatter::new()));
        self.show(message, MAX_DEPTH).serialize(&mut serializer)?;
        Ok(String::from_utf8(json).expect("serde_json writes UTF-8"))
    }

    /// The types of `Any`s that were not known since this was last asked.
    pub(super) fn take_unknown(&self) -> BTreeSet<String> {
        self.unknown.take()
    }

    fn show<'a, T>(&'a self, shown: T, depth: u32) -> Shown<'a, T> {
        Shown {
            shown,
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
    shown: T,
    printer: &'a JsonPrinter,
    depth: u32,
}

impl<'a, T> Shown<'a, T> {
    /// Another thing at the same depth.
    fn with<U>(&self, shown: U) -> Shown<'a, U> {
        self.printer.show(shown, self.depth)
    }
}

impl Serialize for Shown<'_, &DynamicMessage> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(depth) = self.depth.checked_sub(1) else {
            return Err(S::Error::custom("messages are nested too deep for JSON"));
        };
        let message = self.shown;
        let inside = self.printer.show(message, depth);
        match message.descriptor().full_name() {
            "google.protobuf.Any" => inside.serialize_any(serializer),
            "google.protobuf.Struct" | "google.protobuf.ListValue" | "google.protobuf.Value" => {
                inside.serialize_struct(serializer)
            }
            name if has_json_of_its_own(name) => {
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

/// Whether a type's JSON is more than its fields, and holds no other messages.
fn has_json_of_its_own(name: &str) -> bool {
    name.strip_prefix("google.protobuf.").is_some_and(|name| {
        matches!(
            name,
            "Timestamp" | "Duration" | "FieldMask" | "DoubleValue" | "FloatValue" | "Int64Value"
        ) || matches!(
            name,
            "UInt64Value" | "Int32Value" | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue"
        )
    })
}

impl Shown<'_, &DynamicMessage> {
    fn serialize_fields<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let message = self.shown;
        let mut fields = Vec::new();
        for field in message.descriptor().fields() {
            // An unset member of a oneof has no default: the oneof has none.
            let default = self.printer.emit_defaults && field.containing_oneof().is_none();
            if message.has_field(&field) {
                let value = Some(message.get_field(&field).into_owned());
                fields.push((field.number(), field.json_name().to_owned(), value, field.kind()));
            } else if default {
                let is_message =
                    matches!(field.kind(), Kind::Message(_)) && !field.is_list() && !field.is_map();
                let value = (!is_message).then(|| field.default_value());
                fields.push((field.number(), field.json_name().to_owned(), value, field.kind()));
            }
        }
        for (extension, value) in message.extensions() {
            let name = extension.json_name().to_owned();
            fields.push((extension.number(), name, Some(value.clone()), extension.kind()));
        }
        fields.sort_by_key(|(number, ..)| *number);
        for (_, name, value, kind) in &fields {
            map.serialize_entry(name, &value.as_ref().map(|value| self.with((value, kind))))?;
        }
        Ok(())
    }

    fn serialize_any<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let any = self.shown;
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
        map.serialize_entry("@type", url)?;
        match self
            .printer
            .any_contents(any, name, bytes)
            .map_err(S::Error::custom)?
        {
            None => {
                self.printer.unknown.borrow_mut().insert(name.to_owned());
                let error = format!("{name} is not recognized; see @value for raw binary message data");
                map.serialize_entry("@error", &error)?;
                map.serialize_entry("@value", &BASE64_STANDARD.encode(bytes))?;
            }
            Some(contents) => {
                let special = matches!(
                    name,
                    "google.protobuf.Any"
                        | "google.protobuf.Struct"
                        | "google.protobuf.ListValue"
                        | "google.protobuf.Value"
                        | "google.protobuf.Empty"
                );
                if special || has_json_of_its_own(name) {
                    map.serialize_entry("value", &self.with(&contents))?;
                } else {
                    let depth = self.depth.checked_sub(1);
                    let depth =
                        depth.ok_or_else(|| S::Error::custom("messages are nested too deep for JSON"))?;
                    self.printer.show(&contents, depth).serialize_fields(&mut map)?;
                }
            }
        }
        map.end()
    }

    /// `Struct`, `ListValue` and `Value`: each has one field that is its JSON.
    fn serialize_struct<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let descriptor = self.shown.descriptor();
        let is_value = descriptor.full_name() == "google.protobuf.Value";
        let field = match is_value {
            true => descriptor.fields().find(|field| self.shown.has_field(field)),
            false => descriptor.get_field(1),
        };
        let Some(field) = field else {
            return serializer.serialize_none();
        };
        let value = self.shown.get_field(&field);
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
        let (value, kind) = self.shown;
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

/// serde_json's layout over several lines, but numbers as JavaScript writes them: 1 and not 1.0.
struct Layout(PrettyFormatter<'static>);

/// From here on JavaScript writes an exponent.
const LARGE: f64 = 1e21;
/// And below this.
const SMALL: f64 = 1e-6;

fn has_exponent(value: f64) -> bool {
    value != 0.0 && !(SMALL..LARGE).contains(&value.abs())
}

impl Formatter for Layout {
    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        match has_exponent(f64::from(value)) {
            true => write!(writer, "{value:e}"),
            false => write!(writer, "{value}"),
        }
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        match has_exponent(value) {
            true => write!(writer, "{value:e}"),
            false => write!(writer, "{value}"),
        }
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
