//! Fields are read as proto reads them, however they came.

use protod::Schema;

use crate::violations;

const PROTO: &str = r#"
syntax = "proto2";
package wire;
import "buf/validate/validate.proto";
message M {
  optional int32 last = 1 [(buf.validate.field).int32.lt = 10];
  optional Inner inner = 2 [(buf.validate.field).required = true];
  oneof either {
    option (buf.validate.oneof).required = true;
    int32 left = 3 [(buf.validate.field).int32.lt = 10];
    int32 right = 4 [(buf.validate.field).int32.lt = 10];
    int32 free = 5;
  }
  repeated int32 list = 6 [(buf.validate.field).repeated = {max_items: 3, items: {int32: {lt: 10}}}];
  map<string, int32> map = 7 [(buf.validate.field).map.values.int32.lt = 10];
  optional Color color = 8 [(buf.validate.field).required = true];
  optional group Grouped = 9 { optional int32 n = 1 [(buf.validate.field).int32.lt = 10]; }
}
message Inner {
  option (buf.validate.message).oneof = { fields: ["a", "b"], required: true };
  optional int32 a = 1;
  optional int32 b = 2;
  optional int32 c = 3 [(buf.validate.field).int32.gt = 0];
}
enum Color { RED = 1; }
"#;

/// A field with a varint.
fn varint(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

fn delimited(number: u8, contents: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, contents.len() as u8], contents].concat()
}

/// What every message here needs.
fn valid() -> Vec<u8> {
    [
        delimited(2, &[varint(1, 1), varint(3, 1)].concat()),
        varint(3, 1),
        varint(8, 1),
    ]
    .concat()
}

/// What a case is about, the fields that come after the valid ones, and the violations.
type Case = (&'static str, Vec<Vec<u8>>, Vec<String>);

#[test]
fn what_came_is_what_is_checked() {
    let schema = Schema::from_source("wire.proto", PROTO).expect("it compiles");
    let entry = |value| delimited(7, &[delimited(1, b"k"), varint(2, value)].concat());
    let less = |field: &str| format!("{field}: must be less than 10 [int32.lt]");
    let group = |value| vec![9 << 3 | 3, 1 << 3, value, 9 << 3 | 4];
    let table: Vec<Case> = vec![
        ("all is well", vec![], vec![]),
        ("the last value counts", vec![varint(1, 20), varint(1, 2)], vec![]),
        (
            "the last value is wrong",
            vec![varint(1, 2), varint(1, 20)],
            vec![less("last")],
        ),
        (
            "a member of a oneof clears another",
            vec![varint(3, 20), varint(4, 2)],
            vec![],
        ),
        (
            "also one that has no rules",
            vec![varint(3, 20), varint(5, 99)],
            vec![],
        ),
        ("the last member counts", vec![varint(4, 20)], vec![less("right")]),
        (
            "lists come packed, and not",
            vec![delimited(6, &[1, 20]), varint(6, 30)],
            vec![less("list[1]"), less("list[2]")],
        ),
        (
            "with others in between",
            vec![varint(6, 20), varint(1, 1), varint(6, 20)],
            vec![less("list[0]"), less("list[1]")],
        ),
        (
            "an entry that is replaced does not count",
            vec![entry(20), entry(2)],
            vec![],
        ),
        (
            "the last entry of a key",
            vec![entry(2), entry(20)],
            vec![less("map[\"k\"]")],
        ),
        (
            "a sub-message that came in pieces is whole",
            vec![delimited(2, &varint(2, 1))],
            vec!["inner: only one of a, b can be set [message.oneof]".to_owned()],
        ),
        (
            "the last piece counts",
            vec![delimited(2, &varint(3, 0))],
            vec!["inner.c: must be greater than 0 [int32.gt]".to_owned()],
        ),
        ("groups too", vec![group(20)], vec![less("grouped.n")]),
        ("groups that came in pieces", vec![group(20), group(2)], vec![]),
    ];
    for (name, fields, expected) in table {
        let bytes = [valid(), fields.concat()].concat();
        assert_eq!(violations(&schema, "wire.M", bytes), expected, "{name}");
    }
}

#[test]
fn a_number_that_a_closed_enum_does_not_name_sets_nothing() {
    let schema = Schema::from_source("wire.proto", PROTO).expect("it compiles");
    let bytes = [delimited(2, &varint(1, 1)), varint(3, 1), varint(8, 5)].concat();
    assert_eq!(
        violations(&schema, "wire.M", bytes),
        ["color: value is required [required]"]
    );
}

#[test]
fn what_must_be_set_is_named_when_nothing_came() {
    let schema = Schema::from_source("wire.proto", PROTO).expect("it compiles");
    let expected = [
        "either: exactly one field is required in oneof [required]",
        "inner: value is required [required]",
        "color: value is required [required]",
    ];
    assert_eq!(violations(&schema, "wire.M", Vec::new()), expected);
}

/// A `validate.proto` from before its rules said what they mean, as far as it is needed.
const OLD: &str = r#"
syntax = "proto3";
package buf.validate;
import "google/protobuf/descriptor.proto";
extend google.protobuf.FieldOptions { optional FieldConstraints field = 1159; }
message FieldConstraints {
  oneof type { Int32Rules int32 = 3; StringRules string = 14; AnyRules any = 20; }
}
message Int32Rules {
  oneof less_than { int32 lt = 2; int32 lte = 3; }
  oneof greater_than { int32 gt = 4; int32 gte = 5; }
}
message StringRules { oneof well_known { bool email = 12; } }
message AnyRules { repeated string in = 2; }
"#;

#[test]
fn an_old_version_of_the_rules_has_their_meaning_of_today() {
    let proto = r#"
        syntax = "proto3";
        import "buf/validate/validate.proto";
        message M {
          int32 number = 1 [(buf.validate.field).int32.lt = 10];
          string email = 2 [(buf.validate.field).string.email = true];
        }"#;
    let builder = Schema::builder().source("buf/validate/validate.proto", OLD);
    let schema = builder.source("m.proto", proto).build().expect("it compiles");
    let bytes = [varint(1, 20), delimited(2, b"ada")].concat();
    let expected = [
        "number: must be less than 10 [int32.lt]",
        "email: must be a valid email address [string.email]",
    ];
    assert_eq!(violations(&schema, "M", bytes), expected);
}
