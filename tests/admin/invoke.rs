//! Calls of the server's methods through the admin service, and the schema that it shows.

use std::fs;

use protod::{Message, Responses};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::program::SOON;
use crate::support::{Kitchen, post};

const TABLE: &str = r#"syntax = "proto3";
package table;
// Where guests sit.
service Table {
  rpc Talk(stream Word) returns (stream Word);
  rpc Add(stream Word) returns (Word);
}
message Word {
  string text = 1; // not a Kind
  Kind kind = 2;
  enum Kind { KIND_UNSPECIFIED = 0; KIND_LOUD = 1; }
}
"#;

const TABLE_RULES: &str = r#"rules:
  - method: table.Table/Talk
    session: {message: [{send: {text: "${request.text}?"}}]}
  - method: table.Table/Add
    reply: {text: "${requests.map(word, word.text).join('+')}"}
"#;

/// A kitchen that has a table, too.
async fn kitchen_with_table() -> Kitchen {
    let kitchen = Kitchen::start().await;
    fs::write(kitchen.path("table.proto"), TABLE).expect("it can be written");
    fs::write(kitchen.path("table.rules.yaml"), TABLE_RULES).expect("it can be written");
    let reload = kitchen.ask("Reload", "{}").await;
    assert_eq!(reload["problems"], Value::Null, "{reload}");
    kitchen
}

/// Begins a call.
async fn begin(kitchen: &Kitchen, request: Value) -> Responses {
    let client = kitchen.client().await;
    let invoke = client
        .method("protod.admin.v1.AdminService/Invoke")
        .expect("a method");
    let request = Message::from_json(invoke.input().clone(), &request.to_string()).expect("a request");
    invoke.server_streaming(request).await.expect("it begins")
}

async fn next(events: &mut Responses) -> Option<Value> {
    let event = timeout(SOON, events.message()).await.expect("it comes");
    let json = event.expect("no failure")?.to_json().expect("JSON");
    Some(serde_json::from_str(&json).expect("JSON"))
}

/// All that comes of a call.
async fn all(mut events: Responses) -> Vec<Value> {
    let mut all = Vec::new();
    while let Some(event) = next(&mut events).await {
        all.push(event);
    }
    all
}

#[tokio::test]
async fn a_call_of_the_admin_service_is_one_like_any_other() {
    let kitchen = Kitchen::start().await;
    let request = json!({
        "method": "tea.Kitchen/Brew",
        "requests": [{ "kind": "green", "minutes": "3" }],
        "headers": [{ "name": "X-Shop", "value": "7" }],
    });
    let events = all(begin(&kitchen, request).await).await;
    assert_eq!(events.len(), 4, "{events:?}");
    assert!(events[1]["headers"]["headers"].is_array(), "{events:?}");
    assert_eq!(
        events[2]["response"]["json"],
        json!({ "label": "first" }),
        "{events:?}"
    );
    assert_eq!(events[2]["response"]["length"], "7", "{events:?}");
    assert_eq!(events[3]["end"]["code"], "OK", "{events:?}");
    let id = &events[0]["start"]["call"];
    let recorded = kitchen.ask("GetCall", &json!({ "id": id }).to_string()).await;
    let recorded = &recorded["call"];
    assert_eq!(recorded["rule"], "first green", "{recorded}");
    assert_eq!(recorded["protocol"], "grpc", "{recorded}");
    assert_eq!(recorded["peer"], Value::Null, "{recorded}");
    let headers = recorded["requestHeaders"].as_array().expect("headers");
    assert!(
        headers.contains(&json!({ "name": "x-shop", "value": "7" })),
        "{recorded}"
    );
    // It takes part in what calls have in common.
    assert_eq!(kitchen.brew(r#"{"kind": "green"}"#).await, "later");

    let events = all(begin(
        &kitchen,
        json!({ "method": "tea.Kitchen/Brew", "requests": [{ "kind": "mud" }] }),
    )
    .await)
    .await;
    let end = &events.last().expect("an end")["end"];
    assert_eq!(end["code"], "UNIMPLEMENTED", "{events:?}");
    assert!(
        end["message"]
            .as_str()
            .is_some_and(|text| text.contains("the nearest is")),
        "{end}"
    );
    // A method that takes one request says so itself.
    let events = all(begin(&kitchen, json!({ "method": "tea.Kitchen/Brew" })).await).await;
    assert_eq!(
        events.last().expect("an end")["end"]["code"],
        "UNIMPLEMENTED",
        "{events:?}"
    );
    // Services of the server's own, too.
    let events = all(begin(
        &kitchen,
        json!({ "method": "grpc.health.v1.Health/Check", "requests": [{}] }),
    )
    .await)
    .await;
    assert!(
        events
            .iter()
            .any(|event| event["response"]["json"]["status"] == "SERVING"),
        "{events:?}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_said_before_it_is_made() {
    let kitchen = Kitchen::start().await;
    for (request, code, text) in [
        (
            json!({ "method": "tea.Kitchen/Brw" }),
            "not_found",
            "did you mean tea.Kitchen/Brew?",
        ),
        (
            json!({ "method": "tea.Kitchen/Brew", "requests": [{ "kind": "green" }, { "kin": 1 }] }),
            "invalid_argument",
            "request 2 is no tea.Order: ",
        ),
        (
            json!({ "method": "tea.Kitchen/Brew", "headers": [{ "name": "a b", "value": "" }] }),
            "invalid_argument",
            "is no header",
        ),
        (
            json!({ "method": "tea.Kitchen/Brew", "timeout": "86401s" }),
            "invalid_argument",
            "timeout is a time from 0 to a day",
        ),
    ] {
        // The envelope of a stream of Connect.
        let client = kitchen.client().await;
        let invoke = client
            .method("protod.admin.v1.AdminService/Invoke")
            .expect("a method");
        let message = Message::from_json(invoke.input().clone(), &request.to_string()).expect("a request");
        let mut events = invoke.server_streaming(message).await.expect("it begins");
        let status = events.message().await.expect_err("it does not begin");
        let name = format!("{:?}", status.code());
        assert_eq!(
            name.to_lowercase(),
            code.replace('_', ""),
            "{request}: {status:?}"
        );
        assert!(status.message().contains(text), "{request}: {status:?}");
    }
    assert_eq!(
        kitchen.ask("Status", "{}").await["journal"]["recorded"],
        Value::Null
    );
}

#[tokio::test]
async fn a_deadline_ends_a_call_of_the_admin_service() {
    let kitchen = kitchen_with_table().await;
    let request = json!({ "method": "table.Table/Talk", "keepOpen": true, "timeout": "0.050s" });
    let events = all(begin(&kitchen, request).await).await;
    assert_eq!(
        events.last().expect("an end")["end"]["code"],
        "DEADLINE_EXCEEDED",
        "{events:?}"
    );
}

#[tokio::test]
async fn a_call_that_is_kept_open_takes_more_requests_until_they_are_ended() {
    let kitchen = kitchen_with_table().await;
    let request = json!({ "method": "table.Table/Talk", "requests": [{ "text": "a" }], "keepOpen": true });
    let mut events = begin(&kitchen, request).await;
    let start = next(&mut events).await.expect("a start");
    let invocation = &start["start"]["invocation"];
    assert!(next(&mut events).await.expect("headers")["headers"].is_object());
    assert_eq!(
        next(&mut events).await.expect("an answer")["response"]["json"]["text"],
        "a?"
    );
    let more = json!({ "invocation": invocation, "requests": [{ "text": "b" }, { "text": "c" }] });
    kitchen.ask("InvokeMore", &more.to_string()).await;
    for text in ["b?", "c?"] {
        assert_eq!(
            next(&mut events).await.expect("an answer")["response"]["json"]["text"],
            text
        );
    }
    let wrong = json!({ "invocation": invocation, "requests": [{ "tex": "b" }] });
    let more = "protod.admin.v1.AdminService/InvokeMore";
    assert_eq!(
        post(&kitchen.admin, more, &[], &wrong.to_string()).await.code,
        400
    );
    let last = json!({ "invocation": invocation, "requests": [{ "text": "d" }], "halfClose": true });
    kitchen.ask("InvokeMore", &last.to_string()).await;
    assert_eq!(
        next(&mut events).await.expect("an answer")["response"]["json"]["text"],
        "d?"
    );
    assert_eq!(next(&mut events).await.expect("an end")["end"]["code"], "OK");
    assert_eq!(next(&mut events).await, None);
    assert_eq!(post(&kitchen.admin, more, &[], &last.to_string()).await.code, 404);

    // Who goes cancels it.
    let request = json!({ "method": "table.Table/Add", "keepOpen": true });
    let mut events = begin(&kitchen, request).await;
    let start = next(&mut events).await.expect("a start");
    drop(events);
    let cancelled = json!({
        "method": "table.Table/Add",
        "where": "call.code == 'CANCELLED'",
        "within": "20s",
    });
    let verified = kitchen.ask("Verify", &cancelled.to_string()).await;
    assert_eq!(verified["verified"], true, "{verified}");
    let more_of_it = json!({ "invocation": start["start"]["invocation"], "requests": [{}] });
    assert_eq!(
        post(&kitchen.admin, more, &[], &more_of_it.to_string())
            .await
            .code,
        404
    );
}

#[tokio::test]
async fn the_schema_is_shown_with_its_types_and_samples() {
    let kitchen = kitchen_with_table().await;
    let methods = kitchen.ask("ListMethods", "{}").await;
    assert_eq!(
        methods["methods"][0],
        json!({ "name": "table.Table/Add", "input": "table.Word", "output": "table.Word", "clientStreaming": true }),
        "{methods}"
    );
    let describe = async |name: &str| {
        kitchen
            .ask("Describe", &json!({ "name": name }).to_string())
            .await
    };
    let service = describe("table.Table").await;
    assert!(
        service["text"]
            .as_str()
            .is_some_and(|text| text.starts_with("// Where guests sit.\nservice Table {"))
    );
    assert_eq!(
        service["references"],
        json!([{ "text": "Table", "name": "table.Table" }, { "text": "Word", "name": "table.Word" }])
    );
    assert_eq!(service["sample"], Value::Null, "{service}");
    let message = describe("table.Word").await;
    let references = message["references"].as_array().expect("references");
    assert!(
        references.contains(&json!({ "text": "Kind", "name": "table.Word.Kind" })),
        "{message}"
    );
    let sample = message["sample"].as_str().expect("a text");
    let sample: Value = serde_json::from_str(sample).expect("JSON");
    assert!(sample["text"].is_string(), "{message}");
    let method = describe("table.Table/Talk").await;
    assert!(
        method["sample"]
            .as_str()
            .is_some_and(|sample| sample.starts_with("{\n  \"text\": ")),
        "{method}"
    );
    let file = describe("table.proto").await;
    assert!(
        file["text"]
            .as_str()
            .is_some_and(|text| text.contains("package table;")),
        "{file}"
    );
    let unknown = post(
        &kitchen.admin,
        "protod.admin.v1.AdminService/Describe",
        &[],
        r#"{"name": "table.Wrd"}"#,
    )
    .await;
    assert_eq!(unknown.code, 404, "{unknown:?}");
    assert!(unknown.body.contains("did you mean table.Word?"), "{unknown:?}");
}

#[tokio::test]
async fn a_watch_may_leave_out_messages() {
    let kitchen = Kitchen::start().await;
    let client = kitchen.client().await;
    let watch = client
        .method("protod.admin.v1.AdminService/WatchCalls")
        .expect("a method");
    let watching = async |request: &str| {
        let request = Message::from_json(watch.input().clone(), request).expect("a request");
        let mut calls = watch.server_streaming(request).await.expect("it begins");
        calls.headers().await.expect("it watches");
        calls
    };
    let mut summaries = watching(r#"{"summaries": true}"#).await;
    let mut whole = watching("{}").await;
    kitchen.brew(r#"{"kind": "green"}"#).await;
    let summary = next(&mut summaries).await.expect("a call");
    let whole = next(&mut whole).await.expect("a call");
    assert_eq!(summary["call"]["rule"], "first green", "{summary}");
    assert_eq!(summary["call"]["messages"], Value::Null, "{summary}");
    assert_eq!(
        whole["call"]["messages"].as_array().map(Vec::len),
        Some(2),
        "{whole}"
    );
}
