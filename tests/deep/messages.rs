//! Messages that are nested without end, in every form in which they come: bytes, JSON, text, and in each other's `Any`.

use prost_reflect::MessageDescriptor;
use protod::{Message, Schema};

use crate::nested;
use crate::program::{Server, protod};

const PROTO: &str = "syntax = 'proto2'; package t;
    import 'google/protobuf/any.proto'; import 'google/protobuf/struct.proto';
    service S { rpc Get(Node) returns (Node); }
    message Node {
        optional Node next = 1;
        optional group Inside = 2 { optional Node next = 1; }
        repeated Node list = 3;
        map<string, Node> by_name = 4;
        optional google.protobuf.Any any = 5;
        optional google.protobuf.Value value = 6;
        optional google.protobuf.Struct struct = 7;
        optional google.protobuf.ListValue values = 8;
        optional string text = 9;
    }";

/// Levels that a stack might hold, and levels that no stack holds.
const LEVELS: [usize; 3] = [1000, 10_000, 100_000];

fn schema() -> Schema {
    Schema::from_source("t.proto", PROTO).expect("it loads")
}

fn node(schema: &Schema) -> MessageDescriptor {
    schema.method("t.S/Get").expect("it is there").input().clone()
}

/// JSON of a node that is nested in each of the ways in which JSON can be.
fn json(levels: usize) -> Vec<String> {
    vec![
        nested(levels, r#"{"next":"#, "{}", "}"),
        nested(levels, r#"{"list":[{"#, r#""text":"a""#, "}]}"),
        nested(levels, r#"{"list":["#, "{}", "]}"),
        nested(levels, r#"{"byName":{"a":"#, "{}", "}}"),
        nested(levels, r#"{"inside":{"next":"#, "{}", "}}"),
        format!(r#"{{"value":{}}}"#, nested(levels, "[", "1", "]")),
        format!(r#"{{"value":{}}}"#, nested(levels, r#"{"a":"#, "1", "}")),
        format!(r#"{{"struct":{}}}"#, nested(levels, r#"{"a":"#, "{}", "}")),
        format!(r#"{{"values":{}}}"#, nested(levels, "[", "", "]")),
        nested(
            levels,
            r#"{"any":{"@type":"type.googleapis.com/t.Node","any":"#,
            "null",
            "}}",
        ),
        format!(
            r#"{{"any":{}}}"#,
            nested(
                levels,
                r#"{"@type":"type.googleapis.com/google.protobuf.Any","value":"#,
                "{}",
                "}"
            )
        ),
        // Where the schema has no such field.
        format!(r#"{{"unknown":{}}}"#, nested(levels, "[", "1", "]")),
        nested(levels, "[", "", "]"),
        nested(levels, "[", "", ""),
        nested(levels, r#"{"next":"#, "", ""),
    ]
}

#[test]
fn json_that_is_nested_without_end_is_refused() {
    let node = node(&schema());
    for levels in LEVELS {
        for text in json(levels) {
            let begin: String = text.chars().take(60).collect();
            Message::from_json(node.clone(), &text).expect_err(&begin);
        }
    }
}

#[test]
fn text_that_is_nested_without_end_is_refused() {
    let node = node(&schema());
    for levels in LEVELS {
        for text in [
            nested(levels, "next { ", "", "}"),
            nested(levels, "next < ", "", ">"),
            nested(levels, "list: [{ ", "", "}]"),
            nested(levels, "Inside { next { ", "", "}}"),
            nested(levels, "by_name { value { ", "", "}}"),
            nested(levels, "any { [type.googleapis.com/t.Node] { ", "", "}}"),
            nested(levels, "unknown { ", "", "}"),
        ] {
            Message::from_text(node.clone(), &text).expect_err("it is too deep");
        }
    }
}

/// A field with its length.
fn delimited(number: u32, contents: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(contents.len() + 8);
    prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut bytes);
    prost::encoding::encode_varint(contents.len() as u64, &mut bytes);
    bytes.extend_from_slice(contents);
    bytes
}

fn repeated(levels: usize, wrap: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    (0..levels).fold(Vec::new(), |inner, _| wrap(inner))
}

fn any_of(name: &str, contents: &[u8]) -> Vec<u8> {
    let url = format!("type.googleapis.com/{name}");
    [delimited(1, url.as_bytes()), delimited(2, contents)].concat()
}

#[test]
fn bytes_that_are_nested_without_end_are_refused() {
    let schema = schema();
    let node = node(&schema);
    for levels in [1000, 5000] {
        for bytes in [
            repeated(levels, |inner| delimited(1, &inner)),
            repeated(levels, |inner| delimited(3, &inner)),
            repeated(levels, |inner| delimited(4, &delimited(2, &inner))),
            delimited(6, &repeated(levels, |inner| delimited(6, &delimited(1, &inner)))),
            delimited(
                7,
                &repeated(levels, |inner| delimited(1, &delimited(2, &delimited(5, &inner)))),
            ),
        ] {
            Message::decode(&schema, &node, bytes).expect_err("it is too deep");
        }
    }
    for levels in [1000, 100_000, 1_000_000] {
        // Groups: field 2, which the type has; field 100, which it does not have; fields without an end.
        for (open, close) in [
            (&b"\x13"[..], &b"\x14"[..]),
            (b"\xa3\x06", b"\xa4\x06"),
            (b"\xa3\x06", b""),
        ] {
            let bytes = [open.repeat(levels), close.repeat(levels)].concat();
            Message::decode(&schema, &node, bytes).expect_err("it is too deep");
        }
    }
}

#[test]
fn an_any_in_an_any_is_printed_and_compared_or_refused() {
    let schema = schema();
    let node = node(&schema);
    for levels in [10, 50, 51, 99, 100, 101, 1000, 5000] {
        let of_nodes = repeated(levels, |inner| delimited(5, &any_of("t.Node", &inner)));
        let of_anys = repeated(levels, |inner| any_of("google.protobuf.Any", &inner));
        // An Any counts, and so does the node that it is in.
        for (bytes, most) in [(of_nodes, 50), (delimited(5, &of_anys), 99)] {
            let message = Message::decode(&schema, &node, bytes).expect("an Any is not looked into");
            for printed in [message.to_json(), message.to_text()] {
                assert_eq!(printed.is_ok(), levels <= most, "{levels}: {printed:?}");
            }
        }
    }
}

#[test]
fn what_is_as_deep_as_it_may_come_can_be_printed() {
    let schema = schema();
    let node = node(&schema);
    let mut deepest = 0;
    for levels in 1..=101 {
        for bytes in [
            repeated(levels, |inner| delimited(1, &inner)),
            repeated(levels, |inner| delimited(3, &inner)),
            repeated(levels, |inner| delimited(4, &delimited(2, &inner))),
            repeated(levels, |inner| {
                [b"\x13", &delimited(1, &inner)[..], b"\x14"].concat()
            }),
            delimited(6, &repeated(levels, |inner| delimited(6, &delimited(1, &inner)))),
        ] {
            let Ok(message) = Message::decode(&schema, &node, bytes) else {
                continue;
            };
            deepest = levels;
            for printed in [message.to_json(), message.to_text()] {
                assert!(printed.is_ok(), "{levels}: {printed:?}");
            }
        }
    }
    assert_eq!(deepest, 100);
}

#[tokio::test]
async fn a_call_with_data_that_is_nested_without_end_is_refused_by_client_and_server() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("t.proto"), PROTO).expect("it can be written");
    // Each of them is read by an expression, or by a pattern.
    let rules = r#"rules:
  - {method: t.S/Get, match: {next: {next: {text: a}}}, reply: {text: pattern}}
  - {method: t.S/Get, when: "size(json(request)) > 1000000 || request == request.next", reply: {text: long}}
  - {method: t.S/Get, reply: {text: "${request} ${json(request.value)} ${string(request.any.text == 'a')}", value: "${request.value}"}}
"#;
    std::fs::write(folder.path().join("t.rules.yaml"), rules).expect("it can be written");
    let server = Server::start(&[folder.path().to_str().expect("UTF-8")]).await;
    let data = folder.path().join("data.json");
    for levels in [40, 1000, 100_000] {
        for text in json(levels) {
            std::fs::write(&data, &text).expect("it can be written");
            let data = format!("@{}", data.display());
            let output = protod(&["call", server.address(), "t.S/Get", "-d", &data]).await;
            let said = String::from_utf8_lossy(&output.stderr);
            let begin: String = text.chars().take(60).collect();
            // A signal has no code: the client overflowed its stack.
            let code = output.status.code().unwrap_or_else(|| panic!("{begin}: {said}"));
            assert!(levels <= 40 || code == 1, "{levels} of {begin}: {code} {said}");
        }
    }
    // What the client would not send, from a client that does.
    let client = protod::Client::builder(server.address().to_owned())
        .connect()
        .await
        .expect("it listens");
    let method = client.method("t.S/Get").expect("it is there");
    let schema = schema();
    for levels in [20, 45, 99, 100, 1000, 5000] {
        let of_nodes = repeated(levels, |inner| delimited(5, &any_of("t.Node", &inner)));
        let of_anys = delimited(
            5,
            &repeated(levels, |inner| any_of("google.protobuf.Any", &inner)),
        );
        let of_values = delimited(
            6,
            &repeated(levels / 2, |inner| delimited(6, &delimited(1, &inner))),
        );
        let nodes = repeated(levels, |inner| delimited(1, &inner));
        for bytes in [of_nodes, of_anys, of_values, nodes] {
            let Ok(message) = Message::decode(&schema, &method.input().clone(), bytes) else {
                continue;
            };
            drop(method.unary(message).await);
        }
    }
    let health = client.method("grpc.health.v1.Health/Check").expect("it is there");
    health.unary(health.request()).await.expect("the server lives");
    let (status, log) = server.stop().await;
    assert!(status.success(), "{log:?}");
}
