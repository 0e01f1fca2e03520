//! The examples in the documentation of google.api.http, as requests.

use protod::message::Message;
use protod::{Schema, Server};
use serde_json::{Value, json};

use crate::support::Running;

const PROTO: &str = r#"syntax = "proto3";
package example.v1;
import "google/api/annotations.proto";
service Messaging {
  rpc GetNamed(Named) returns (Named) {
    option (google.api.http) = { get: "/v1/{name=messages/*}" };
  }
  rpc GetMessage(GetMessageRequest) returns (GetMessageRequest) {
    option (google.api.http) = {
      get: "/v2/messages/{message_id}"
      additional_bindings { get: "/v2/users/{user_id}/messages/{message_id}" }
    };
  }
  rpc UpdateMessage(UpdateMessageRequest) returns (UpdateMessageRequest) {
    option (google.api.http) = { patch: "/v1/messages/{message_id}" body: "message" };
  }
  rpc UpdateWhole(Message) returns (Message) {
    option (google.api.http) = { patch: "/v2/messages/{message_id}" body: "*" };
  }
  rpc Configured(GetMessageRequest) returns (GetMessageRequest);
}
message Named { string name = 1; }
message GetMessageRequest {
  message SubMessage { string subfield = 1; string a = 2; string b = 3; }
  string message_id = 1;
  int64 revision = 2;
  SubMessage sub = 3;
  string user_id = 4;
  repeated string param = 5;
}
message UpdateMessageRequest { string message_id = 1; Message message = 2; }
message Message { string message_id = 1; string text = 2; }
"#;

#[tokio::test]
async fn the_examples_of_the_documentation_are_what_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("service.yaml");
    let rules = "http:\n  rules:\n    - selector: example.v1.Messaging.Configured\n      get: /v3/messages/{message_id}/{sub.subfield}\n";
    std::fs::write(&config, rules).expect("a file");
    let schema = Schema::from_source("messaging.proto", PROTO).unwrap_or_else(|error| panic!("{error:?}"));
    let echo = || |request: Message| async { Ok::<_, tonic::Status>(request) };
    let methods = [
        "GetNamed",
        "GetMessage",
        "UpdateMessage",
        "UpdateWhole",
        "Configured",
    ];
    let server = methods
        .iter()
        .fold(Server::builder(schema).http_rules(&config), |server, method| {
            server.unary(format!("example.v1.Messaging/{method}"), echo())
        });
    let server = Running::start(server).await;
    let rows: [(&str, &str, Value); 9] = [
        ("GET /v1/messages/123456", "", json!({"name": "messages/123456"})),
        (
            "GET /v2/messages/123456?revision=2&sub.subfield=foo",
            "",
            json!({"messageId": "123456", "revision": "2", "sub": {"subfield": "foo"}}),
        ),
        (
            "GET /v2/messages/1?param=A&param=B",
            "",
            json!({"messageId": "1", "param": ["A", "B"]}),
        ),
        (
            "GET /v2/messages/1?sub.a=A&sub.b=B&sub.subfield=C",
            "",
            json!({"messageId": "1", "sub": {"subfield": "C", "a": "A", "b": "B"}}),
        ),
        (
            "PATCH /v1/messages/123456",
            r#"{ "text": "Hi!" }"#,
            json!({"messageId": "123456", "message": {"text": "Hi!"}}),
        ),
        (
            "PATCH /v2/messages/123456",
            r#"{ "text": "Hi!" }"#,
            json!({"messageId": "123456", "text": "Hi!"}),
        ),
        ("GET /v2/messages/123456", "", json!({"messageId": "123456"})),
        (
            "GET /v2/users/me/messages/123456",
            "",
            json!({"userId": "me", "messageId": "123456"}),
        ),
        (
            "GET /v3/messages/123456/foo",
            "",
            json!({"messageId": "123456", "sub": {"subfield": "foo"}}),
        ),
    ];
    for (request, body, expected) in rows {
        let response = server.json(request, body).await;
        assert_eq!((response.status, response.value()), (200, expected), "{request}");
    }
    // Where the body is `*`, there are no parameters; where there is none, all are.
    let response = server.json("PATCH /v2/messages/1?text=a", "{}").await;
    assert_eq!(response.status, 400);
    let response = server.json("GET /v2/messages/1", "{\"revision\": 1}").await;
    assert_eq!(response.status, 400);
}
