//! Single cases: each form of a value, and where errors are.

use super::mutate::read_by_both;
use super::{message_type, reference};
use crate::message::error::MessageError;
use crate::message::json::to_json::wire_to_json;
use crate::message::json::to_wire::json_to_wire;

fn read(json: &str) -> Result<Vec<u8>, MessageError> {
    let mut wire = Vec::new();
    json_to_wire(message_type("every.Every"), json.as_bytes(), &mut wire).map(|()| wire)
}

#[test]
fn each_form_of_a_value_is_read_or_refused_as_its_tree_is() {
    let values = [
        "null",
        "true",
        "0",
        "-0",
        "-1",
        "1.0",
        "1.5",
        "1e2",
        "1e-1",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "9.223372036854774784e18",
        "1e19",
        "3.4028235e38",
        "3.4028236e38",
        "-3.4028236e38",
        "1e39",
        "1e308",
        "1e309",
        "1e-400",
        r#""""#,
        r#""0""#,
        r#""007""#,
        r#""+5""#,
        r#""-5""#,
        r#"" 5""#,
        r#""5 ""#,
        r#""5.0""#,
        r#""5.5""#,
        r#""5e0""#,
        r#""1e1""#,
        r#""1e19""#,
        r#""0x5""#,
        r#""NaN""#,
        r#""nan""#,
        r#""Infinity""#,
        r#""-Infinity""#,
        r#""inf""#,
        r#""1e39""#,
        r#""true""#,
        r#""\u0035""#,
        r#""AQI=""#,
        r#""AQI""#,
        r#""_-8""#,
        r#""/+8""#,
        r#""_+8""#,
        r#""A""#,
        r#""A===""#,
        r#""AQ I=""#,
        r#""OPEN_ONE""#,
        r#""CLOSED_THREE""#,
        r#""open_one""#,
        r#""NULL_VALUE""#,
        "9",
        "[]",
        "[1]",
        "[[1]]",
        "[null]",
        r#"["1"]"#,
        "{}",
        r#"{"1":1}"#,
        r#"{"1":null}"#,
        r#"{"":""}"#,
        r#"{"true":"ZERO_ONE"}"#,
        r#"{"01":1}"#,
        r#"{"-0":1}"#,
        r#"{"+1":{}}"#,
        r#"{" 1":1}"#,
        r#"{"1":"2","1":"3"}"#,
        r#"{"aInt32":1}"#,
        r#"{"a_int32":1}"#,
        r#"{"aint32":1}"#,
        r#""1970-01-01T00:00:00Z""#,
        r#""9999-12-31T23:59:59.999999999Z""#,
        r#""0000-12-31T23:59:59Z""#,
        r#""1970-01-01T00:00:60Z""#,
        r#""1970-01-01t00:00:00Z""#,
        r#""1970-01-01T00:00:00.Z""#,
        r#""1970-01-01T00:00:00+23:59""#,
        r#""1970-01-01T00:00:00.1234567891Z""#,
        r#""1s""#,
        r#""-1.5s""#,
        r#""1.s""#,
        r#""1""#,
        r#""315576000000s""#,
        r#""315576000001s""#,
        r#""1.1234567891s""#,
        r#""aB,c.dE""#,
        r#""a_b""#,
        r#"",a,""#,
        r#"{"@type":"x/every.Point"}"#,
        r#"{"@type":"every.Point"}"#,
        r#"{"@type":"x/no.Such"}"#,
        r#"{"@type":1}"#,
        r#"{"latitude":1}"#,
        r#"{"latitude":1,"@type":"x/every.Point"}"#,
        r#"{"@type":"x/every.Point","@type":"x/every.Point"}"#,
        r#"{"latitude":1,"@type":"x/every.Point","@type":"x/every.Point"}"#,
        r#"{"@type":"x/google.protobuf.Empty"}"#,
        r#"{"@type":"x/google.protobuf.Empty","value":{}}"#,
        r#"{"@type":"x/google.protobuf.Empty","value":{"a":1}}"#,
        r#"{"@type":"x/google.protobuf.Value"}"#,
        r#"{"@type":"x/google.protobuf.Value","value":null}"#,
        r#"{"value":"1s","@type":"x/google.protobuf.Duration"}"#,
        r#"{"value":"1s","value":"1s","@type":"x/google.protobuf.Duration"}"#,
        r#"{"@type":"x/google.protobuf.Duration","value":"1s","more":1}"#,
        r#"{"@type":"x/google.protobuf.Any","value":{"@type":"x/every.Point","latitude":"5"}}"#,
        r#"{"@type":"x/google.protobuf.Any","value":{}}"#,
        r#"{"a":[1,{"b":null}],"a":2}"#,
        r#""\ud800""#,
        "\"\u{1}\"",
        r#""😀\ud83d\ude00""#,
    ];
    let of = message_type("every.Every");
    let fields = of.layouts.json_fields(of.layout);
    let mut read = 0;
    for field in &fields.list {
        for value in values {
            let json = format!("{{\"{}\":{value}}}", field.name);
            read += usize::from(read_by_both(of, &json).is_some());
        }
    }
    assert!(read > 1_000, "{read}");
    for json in [
        "",
        "null",
        "[]",
        "1",
        "{}",
        "{} ",
        "{} x",
        "{",
        r#"{"aInt32"}"#,
        r#"{"aInt32":1,}"#,
        r#"{"aInt32":1 "aInt64":1}"#,
        r#"{"aInt32":1,"a_int32":1}"#,
        r#"{"aInt32":1,"aInt32":null}"#,
        r#"{"oInt32":1,"oString":""}"#,
        r#"{"oInt32":1,"oString":null}"#,
        r#"{"oInt32":1,"oNull":null}"#,
        r#"{"oValue":null,"oNull":null}"#,
        r#"{"other_name":"a"}"#,
        r#"{"otherName":"a"}"#,
        r#"{"renamed":"a"}"#,
        r#"{"[every.x_int32]":1}"#,
        r#"{"[every.x_list]":[1,2]}"#,
        r#"{"[every.nope]":1}"#,
        r#"{"every.x_int32":1}"#,
        r#"{"@type":"x"}"#,
        "\u{feff}{}",
        "{\"aString\":\"\\ud83d\"}",
    ] {
        read_by_both(of, json);
    }
}

#[test]
fn an_error_says_where_it_is_and_what_was_expected() {
    for (json, error) in [
        (
            "{\"aInt32\": \"x\"}",
            "aInt32: invalid value: string \"x\", expected a 32-bit signed integer at line 1 column 14",
        ),
        (
            "{\"lEvery\": [{}, {\"mEvery\": {\"a\\\"b\":\n {\"lInt32\": [1, true]}}}]}",
            "lEvery[1].mEvery[\"a\\\"b\"].lInt32[1]: invalid type: boolean `true`, expected a 32-bit signed integer at line 2 column 20",
        ),
        (
            "{\"mInt32\": {\"-7\": 1}}",
            "mInt32[\"-7\"]: invalid type: integer `1`, expected a string at line 1 column 19",
        ),
        (
            "{\"struct\": {\"a\": [{\"b\": 1e999}]}}",
            "struct[\"a\"][0][\"b\"]: number out of range at line 1 column 29",
        ),
        (
            "{\"aEvery\": {\"aInt3\": 1}}",
            "aEvery: unrecognized field name 'aInt3'; did you mean `aInt32`? at line 1 column 19",
        ),
        (
            "{\"aOpen\": \"OPEN_ON\"}",
            "aOpen: unrecognized enum value 'OPEN_ON'; did you mean `OPEN_ONE`? at line 1 column 19",
        ),
        (
            "{\"aInt32\": 1,\n \"a_int32\": 2}",
            "field 'aInt32' is there twice at line 2 column 10",
        ),
        (
            "{\"oInt32\": 1, \"oString\": \"\"}",
            "field 'oString' is there beside another of the oneof 'one', which holds one at line 1 column 28",
        ),
        // The type of the Any is its last entry, so its text is read twice.
        (
            "{\"any\":\n {\"aInt32\": 1,\n  \"aEvery\": {\"aBool\": 1}, \"@type\": \"x/every.Every\"}}",
            "any.aEvery.aBool: invalid type: integer `1`, expected true or false at line 3 column 23",
        ),
        (
            "{ \"any\": {\"any\": {\"aBool\": 1, \"@type\": \"x/every.Every\"}, \"@type\": \"x/every.Every\"}}",
            "any.any.aBool: invalid type: integer `1`, expected true or false at line 1 column 28",
        ),
        (
            "{\"any\": {\"@type\": \"x/no.Such\"}}",
            "any: message 'no.Such' not found at line 1 column 30",
        ),
    ] {
        let found = read(json).expect_err(json).to_string();
        assert_eq!(found, format!("JSON does not fit the message: {error}"), "{json}");
    }
    let too_deep = format!(
        "{}{}",
        "{\"aEvery\":".repeat(101),
        "{}".to_owned() + &"}".repeat(101)
    );
    let error = read(&too_deep).expect_err("too deep");
    assert!(error.is_too_large(), "{error}");
}

#[test]
fn texts_that_need_not_be_utf8_are_printed_with_replacements() {
    let of = message_type("every.Every");
    // Two keys of a map that become one, and one that is UTF-8 between them.
    let mut wire = vec![0xa2, 0x01, 2, 0xff, b'a', 0xfa, 0x03, 1, 0xfe];
    for (key, value) in [(0xff, b'1'), (b'b', b'2'), (0xfe, b'3')] {
        wire.extend_from_slice(&[0xf2, 0x04, 6, 0x0a, 1, key, 0x12, 1, value]);
    }
    let mut json = Vec::new();
    wire_to_json(of, &wire, usize::MAX, &mut json).unwrap();
    let json = String::from_utf8(json).unwrap();
    assert_eq!(json, reference::wire_to_json(of, &wire).unwrap());
    assert!(json.contains(r#""mLoose":{"b":"2","�":"3"}"#), "{json}");
}
