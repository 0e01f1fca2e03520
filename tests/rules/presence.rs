//! `match` on fields of which protobuf knows whether they are set: members of oneofs, `optional` fields, messages.

use protod::{RulesOptions, Schema};

use crate::support::Running;

/// Which of the patterns answers, for each request; "none" if none does.
async fn matched(patterns: &[&str], requests: &[&str]) -> Vec<String> {
    let rule = |pattern: &&str| {
        let name = serde_json::json!(pattern);
        format!("  - {{method: kinds.Kinds/Unary, match: {pattern}, reply: {{string: {name}}}}}\n")
    };
    let rules: String = patterns.iter().map(rule).collect();
    let server = Running::start(&format!(
        "rules:\n{rules}  - {{method: kinds.Kinds/Unary, reply: {{string: none}}}}"
    ))
    .await;
    let mut matched = Vec::new();
    for request in requests {
        let outcome = server.call("Unary", &[request]).await;
        let answer: serde_json::Value = serde_json::from_str(&outcome.messages[0]).expect("JSON");
        matched.push(answer["string"].as_str().expect("a string").to_owned());
    }
    matched
}

#[tokio::test]
async fn naming_a_member_of_a_oneof_means_that_it_is_set() {
    let patterns = [
        "{picked: {name: ''}}",
        "{picked: {}}",
        "{text: ''}",
        "{number: 0}",
        "{text: null, number: null, picked: null}",
    ];
    let requests = [
        (r#"{"picked":{}}"#, "{picked: {name: ''}}"),
        (r#"{"picked":{"name":"a"}}"#, "{picked: {}}"),
        (r#"{"text":""}"#, "{text: ''}"),
        (r#"{"text":"a"}"#, "none"),
        (r#"{"number":0}"#, "{number: 0}"),
        (r#"{"number":7}"#, "none"),
        ("{}", "{text: null, number: null, picked: null}"),
    ];
    let found = matched(&patterns, &requests.map(|(request, _)| request)).await;
    assert_eq!(found, requests.map(|(_, expected)| expected));
}

#[tokio::test]
async fn a_default_where_unset_differs_from_it_must_be_set() {
    for (pattern, set, unset) in [
        ("{opt: ''}", r#"{"opt":""}"#, "{}"),
        ("{opt_number: 0}", r#"{"optNumber":0}"#, "{}"),
        ("{opt_colour: COLOUR_UNSPECIFIED}", r#"{"optColour":0}"#, "{}"),
        ("{point: {}}", r#"{"point":{}}"#, "{}"),
        ("{point: {opt: 0}}", r#"{"point":{"opt":0}}"#, r#"{"point":{}}"#),
        ("{empty: {}}", r#"{"empty":{}}"#, "{}"),
        ("{duration: 0s}", r#"{"duration":"0s"}"#, "{}"),
        ("{int64_value: 0}", r#"{"int64Value":"0"}"#, "{}"),
        ("{string_value: ''}", r#"{"stringValue":""}"#, "{}"),
        ("{struct: {}}", r#"{"struct":{}}"#, "{}"),
        ("{list: []}", r#"{"list":[]}"#, "{}"),
        ("{any_json: 0}", r#"{"anyJson":0}"#, r#"{"anyJson":""}"#),
        ("{any_json: {}}", r#"{"anyJson":{}}"#, r#"{"anyJson":[]}"#),
        ("{any_json: null}", r#"{"anyJson":null}"#, "{}"),
        (
            "{points: [{opt: 0}]}",
            r#"{"points":[{"opt":0}]}"#,
            r#"{"points":[{}]}"#,
        ),
        (
            "{nested: {point: {}}}",
            r#"{"nested":{"point":{}}}"#,
            r#"{"nested":{}}"#,
        ),
    ] {
        assert_eq!(matched(&[pattern], &[set, unset]).await, [pattern, "none"]);
    }
}

#[tokio::test]
async fn a_default_where_unset_is_the_same_need_not_be_set() {
    for pattern in [
        "{string: ''}",
        "{int32: 0}",
        "{colour: 0}",
        "{names: []}",
        "{point: {name: ''}}",
        "{double: 0}",
    ] {
        assert_eq!(
            matched(&[pattern], &["{}", r#"{"point":{}}"#]).await,
            [pattern, pattern]
        );
    }
}

#[tokio::test]
async fn a_field_of_proto2_must_be_set_to_its_default_too() {
    let schema = Schema::from_source(
        "old.proto",
        r#"syntax = "proto2"; package old;
           message Old { optional int32 size = 1 [default = 5]; optional group Part = 2 { optional string id = 3; } }
           service Olds { rpc Unary(Old) returns (Old); }"#,
    );
    let yaml = r"
rules:
  - {method: old.Olds/Unary, match: {size: 5}, reply: {size: 1}}
  - {method: old.Olds/Unary, match: {part: {}}, reply: {size: 2}}
  - {method: old.Olds/Unary, reply: {size: 3}}
";
    let server = Running::with(schema.expect("it compiles"), &RulesOptions::default(), yaml).await;
    for (request, size) in [(r#"{"size":5}"#, 1), (r#"{"part":{}}"#, 2), ("{}", 3)] {
        let outcome = server.call("Unary", &[request]).await;
        assert_eq!(outcome.messages, [format!(r#"{{"size":{size}}}"#)]);
    }
}
