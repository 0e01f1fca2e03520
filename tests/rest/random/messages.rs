//! Random messages, and their parts as texts: written by prost-reflect and by hand, and by nothing of protod's.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _, SerializeOptions,
    Value,
};

use super::choice::Random;

/// How deep messages are.
const DEPTH: usize = 4;

/// A value of a kind that has no fields of its own.
pub(super) fn scalar(random: &mut Random, kind: &Kind) -> Value {
    let raw = random.next() >> (random.next() % 64);
    match kind {
        Kind::Double => Value::F64([f64::NAN, f64::INFINITY, -0.5, 1e300, raw as f64][random.below(5)]),
        Kind::Float => Value::F32([f32::NEG_INFINITY, 0.1, -3.5e30, raw as f32][random.below(4)]),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(raw as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(raw as i64),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(raw as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(raw),
        Kind::Bool => Value::Bool(raw & 1 == 1),
        Kind::Bytes => Value::Bytes(raw.to_be_bytes()[..random.below(9)].to_vec().into()),
        Kind::Enum(_) => Value::EnumNumber(*random.pick(&[0, 1, -5, 77])),
        Kind::String => {
            let letters = [
                "a", "ü", "/", " ", "+", "%", "&", "=", "?", "#", ":", "\n", "日", "😀", "\"", "\\", ".",
                "%2F", ":doIt",
            ];
            Value::String((0..random.below(9)).map(|_| *random.pick(&letters)).collect())
        }
        Kind::Message(known) => Value::Message(well_known(random, known)),
    }
}

/// A well-known type, read from its JSON by prost-reflect.
fn well_known(random: &mut Random, of: &MessageDescriptor) -> DynamicMessage {
    let raw = random.next();
    let json = match of.name() {
        "Timestamp" => {
            let nanos = [
                String::new(),
                ".5".to_owned(),
                format!(".{:09}", raw % 1_000_000_000),
            ];
            format!(
                "\"{:04}-0{}-1{}T0{}:00:59{}Z\"",
                1 + raw % 9999,
                1 + raw % 9,
                raw % 10,
                raw % 10,
                random.pick(&nanos)
            )
        }
        "Duration" => {
            let sign = random.pick(&["", "-"]);
            format!("\"{sign}{}.{:09}s\"", raw % 315_576_000_000, raw % 1_000_000_000)
        }
        "FieldMask" => format!("{:?}", random.pick(&["", "a", "a,fooBar.baz", "innerOne.key,b"])),
        "Struct" => {
            (*random.pick(&["{}", "{\"a\":{\"b\":[1.5,null,true]}}", "{\"c d\":\"=&%\"}"])).to_owned()
        }
        "Value" => (*random.pick(&["null", "0.5", "\"text\"", "true", "[]", "{\"a\":[{}]}"])).to_owned(),
        "ListValue" => (*random.pick(&["[]", "[1.0,\"a\",[null]]"])).to_owned(),
        "Empty" => "{}".to_owned(),
        _ => {
            let mut message = DynamicMessage::new(of.clone());
            let field = of.get_field_by_name("value").expect("a wrapper");
            // prost-reflect writes a NaN in a wrapper as null, which is no wrapper.
            let value = match scalar(random, &field.kind()) {
                Value::F32(number) if !number.is_finite() => Value::F32(0.5),
                Value::F64(number) if !number.is_finite() => Value::F64(0.5),
                value => value,
            };
            message.set_field(&field, value);
            return message;
        }
    };
    let mut deserializer = serde_json::Deserializer::from_str(&json);
    DynamicMessage::deserialize(of.clone(), &mut deserializer)
        .unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// Whether a field's values have no fields of their own.
fn is_scalar(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(message) => message.full_name().starts_with("google."),
        _ => true,
    }
}

fn value(random: &mut Random, field: &FieldDescriptor, depth: usize) -> Value {
    match field.kind() {
        Kind::Message(held) if !is_scalar(field) => Value::Message(random_message(random, &held, depth + 1)),
        kind => scalar(random, &kind),
    }
}

/// A message, which may have every field.
pub(super) fn random_message(random: &mut Random, of: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for field in of.fields() {
        let is_deep = depth == DEPTH && !is_scalar(&field);
        if random.one_in(2) || is_deep {
            continue;
        }
        let value = if field.is_map() {
            let Kind::Message(entry) = field.kind() else {
                continue;
            };
            let (key, held) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            if depth == DEPTH {
                continue;
            }
            Value::Map(
                (0..random.below(3))
                    .filter_map(|_| {
                        Some((map_key(scalar(random, &key.kind()))?, value(random, &held, depth)))
                    })
                    .collect(),
            )
        } else if field.is_list() {
            let most = if is_scalar(&field) { 4 } else { 2 };
            Value::List(
                (0..random.below(most))
                    .map(|_| value(random, &field, depth))
                    .collect(),
            )
        } else {
            value(random, &field, depth)
        };
        message.set_field(&field, value);
    }
    message
}

fn map_key(value: Value) -> Option<MapKey> {
    Some(match value {
        Value::String(text) => MapKey::String(text),
        Value::Bool(truth) => MapKey::Bool(truth),
        Value::I32(number) => MapKey::I32(number),
        Value::U64(number) => MapKey::U64(number),
        _ => return None,
    })
}

/// Removes what neither the path, the body nor parameters can say. `in_path` are the fields in the path, whose values come from
/// there; `body` is the field that is the body.
pub(super) fn prune(message: &mut DynamicMessage, in_path: &[&str], body: Option<&str>) {
    let fields: Vec<FieldDescriptor> = message.fields().map(|(field, _)| field).collect();
    for field in fields {
        if body == Some(field.name()) {
            continue;
        }
        let below: Vec<&str> = in_path
            .iter()
            .filter_map(|path| path.strip_prefix(field.name())?.strip_prefix('.'))
            .collect();
        let is_empty_type = matches!(field.kind(), Kind::Message(held) if held.name() == "Empty");
        let is_told = !field.is_map() && (is_scalar(&field) || !field.is_list()) && !is_empty_type;
        if !is_told || in_path.contains(&field.name()) {
            message.clear_field(&field);
        } else if let Value::Message(inner) = message.get_field_mut(&field)
            && !is_scalar(&field)
        {
            prune(inner, &below, None);
            // A message with nothing in it is no parameter.
            if inner.fields().next().is_none() {
                message.clear_field(&field);
            }
        }
    }
}

/// The field that names with dots between them lead to.
pub(super) fn field_at(of: &MessageDescriptor, path: &str) -> FieldDescriptor {
    match path.split_once('.') {
        None => of.get_field_by_name(path).expect("it is there"),
        Some((name, rest)) => match field_at(of, name).kind() {
            Kind::Message(held) => field_at(&held, rest),
            _ => panic!("{name} is no message"),
        },
    }
}

/// Sets the field that a path leads to.
pub(super) fn set_path(message: &mut DynamicMessage, path: &str, value: Value) {
    match path.split_once('.') {
        None => message.set_field_by_name(path, value),
        Some((name, rest)) => match message.get_field_by_name_mut(name) {
            Some(Value::Message(inner)) => set_path(inner, rest, value),
            _ => panic!("{name} is no message"),
        },
    }
}

/// The mask of the fields that stand in the JSON of a message.
pub(super) fn mask_of(message: &DynamicMessage) -> Value {
    fn collect(message: &DynamicMessage, above: &str, paths: &mut Vec<Value>) {
        let before = paths.len();
        for (field, value) in message.fields() {
            let path = format!("{above}{}", field.name());
            let is_empty = matches!(value, Value::List(items) if items.is_empty())
                || matches!(value, Value::Map(entries) if entries.is_empty());
            match value {
                // It is not in the JSON.
                _ if is_empty => {}
                Value::Message(inner) if !is_scalar(&field) => collect(inner, &format!("{path}."), paths),
                _ => paths.push(Value::String(path)),
            }
        }
        if paths.len() == before
            && let Some(path) = above.strip_suffix('.')
        {
            paths.push(Value::String(path.to_owned()));
        }
    }
    let mut paths = Vec::new();
    collect(message, "", &mut paths);
    let pool = message.descriptor().parent_pool().clone();
    let of = pool
        .get_message_by_name("google.protobuf.FieldMask")
        .expect("it is there");
    let mut mask = DynamicMessage::new(of);
    mask.set_field_by_name("paths", Value::List(paths));
    Value::Message(mask)
}

/// The value of a field as a path or a parameter has it.
pub(super) fn text_of(random: &mut Random, of: &MessageDescriptor, path: &str, value: &Value) -> String {
    text(random, &field_at(of, path).kind(), value)
}

fn text(random: &mut Random, kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::Enum(of), Value::EnumNumber(number)) => match of.get_value(*number) {
            Some(value) if random.one_in(2) => value.name().to_owned(),
            _ => number.to_string(),
        },
        (_, Value::Bytes(bytes)) => BASE64_URL_SAFE_NO_PAD.encode(bytes),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Bool(truth)) => truth.to_string(),
        (_, Value::I32(number)) => number.to_string(),
        (_, Value::I64(number)) => number.to_string(),
        (_, Value::U32(number)) => number.to_string(),
        (_, Value::U64(number)) => number.to_string(),
        (_, Value::F32(number)) if number.is_finite() => serde_json::json!(number).to_string(),
        (_, Value::F64(number)) if number.is_finite() => serde_json::json!(number).to_string(),
        (_, Value::F32(number)) => unusual(f64::from(*number)),
        (_, Value::F64(number)) => unusual(*number),
        (Kind::Message(of), Value::Message(message)) => match (of.name(), json(message)) {
            ("Struct" | "Value" | "ListValue", json) => json,
            // A text without its quotes, or a number.
            (_, json) => match serde_json::from_str(&json).expect("it is JSON") {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            },
        },
        other => panic!("{other:?} is no parameter"),
    }
}

fn unusual(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number > 0.0 {
        "Infinity".to_owned()
    } else {
        "-Infinity".to_owned()
    }
}

/// Adds the parameters of a message.
pub(super) fn parameters(
    random: &mut Random,
    message: &DynamicMessage,
    above: &str,
    without: &[&str],
    query: &mut Vec<String>,
) {
    for (field, value) in message.fields() {
        if without.contains(&field.name()) {
            continue;
        }
        let name = if random.one_in(2) {
            field.name()
        } else {
            field.json_name()
        };
        let name = format!("{above}{name}");
        let mut add = |random: &mut Random, value: &Value| {
            let text = text(random, &field.kind(), value);
            let text = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
            query.push(format!(
                "{name}={}",
                if random.one_in(2) {
                    text.replace("%20", "+")
                } else {
                    text
                }
            ));
        };
        match value {
            Value::List(items) => items.iter().for_each(|item| add(random, item)),
            Value::Message(inner) if !is_scalar(&field) => {
                parameters(random, inner, &format!("{name}."), &[], query);
            }
            value => add(random, value),
        }
    }
}

/// ProtoJSON, as everybody writes it.
pub(super) fn json(message: &DynamicMessage) -> String {
    write(message, &SerializeOptions::new())
}

/// ProtoJSON in one of the forms that readers take.
pub(super) fn body_json(random: &mut Random, message: &DynamicMessage) -> String {
    let options = SerializeOptions::new()
        .stringify_64_bit_integers(random.one_in(2))
        .use_enum_numbers(random.one_in(2))
        .use_proto_field_name(random.one_in(2));
    write(message, &options)
}

fn write(message: &DynamicMessage, options: &SerializeOptions) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut bytes);
    message
        .serialize_with_options(&mut serializer, options)
        .expect("it has a form in JSON");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}
