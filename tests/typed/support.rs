//! The protos of these tests, and the comparison of a value with prost-reflect's message.

use std::fmt::Debug;
use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::MessageDescriptor;
use protod::{Message, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        Schema::load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/typed")).expect("it compiles")
    });
    &SCHEMA
}

pub(crate) fn descriptor(name: &str) -> MessageDescriptor {
    schema()
        .pool()
        .get_message_by_name(name)
        .expect("the protos have it")
}

/// The bytes that prost-reflect makes of the message of some JSON.
pub(crate) fn bytes_of_json(name: &str, json: &str) -> Vec<u8> {
    let message =
        Message::from_json(descriptor(name), json).unwrap_or_else(|error| panic!("{json}: {error}"));
    message.into_dynamic().expect("it decodes").encode_to_vec()
}

pub(crate) fn written<T: Serialize>(name: &str, value: &T) -> Vec<u8> {
    let message = Message::from_value(schema(), &descriptor(name), value);
    message
        .unwrap_or_else(|error| panic!("{error}"))
        .to_bytes()
        .into()
}

pub(crate) fn write_error<T: Serialize>(name: &str, value: &T) -> String {
    let message = Message::from_value(schema(), &descriptor(name), value);
    message.expect_err("it does not fit").to_string()
}

pub(crate) fn read<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, protod::MessageError> {
    Message::decode(schema(), &descriptor(name), bytes.to_vec())?.parse()
}

pub(crate) fn read_json<T: DeserializeOwned>(name: &str, json: &str) -> Result<T, protod::MessageError> {
    read(name, &bytes_of_json(name, json))
}

/// A value is written as prost-reflect writes the message of the same JSON, and is read from that.
#[track_caller]
pub(crate) fn same_both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    name: &str,
    value: T,
    json: &str,
) {
    let expected = bytes_of_json(name, json);
    assert_eq!(written(name, &value), expected, "written, of {json}");
    let found: T = read(name, &expected).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(found, value, "read, of {json}");
}
