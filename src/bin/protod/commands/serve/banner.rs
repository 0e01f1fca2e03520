//! What `serve` prints when it starts: its services, and for each a command to paste into a shell.
//!
//! It is for people, so it is left out when the log is JSON. Long lists are cut.

use std::fmt::Write as _;

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, SerializeOptions, Value};
use protod::{Rules, Schema};

use crate::output::summary::summary;

/// How many services are listed; the rest are counted.
const MOST_SERVICES: usize = 12;

/// How deep a request to paste is filled in.
const TEMPLATE_DEPTH: usize = 3;

/// The text of the banner; `addr` as the listener gives it.
pub(super) fn banner(addr: &str, tls: bool, schema: &Schema, rules: &Rules) -> String {
    let mut text = String::new();
    let mut services: Vec<_> = schema.pool().services().collect();
    services.sort_by(|a, b| a.full_name().cmp(b.full_name()));
    let _ = writeln!(text, "{}", summary(schema, rules));
    let tls = if tls { " --tls" } else { "" };
    for service in services.iter().take(MOST_SERVICES) {
        let name = service.full_name();
        let _ = writeln!(text, "  {name}");
        if let Some(method) = service.methods().next() {
            let request = template(&method.input());
            let method = method.name();
            let _ = writeln!(text, "    protod call{tls} {addr} {name}/{method} -d '{request}'");
        }
    }
    if services.len() > MOST_SERVICES {
        let _ = writeln!(
            text,
            "  and {} more: protod list{tls} {addr}",
            services.len() - MOST_SERVICES
        );
    }
    text
}

/// A request with every field at its default, as JSON on one line.
fn template(descriptor: &MessageDescriptor) -> String {
    let message = filled(descriptor, TEMPLATE_DEPTH);
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut json);
    let options = SerializeOptions::new().skip_default_fields(false);
    match message.serialize_with_options(&mut serializer, &options) {
        // A quote would end the shell's string.
        Ok(()) => String::from_utf8_lossy(&json).replace('\'', r"'\''"),
        Err(_) => "{}".to_owned(),
    }
}

/// An empty message whose singular sub-messages are set too, down to `depth` levels.
fn filled(descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        if let Kind::Message(inner) = field.kind()
            && depth > 1
            && !field.is_list()
            && !field.is_map()
            && field.containing_oneof().is_none()
            && !inner.full_name().starts_with("google.protobuf.")
        {
            message.set_field(&field, Value::Message(filled(&inner, depth - 1)));
        }
    }
    message
}
