//! Messages that expressions make by their names, wherever rules have expressions.

use protod::{RulesOptions, Schema};
use tonic::Code;

use crate::support::{Running, problems};

fn schema() -> Schema {
    let source = r#"
        syntax = "proto3";
        package shop.v1;
        import "google/protobuf/any.proto";
        service Shop {
          rpc Order(Request) returns (v1.Order);
          rpc Watch(Request) returns (stream v1.Order);
          rpc Chat(stream Request) returns (stream v1.Order);
        }
        message Request { int64 id = 1; string name = 2; repeated string skus = 3; }
        message Order {
          int64 id = 1;
          repeated Line lines = 2;
          Order parent = 3;
          google.protobuf.Any any = 4;
          map<string, Line> by_sku = 5;
          Line.Kind kind = 6;
        }
        message Line { string sku = 1; Size size = 2; message Size { int32 width = 1; } enum Kind { ONE = 0; TWO = 1; } }"#;
    Schema::from_source("shop.proto", source).expect("it compiles")
}

async fn server(rules: &str) -> Running {
    Running::with(schema(), &RulesOptions::default(), rules).await
}

#[tokio::test]
async fn a_message_is_made_in_every_place() {
    let server = server(
        r#"
rules:
  - method: shop.v1.Shop/Order
    when: "Order{id: request.id} == Order{id: 1}"
    set: {"store.orders[request.name]": "${Order{id: request.id, lines: request.skus.map(sku, Line{sku: sku})}}"}
    log: "keeps ${Order{id: request.id}}"
    reply: "${store.orders[request.name]}"
  - method: shop.v1.Shop/Order
    match: {id: 2}
    status: {code: ABORTED, details: ["${Line{sku: request.name}}", {"@type": shop.v1.Order, parent: "${Order{id: 5}}"}]}
  - method: shop.v1.Shop/Order
    match: {id: 3}
    reply:
      lines: ["${Line{sku: 'a', size: Line.Size{width: 3}}}", {sku: b}]
      any: "${Line{sku: 'packed'}}"
      by_sku: "${{'c': Line{sku: 'c'}}}"
      kind: "${Order{kind: Line.Kind.TWO}.kind}"
  - method: shop.v1.Shop/Order
    scope: "string(Order{id: request.id}.id)"
    times: 1
    sample: {id: 0, lines: [], any: null, by_sku: {}, kind: ONE, parent: "${Order{id: request.id}}"}
  - method: shop.v1.Shop/Watch
    stream:
      - {each: "${request.skus.map(sku, Line{sku: sku})}", as: line, send: {lines: ["${line}"]}}
      - {each: "${request.skus}", as: sku, send: "${Order{parent: Order{lines: [Line{sku: sku}]}}}"}
  - method: shop.v1.Shop/Chat
    session:
      state: {last: "${Order{}}"}
      open: [{send: "${Order{id: -1, kind: Line.Kind.TWO}}"}]
      message:
        - set: {last: "${Order{id: request.id, parent: state.last}}"}
        - send: "${state.last}"
"#,
    )
    .await;
    for (method, requests, messages) in [
        (
            "Order",
            &[r#"{"id": 1, "name": "n", "skus": ["x", "y"]}"#][..],
            &[r#"{"id":"1","lines":[{"sku":"x"},{"sku":"y"}]}"#][..],
        ),
        (
            "Order",
            &[r#"{"id": 3}"#],
            &[
                r#"{"lines":[{"sku":"a","size":{"width":3}},{"sku":"b"}],"any":{"@type":"type.googleapis.com/shop.v1.Line","sku":"packed"},"bySku":{"c":{"sku":"c"}},"kind":"TWO"}"#,
            ],
        ),
        ("Order", &[r#"{"id": 4}"#], &[r#"{"parent":{"id":"4"}}"#]),
        (
            "Watch",
            &[r#"{"skus": ["x"]}"#],
            &[
                r#"{"lines":[{"sku":"x"}]}"#,
                r#"{"parent":{"lines":[{"sku":"x"}]}}"#,
            ],
        ),
        (
            "Chat",
            &[r#"{"id": 1}"#, r#"{"id": 2}"#],
            &[
                r#"{"id":"-1","kind":"TWO"}"#,
                r#"{"id":"1","parent":{}}"#,
                r#"{"id":"2","parent":{"id":"1","parent":{}}}"#,
            ],
        ),
    ] {
        let outcome = server.call(method, requests).await;
        assert_eq!(outcome.messages, messages, "{requests:?}: {}", outcome.status);
    }
    let refused = server.call("Order", &[r#"{"id": 2, "name": "n"}"#]).await.status;
    assert_eq!(refused.code(), Code::Aborted);
    let details = String::from_utf8_lossy(refused.details()).into_owned();
    assert!(
        details.contains("shop.v1.Line") && details.contains("shop.v1.Order"),
        "{details}"
    );
}

#[tokio::test]
async fn a_message_is_no_deeper_than_one_that_can_be_read() {
    let rules = r#"
rules:
  - method: shop.v1.Shop/Chat
    session:
      state: {last: "${Order{}}"}
      message:
        - set: {last: "${Order{id: request.id, parent: state.last}}"}
        - send: {id: "${received}"}
"#;
    let server = server(rules).await;
    let requests = [r#"{"id": 1}"#; 120];
    let outcome = server.call("Chat", &requests).await;
    assert_eq!(outcome.messages.len(), 100, "{}", outcome.status);
    let message = outcome.status.message();
    assert!(
        message.contains("`set` of last: shop.v1.Order cannot be made"),
        "{message}"
    );
}

#[test]
fn what_is_no_detail_is_told_with_what_is_one() {
    for (detail, expected) in [
        (
            "plain",
            "1:72: expected a detail, found a string (hint: a detail is a message with `@type`, one short form such as `error_info`, or `${…}`)",
        ),
        (
            "'${Line{sku: 5}}'",
            "1:85: expected string for shop.v1.Line.sku, found int",
        ),
    ] {
        let yaml = format!(
            "rules: [{{method: shop.v1.Shop/Order, status: {{code: ABORTED, details: [{detail}]}}}}]"
        );
        let found = problems(&schema(), &yaml);
        assert_eq!(found, format!("test.rules.yaml:{expected}"), "{yaml}");
    }
}
