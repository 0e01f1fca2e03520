//! The codec in tonic's own server stack, and messages in all their forms.

use std::future::Future;
use std::pin::Pin;

use prost_reflect::Value;
use protod::{DynamicCodec, Message};
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};

use crate::support::{Client, fields, item, schema};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A hand-written tonic service around the codec.
#[derive(Clone)]
struct OnTonic;

impl NamedService for OnTonic {
    const NAME: &'static str = "shapes.Shapes";
}

struct Echo;

impl UnaryService<Message> for Echo {
    type Response = Message;
    type Future = BoxFuture<Result<Response<Message>, Status>>;

    fn call(&mut self, request: Request<Message>) -> Self::Future {
        Box::pin(async move { Ok(Response::new(request.into_inner())) })
    }
}

impl Service<http::Request<tonic::body::Body>> for OnTonic {
    type Response = http::Response<tonic::body::Body>;
    type Error = std::convert::Infallible;
    type Future = BoxFuture<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        let schema = schema();
        let codec = DynamicCodec::server(schema.method("shapes.Shapes/Unary").expect("it is there"));
        Box::pin(async move { Ok(Grpc::new(codec).unary(Echo, request).await) })
    }
}

#[tokio::test]
async fn the_codec_works_in_both_of_tonics_stacks() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let addr = listener.local_addr().expect("bound").to_string();
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(OnTonic)
            .serve_with_incoming(incoming),
    );
    let answer = Client::connect(&addr)
        .await
        .unary(item("tonic", 3))
        .await
        .expect("an answer")
        .into_inner();
    assert_eq!(fields(&answer), ("tonic".into(), 3));
}

#[test]
fn unknown_fields_survive_a_round_trip() {
    let schema = schema();
    let item_type = schema
        .pool()
        .get_message_by_name("shapes.Item")
        .expect("it is there");
    // Field 1 "a"; then numbers 100 (varint), 101 (fixed64), 102 (bytes), 103 (a group), 104 (fixed32).
    let mut bytes = vec![
        0x0a, 0x01, b'a', 0xa0, 0x06, 0x07, 0xa9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8,
    ];
    bytes.extend([
        0xb2, 0x06, 0x02, 9, 9, 0xbb, 0x06, 0x08, 0x01, 0xbc, 0x06, 0xc5, 0x06, 1, 2, 3, 4,
    ]);
    let message = Message::decode(&schema, &item_type, bytes.clone()).expect("well formed");
    assert_eq!(message.to_bytes(), bytes, "kept as they came");
    let dynamic = message.to_dynamic().expect("it decodes");
    assert_eq!(Message::from(dynamic).to_bytes(), bytes, "and written again");
}

#[test]
fn a_message_of_a_recursive_type_can_be_printed_for_debugging() {
    assert_eq!(
        format!("{:?}", item("a", 1)),
        r#"Message { type: "shapes.Item", encoded_len: 5 }"#
    );
}

#[test]
fn json_goes_both_ways() {
    let schema = schema();
    let item_type = schema
        .pool()
        .get_message_by_name("shapes.Item")
        .expect("it is there");
    let json = r#"{"name":"a","value":"9223372036854775807","items":[{"data":"AAE="}]}"#;
    let message = Message::from_json(item_type.clone(), json).expect("it fits");
    assert_eq!(message.to_json().expect("it prints"), json);
    let error = Message::from_json(item_type, r#"{"nmae":"a"}"#).expect_err("no such field");
    assert!(error.to_string().contains("nmae"), "{error}");
}

#[test]
fn json_is_read_as_its_specification_has_it() {
    let schema = protod::Schema::from_source(
        "json.proto",
        r#"syntax = "proto3"; import "google/protobuf/any.proto"; import "google/protobuf/empty.proto";
           message M { int32 some_int = 1; repeated uint64 list = 2; map<string, sint32> map = 3; float float = 4;
                       google.protobuf.Any any = 5; M m = 6; string text = 7; }"#,
    )
    .expect("compiles");
    let message = schema.pool().get_message_by_name("M").expect("it is there");
    let read = |json: &str| Message::from_json(message.clone(), json);
    for (json, expected) in [
        (r#"{"someInt": "1e5"}"#, r#"{"someInt":100000}"#),
        (
            r#"{"list": ["1.0", "2", 3], "map": {"a": "-1e1"}}"#,
            r#"{"list":["1","2","3"],"map":{"a":-10}}"#,
        ),
        (
            r#"{"m": {"some_int": "2E0"}, "text": "1e5"}"#,
            r#"{"m":{"someInt":2},"text":"1e5"}"#,
        ),
        (r#"{"float": 3.4028235e+38}"#, r#"{"float":3.4028235e+38}"#),
        (
            r#"{"any": {"@type": "x/google.protobuf.Empty"}}"#,
            r#"{"any":{"@type":"x/google.protobuf.Empty"}}"#,
        ),
    ] {
        let message = read(json).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(message.to_json().expect("it prints"), expected, "{json}");
    }
    for (json, expected) in [
        (
            r#"{"text": "", "text": ""}"#,
            "field 'text' is there twice at line 1 column",
        ),
        (
            r#"{"m": {"some_int": 1, "someInt": 1}}"#,
            "field 'someInt' is there twice",
        ),
        (
            r#"{"someInt": "1e5"} x"#,
            "trailing characters at line 1 column 20",
        ),
        (r#"{"someInt": "1e10"}"#, "out of range"),
        (r#"{"someInt": "1.5"}"#, "invalid digit"),
        (r#"{"float": 3.5e+38}"#, "out of range at line 1 column"),
    ] {
        let error = read(json).expect_err(json).to_string();
        assert!(error.contains(expected), "{json}: {error}");
    }
}

#[test]
fn times_that_no_text_can_say_are_no_json() {
    let schema = protod::Schema::from_source(
        "times.proto",
        r#"syntax = "proto3"; import "google/protobuf/duration.proto"; import "google/protobuf/timestamp.proto";
           message Times { google.protobuf.Duration duration = 1; repeated google.protobuf.Timestamp timestamps = 2; }"#,
    )
    .expect("compiles");
    let times = schema.pool().get_message_by_name("Times").expect("it is there");
    let json_of = |duration: (i64, i32), timestamp: (i64, i32)| {
        let (seconds, nanos) = duration;
        let duration = prost_types::Duration { seconds, nanos };
        let (seconds, nanos) = timestamp;
        let timestamp = prost_types::Timestamp { seconds, nanos };
        let mut bytes = Vec::new();
        prost::encoding::message::encode(1, &duration, &mut bytes);
        prost::encoding::message::encode(2, &timestamp, &mut bytes);
        Message::decode(&schema, &times, bytes)
            .expect("well formed")
            .to_json()
    };
    json_of((315_576_000_000, 999_999_999), (253_402_300_799, 999_999_999)).expect("the last of each");
    json_of((-315_576_000_000, -999_999_999), (-62_135_596_800, 0)).expect("the first of each");
    for (duration, timestamp) in [
        ((1, -1), (0, 0)),
        ((-1, 1), (0, 0)),
        ((0, 1_000_000_000), (0, 0)),
        ((315_576_000_001, 0), (0, 0)),
        ((0, 0), (0, -1)),
        ((0, 0), (0, 1_000_000_000)),
        ((0, 0), (253_402_300_800, 0)),
    ] {
        let error = json_of(duration, timestamp).expect_err("out of range");
        assert!(
            error.to_string().contains("out of range"),
            "{duration:?} {timestamp:?}: {error}"
        );
    }
}

#[test]
fn nested_any_json_is_refused_at_depth() {
    let schema = protod::Schema::from_source(
        "any.proto",
        r#"syntax = "proto3"; import "google/protobuf/any.proto";
           message Box { google.protobuf.Any any = 1; }"#,
    )
    .expect("compiles");
    let box_type = schema.pool().get_message_by_name("Box").expect("it is there");
    let any_type = schema
        .pool()
        .get_message_by_name("google.protobuf.Any")
        .expect("imported");
    let nested = |levels: usize| {
        let mut inner = Vec::new();
        for level in 0..levels {
            let mut any = prost_reflect::DynamicMessage::new(any_type.clone());
            let held = if level == 0 {
                "x/Box"
            } else {
                "x/google.protobuf.Any"
            };
            any.set_field_by_name("type_url", Value::String(held.into()));
            any.set_field_by_name("value", Value::Bytes(inner.into()));
            inner = prost::Message::encode_to_vec(&any);
        }
        let mut message = prost_reflect::DynamicMessage::new(box_type.clone());
        let any = prost_reflect::DynamicMessage::decode(any_type.clone(), &inner[..]).expect("an Any");
        message.set_field_by_name("any", Value::Message(any));
        Message::from(message)
    };
    nested(20).to_json().expect("shallow enough");
    // The bytes are few and valid; only their JSON would need an unbounded stack.
    let error = nested(3000).to_json().expect_err("too deep");
    assert!(error.to_string().contains("nested too deep"), "{error}");
}

#[test]
fn messages_nested_deeper_than_the_limit_are_refused() {
    let schema = schema();
    let item_type = schema
        .pool()
        .get_message_by_name("shapes.Item")
        .expect("it is there");
    let nested = |levels: usize| {
        let mut bytes = Vec::new();
        for _ in 0..levels {
            let mut outer = vec![0x1a];
            prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
            outer.extend(bytes);
            bytes = outer;
        }
        Message::decode(&schema, &item_type, bytes)
    };
    nested(100)
        .expect("at the limit")
        .to_dynamic()
        .expect("prost agrees");
    let error = nested(101).expect_err("beyond it");
    assert_eq!(error.code(), tonic::Code::ResourceExhausted, "{error}");
}

#[test]
fn an_empty_any_is_an_empty_object() {
    let schema = protod::Schema::from_source(
        "holder.proto",
        r#"syntax = "proto3"; import "google/protobuf/any.proto"; import "google/protobuf/empty.proto";
           message Holder { google.protobuf.Any one = 1; repeated google.protobuf.Any list = 2;
                            map<string, google.protobuf.Any> map = 3; google.protobuf.Empty empty = 4; }"#,
    )
    .expect("it compiles");
    let holder = schema.pool().get_message_by_name("Holder").expect("it is there");
    let empty = r#"{"@type":"type.googleapis.com/google.protobuf.Empty"}"#;
    let json = format!(r#"{{"one":{{}},"list":[{{}},{empty}],"map":{{"a":{{}}}}}}"#);
    let message = Message::from_json(holder.clone(), &json).expect("ProtoJSON");
    // Each `Any` is empty, except for the one that contains an Empty.
    assert_eq!(
        message.to_bytes()[..4],
        [0x0a, 0, 0x12, 0],
        "{:?}",
        message.to_bytes()
    );
    assert_eq!(message.to_json().expect("JSON"), json);
    let long = Message::from_json(
        holder,
        &format!(r#"{{"one":{}"value":{{}}}}}}"#, empty.replace('}', ",")),
    );
    assert_eq!(
        long.expect("as Go writes it").to_json().expect("JSON"),
        format!(r#"{{"one":{empty}}}"#)
    );
}
