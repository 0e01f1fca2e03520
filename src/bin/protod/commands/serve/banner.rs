//! What `serve` prints when it starts: its services, and for each a command to paste into a shell.
//!
//! It is for people, so it is left out when the log is JSON. Long lists are cut.

use std::fmt::Write as _;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use protod::{Message, Sampler, Schema};

/// How many services are listed; the rest are counted.
const MOST_SERVICES: usize = 12;

/// How deep a request to paste is filled in.
const TEMPLATE_DEPTH: usize = 3;

/// How long a made-up request is at most, in bytes.
const LONGEST_SAMPLE: usize = 400;

/// The text of the banner; `addr` as the listener gives it, and `summary` what is served in numbers. `sampler` makes up the requests to paste, if they must be valid.
pub(crate) fn banner(
    addr: &str,
    tls: bool,
    schema: &Schema,
    summary: &str,
    sampler: Option<&Sampler>,
) -> String {
    let mut text = String::new();
    let services = schema.services();
    let count = services.len();
    let _ = writeln!(text, "{summary}");
    let tls = if tls { " --tls" } else { "" };
    for name in services.take(MOST_SERVICES) {
        let _ = writeln!(text, "  {name}");
        let mut methods = schema.methods().iter();
        let any = methods.find(|method| method.service() == name);
        // The one that its proto has first.
        if let Some(method) = any.and_then(|any| any.descriptor().parent_service().methods().next()) {
            let input = method.input();
            let request = sampler.and_then(|sampler| sample(sampler, &input));
            // A quote would end the shell's string.
            let request = request.unwrap_or_else(|| template(&input)).replace('\'', r"'\''");
            let method = method.name();
            let _ = writeln!(text, "    protod call{tls} {addr} {name}/{method} -d '{request}'");
        }
    }
    if count > MOST_SERVICES {
        let _ = writeln!(
            text,
            "  and {} more: protod list{tls} {addr}",
            count - MOST_SERVICES
        );
    }
    text
}

/// A request that the rules of its fields allow, as JSON on one line. `None` if it is long.
fn sample(sampler: &Sampler, descriptor: &MessageDescriptor) -> Option<String> {
    let message = sampler.sample_message(descriptor, "", None, 0);
    let json = Message::from(message).to_json().ok()?;
    (json.len() <= LONGEST_SAMPLE).then_some(json)
}

/// A request with every field at its default, as JSON on one line. It is written from the descriptor, because a start
/// needs no dynamic messages otherwise.
fn template(descriptor: &MessageDescriptor) -> String {
    let mut json = String::new();
    write_message(&mut json, descriptor, TEMPLATE_DEPTH);
    json
}

/// An empty message whose singular sub-messages are there too, down to `depth` levels.
fn write_message(json: &mut String, descriptor: &MessageDescriptor, depth: usize) {
    if let Some(text) = well_known(descriptor) {
        json.push_str(&text);
        return;
    }
    json.push('{');
    let mut is_first = true;
    for field in descriptor.fields() {
        if !is_filled(&field, depth) {
            continue;
        }
        if !std::mem::take(&mut is_first) {
            json.push(',');
        }
        let _ = write!(json, "\"{}\":", field.json_name());
        match field.kind() {
            _ if field.is_list() => json.push_str("[]"),
            _ if field.is_map() => json.push_str("{}"),
            Kind::Message(inner) => write_message(json, &inner, depth - 1),
            kind => json.push_str(&default(&kind)),
        }
    }
    json.push('}');
}

/// Whether the request has the field: lists, maps, fields without presence, and messages that are not too deep.
fn is_filled(field: &FieldDescriptor, depth: usize) -> bool {
    if field.is_list() || field.is_map() {
        return true;
    }
    match field.kind() {
        Kind::Message(inner) => {
            depth > 1
                && field.containing_oneof().is_none()
                && !inner.full_name().starts_with("google.protobuf.")
        }
        _ => !field.supports_presence(),
    }
}

/// The default of a field that is neither a list nor a message.
fn default(kind: &Kind) -> String {
    match kind {
        Kind::String | Kind::Bytes => r#""""#.to_owned(),
        Kind::Bool => "false".to_owned(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => r#""0""#.to_owned(),
        Kind::Enum(values) if values.full_name() == "google.protobuf.NullValue" => "null".to_owned(),
        Kind::Enum(values) => format!("\"{}\"", values.default_value().name()),
        _ => "0".to_owned(),
    }
}

/// The default of a type that JSON writes in a way of its own.
fn well_known(descriptor: &MessageDescriptor) -> Option<String> {
    let text = match descriptor.full_name().strip_prefix("google.protobuf.")? {
        "Timestamp" => r#""1970-01-01T00:00:00Z""#,
        "Duration" => r#""0s""#,
        "FieldMask" => r#""""#,
        "Value" => "null",
        "ListValue" => "[]",
        "Any" | "Struct" => "{}",
        name if name.ends_with("Value") => return Some(default(&descriptor.get_field(1)?.kind())),
        _ => return None,
    };
    Some(text.to_owned())
}
