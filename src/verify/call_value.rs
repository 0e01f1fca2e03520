//! A call as an expression sees it: what is known of it as a message of a type of its own, and its messages.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use prost_reflect::MessageDescriptor;

use crate::cel::{MessageValue, Type, Value};
use crate::journal::{Direction, RecordedCall, RecordedMessage};
use crate::message::{WireType, key, put_delimited, put_varint};
use crate::schema::{Method, Schema};

/// What `call` has. It is the page of its fields, too: hints name them.
const PROTO: &str = r#"
    syntax = "proto3";
    package protod.call;
    import "google/protobuf/duration.proto";
    import "google/protobuf/timestamp.proto";
    message Call {
      int64 id = 1;
      string method = 2;
      string service = 3;
      string protocol = 4;
      string peer = 5;
      google.protobuf.Timestamp start = 6;
      google.protobuf.Duration duration = 7;
      Code code = 8;
      string message = 9;
      string rule = 10;
      bool matched = 11;
      int64 generation = 12;
      map<string, string> headers = 13;
      map<string, string> response_headers = 14;
      map<string, string> trailers = 15;
      int64 request_count = 16;
      int64 response_count = 17;
      string trace_id = 18;
      string session = 19;
    }
    // What the servers of a fleet tell each other of a call: the fields of the same name and number, and who answered it.
    message Summary {
      int64 id = 1;
      string method = 2;
      string service = 3;
      string protocol = 4;
      google.protobuf.Timestamp start = 6;
      google.protobuf.Duration duration = 7;
      Code code = 8;
      string rule = 10;
      bool matched = 11;
      int64 generation = 12;
      int64 request_count = 16;
      int64 response_count = 17;
      string session = 19;
      string replica = 20;
    }
    enum Code {
      OK = 0; CANCELLED = 1; UNKNOWN = 2; INVALID_ARGUMENT = 3; DEADLINE_EXCEEDED = 4; NOT_FOUND = 5; ALREADY_EXISTS = 6;
      PERMISSION_DENIED = 7; RESOURCE_EXHAUSTED = 8; FAILED_PRECONDITION = 9; ABORTED = 10; OUT_OF_RANGE = 11;
      UNIMPLEMENTED = 12; INTERNAL = 13; UNAVAILABLE = 14; DATA_LOSS = 15; UNAUTHENTICATED = 16;
    }
"#;

pub(super) static CALL_SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::from_source("protod/call.proto", PROTO).expect("it compiles"));

static CALL: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    let found = CALL_SCHEMA.pool().get_message_by_name(CALL_NAME);
    found.expect("it is declared")
});

/// The name of the type of `call`.
pub(super) const CALL_NAME: &str = "protod.call.Call";

pub(super) static SUMMARY: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    let found = CALL_SCHEMA.pool().get_message_by_name("protod.call.Summary");
    found.expect("it is declared")
});

/// What a condition may name, with its type: in pairs, as a loop has its variables.
pub(super) fn names(method: Option<&Method>) -> Vec<Vec<(String, Type)>> {
    let of = |message: Option<&MessageDescriptor>| {
        message.map_or(Type::Dyn, |message| Type::Message(message.clone()))
    };
    let (input, output) = (of(method.map(Method::input)), of(method.map(Method::output)));
    let list = |element: &Type| Type::List(Box::new(element.clone()));
    let named = |name: &str, value_type| (name.to_owned(), value_type);
    vec![
        vec![
            named("call", Type::Message(CALL.clone())),
            named("request", input.clone()),
        ],
        vec![named("requests", list(&input)), named("response", output.clone())],
        vec![named("responses", list(&output))],
    ]
}

/// A call, as an expression sees it.
#[derive(Debug)]
pub(super) struct CallValue {
    call: Vec<u8>,
    requests: Vec<(MessageDescriptor, Bytes)>,
    responses: Vec<(MessageDescriptor, Bytes)>,
    pub(super) metadata: HeaderMap,
}

impl CallValue {
    /// `method` is the one that the expression was compiled for, if it is for one.
    pub(super) fn of(call: &RecordedCall, method: Option<&Method>) -> Self {
        let (mut requests, mut responses) = (Vec::new(), Vec::new());
        for message in call.messages() {
            let (kept, expected) = match message.direction() {
                Direction::Request => (&mut requests, method.map(Method::input)),
                Direction::Response => (&mut responses, method.map(Method::output)),
            };
            kept.extend(typed(&message, expected));
        }
        let mut metadata = HeaderMap::new();
        for (name, value) in call.request_headers() {
            let pair = (
                HeaderName::from_bytes(&name),
                HeaderValue::from_maybe_shared(value),
            );
            if let (Ok(name), Ok(value)) = pair {
                metadata.append(name, value);
            }
        }
        Self {
            call: encoded(call),
            requests,
            responses,
            metadata,
        }
    }

    /// The values of [`names`].
    pub(super) fn values<'v>(&'v self) -> [[Value<'v>; 2]; 3] {
        let messages = |all: &'v [(MessageDescriptor, Bytes)]| all.iter().map(message).collect::<Vec<_>>();
        let (requests, responses) = (messages(&self.requests), messages(&self.responses));
        let call = Value::Message(MessageValue {
            descriptor: CALL.clone(),
            bytes: self.call.as_slice().into(),
        });
        [
            [call, self.requests.first().map_or(Value::Null, message)],
            [
                Value::List(requests),
                self.responses.first().map_or(Value::Null, message),
            ],
            [Value::List(responses), Value::Null],
        ]
    }
}

fn message((descriptor, bytes): &(MessageDescriptor, Bytes)) -> Value<'_> {
    Value::Message(MessageValue {
        descriptor: descriptor.clone(),
        bytes: bytes.as_ref().into(),
    })
}

/// A message with its type, that of the expression rather than that of the call.
fn typed(
    message: &RecordedMessage,
    expected: Option<&MessageDescriptor>,
) -> Option<(MessageDescriptor, Bytes)> {
    let message = message.to_message()?;
    let descriptor = expected.cloned().unwrap_or_else(|| message.descriptor());
    Some((descriptor, message.to_bytes()))
}

/// The bytes of a message of the type of `call`.
fn encoded(call: &RecordedCall) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    put_number(&mut out, 1, call.id());
    put_text(&mut out, 2, call.method());
    put_text(
        &mut out,
        3,
        call.method().rsplit_once('/').map_or("", |(service, _)| service),
    );
    put_text(&mut out, 4, call.protocol());
    put_text(&mut out, 5, call.peer().unwrap_or_default());
    let start = call
        .start()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    for (number, time) in [(6, Some(start)), (7, call.duration())] {
        if let Some(time) = time {
            let mut inner = Vec::new();
            put_number(&mut inner, 1, time.as_secs());
            put_number(&mut inner, 2, time.subsec_nanos().into());
            put_bytes(&mut out, number, &inner);
        }
    }
    put_number(&mut out, 8, call.code() as u64);
    put_text(&mut out, 9, call.message());
    put_text(&mut out, 10, call.rule().unwrap_or_default());
    put_number(&mut out, 11, u64::from(!call.is_unmatched()));
    put_number(&mut out, 12, call.generation());
    put_headers(&mut out, 13, call.request_headers());
    put_headers(&mut out, 14, call.response_headers());
    put_headers(&mut out, 15, call.trailers());
    put_number(&mut out, 16, call.request_count());
    put_number(&mut out, 17, call.response_count());
    put_text(&mut out, 18, &call.trace_id().unwrap_or_default());
    put_text(&mut out, 19, call.session().unwrap_or_default());
    out
}

/// Headers as a map: values of the same name are joined, as HTTP has it.
fn put_headers(out: &mut Vec<u8>, number: u32, headers: impl Iterator<Item = (Bytes, Bytes)>) {
    let mut joined: Vec<(Bytes, Vec<u8>)> = Vec::new();
    for (name, value) in headers {
        match joined.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                known.extend_from_slice(b", ");
                known.extend_from_slice(&value);
            }
            None => joined.push((name, value.to_vec())),
        }
    }
    for (name, value) in joined {
        let mut entry = Vec::new();
        put_bytes(&mut entry, 1, &name);
        put_bytes(&mut entry, 2, String::from_utf8_lossy(&value).as_bytes());
        put_bytes(out, number, &entry);
    }
}

fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    if value > 0 {
        put_varint(out, key(number, WireType::Varint).into());
        put_varint(out, value);
    }
}

fn put_text(out: &mut Vec<u8>, number: u32, text: &str) {
    put_bytes(out, number, text.as_bytes());
}

fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(out, key(number, WireType::LengthDelimited).into());
    put_delimited(out, bytes);
}
