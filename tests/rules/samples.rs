//! `sample`: made-up answers with fields set over them.

use std::time::{Duration, Instant};

use protod::{Handlers, Rules, RulesOptions, Sampler, Schema};
use serde_json::Value;
use tonic::Code;

use crate::support::{Outcome, Running, kinds, problems};

const SHOP: &str = r#"syntax = "proto3"; package shop;
    service Shop {
      rpc Get(Ask) returns (Order);
      rpc List(Ask) returns (stream Order);
      rpc Sum(stream Ask) returns (Order);
      rpc Chat(stream Ask) returns (stream Order);
    }
    message Ask { string name = 1; int32 count = 2; }
    message Order {
      string name = 1; int32 total = 2; bool done = 3; repeated string tags = 4; map<string, int32> counts = 5;
      Customer customer = 6; optional int32 rank = 7;
      oneof pay { string card = 8; int32 voucher = 9; }
    }
    message Customer { string name = 1; string email = 2; Address address = 3; }
    message Address { string city = 1; string street = 2; }"#;

fn shop() -> Schema {
    Schema::from_source("shop.proto", SHOP).expect("it compiles")
}

async fn serve(yaml: &str) -> Running {
    Running::with(
        shop(),
        &RulesOptions::default().sampler(Sampler::new(7).stream_length(4)),
        yaml,
    )
    .await
}

fn messages(outcome: &Outcome) -> Vec<Value> {
    assert_eq!(outcome.status.code(), Code::Ok, "{:?}", outcome.status);
    let messages = outcome.messages.iter();
    messages
        .map(|message| serde_json::from_str(message).expect("it is JSON"))
        .collect()
}

/// What methods answer without rules.
async fn without_rules(method: &str, requests: &[&str]) -> Vec<Value> {
    let fallback = Handlers::new().fallback(Sampler::new(7).stream_length(4));
    messages(&Running::of(shop(), fallback).await.call(method, requests).await)
}

#[tokio::test]
async fn a_sample_is_the_one_without_rules_in_methods_of_any_shape() {
    let server = serve(r#"rules: [{method: "*/*", headers: {x: 1}, sample: {}}]"#).await;
    let (one, two) = (r#"{"name": "tea"}"#, r#"{"name": "cup", "count": 2}"#);
    for (method, requests) in [
        ("Get", &[one][..]),
        ("List", &[two]),
        ("Sum", &[one, two]),
        ("Sum", &[]),
        ("Chat", &[one, two, two]),
        ("Chat", &[]),
    ] {
        let outcome = server.call(method, requests).await;
        assert_eq!(
            messages(&outcome),
            without_rules(method, requests).await,
            "{method}"
        );
        assert_eq!(outcome.headers.get("x").expect("it is set"), "1", "{method}");
    }
}

#[tokio::test]
async fn fields_are_set_over_the_sample_and_the_rest_is_made_up() {
    let server = serve(
        r#"
rules:
  - method: shop.Shop/Get
    sample:
      total: 5
      done: false
      tags: [only]
      counts: {a: 1}
      customer: {name: "${request.name}!", address: {city: Bern}}
      rank: null
      voucher: 0
"#,
    )
    .await;
    let request = r#"{"name": "tea"}"#;
    let found = messages(&server.call("Get", &[request]).await).remove(0);
    let mut expected = without_rules("Get", &[request]).await.remove(0);
    for (field, value) in [
        ("total", serde_json::json!(5)),
        ("tags", serde_json::json!(["only"])),
        ("counts", serde_json::json!({"a": 1})),
        ("voucher", serde_json::json!(0)),
    ] {
        expected[field] = value;
    }
    expected["customer"]["name"] = "tea!".into();
    expected["customer"]["address"]["city"] = "Bern".into();
    let fields = expected.as_object_mut().expect("an object");
    for unset in ["done", "rank", "card"] {
        fields.remove(unset);
    }
    assert_eq!(found, expected);
    assert!(found["customer"]["email"].is_string(), "{found}");
    assert!(found["customer"]["address"]["street"].is_string(), "{found}");
}

#[tokio::test]
async fn each_message_of_a_stream_has_the_fields() {
    let server = serve(
        r#"
rules:
  - {method: shop.Shop/List, match: {count: 1}, sample: {total: "${i * 10 + request.count}"}}
  - {method: shop.Shop/List, stream: [{repeat: 2, every: 5ms, sample: {total: "${i + 7}"}}, {sample: {done: true}}]}
  - {method: shop.Shop/Chat, delay: 10ms, sample: {total: "${received}"}}
  - {method: shop.Shop/Sum, answers: [{sample: {total: 1}}, {reply: {total: 2}}]}
"#,
    )
    .await;
    let totals = |messages: &[Value]| -> Vec<i64> {
        let totals = messages.iter().map(|message| message["total"].as_i64());
        totals.map(Option::unwrap_or_default).collect()
    };
    let listed = messages(&server.call("List", &[r#"{"count": 1}"#]).await);
    assert_eq!(totals(&listed), [1, 11, 21, 31]);
    assert_ne!(listed[0]["customer"], listed[1]["customer"]);
    let steps = messages(&server.call("List", &[r#"{"count": 2}"#]).await);
    assert_eq!(totals(&steps)[..2], [7, 8]);
    assert_eq!(steps[2]["done"], true);
    assert_ne!(steps[0]["customer"], steps[1]["customer"]);
    let begun = Instant::now();
    let chat = messages(&server.call("Chat", &["{}"; 3]).await);
    assert_eq!(totals(&chat), [1, 2, 3]);
    assert!(begun.elapsed() >= Duration::from_millis(10));
    let sums = [
        messages(&server.call("Sum", &["{}"]).await),
        messages(&server.call("Sum", &["{}"]).await),
    ];
    assert_eq!((totals(&sums[0]), totals(&sums[1])), (vec![1], vec![2]));
}

#[tokio::test]
async fn a_large_request_takes_its_turn_and_a_larger_one_is_not_copied() {
    let proto = r#"syntax = "proto3"; package big; message M { repeated int32 n = 1 [packed = false]; string name = 2; }
        service S { rpc Get(M) returns (M); }"#;
    let schema = Schema::from_source("big.proto", proto).expect("it compiles");
    let rules = Rules::from_text(&schema, "f", "rules: [{method: big.S/Get, sample: {name: x}}]");
    let server = Running::of(schema, &rules.expect("it compiles")).await;
    for (count, is_copied) in [(10, true), (5_000, true), (20_000, false)] {
        let request = format!(r#"{{"n": {:?}}}"#, vec![3; count]);
        let outcome = server.call("Get", &[&request]).await;
        let message = messages(&outcome).remove(0);
        let copied = message["n"].as_array().is_some_and(|n| n.len() == count);
        assert_eq!(
            (copied, &message["name"]),
            (is_copied, &Value::from("x")),
            "{count}"
        );
    }
}

/// Fields that are required are made up.
#[tokio::test]
async fn fields_of_proto2_and_extensions_are_set() {
    let proto = r#"syntax = "proto2"; package old;
        message M { required string name = 1; required int32 total = 2; optional group G = 3 { optional int32 n = 4; optional string t = 5; } extensions 100 to 200; }
        extend M { optional string note = 100; }
        service S { rpc Get(M) returns (M); }"#;
    let schema = Schema::from_source("old.proto", proto).expect("it compiles");
    let yaml = r#"rules: [{method: old.S/Get, sample: {total: 5, g: {n: 6}, "[old.note]": hi}}]"#;
    let server = Running::of(
        schema.clone(),
        &Rules::from_text(&schema, "f", yaml).expect("it compiles"),
    )
    .await;
    let outcome = server.call("Get", &[r#"{"name": "a", "total": 1}"#]).await;
    let message = messages(&outcome).remove(0);
    assert_eq!(
        (
            &message["name"],
            &message["total"],
            &message["g"]["n"],
            &message["[old.note]"]
        ),
        (
            &Value::from("a"),
            &Value::from(5),
            &Value::from(6),
            &Value::from("hi")
        )
    );
}

#[test]
fn what_is_wrong_with_a_sample_is_told() {
    for (method, sample, expected) in [
        (
            "Unary",
            "",
            "found null (hint: `sample: {}` is a made-up answer as it is)",
        ),
        (
            "Unary",
            "'${request}'",
            "found a string (hint: `sample: {}` is a made-up answer as it is)",
        ),
        (
            "Unary",
            "{strin: x}",
            "the message kinds.All has no field `strin` (hint: did you mean `string`?)",
        ),
        (
            "Unary",
            "{point: {value: x}}",
            "expected int32, found the string \"x\"",
        ),
        (
            "Wait",
            "{seconds: 1}",
            "a google.protobuf.Duration has no fields that can be set over it (hint: answer with a `reply`, or with `sample: {}`)",
        ),
    ] {
        let yaml = format!("rules: [{{method: kinds.Kinds/{method}, sample: {sample}}}]");
        let found = problems(&kinds(), &yaml);
        assert!(found.ends_with(expected), "{sample}: {found}");
    }
}
