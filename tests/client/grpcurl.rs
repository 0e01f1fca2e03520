//! `protod call` prints what grpcurl prints.
//!
//! Every call in the table is made with both. The outputs must be equal byte for byte, except for two habits of
//! grpcurl: it escapes `<`, `>` and `&`, and writes large and small numbers in another notation. There the values must
//! be equal.

use prost_reflect::{DynamicMessage, Value};
use protod::{Call, Schema, Server};
use serde_json::Value as Json;
use tonic::{Code, Status};

use crate::cli::protod;
use crate::programs::{grpcurl, messages};
use crate::servers::serve;

const PROTO: &str = r#"
    syntax = "proto2";
    package every;
    import "google/protobuf/any.proto";
    import "google/protobuf/duration.proto";
    import "google/protobuf/empty.proto";
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/wrappers.proto";

    service Every {
      rpc Echo(Kinds) returns (Kinds);
      rpc Repeat(Kinds) returns (stream Kinds);
      rpc Chat(stream Kinds) returns (stream Kinds);
      rpc Time(google.protobuf.Timestamp) returns (google.protobuf.Timestamp);
      rpc Nothing(google.protobuf.Empty) returns (google.protobuf.Empty);
      rpc Word(google.protobuf.StringValue) returns (google.protobuf.StringValue);
      rpc Fail(Kinds) returns (Kinds);
      rpc Hide(Kinds) returns (Kinds);
    }

    message Kinds {
      optional double a_double = 1;
      optional float a_float = 2;
      optional int32 an_int32 = 3;
      optional int64 an_int64 = 4;
      optional uint32 a_uint32 = 5;
      optional uint64 a_uint64 = 6;
      optional sint32 a_sint32 = 7;
      optional sint64 a_sint64 = 8;
      optional fixed32 a_fixed32 = 9;
      optional fixed64 a_fixed64 = 10;
      optional sfixed32 a_sfixed32 = 11;
      optional sfixed64 a_sfixed64 = 12;
      optional bool a_bool = 13;
      optional string a_string = 14;
      optional bytes some_bytes = 15;
      optional Colour colour = 16 [default = BLUE];
      optional Kinds kinds = 17;
      repeated int32 numbers = 18 [packed = true];
      repeated string words = 19;
      repeated Kinds many = 20;
      map<string, int32> by_name = 21;
      map<int64, Kinds> by_number = 22;
      map<bool, Colour> by_truth = 23;
      oneof choice { string text = 24; int64 number = 25; Kinds nested = 26; }
      optional google.protobuf.Timestamp at = 27;
      optional google.protobuf.Duration lasting = 28;
      optional google.protobuf.Struct free = 29;
      optional google.protobuf.Value value = 30;
      optional google.protobuf.ListValue list = 31;
      optional google.protobuf.Any any = 32;
      optional google.protobuf.StringValue word = 33;
      optional google.protobuf.Int64Value whole = 34;
      optional google.protobuf.BytesValue raw = 35;
      optional google.protobuf.Empty empty = 36;
      optional string renamed = 37 [json_name = "another"];
      repeated Colour colours = 38;
      optional group Group = 39 { optional int32 inside = 1; }
      extensions 100 to 199;
    }

    extend Kinds { optional string extra = 100; repeated int32 more = 101; }

    enum Colour { RED = 0; BLUE = 1; NEGATIVE = -1; }
"#;

/// How the outputs of a call are compared.
#[derive(Clone, Copy)]
enum By {
    Bytes,
    Value,
}
use By::{Bytes, Value as Values};

/// Each is an echo: method, data, and further flags of both programs, as grpcurl spells them.
const CALLS: [(&str, &str, &[&str], By); 50] = [
    ("Echo", "{}", &[], Bytes),
    ("Echo", "", &[], Bytes),
    ("Echo", "{}", &["-emit-defaults"], Bytes),
    (
        "Echo",
        r#"{"anInt32": 0, "aString": "", "aBool": false}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"an_int32": -2147483648, "a_uint32": 4294967295}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"anInt64": -9223372036854775808, "aUint64": "18446744073709551615"}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"aSint32": -1, "aSint64": "-1", "aFixed32": 1, "aFixed64": "1"}"#,
        &[],
        Bytes,
    ),
    ("Echo", r#"{"aSfixed32": -7, "aSfixed64": -7}"#, &[], Bytes),
    ("Echo", r#"{"aBool": true}"#, &["-emit-defaults"], Bytes),
    ("Echo", r#"{"aDouble": 1}"#, &[], Bytes),
    ("Echo", r#"{"aDouble": -1.5, "aFloat": 0.1}"#, &[], Bytes),
    ("Echo", r#"{"aDouble": "NaN", "aFloat": "Infinity"}"#, &[], Bytes),
    ("Echo", r#"{"aDouble": "-Infinity"}"#, &[], Bytes),
    ("Echo", r#"{"aDouble": 3.141592653589793}"#, &[], Bytes),
    ("Echo", r#"{"aDouble": 1e300, "aFloat": 16777216}"#, &[], Values),
    (
        "Echo",
        r#"{"aDouble": 123456789.125, "aFloat": 1e-10}"#,
        &[],
        Values,
    ),
    ("Echo", r#"{"aString": "grün 日本 \ud83d\ude00"}"#, &[], Bytes),
    ("Echo", r#"{"aString": "a\"b\\c/d\n\t\r"}"#, &[], Bytes),
    ("Echo", r#"{"aString": "\u0001\u001f\u007f"}"#, &[], Bytes),
    ("Echo", r#"{"aString": "<a href=\"x\">&</a>"}"#, &[], Values),
    ("Echo", r#"{"someBytes": "AAECAwT/"}"#, &[], Bytes),
    ("Echo", r#"{"someBytes": ""}"#, &[], Bytes),
    ("Echo", r#"{"colour": "RED"}"#, &[], Bytes),
    (
        "Echo",
        r#"{"colour": -1, "colours": ["BLUE", 0, "NEGATIVE"]}"#,
        &[],
        Bytes,
    ),
    ("Echo", r#"{"kinds": {}}"#, &[], Bytes),
    (
        "Echo",
        r#"{"kinds": {"kinds": {"kinds": {"anInt32": 1}}}}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"numbers": [1, -2, 3], "words": ["a", "", "c"]}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"numbers": [], "many": [{}, {"anInt32": 1}, {"many": [{}]}]}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"byName": {"z": 1, "a": 2, "m": 0, "": 3, "B": 4}}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"byNumber": {"10": {}, "-3": {"aBool": true}, "9": {"aString": "nine"}}}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"byTruth": {"true": "BLUE", "false": "RED"}}"#,
        &[],
        Bytes,
    ),
    ("Echo", r#"{"text": ""}"#, &[], Bytes),
    ("Echo", r#"{"number": "0"}"#, &["-emit-defaults"], Bytes),
    ("Echo", r#"{"nested": {"text": "x"}}"#, &[], Bytes),
    (
        "Echo",
        r#"{"at": "2026-11-23T22:42:27Z", "lasting": "3s"}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"at": "1969-12-31T23:59:59.000000001Z", "lasting": "-0.001500s"}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"free": {"z": 1, "a": [true, null, "x", {"deep": {}}], "m": {}}}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"value": "text", "list": [1, "two", null, [3], {}]}"#,
        &[],
        Bytes,
    ),
    ("Echo", r#"{"value": null}"#, &[], Bytes),
    (
        "Echo",
        r#"{"any": {"@type": "type.googleapis.com/every.Kinds", "anInt32": 1, "byName": {"b": 1, "a": 2}}}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.5s"}}"#,
        &[],
        Bytes,
    ),
    (
        "Echo",
        r#"{"word": "", "whole": "9007199254740993", "raw": "/+8="}"#,
        &[],
        Bytes,
    ),
    ("Echo", r#"{"empty": {}, "another": "named"}"#, &[], Bytes),
    ("Echo", r#"{"group": {"inside": 4}}"#, &[], Bytes),
    (
        "Echo",
        r#"{"[every.extra]": "x", "[every.more]": [1, 2], "anInt32": 5}"#,
        &[],
        Bytes,
    ),
    ("Repeat", r#"{"anInt32": 3}"#, &[], Bytes),
    ("Chat", r#"{"anInt32": 1} {"words": ["x"]}{}"#, &[], Bytes),
    ("Time", r#""2026-11-23T22:42:27.5Z""#, &[], Bytes),
    ("Nothing", "{}", &[], Bytes),
    ("Word", r#""a word""#, &[], Bytes),
];

fn every() -> protod::ServerBuilder {
    let schema = Schema::from_source("every.proto", PROTO).expect("the source compiles");
    Server::builder(schema)
        .unary("every.Every/Echo", |request: DynamicMessage| async {
            Ok(request)
        })
        .unary("every.Every/Time", |request: DynamicMessage| async {
            Ok(request)
        })
        .unary("every.Every/Nothing", |request: DynamicMessage| async {
            Ok(request)
        })
        .unary("every.Every/Word", |request: DynamicMessage| async {
            Ok(request)
        })
        .server_streaming(
            "every.Every/Repeat",
            |request: DynamicMessage, mut call: Call| async move {
                for _ in 0..3 {
                    call.send(request.clone()).await?;
                }
                Ok(())
            },
        )
        .bidi("every.Every/Chat", |mut call: Call| async move {
            while let Some(message) = call.recv().await? {
                call.send(message).await?;
            }
            Ok(())
        })
        .unary("every.Every/Hide", |mut request: DynamicMessage| async move {
            let any = request
                .get_field_by_name_mut("any")
                .and_then(Value::as_message_mut)
                .expect("the proto has it");
            any.set_field_by_name("type_url", Value::String("example.com/no.such.Type".to_owned()));
            any.set_field_by_name("value", Value::Bytes(bytes::Bytes::from_static(&[8, 150, 1])));
            Ok(request)
        })
        .unary(
            "every.Every/Fail",
            |_request: DynamicMessage, call: Call| async move {
                let code = call
                    .metadata()
                    .get("x-code")
                    .and_then(|code| code.to_str().ok()?.parse().ok());
                let code = Code::from(code.unwrap_or(2));
                let message = "as asked: ünd".to_owned();
                let details = tonic_types::pb::Status {
                    code: code.into(),
                    message: message.clone(),
                    details: vec![prost_types::Any {
                        type_url: "type.googleapis.com/every.Kinds".to_owned(),
                        value: vec![0x18, 7],
                    }],
                };
                let details = prost::Message::encode_to_vec(&details);
                Err::<DynamicMessage, _>(Status::with_details(code, message, details.into()))
            },
        )
}

#[tokio::test]
async fn both_print_the_same_for_the_same_fifty_calls() {
    let address = serve(every()).await;
    for (method, data, flags, by) in CALLS {
        let method = format!("every.Every/{method}");
        let theirs = [flags, &["-plaintext", "-d", data, &address, &method]].concat();
        let theirs = grpcurl().prints(theirs).await;

        let ours = flags.iter().map(|flag| format!("-{flag}"));
        let ours: Vec<String> = ["call", &address, &method, "-d", data]
            .map(str::to_owned)
            .into_iter()
            .chain(ours)
            .collect();
        let (ours, stderr, code) = protod(&ours.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert_eq!((stderr.as_str(), code), ("", 0), "{method} {data}");
        match by {
            Bytes => assert_eq!(ours, theirs, "{method} {data}"),
            Values => assert_eq!(
                numbers(messages(&ours)),
                numbers(messages(&theirs)),
                "{method} {data}"
            ),
        }
    }
}

/// Numbers as doubles, in any notation.
fn numbers(values: Vec<Json>) -> Vec<Json> {
    fn number(value: Json) -> Json {
        match value {
            Json::Number(number) => number.as_f64().into(),
            Json::Array(values) => values.into_iter().map(number).collect(),
            Json::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (name, number(value)))
                .collect(),
            other => other,
        }
    }
    values.into_iter().map(number).collect()
}

#[tokio::test]
async fn both_show_the_bytes_of_an_any_whose_type_nobody_knows() {
    let address = serve(every()).await;
    let theirs = grpcurl()
        .prints(["-plaintext", &address, "every.Every/Hide"])
        .await;
    assert!(theirs.contains("\"@value\": \"CJYB\""), "{theirs}");
    let (ours, stderr, code) = protod(&["call", &address, "every.Every/Hide"]).await;
    assert_eq!((ours, stderr.as_str(), code), (theirs, "", 0));
}

#[tokio::test]
async fn both_word_a_status_alike_and_exit_alike() {
    let address = serve(every()).await;
    for code in 1..=16 {
        let header = format!("x-code: {code}");
        let theirs = ["-plaintext", "-H", &header, &address, "every.Every/Fail"];
        let theirs = grpcurl().run(theirs).await;
        let (stdout, stderr, exit) = protod(&["call", "-H", &header, &address, "every.Every/Fail"]).await;
        assert_eq!(stdout, "");
        assert_eq!(stderr, String::from_utf8_lossy(&theirs.stderr), "code {code}");
        assert_eq!(Some(exit), theirs.status.code(), "code {code}");
    }
}
