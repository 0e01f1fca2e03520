//! Constant templates: they are what ProtoJSON says, or are refused.

use crate::message::Message;
use crate::rules::testing::{kinds, message_type, old, refused, schema, written};
use crate::schema::Schema;

/// The template writes the message that prost-reflect reads from the JSON.
#[track_caller]
fn same(schema: &Schema, name: &str, yaml: &str, json: &str) {
    let written = written(schema, name, yaml, "").unwrap_or_else(|problems| panic!("{yaml}: {problems}"));
    let expected = Message::from_json(message_type(schema, name), json).unwrap();
    let expected = expected.to_dynamic().unwrap();
    // Not `assert_eq`: prost-reflect's `Debug` does not end for a recursive type.
    assert!(written == expected, "{yaml}: {written} is not {expected}");
}

#[test]
fn constants_of_every_kind_are_what_protojson_says() {
    let schema = kinds();
    for (yaml, json) in [
        ("{}", "{}"),
        ("double: 1.5", r#"{"double":1.5}"#),
        ("double: 3", r#"{"double":3}"#),
        ("double: .inf", r#"{"double":"Infinity"}"#),
        ("float: '-Infinity'", r#"{"float":"-Infinity"}"#),
        ("float: 1e10", r#"{"float":1e10}"#),
        ("int32: -2147483648", r#"{"int32":-2147483648}"#),
        ("int32: 0", "{}"),
        ("int32: '12'", r#"{"int32":12}"#),
        ("int32: 1e3", r#"{"int32":1000}"#),
        ("int32: 0x10", r#"{"int32":16}"#),
        ("int64: 9223372036854775807", r#"{"int64":"9223372036854775807"}"#),
        (
            "int64: '-9223372036854775808'",
            r#"{"int64":"-9223372036854775808"}"#,
        ),
        ("uint32: 4294967295", r#"{"uint32":4294967295}"#),
        (
            "uint64: 18446744073709551615",
            r#"{"uint64":"18446744073709551615"}"#,
        ),
        ("sint32: -5", r#"{"sint32":-5}"#),
        (
            "sint64: -9223372036854775808",
            r#"{"sint64":"-9223372036854775808"}"#,
        ),
        (
            "{fixed32: 7, fixed64: 8, sfixed32: -7, sfixed64: -8}",
            r#"{"fixed32":7,"fixed64":"8","sfixed32":-7,"sfixed64":"-8"}"#,
        ),
        ("bool: true", r#"{"bool":true}"#),
        ("bool: false", "{}"),
        ("string: 'ä 🙂'", r#"{"string":"ä 🙂"}"#),
        ("string: $${x}", r#"{"string":"${x}"}"#),
        ("bytes: AP8=", r#"{"bytes":"AP8="}"#),
        ("bytes: _-8", r#"{"bytes":"/+8="}"#),
        ("colour: COLOUR_RED", r#"{"colour":"COLOUR_RED"}"#),
        ("colour: -2", r#"{"colour":"COLOUR_BLUE"}"#),
        ("colour: 0", "{}"),
        ("colour: 77", r#"{"colour":77}"#),
        ("point: {}", r#"{"point":{}}"#),
        (
            "point: {value: 2, name: n}",
            r#"{"point":{"name":"n","value":2}}"#,
        ),
        ("opt: ''", r#"{"opt":""}"#),
        ("optNumber: 0", r#"{"optNumber":0}"#),
        ("opt_colour: 0", r#"{"optColour":0}"#),
        ("opt: null", "{}"),
        ("numbers: [1, -1, 300]", r#"{"numbers":[1,-1,300]}"#),
        ("numbers: []", "{}"),
        ("names: [a, '']", r#"{"names":["a",""]}"#),
        ("points: [{name: a}, {}]", r#"{"points":[{"name":"a"},{}]}"#),
        ("unpacked: [1, -1]", r#"{"unpacked":["1","-1"]}"#),
        ("colours: [COLOUR_RED, 0]", r#"{"colours":["COLOUR_RED",0]}"#),
        ("counts: {a: 1}", r#"{"counts":{"a":1}}"#),
        ("counts: {1: 0}", r#"{"counts":{"1":0}}"#),
        (
            "by_number: {-3: {name: x}}",
            r#"{"byNumber":{"-3":{"name":"x"}}}"#,
        ),
        ("by_number: {'4': {}}", r#"{"byNumber":{"4":{}}}"#),
        ("by_bool: {true: y}", r#"{"byBool":{"true":"y"}}"#),
        ("text: ''", r#"{"text":""}"#),
        ("picked: {}", r#"{"picked":{}}"#),
        ("{number: 0, text: null}", r#"{"number":0}"#),
        (
            "nested: {nested: {int32: 1}}",
            r#"{"nested":{"nested":{"int32":1}}}"#,
        ),
    ] {
        same(&schema, "kinds.All", yaml, json);
    }
}

#[test]
fn well_known_types_have_their_json_forms() {
    let schema = kinds();
    for (yaml, json) in [
        (
            "time: 2026-01-31T12:00:00.5Z",
            r#"{"time":"2026-01-31T12:00:00.500Z"}"#,
        ),
        ("duration: 1.5s", r#"{"duration":"1.5s"}"#),
        ("durations: [1s, '-2s']", r#"{"durations":["1s","-2s"]}"#),
        (
            "mask: user.displayName,photo",
            r#"{"mask":"user.displayName,photo"}"#,
        ),
        (
            "struct: {a: 1, b: [true, null, x], c: {}}",
            r#"{"struct":{"a":1,"b":[true,null,"x"],"c":{}}}"#,
        ),
        ("any_json: null", r#"{"anyJson":null}"#),
        ("any_json: 1.5", r#"{"anyJson":1.5}"#),
        ("any_json: ''", r#"{"anyJson":""}"#),
        ("any_json: [1]", r#"{"anyJson":[1]}"#),
        ("list: [a, [b]]", r#"{"list":["a",["b"]]}"#),
        ("string_value: ''", r#"{"stringValue":""}"#),
        (
            "int64_value: 9007199254740993",
            r#"{"int64Value":"9007199254740993"}"#,
        ),
        ("bool_value: false", r#"{"boolValue":false}"#),
        ("bytes_value: AP8", r#"{"bytesValue":"AP8="}"#),
        ("bool_value: null", "{}"),
        ("empty: {}", r#"{"empty":{}}"#),
        (
            r#"any: {"@type": type.googleapis.com/kinds.Point, name: x}"#,
            r#"{"any":{"@type":"type.googleapis.com/kinds.Point","name":"x"}}"#,
        ),
        (
            r#"any: {"@type": kinds.Point, value: 3}"#,
            r#"{"any":{"@type":"type.googleapis.com/kinds.Point","value":3}}"#,
        ),
        (
            r#"any: {"@type": type.googleapis.com/google.protobuf.Duration, value: 2s}"#,
            r#"{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"2s"}}"#,
        ),
    ] {
        same(&schema, "kinds.All", yaml, json);
    }
    same(&schema, "google.protobuf.Duration", "1.5s", "\"1.5s\"");
    same(&schema, "google.protobuf.Value", "[1]", "[1]");
    same(&schema, "google.protobuf.Struct", "{a: 1}", r#"{"a":1}"#);
    same(&schema, "google.protobuf.StringValue", "x", "\"x\"");
}

#[test]
fn proto2_has_groups_extensions_and_required_fields() {
    let schema = old();
    for (yaml, json) in [
        ("{id: x, size: 0}", r#"{"id":"x","size":0}"#),
        (
            "{id: x, pair: {left: 1, right: y}}",
            r#"{"id":"x","pair":{"left":1,"right":"y"}}"#,
        ),
        ("{id: x, item: [{n: 1}, {}]}", r#"{"id":"x","item":[{"n":1},{}]}"#),
        (
            "{id: x, '[old.note]': hello, '[old.marks]': [1, 2]}",
            r#"{"id":"x","[old.note]":"hello","[old.marks]":[1,2]}"#,
        ),
        ("{id: x, closed: TWO}", r#"{"id":"x","closed":"TWO"}"#),
    ] {
        same(&schema, "old.Message", yaml, json);
    }
    refused(
        &schema,
        "old.Message",
        "{size: 1}",
        "the required field old.Message.id is missing",
    );
    refused(
        &schema,
        "old.Message",
        "{id: x, closed: 3}",
        "the enum old.Closed has no value 3",
    );
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let schema = kinds();
    for (yaml, expected) in [
        (
            "int32: 2147483648",
            "test.yaml:1:8: 2147483648 does not fit int32",
        ),
        ("uint64: -1", "-1 does not fit uint64"),
        ("int32: 1.5", "1.5 does not fit int32"),
        ("int32: x", "expected int32, found the string \"x\""),
        ("float: 1e300", "1e300 does not fit float"),
        ("double: 1e309", "1e309 does not fit double"),
        ("double: '-1e999'", "-1e999 does not fit double"),
        ("bool: 'true'", "expected bool, found the string \"true\""),
        (
            "string: 5",
            "expected string, found the number 5 (hint: put it in quotes)",
        ),
        ("bytes: '*'", "expected bytes in base64"),
        (
            "colour: COLOR_RED",
            "the enum kinds.Colour has no value `COLOR_RED` (hint: did you mean `COLOUR_RED`?)",
        ),
        (
            "point: {nmae: x}",
            "test.yaml:1:9: the message kinds.Point has no field `nmae` (hint: did you mean `name`?)",
        ),
        ("point: x", "expected kinds.Point, found a string"),
        ("names: a", "expected a list of string, found a string"),
        ("names: [null]", "a list cannot hold null"),
        ("counts: [1]", "expected a mapping, found a list"),
        ("counts: {a: null}", "a map cannot hold null"),
        ("by_number: {x: {}}", "expected int32, found the string \"x\""),
        (
            "{text: a, number: 1}",
            "`number` and `text` are both of the oneof `choice`",
        ),
        (
            "{opt_number: 1, optNumber: 2}",
            "`optNumber` and `opt_number` are the same field",
        ),
        ("time: yesterday", "expected a timestamp such as"),
        ("duration: 5", "expected a duration such as 1.5s, found a number"),
        ("any: {name: x}", "google.protobuf.Any needs `@type`"),
        (
            r#"any: {"@type": kinds.Pint}"#,
            "there is no message type `kinds.Pint` (hint: did you mean `kinds.Point`?)",
        ),
        ("string: ${", "`${` without its `}`"),
    ] {
        refused(&schema, "kinds.All", yaml, expected);
    }
}

#[test]
fn long_messages_have_long_lengths() {
    let schema = kinds();
    let long = "x".repeat(20_000);
    let yaml = format!("nested: {{nested: {{string: {long}, names: [{long}, y]}}}}");
    let json = format!(r#"{{"nested":{{"nested":{{"string":"{long}","names":["{long}","y"]}}}}}}"#);
    same(&schema, "kinds.All", &yaml, &json);
}

#[test]
fn null_is_the_value_of_a_null_value_alone_in_a_list_and_in_a_map() {
    let schema = schema(
        "nulls.proto",
        r#"syntax = "proto3"; package nulls; import "google/protobuf/struct.proto";
        message All {
          google.protobuf.NullValue one = 1; optional google.protobuf.NullValue maybe = 2;
          repeated google.protobuf.NullValue list = 3; map<string, google.protobuf.NullValue> counts = 4;
          repeated google.protobuf.NullValue unpacked = 5 [packed = false];
        }
        service S { rpc Do(All) returns (All); }"#,
    );
    for (yaml, json) in [
        ("one: null", "{}"),
        ("maybe: null", r#"{"maybe": null}"#),
        ("list: [null, NULL_VALUE, 0]", r#"{"list": [null, null, null]}"#),
        ("unpacked: [null]", r#"{"unpacked": [null]}"#),
        ("counts: {a: null}", r#"{"counts": {"a": null}}"#),
        ("list: ['${null}', null]", r#"{"list": [null, null]}"#),
        ("list: '${[null, null]}'", r#"{"list": [null, null]}"#),
        ("counts: '${{\"a\": null}}'", r#"{"counts": {"a": null}}"#),
        ("list: null", "{}"),
    ] {
        same(&schema, "nulls.All", yaml, json);
    }
}
