//! Templates with expressions: what they copy and write for a request.

use crate::message::Message;
use crate::rules::testing::{kinds, message_type, refused, written, written_for};

/// What the template writes for the request is the message of the JSON.
#[track_caller]
fn gives(yaml: &str, request: &str, json: &str) {
    let schema = kinds();
    let written = written(&schema, "kinds.All", yaml, request).unwrap_or_else(|why| panic!("{yaml}: {why}"));
    let expected = Message::from_json(message_type(&schema, "kinds.All"), json).unwrap();
    assert!(
        written == expected.to_dynamic().unwrap(),
        "{yaml} for {request}: {written} is not {json}"
    );
}

/// The call ends with that message for the request.
#[track_caller]
fn fails(yaml: &str, request: &str, expected: &str) {
    let failure = written(&kinds(), "kinds.All", yaml, request).expect_err(yaml);
    assert_eq!(failure, expected, "{yaml} for {request}");
}

/// A request in which every field has a value that is not its default.
const FULL: &str = r#"{
    "double": -1.5, "float": 0.5, "int32": -7, "int64": "-9223372036854775808", "uint32": 4294967295,
    "uint64": "18446744073709551615", "sint32": -8, "sint64": "-9", "fixed32": 10, "fixed64": "11",
    "sfixed32": -12, "sfixed64": "-13", "bool": true, "string": "text", "bytes": "AP8=", "colour": "COLOUR_BLUE",
    "point": {"name": "p", "value": 300, "opt": 0}, "opt": "", "numbers": [1, -1, 300], "names": ["a", ""],
    "points": [{"name": "q"}, {}], "counts": {"a": 1}, "byNumber": {"-3": {"name": "x"}}, "byBool": {"true": "y"},
    "number": 0, "unpacked": ["5", "-5"], "colours": ["COLOUR_RED"], "optNumber": 0, "optColour": 0,
    "nested": {"int32": 1}, "time": "2026-01-31T12:00:00.500Z", "duration": "1.5s", "mask": "a,b",
    "struct": {"k": [1, "x"]}, "anyJson": {"deep": null}, "list": [true],
    "any": {"@type": "type.googleapis.com/kinds.Point", "name": "z"}, "stringValue": "", "int64Value": "5",
    "boolValue": false, "empty": {}, "durations": ["1s"], "bytesValue": "AP8="
}"#;

#[test]
fn a_whole_path_copies_its_value_and_its_presence() {
    let schema = kinds();
    let descriptor = message_type(&schema, "kinds.All");
    for field in descriptor.fields() {
        let json_name = field.json_name();
        let full: serde_json::Value = serde_json::from_str(FULL).unwrap();
        let name = field.name();
        let yaml = format!("{name}: ${{request.{name}}}");
        let expected = match full.get(json_name) {
            Some(value) => serde_json::json!({ json_name: value }).to_string(),
            None => "{}".to_owned(),
        };
        gives(&yaml, FULL, &expected);
        gives(&yaml, "{}", "{}");
    }
    gives(
        "nested: ${request}",
        r#"{"int32":1}"#,
        r#"{"nested":{"int32":1}}"#,
    );
    gives("${request}", FULL, FULL);
}

#[test]
fn a_message_is_copied_whole_also_if_it_came_in_pieces() {
    let schema = kinds();
    // The key of field 17, a length, and the fields of a point.
    let point = |bytes: &[u8]| [&[0x8a, 0x01, bytes.len() as u8], bytes].concat();
    let request = [point(b"\x0a\x01a"), point(b"\x10\x05")].concat();
    let from_bytes = Message::decode(&schema, &message_type(&schema, "kinds.All"), request).unwrap();
    let json = from_bytes.to_json().unwrap();
    assert_eq!(json, r#"{"point":{"name":"a","value":5}}"#);
    for (yaml, expected) in [
        ("point: '${request.point}'", json.as_str()),
        (
            "points: ['${request.point}', {}]",
            r#"{"points":[{"name":"a","value":5},{}]}"#,
        ),
        (
            "nested: {point: '${request.point}'}",
            r#"{"nested":{"point":{"name":"a","value":5}}}"#,
        ),
    ] {
        let written = written_for(&schema, "kinds.All", yaml, &from_bytes).unwrap();
        let expected = Message::from_json(message_type(&schema, "kinds.All"), expected).unwrap();
        assert!(written == expected.to_dynamic().unwrap(), "{yaml}: {written}");
    }
}

#[test]
fn an_unset_path_has_a_value_in_lists_and_maps() {
    for (yaml, json) in [
        ("names: ['${request.opt}', a]", r#"{"names":["","a"]}"#),
        ("numbers: ['${request.opt_number}', 1]", r#"{"numbers":[0,1]}"#),
        ("points: ['${request.point}']", r#"{"points":[{}]}"#),
        ("by_number: {1: '${request.point}'}", r#"{"byNumber":{"1":{}}}"#),
    ] {
        gives(yaml, "{}", json);
    }
}

#[test]
fn values_of_expressions_are_checked_and_encoded_by_their_field() {
    for (yaml, request, json) in [
        ("int32: ${request.int32 + 1}", r#"{"int32":1}"#, r#"{"int32":2}"#),
        ("int32: ${request.int32 + 1}", r#"{"int32":-1}"#, "{}"),
        (
            "opt_number: ${request.int32 + 1}",
            r#"{"int32":-1}"#,
            r#"{"optNumber":0}"#,
        ),
        (
            "int64: ${request.int64}",
            r#"{"int64":"9007199254740993"}"#,
            r#"{"int64":"9007199254740993"}"#,
        ),
        (
            "uint64: ${request.uint64 + 1u}",
            r#"{"uint64":"18446744073709551614"}"#,
            r#"{"uint64":"18446744073709551615"}"#,
        ),
        ("sint32: ${-request.int32}", r#"{"int32":5}"#, r#"{"sint32":-5}"#),
        (
            "sfixed64: ${request.int32 * 2}",
            r#"{"int32":-5}"#,
            r#"{"sfixed64":"-10"}"#,
        ),
        ("fixed32: ${request.int32}", r#"{"int32":5}"#, r#"{"fixed32":5}"#),
        ("double: ${request.int32}", r#"{"int32":5}"#, r#"{"double":5}"#),
        (
            "float: ${request.double / 2.0}",
            r#"{"double":1}"#,
            r#"{"float":0.5}"#,
        ),
        ("bool: ${request.int32 > 3}", r#"{"int32":5}"#, r#"{"bool":true}"#),
        (
            "string: 'n=${request.int32}, ${request.colour}'",
            r#"{"int32":5,"colour":"COLOUR_RED"}"#,
            r#"{"string":"n=5, COLOUR_RED"}"#,
        ),
        (
            "string: ${request.colour}",
            r#"{"colour":"COLOUR_RED"}"#,
            r#"{"string":"COLOUR_RED"}"#,
        ),
        ("string: '${request.string}${request.opt}'", "{}", "{}"),
        ("opt: '${request.string}${request.opt}'", "{}", r#"{"opt":""}"#),
        (
            "bytes: ${bytes(request.string)}",
            r#"{"string":"abc"}"#,
            r#"{"bytes":"YWJj"}"#,
        ),
        (
            "colour: ${request.int32}",
            r#"{"int32":1}"#,
            r#"{"colour":"COLOUR_RED"}"#,
        ),
        (
            "colour: ${'COLOUR_' + request.string}",
            r#"{"string":"RED"}"#,
            r#"{"colour":"COLOUR_RED"}"#,
        ),
        (
            "point: {name: '${request.string}!', value: '${request.int32 + 1}'}",
            r#"{"string":"s"}"#,
            r#"{"point":{"name":"s!","value":1}}"#,
        ),
        (
            "numbers: [1, '${request.int32}', 3]",
            r#"{"int32":200}"#,
            r#"{"numbers":[1,200,3]}"#,
        ),
        ("names: ['${request.string}', '']", "{}", r#"{"names":["",""]}"#),
        (
            "numbers: ${request.numbers.map(n, n * 2)}",
            r#"{"numbers":[1,2]}"#,
            r#"{"numbers":[2,4]}"#,
        ),
        ("numbers: ${request.numbers}", "{}", "{}"),
        (
            "names: ${request.numbers.map(n, string(n))}",
            r#"{"numbers":[1,2]}"#,
            r#"{"names":["1","2"]}"#,
        ),
        (
            "points: ${request.points.filter(p, p.value > 1)}",
            r#"{"points":[{"value":1},{"value":2}]}"#,
            r#"{"points":[{"value":2}]}"#,
        ),
        (
            "counts: {'${request.string}': '${request.int32}'}",
            r#"{"string":"k","int32":4}"#,
            r#"{"counts":{"k":4}}"#,
        ),
        (
            "duration: ${request.duration}",
            r#"{"duration":"1.5s"}"#,
            r#"{"duration":"1.5s"}"#,
        ),
        (
            "duration: ${request.duration + duration('1s')}",
            r#"{"duration":"1.5s"}"#,
            r#"{"duration":"2.5s"}"#,
        ),
        (
            "time: ${request.time + request.duration}",
            r#"{"time":"2026-01-31T12:00:00Z","duration":"1s"}"#,
            r#"{"time":"2026-01-31T12:00:01Z"}"#,
        ),
        ("string_value: ${request.string}", "{}", r#"{"stringValue":""}"#),
        (
            "int64_value: ${request.int32}",
            r#"{"int32":7}"#,
            r#"{"int64Value":"7"}"#,
        ),
        (
            "any: ${request.point}",
            r#"{"point":{"name":"x"}}"#,
            r#"{"any":{"@type":"type.googleapis.com/kinds.Point","name":"x"}}"#,
        ),
        (
            "any_json: ${request.numbers}",
            r#"{"numbers":[1]}"#,
            r#"{"anyJson":[1]}"#,
        ),
        (
            "struct: {a: '${request.int32}', b: {c: '${request.string}'}}",
            r#"{"string":"s","int32":1}"#,
            r#"{"struct":{"a":1,"b":{"c":"s"}}}"#,
        ),
        (
            "list: ['${request.bool}', null]",
            "{}",
            r#"{"list":[false,null]}"#,
        ),
        ("text: ${request.string}", "{}", r#"{"text":""}"#),
    ] {
        gives(yaml, request, json);
    }
}

#[test]
fn what_cannot_fit_is_known_at_load() {
    for (yaml, expected) in [
        (
            "int32: ${request.string}",
            "test.yaml:1:8: expected int32 for kinds.All.int32, found string (hint: `int(…)` converts it)",
        ),
        (
            "string: ${request.int32}",
            "expected string for kinds.All.string, found int (hint: `string(…)` converts it)",
        ),
        (
            "bool: ${request.int32}",
            "expected bool for kinds.All.bool, found int",
        ),
        (
            "bytes: ${request.string}",
            "expected bytes for kinds.All.bytes, found string (hint: `bytes(…)` converts it)",
        ),
        ("int32: ${request.double}", "found double"),
        (
            "point: ${request.nested}",
            "expected kinds.Point for kinds.All.point, found kinds.All",
        ),
        (
            "numbers: ${request.names}",
            "expected a list of int32 for kinds.All.numbers, found list(string)",
        ),
        ("names: ${request.string}", "expected a list of string"),
        (
            "int32: '${request.int32} apples'",
            "text with an expression in it is a string",
        ),
        ("int32: ${request.point.valeu}", "test.yaml:1:24: "),
        ("int32: ${1 +}", "test.yaml:1:"),
    ] {
        refused(&kinds(), "kinds.All", yaml, expected);
    }
}

#[test]
fn what_does_not_fit_at_run_time_names_field_and_value() {
    fails(
        "int32: ${request.int64}",
        r#"{"int64":"3000000000"}"#,
        "field kinds.All.int32: 3000000000 does not fit int32",
    );
    fails(
        "uint32: ${request.int32}",
        r#"{"int32":-1}"#,
        "field kinds.All.uint32: -1 does not fit uint32",
    );
    fails(
        "point: {value: '${request.any_json}'}",
        r#"{"anyJson":"x"}"#,
        "field kinds.Point.value: \"x\" does not fit int32",
    );
    fails(
        "colour: ${request.string}",
        r#"{"string":"x"}"#,
        "field kinds.All.colour: the enum kinds.Colour has no value `x`",
    );
    let failure = written(&kinds(), "kinds.All", "int32: ${1 / request.int32}", "{}").unwrap_err();
    assert!(failure.starts_with("field kinds.All.int32: "), "{failure}");
}

#[test]
fn a_zero_with_a_sign_is_no_default() {
    let message = written(&kinds(), "kinds.All", "double: -0.0", "").unwrap();
    let double = message.get_field_by_name("double").unwrap().as_f64().unwrap();
    assert!(double.is_sign_negative());
}
