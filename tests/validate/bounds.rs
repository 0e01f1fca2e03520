//! What a client's bytes decide is bounded: time, memory, depth, and what is said of them.

use protod::{Handlers, Message, Schema, Server};
use tonic::{Code, Status};

use crate::{Running, validate, violations};

const PROTO: &str = r#"
syntax = "proto3";
package bounds;
import "buf/validate/validate.proto";
service Bounds { rpc Take(M) returns (M); }
message M {
  M inner = 1;
  int32 number = 2 [(buf.validate.field).int32.lt = 10];
  repeated int32 numbers = 3 [(buf.validate.field).repeated.items.int32.lt = 10];
  repeated string texts = 4 [(buf.validate.field).repeated.unique = true];
  map<string, string> labels = 5 [(buf.validate.field).map.values.string.max_len = 3];
  string text = 6 [(buf.validate.field).cel = {
    id: "text"
    expression: "size(this) < 10 ? '' : 'must not be ' + this"
  }];
  repeated M all = 7 [(buf.validate.field).cel = {
    id: "quadratic"
    message: "must differ"
    expression: "this.all(x, this.exists_one(y, y == x))"
  }];
  int32 divisor = 8 [(buf.validate.field).cel = {
    id: "division" message: "must divide" expression: "this < 2 || 12 / (this - 2) > 0"
  }];
}
"#;

fn schema() -> Schema {
    Schema::from_source("bounds.proto", PROTO).expect("it compiles")
}

fn encode(json: &str) -> Vec<u8> {
    let descriptor = schema()
        .pool()
        .get_message_by_name("bounds.M")
        .expect("it is there");
    Message::from_json(descriptor, json)
        .expect("it fits")
        .to_bytes()
        .to_vec()
}

#[test]
fn messages_are_checked_as_deep_as_they_may_be() {
    let mut bytes = vec![0x10, 20];
    for _ in 0..99 {
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
        bytes = [outer, bytes].concat();
    }
    let found = violations(&schema(), "bounds.M", bytes);
    let expected = format!("{}number: must be less than 10 [int32.lt]", "inner.".repeat(99));
    assert_eq!(found, [expected]);
}

#[test]
fn no_more_than_32_violations_are_told_and_their_texts_are_cut() {
    let numbers = encode(&format!(r#"{{"numbers": {:?}}}"#, vec![20; 1000]));
    let error = validate(&schema(), "bounds.M", numbers).unwrap_err();
    assert_eq!(error.violations().len(), 32);
    let text = error.to_string();
    assert!(
        text.contains("numbers[4]: ") && !text.contains("numbers[5]: "),
        "{text}"
    );
    assert!(text.ends_with("; and more"), "{text}");
    let long = "x".repeat(100_000);
    let texts = encode(&format!(
        r#"{{"text": "{long}", "labels": {{"{long}": "{long}"}}}}"#
    ));
    let error = validate(&schema(), "bounds.M", texts).unwrap_err();
    assert_eq!(error.violations().len(), 2);
    let status = Status::from(error);
    assert!(
        status.message().len() < 2000 && status.details().len() < 5000,
        "{status:?}"
    );
}

#[test]
fn a_rule_that_has_no_value_is_an_internal_error_that_names_it() {
    let error = validate(&schema(), "bounds.M", encode(r#"{"divisor": 2}"#)).unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(
        error.to_string(),
        "the constraint `division` failed: division by zero"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_more_than_a_turn_is_checked_and_what_costs_too_much_ends_the_call() {
    let handlers = Handlers::new().unary("bounds.Bounds/Take", |_: Message| async {
        Err::<Message, _>(Status::unimplemented("it was taken"))
    });
    let server = Server::builder(schema()).handlers(handlers).validate(true);
    let running = Running::start(server).await;
    let mut last = vec![1; 50_000];
    last.push(20);
    let quadratic = |count: usize| {
        let all: Vec<String> = (0..count)
            .map(|number| format!(r#"{{"text": "{number}"}}"#))
            .collect();
        format!(r#"{{"all": [{}]}}"#, all.join(","))
    };
    let texts: Vec<String> = (0..20_000).map(|number| format!("text {number}")).collect();
    for (request, expected) in [
        (format!(r#"{{"numbers": {:?}}}"#, vec![1; 50_000]), "it was taken"),
        (
            format!(r#"{{"numbers": {last:?}}}"#),
            "numbers[50000]: must be less than 10 [int32.lt]",
        ),
        (format!(r#"{{"texts": {texts:?}}}"#), "it was taken"),
        (quadratic(50), "it was taken"),
        (
            quadratic(5000),
            "the check of the message costs more than evaluations may cost",
        ),
    ] {
        let (_, status) = running.call("bounds.Bounds/Take", &[&request]).await;
        assert_eq!(status.message(), expected);
        let costs_too_much = expected.starts_with("the check");
        assert_eq!(status.code() == Code::ResourceExhausted, costs_too_much);
    }
}

#[tokio::test]
async fn the_server_says_what_a_check_may_cost() {
    let server = Server::builder(schema()).fallback(protod::Sampler::default());
    let running = Running::start(server.validate(true).max_validation_cost(1000)).await;
    for (count, code) in [(10, Code::Ok), (1000, Code::ResourceExhausted)] {
        let request = format!(r#"{{"numbers": {:?}}}"#, vec![1; count]);
        let (_, status) = running.call("bounds.Bounds/Take", &[&request]).await;
        assert_eq!(status.code(), code, "{count}");
    }
}

#[tokio::test]
async fn a_malformed_request_is_malformed_rather_than_invalid() {
    let server = Server::builder(schema()).fallback(protod::Sampler::default());
    let running = Running::start(server.validate(true)).await;
    // Of a type that takes any bytes for the text: not UTF-8.
    let other = Schema::from_source(
        "other.proto",
        "syntax = 'proto3'; package bounds; service Bounds { rpc Take(M) returns (M); }
         message M { int32 number = 2; bytes text = 6; }",
    )
    .expect("it compiles");
    let method = other.require_method("bounds.Bounds/Take").expect("it is there");
    let request = Message::from_json(method.input().clone(), r#"{"number": 20, "text": "/w=="}"#);
    let client = protod::Client::builder(running.address.clone())
        .schema(other.clone())
        .connect()
        .await;
    let called = client
        .expect("it listens")
        .method("bounds.Bounds/Take")
        .expect("it is there");
    let status = called
        .unary(request.expect("it fits"))
        .await
        .expect_err("malformed");
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().starts_with("malformed message"), "{status:?}");
}
