//! What C++ and Java do with proto2, on the wire of which more is allowed: numbers that a closed enum does not name are
//! unknown fields, and strings may be any bytes.

use protod::{Client, Message, Rules, Schema, Server};
use tokio::sync::oneshot;

const PROTO: &str = r#"
syntax = "proto2";
package old;
enum Colour { RED = 1; BLUE = 2; }
message Values { enum Colour { NONE = 0; RED = 1; BLUE = 2; } }
message Old {
  optional Colour one = 1;
  repeated Colour some = 2;
  repeated Colour packed = 3 [packed = true];
  map<string, Values.Colour> by = 4;
  oneof choice { Colour picked = 5; string text = 6; }
  optional string name = 7;
  repeated string names = 8;
  optional group Part = 9 { optional string inner = 10; }
  optional Old nested = 11;
  optional Colour blue = 12 [default = BLUE];
}
message Told { repeated string lines = 1; optional Old whole = 2; optional Old copied = 3; }
service Olds { rpc Tell(Old) returns (Told); rpc Copy(Old) returns (Told); rpc Match(Old) returns (Told); }
"#;

const RULES: &str = r#"
rules:
  - method: old.Olds/Tell
    reply:
      lines:
        - "${request.one} ${has(request.one)} ${request.blue}"
        - "${request.some} ${request.packed} ${request.by} ${size(request.some)}"
        - "${has(request.picked)} ${request.text}"
        - "${request.nested.one} ${json(request)}"
      whole: "${request}"
  - method: old.Olds/Copy
    reply: {copied: {one: "${request.one}", some: "${request.some}", by: "${request.by}", name: "${request.name}"}}
  - {method: old.Olds/Match, match: {one: null, some: [RED], by: {a: RED}, picked: null}, reply: {lines: [unknown]}}
  - {method: old.Olds/Match, match: {name: "a�b"}, reply: {lines: [match]}}
  - {method: old.Olds/Match, when: 'request.name == "a�c"', reply: {lines: [when]}}
  - {method: old.Olds/Match, match: {names: ["�"]}, reply: {lines: [list]}}
"#;

/// The answer to a request of these bytes.
async fn answer(method: &str, request: &[u8]) -> Message {
    let schema = Schema::from_source("old.proto", PROTO).expect("it compiles");
    let rules = Rules::from_text(&schema, "f", RULES).expect("they load");
    let server = Server::builder(schema.clone())
        .handlers(&rules)
        .build()
        .expect("fits");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    let (_stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
    let client = Client::builder(address)
        .schema(schema.clone())
        .connect()
        .await
        .expect("it listens");
    let method = client.method(&format!("old.Olds/{method}")).expect("it is there");
    let request = Message::decode(&schema, method.input(), request.to_vec()).expect("proto2 allows it");
    method.unary(request).await.expect("an answer").message
}

async fn lines(method: &str, request: &[u8]) -> Vec<String> {
    let json = answer(method, request).await.to_json().expect("it prints");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let lines = json["lines"].as_array().cloned().unwrap_or_default();
    lines
        .iter()
        .map(|line| line.as_str().expect("text").to_owned())
        .collect()
}

/// one: 7, some: [7, RED], packed: [BLUE, 9], by: {a: RED, b: 8}, text: "t" and then picked: 7, nested: {one: 7},
/// blue: 7.
const UNKNOWN: &[u8] = b"\x08\x07\x10\x07\x10\x01\x1a\x02\x02\x09\x22\x05\x0a\x01a\x10\x01\x22\x05\x0a\x01b\x10\x08\x32\x01t\x28\x07\x5a\x02\x08\x07\x60\x07";

#[tokio::test]
async fn a_number_that_a_closed_enum_does_not_name_is_an_unknown_field() {
    assert_eq!(
        lines("Tell", UNKNOWN).await,
        [
            "RED false BLUE",
            r#"["RED"] ["BLUE"] {"a":"RED"} 1"#,
            "false t",
            r#"RED {"some":["RED"],"packed":["BLUE"],"by":{"a":"RED"},"nested":{}}"#,
        ]
    );
    assert_eq!(lines("Match", UNKNOWN).await, ["unknown"]);
    // What is passed on is passed on as it came.
    let whole = answer("Tell", UNKNOWN).await.to_bytes();
    assert!(
        whole.windows(UNKNOWN.len()).any(|bytes| bytes == UNKNOWN),
        "{whole:02x?}"
    );
    let copied = answer("Copy", UNKNOWN).await;
    assert_eq!(
        &copied.to_bytes()[..],
        b"\x1a\x09\x10\x01\x22\x05\x0a\x01a\x10\x01"
    );
}

#[tokio::test]
async fn a_string_of_proto2_may_be_any_bytes() {
    // name: "a\xffb", part: {inner: "\xfe"}
    let request = b"\x3a\x03a\xffb\x4b\x52\x01\xfe\x4c";
    let told = lines("Tell", request).await;
    assert!(
        told[3].contains(r#""name":"a�b""#) && told[3].contains(r#""inner":"�""#),
        "{told:?}"
    );
    assert_eq!(lines("Match", request).await, ["match"]);
    assert_eq!(lines("Match", b"\x3a\x03a\xffc").await, ["when"]);
    assert_eq!(lines("Match", b"\x42\x01\xfe").await, ["list"]);
    assert_eq!(
        &answer("Copy", request).await.to_bytes()[..],
        b"\x1a\x05\x3a\x03a\xffb"
    );
    let text = answer("Tell", request).await.to_text().expect("it prints");
    assert!(
        text.contains('\u{fffd}') || text.contains("\\357\\277\\275"),
        "{text}"
    );
}

#[test]
fn a_string_of_proto3_must_be_utf_8() {
    let schema = Schema::from_source(
        "new.proto",
        r#"syntax = "proto3"; message New { string name = 1; }"#,
    );
    let schema = schema.expect("it compiles");
    let new = schema.pool().get_message_by_name("New").expect("it is there");
    let error = Message::decode(&schema, &new, b"\x0a\x01\xff".to_vec()).expect_err("it is not UTF-8");
    assert!(error.to_string().contains("not valid UTF-8"), "{error}");
}
