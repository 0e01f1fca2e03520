use serde_json::{Value, json};

use super::{Comments, document};
use crate::message::Message;
use crate::schema::Schema;

const PROTO: &str = r#"syntax = "proto3";
package t;
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
service S { rpc M(All) returns (All); }
// Everything.
message All {
  int32 i32 = 1; uint32 u32 = 2; sint64 i64 = 3; fixed64 u64 = 4; double d = 5; bool b = 6; bytes raw = 7;
  // How it is.
  Mood mood = 8;
  repeated All within = 9;
  map<string, All> by_name = 10;
  google.protobuf.Duration wait = 11; google.protobuf.Timestamp at = 12; google.protobuf.Value any = 13;
  google.protobuf.Int64Value maybe = 14;
  oneof one { string text = 15; uint64 number = 16; }
}
enum Mood { NONE = 0; GOOD = 1; }
"#;

#[test]
fn what_a_message_is_in_json_is_of_its_schema_and_nothing_else_is() {
    let schema = Schema::from_source("t.proto", PROTO).expect("it compiles");
    let all = schema.method("t.S/M").expect("it is there").input();
    let described = document(all, &Comments::default(), true);
    assert_eq!(
        described["description"],
        "Everything.\n\nAt most one of `text`, `number` is set."
    );
    let validator = jsonschema::draft202012::new(&described).expect("a schema");
    let everything = json!({
        "i32": -1, "u32": 1, "i64": "-9", "u64": "18446744073709551615", "d": 1.5, "b": true, "raw": "AQ==", "mood": "GOOD",
        "within": [{ "within": [{ "d": "NaN" }] }], "byName": { "a": { "mood": "NONE" } }, "wait": "1.5s",
        "at": "2026-01-02T03:04:05Z", "any": [null, 1], "maybe": "7", "text": "t",
    });
    for value in [json!({}), everything, json!({ "maybe": null })] {
        if let Err(error) = validator.validate(&value) {
            panic!("{value}: {error}");
        }
        // As what is read of it is written again.
        let message = Message::from_json(all.clone(), &value.to_string()).expect("it is one");
        let written: Value = serde_json::from_str(&message.to_json().expect("JSON")).expect("JSON");
        assert!(validator.is_valid(&written), "{written}");
    }
    for value in [
        json!([]),
        json!({ "i32": 2_147_483_648_u32 }),
        json!({ "u32": -1 }),
        json!({ "u64": "-1" }),
        json!({ "i64": "many" }),
        json!({ "mood": "BAD" }),
        json!({ "wait": "soon" }),
        json!({ "withn": [] }),
        json!({ "within": [{ "withn": [] }] }),
        json!({ "byName": { "a": 1 } }),
    ] {
        assert!(!validator.is_valid(&value), "{value}");
        assert!(
            Message::from_json(all.clone(), &value.to_string()).is_err(),
            "{value}"
        );
    }
}
