//! Which fields of the request a sample copies.

use protod::{Sampler, Schema};
use serde_json::{Value, json};

use crate::{json, message, method, samples, schema};

/// Answers a request of the type that the method takes.
fn answer(schema: &Schema, name: &str, request: &str) -> Value {
    let method = method(schema, name);
    let request = message(schema, method.input().full_name(), request);
    json(&Sampler::default().sample(method, Some(&request), 0))
}

#[test]
fn fields_of_one_name_and_type_come_back() {
    let schema = schema(
        r#"
        syntax = "proto3"; package t;
        service S { rpc A(Q) returns (P); }
        message In { int32 x = 1; int32 y = 2; }
        message Q {
          string name = 1; int32 number = 2; repeated string tags = 3; map<string, int64> counts = 4;
          In inner = 5; optional bool off = 6; string other_type = 7; string alike = 8; string unset = 9;
        }
        message P {
          string name = 11; int32 number = 12; repeated string tags = 13; map<string, int64> counts = 14;
          In inner = 15; optional bool off = 16; bytes other_type = 17; repeated string alike = 18; string unset = 19;
        }
        "#,
    );
    let request = r#"{"name": "n", "number": -1, "tags": ["a", "b"], "counts": {"k": "5"}, "inner": {"x": 1},
                      "off": false, "otherType": "text", "alike": "text"}"#;
    let answer = answer(&schema, "t.S/A", request);
    assert_eq!(answer["name"], "n");
    assert_eq!(answer["number"], -1);
    assert_eq!(answer["tags"], json!(["a", "b"]));
    assert_eq!(answer["counts"], json!({"k": "5"}));
    // As it was received: y was unset, and stays unset.
    assert_eq!(answer["inner"], json!({"x": 1}));
    assert_eq!(answer["off"], false);
    assert_ne!(answer["otherType"], "text");
    assert_ne!(answer["alike"], json!(["text"]));
    assert_ne!(answer["unset"], Value::Null);
}

const BOOKS: &str = r#"
    syntax = "proto3"; package t;
    service S {
      rpc Create(CreateRequest) returns (Book); rpc Get(GetRequest) returns (GetResponse);
      rpc Put(Book) returns (PutResponse); rpc Move(MoveRequest) returns (MoveResponse);
    }
    message Book { string id = 1; string title = 2; }
    message CreateRequest { Book book = 1; }
    message GetRequest { string id = 1; }
    message GetResponse { Book book = 1; repeated Book others = 2; }
    message PutResponse { Book stored = 1; }
    message MoveRequest { Book what = 1; }
    message MoveResponse { Book moved = 1; Book again = 2; }
"#;

#[test]
fn a_message_of_the_responses_own_type_comes_back_as_the_response() {
    let answer = answer(&schema(BOOKS), "t.S/Create", r#"{"book": {"title": "Emma"}}"#);
    assert_eq!(answer["title"], "Emma");
    assert!(
        answer["id"].as_str().is_some_and(|id| !id.is_empty()),
        "the rest is made up"
    );
}

#[test]
fn a_field_comes_back_one_level_down() {
    let answer = answer(&schema(BOOKS), "t.S/Get", r#"{"id": "b-7"}"#);
    assert_eq!(answer["book"]["id"], "b-7");
    assert!(answer["book"]["title"].is_string(), "the rest is made up");
    assert!(
        answer["others"]
            .as_array()
            .is_some_and(|others| others.iter().all(|book| book["id"] != "b-7"))
    );
}

#[test]
fn whole_messages_come_back_by_type() {
    let schema = schema(BOOKS);
    let book = json!({"id": "1", "title": "Emma"});
    assert_eq!(answer(&schema, "t.S/Put", &book.to_string())["stored"], book);
    let moved = answer(&schema, "t.S/Move", r#"{"what": {"id": "1", "title": "Emma"}}"#);
    assert_eq!(moved["moved"], book);
    assert_ne!(moved["again"], book);
}

#[test]
fn a_copied_member_is_the_only_one_of_its_oneof() {
    let schema = schema(
        "syntax = 'proto3'; package t; service S { rpc A(Q) returns (P); }
         message Q { string b = 1; } message P { oneof o { int32 a = 1; string b = 2; string c = 3; } }",
    );
    assert_eq!(answer(&schema, "t.S/A", r#"{"b": "x"}"#), json!({"b": "x"}));
}

const BEHAVIORS: &str = r#"
    syntax = "proto3"; package t;
    import "google/api/field_behavior.proto";
    service S { rpc A(User) returns (User); rpc B(Q) returns (R); }
    message User {
      string name = 1 [(google.api.field_behavior) = REQUIRED];
      string password = 2 [(google.api.field_behavior) = INPUT_ONLY, (google.api.field_behavior) = REQUIRED];
      string created_at = 3 [(google.api.field_behavior) = OUTPUT_ONLY];
      string note = 4;
    }
    message Q { User user = 1; }
    message R { User user = 1; repeated User others = 2; }
"#;

#[test]
fn a_member_that_came_back_by_its_name_is_not_replaced_by_one_of_a_message_within() {
    let schema = schema(
        "syntax = 'proto3'; package t; service S { rpc A(P) returns (P); }
         message P { oneof o { string a = 1; string b = 2; } P inner = 3; }",
    );
    let response = answer(&schema, "t.S/A", r#"{"a": "here", "inner": {"b": "within"}}"#);
    assert_eq!(response["a"], "here", "{response}");
    assert_eq!(response["b"], Value::Null, "{response}");
}

#[test]
fn what_is_only_for_input_is_never_in_a_response() {
    let schema = schema(BEHAVIORS);
    for sample in samples(method(&schema, "t.S/B")) {
        assert!(!json(&sample).to_string().contains("password"));
    }
    let request = r#"{"name": "n", "password": "secret"}"#;
    assert_eq!(answer(&schema, "t.S/A", request)["password"], Value::Null);
    let request = r#"{"user": {"name": "n", "password": "secret"}}"#;
    assert_eq!(answer(&schema, "t.S/B", request)["user"]["password"], Value::Null);
}

#[test]
fn what_is_only_for_output_is_added_to_a_message_that_comes_back() {
    let answer = answer(&schema(BEHAVIORS), "t.S/B", r#"{"user": {"password": "secret"}}"#);
    assert!(answer["user"]["createdAt"].is_string());
    assert!(answer["user"]["name"].is_string());
    assert_eq!(
        answer["user"]["note"],
        Value::Null,
        "unset, and nothing asks for it"
    );
}
