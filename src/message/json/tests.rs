//! What is read as ProtoJSON, what is refused, and where the text is at fault.
//!
//! protobuf's conformance suite covers what every implementation reads. Here are the places of problems, streams, and
//! what the suite does not ask.

use prost_reflect::MessageDescriptor;

use super::JsonReader;
use crate::message::message::Message;
use crate::schema::Schema;

fn descriptor(name: &str) -> MessageDescriptor {
    let schema = Schema::from_source(
        "all.proto",
        r#"
        syntax = "proto2";
        import "google/protobuf/any.proto";
        import "google/protobuf/empty.proto";
        import "google/protobuf/struct.proto";
        import "google/protobuf/wrappers.proto";
        message All {
          optional int64 count = 1;
          optional float ratio = 2;
          repeated uint32 list = 3;
          map<string, sint32> map = 4;
          optional google.protobuf.Any any = 5;
          repeated google.protobuf.NullValue nulls = 6;
          map<string, google.protobuf.NullValue> null_map = 7;
          optional google.protobuf.NullValue one_null = 8;
          optional google.protobuf.Int32Value wrapped = 9;
          optional google.protobuf.FloatValue wrapped_ratio = 10;
          optional All all_of_it = 11;
          optional google.protobuf.Empty empty = 12;
          extensions 100 to 200;
        }
        extend All { optional int32 more = 100; }
        "#,
    );
    let schema = schema.unwrap();
    schema.pool().get_message_by_name(name).unwrap()
}

fn read(json: &str) -> Result<String, String> {
    let message = Message::from_json(descriptor("All"), json).map_err(|error| error.to_string())?;
    message.to_json().map_err(|error| error.to_string())
}

#[test]
fn what_the_specification_allows_is_read() {
    let table = [
        (r#"{"count": "1e5"}"#, r#"{"count":"100000"}"#),
        (r#"{"count": "-1.0"}"#, r#"{"count":"-1"}"#),
        (r#"{"list": ["1e2", 1e2]}"#, r#"{"list":[100,100]}"#),
        (r#"{"map": {"a": "1e1"}}"#, r#"{"map":{"a":10}}"#),
        (r#"{"wrapped": "1e1"}"#, r#"{"wrapped":10}"#),
        (r#"{"[more]": "1e1"}"#, r#"{"[more]":10}"#),
        (r#"{"ratio": 3.4028235e38}"#, r#"{"ratio":3.4028235e+38}"#),
        (
            r#"{"wrappedRatio": 3.4028235e38}"#,
            r#"{"wrappedRatio":3.4028235e+38}"#,
        ),
        (
            r#"{"nulls": [null, "NULL_VALUE", 0]}"#,
            r#"{"nulls":[null,null,null]}"#,
        ),
        (r#"{"nullMap": {"a": null}}"#, r#"{"nullMap":{"a":null}}"#),
        (r#"{"oneNull": null}"#, r#"{"oneNull":null}"#),
        (r#"{"nulls": null}"#, "{}"),
        (r#"{"wrappedRatio": "NaN"}"#, r#"{"wrappedRatio":"NaN"}"#),
        (r#"{"any": {}}"#, r#"{"any":{}}"#),
        (r#"{"allOfIt": {"any": {}}}"#, r#"{"allOfIt":{"any":{}}}"#),
        (
            r#"{"any": {"@type": "x/google.protobuf.Empty"}}"#,
            r#"{"any":{"@type":"x/google.protobuf.Empty"}}"#,
        ),
        (
            r#"{"any": {"@type": "x/All", "count": "1e5"}}"#,
            r#"{"any":{"@type":"x/All","count":"100000"}}"#,
        ),
        (
            r#"{"any": {"count": "5", "@type": "x/All", "ratio": 1.5}}"#,
            r#"{"any":{"@type":"x/All","count":"5","ratio":1.5}}"#,
        ),
        (
            r#"{"any": {"@type": "x/google.protobuf.Int32Value", "value": "1e1"}}"#,
            r#"{"any":{"@type":"x/google.protobuf.Int32Value","value":10}}"#,
        ),
        (r#"{"empty": {}, "count": null}"#, r#"{"empty":{}}"#),
    ];
    for (json, expected) in table {
        assert_eq!(read(json).as_deref(), Ok(expected), "{json}");
    }
}

#[test]
fn a_field_comes_once_under_whatever_name() {
    for (json, place) in [
        (
            r#"{"count": 1, "count": 1}"#,
            "field 'count' is there twice at line 1 column 20",
        ),
        (
            "{\"all_of_it\": {},\n\"allOfIt\": {}}",
            "field 'allOfIt' is there twice at line 2 column 9",
        ),
        (r#"{"[more]": 1, "[more]": 1}"#, "field '[more]' is there twice"),
        (
            r#"{"allOfIt": {"count": 1, "count": null}}"#,
            "field 'count' is there twice",
        ),
        (
            r#"{"any": {"@type": "x/All", "count": 1, "count": 1}}"#,
            "field 'count' is there twice",
        ),
        (
            r#"{"any": {"count": 1, "@type": "x/All", "count": 1}}"#,
            "field 'count' is there twice",
        ),
        (
            r#"{"any": {"count": 1, "count": 1, "@type": "x/All"}}"#,
            "field 'count' is there twice",
        ),
    ] {
        let error = read(json).expect_err(json);
        assert!(error.contains(place), "{json}: {error}");
    }
}

/// Where something is read otherwise than prost-reflect reads it, too.
#[test]
fn a_problem_has_its_line_and_column() {
    for (json, place) in [
        (
            "{\"any\": {},\n \"count\": \"x\"}",
            "invalid digit found in string at line 2 column 13",
        ),
        (
            "{\"count\": \"1e5\",\n\n\"nope\": 1}",
            "unrecognized field name 'nope' at line 3 column 6",
        ),
        ("{\"any\": {}} x", "trailing characters at line 1 column 13"),
    ] {
        let error = read(json).expect_err(json);
        assert!(error.ends_with(place), "{json}: {error}");
    }
}

#[test]
fn an_any_of_nothing_can_be_the_whole_message() {
    let any = descriptor("google.protobuf.Any");
    let json = br#"{} {"@type": "x/All"}{}"#;
    let messages: Result<Vec<_>, _> = JsonReader::new(any, &json[..]).collect();
    let messages: Vec<_> = messages
        .unwrap()
        .iter()
        .map(|message| message.to_json().unwrap())
        .collect();
    assert_eq!(messages, ["{}", r#"{"@type":"x/All"}"#, "{}"]);
}

#[test]
fn an_any_of_nothing_can_be_within_another() {
    let within = |inner: &str| format!(r#"{{"@type":"x/google.protobuf.Any","value":{inner}}}"#);
    let held = r#"{"@type":"x/All","count":"1","any":{}}"#;
    for any in [within("{}"), within(&within("{}")), held.to_owned(), within(held)] {
        let message = Message::from_json(descriptor("google.protobuf.Any"), &any).unwrap();
        assert_eq!(message.to_json().unwrap(), any, "as the whole message");
        let bytes = message.to_bytes();
        assert!(!bytes.windows(6).any(|bytes| bytes == b"empty:"), "{bytes:?}");

        let json = format!(r#"{{"any":{any}}}"#);
        let message = Message::from_json(descriptor("All"), &json).unwrap();
        assert_eq!(message.to_json().unwrap(), json, "in a field");
    }
}

/// JSON objects have no order, and some writers sort their keys.
#[test]
fn the_type_of_an_any_may_come_after_what_depends_on_it() {
    let any = |value: &str| format!(r#"{{"value":{value},"@type":"x/google.protobuf.Any"}}"#);
    let read = |json: &str| Message::from_json(descriptor("google.protobuf.Any"), json);
    for (json, expected) in [
        (any("{}"), r#"{"@type":"x/google.protobuf.Any","value":{}}"#),
        (
            any(&any("{}")),
            r#"{"@type":"x/google.protobuf.Any","value":{"@type":"x/google.protobuf.Any","value":{}}}"#,
        ),
        (
            r#"{"any": {}, "count": "1e5", "@type": "x/All"}"#.to_owned(),
            r#"{"@type":"x/All","count":"100000","any":{}}"#,
        ),
        (
            r#"{"value": "1e1", "@type": "x/google.protobuf.Int32Value"}"#.to_owned(),
            r#"{"@type":"x/google.protobuf.Int32Value","value":10}"#,
        ),
    ] {
        let message = read(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(message.to_json().unwrap(), expected, "{json}");
    }
    for (json, part) in [
        (r#"{"count": 1}"#, "expected '@type' field"),
        (
            r#"{"count": "x", "@type": "x/All"}"#,
            "invalid digit found in string at line 1",
        ),
        (
            r#"{"nope": {}, "@type": "x/All"}"#,
            "unrecognized field name 'nope' at line 1",
        ),
        (
            r#"{"value": 1, "value": 2, "@type": "x/google.protobuf.Int32Value"}"#,
            "'value' is there twice",
        ),
        (r#"{"count": 1, "@type": "x/All", "@type": "x/All"}"#, "'@type'"),
    ] {
        let error = read(json).expect_err(json).to_string();
        assert!(error.contains(part), "{json}: {error}");
    }
}

#[test]
fn messages_follow_one_another_until_one_is_wrong() {
    let json = "{\"count\": \"1e1\"}\n{\"any\": {}}{\"count\":\n 2, \"count\": 3} {}";
    let mut messages = JsonReader::new(descriptor("All"), json.as_bytes());
    for expected in [r#"{"count":"10"}"#, r#"{"any":{}}"#] {
        assert_eq!(messages.next().unwrap().unwrap().to_json().unwrap(), expected);
    }
    let error = messages
        .next()
        .unwrap()
        .expect_err("it is there twice")
        .to_string();
    assert!(
        error.ends_with("field 'count' is there twice at line 3 column 12"),
        "{error}"
    );
    assert!(messages.next().is_none());
}
