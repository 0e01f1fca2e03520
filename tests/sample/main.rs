//! Samples: what they copy from the request, that values suit their fields, that they are finite and repeatable.

mod calls;
mod copies;
mod depth;
mod names;
mod random;
mod repeat;
mod rules;
mod well_known;

use prost_reflect::{DynamicMessage, Value};
use protod::{Method, Sampler, Schema};

/// A schema of this text, and a service `S` in package `t`.
fn schema(text: &str) -> Schema {
    Schema::from_source("t.proto", text).expect("the source compiles")
}

fn method<'a>(schema: &'a Schema, name: &str) -> &'a Method {
    schema.method(name).expect("a method of the source")
}

/// A sample without a request, for each of many seeds.
fn samples(method: &Method) -> impl Iterator<Item = DynamicMessage> + '_ {
    (0..64).map(|seed| Sampler::new(seed).sample(method, None, 0))
}

/// A message from its JSON.
fn message(schema: &Schema, name: &str, json: &str) -> DynamicMessage {
    let descriptor = schema
        .pool()
        .get_message_by_name(name)
        .expect("a message of the source");
    let mut json = serde_json::Deserializer::from_str(json);
    DynamicMessage::deserialize(descriptor, &mut json).expect("it fits the type")
}

fn json(message: &DynamicMessage) -> serde_json::Value {
    serde_json::to_value(message).expect("every sample has a JSON form")
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message
        .get_field_by_name(field)
        .expect("a field of the source")
        .into_owned();
    match value {
        Value::String(text) => text,
        other => panic!("{field} is {other:?}"),
    }
}
