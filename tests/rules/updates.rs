//! `update`: a message with the fields that another one sets, or with those that a field mask names.

use protod::{RulesOptions, Schema};
use tonic::Code;

use crate::support::{Running, problems};

fn schema() -> Schema {
    let source = r#"
        syntax = "proto3";
        package updates;
        import "google/protobuf/field_mask.proto";
        import "google/protobuf/timestamp.proto";
        import "google/protobuf/wrappers.proto";
        service Updates {
          rpc Update(Change) returns (Thing);
          rpc Patch(.updates.Patch) returns (Thing);
          rpc Mapped(.updates.Patch) returns (Thing);
        }
        message Thing {
          string name = 1;
          optional int32 count = 2;
          repeated string tags = 3;
          map<string, int32> prices = 4;
          Inner inner = 5;
          oneof either { string left = 6; int32 right = 7; }
          google.protobuf.Timestamp at = 8;
          google.protobuf.StringValue note = 9;
          Kind kind = 10;
          string made_by = 11;
        }
        message Inner { string a = 1; string b = 2; Inner inner = 3; }
        enum Kind { NONE = 0; BIG = 1; }
        message Change { Thing old = 1; Thing new = 2; google.protobuf.FieldMask mask = 3; }
        message Patch {
          string made_by = 1;
          optional int32 count = 2;
          google.protobuf.FieldMask update_mask = 3;
          string unknown_there = 4;
          int64 name = 5;
        }"#;
    Schema::from_source("updates.proto", source).expect("it compiles")
}

async fn server() -> Running {
    let rules = r#"
rules:
  - method: updates.Updates/Update
    reply: "${update(request.old, request.new, request.mask)}"
  - method: updates.Updates/Patch
    when: has(request.update_mask)
    reply: "${update(Thing{name: 'x', count: 1, made_by: 'y'}, request, request.update_mask)}"
  - method: updates.Updates/Patch
    reply: "${update(Thing{name: 'x', count: 1, made_by: 'y'}, request)}"
  - method: updates.Updates/Mapped
    set: {store.thing: {name: x, madeBy: y, inner: {a: "1"}}}
    reply: "${update(store.thing, request)}"
"#;
    Running::with(schema(), &RulesOptions::default(), rules).await
}

impl Running {
    async fn updated(&self, method: &str, request: &str) -> String {
        let mut outcome = self.call(method, &[request]).await;
        match outcome.status.code() {
            Code::Ok => outcome.messages.pop().expect("one message"),
            code => format!("{code:?}: {}", outcome.status.message()),
        }
    }
}

const OLD: &str = r#"{"name":"n","count":3,"tags":["x","y"],"prices":{"a":1},"inner":{"a":"1","b":"2"},"left":"l","at":"2026-01-31T12:00:00Z","note":"hi","kind":"BIG"}"#;

#[tokio::test]
async fn fields_that_are_set_are_updated() {
    let server = server().await;
    for (new, expected) in [
        ("{}", OLD.to_owned()),
        (r#"{"name":"m"}"#, OLD.replace(r#""n""#, r#""m""#)),
        (r#"{"count":0}"#, OLD.replace(r#""count":3"#, r#""count":0"#)),
        (r#"{"tags":["z"]}"#, OLD.replace(r#"["x","y"]"#, r#"["z"]"#)),
        (r#"{"prices":{"b":2}}"#, OLD.replace(r#"{"a":1}"#, r#"{"b":2}"#)),
        (r#"{"inner":{"b":"3"}}"#, OLD.replace(r#""b":"2""#, r#""b":"3""#)),
        (
            r#"{"inner":{"inner":{"a":"4"}}}"#,
            OLD.replace(r#""b":"2"}"#, r#""b":"2","inner":{"a":"4"}}"#),
        ),
        (r#"{"right":0}"#, OLD.replace(r#""left":"l""#, r#""right":0"#)),
        (r#"{"note":""}"#, OLD.replace(r#""hi""#, r#""""#)),
        (
            r#"{"at":"2027-01-01T00:00:00Z"}"#,
            OLD.replace("2026-01-31T12:00:00Z", "2027-01-01T00:00:00Z"),
        ),
    ] {
        let request = format!(r#"{{"old":{OLD},"new":{new}}}"#);
        assert_eq!(server.updated("Update", &request).await, expected, "{new}");
        let empty = format!(r#"{{"old":{OLD},"new":{new},"mask":""}}"#);
        assert_eq!(server.updated("Update", &empty).await, expected, "{new}");
    }
}

#[tokio::test]
async fn fields_that_a_mask_names_become_what_they_are_in_the_other() {
    let server = server().await;
    let new = r#"{"name":"m","inner":{"a":"9"},"kind":"NONE"}"#;
    for (mask, expected) in [
        ("name", OLD.replace(r#""n""#, r#""m""#)),
        ("count", OLD.replace(r#""count":3,"#, "")),
        (
            "tags,prices",
            OLD.replace(r#""tags":["x","y"],"prices":{"a":1},"#, ""),
        ),
        ("inner", OLD.replace(r#"{"a":"1","b":"2"}"#, r#"{"a":"9"}"#)),
        ("inner.a", OLD.replace(r#""a":"1""#, r#""a":"9""#)),
        ("inner.b", OLD.replace(r#","b":"2""#, "")),
        ("inner.inner.a", OLD.to_owned()),
        (
            "kind,left",
            OLD.replace(r#","kind":"BIG""#, "").replace(r#""left":"l","#, ""),
        ),
        (
            "at,note",
            OLD.replace(r#","at":"2026-01-31T12:00:00Z","note":"hi""#, ""),
        ),
        ("madeBy", OLD.to_owned()),
        ("*", r#"{"name":"m","inner":{"a":"9"}}"#.to_owned()),
        (
            "size",
            "InvalidArgument: the field mask names `size`, and updates.Thing has no such field".to_owned(),
        ),
        (
            "name.x",
            "InvalidArgument: the field mask names `name.x`, and updates.Thing has no such part".to_owned(),
        ),
        (
            "inner.x",
            "InvalidArgument: the field mask names `x`, and updates.Inner has no such field".to_owned(),
        ),
    ] {
        let request = format!(r#"{{"old":{OLD},"new":{new},"mask":"{mask}"}}"#);
        assert_eq!(server.updated("Update", &request).await, expected, "{mask}");
    }
    // What is unset in both stays so; a part of what is unset is made.
    let request =
        r#"{"old":{"name":"n"},"new":{"inner":{"inner":{"a":"4","b":"5"}}},"mask":"inner.inner.a"}"#;
    let made = r#"{"name":"n","inner":{"inner":{"a":"4"}}}"#;
    assert_eq!(server.updated("Update", request).await, made);
}

#[tokio::test]
async fn messages_of_two_types_share_the_fields_of_one_name() {
    let server = server().await;
    let patch = r#"{"madeBy":"z","unknownThere":"u"}"#;
    assert_eq!(
        server.updated("Patch", patch).await,
        r#"{"name":"x","count":1,"madeBy":"z"}"#
    );
    let masked = r#"{"madeBy":"z","updateMask":"count"}"#;
    assert_eq!(
        server.updated("Patch", masked).await,
        r#"{"name":"x","madeBy":"y"}"#
    );
    let misfit = server.updated("Patch", r#"{"name":"5"}"#).await;
    assert!(misfit.starts_with("Internal: rule "), "{misfit}");
    assert!(misfit.ends_with("name: 5 does not fit string"), "{misfit}");
    // A map of the store keeps the names that it was written with.
    let mapped = r#"{"madeBy":"z","count":0,"updateMask":"name"}"#;
    assert_eq!(
        server.updated("Mapped", mapped).await,
        r#"{"name":"x","count":0,"inner":{"a":"1"},"madeBy":"z"}"#
    );
}

#[tokio::test]
async fn a_mask_of_many_paths_costs_what_it_takes() {
    let rules = r#"
rules:
  - method: updates.Updates/Update
    set: {store.thing: "${update(request.old, request.new, request.mask)}"}
    reply: {}
"#;
    let server = Running::with(schema(), &RulesOptions::default(), rules).await;
    let (text, paths) = ("x".repeat(100_000), vec!["name"; 20_000].join(","));
    let request = format!(r#"{{"old":{{"madeBy":"{text}"}},"new":{{"madeBy":"{text}"}},"mask":"{paths}"}}"#);
    let refused = server.updated("Update", &request).await;
    assert!(refused.starts_with("ResourceExhausted: rule "), "{refused}");
    let wrong = r#"{"mask":"size"}"#;
    assert_eq!(
        server.updated("Update", wrong).await,
        "InvalidArgument: the field mask names `size`, and updates.Thing has no such field"
    );
}

#[test]
fn what_cannot_be_updated_is_told_at_load() {
    for (expression, expected) in [
        (
            "update(request.old.name, request.new)",
            "`update` does not take (string, updates.Thing) (hint: it takes (message, message) or (map, message))",
        ),
        (
            "update(request.old, request.new, request.old)",
            "`update` does not take (updates.Thing, updates.Thing, updates.Thing) (hint: it takes (message, message, google.protobuf.FieldMask) or (map, message, google.protobuf.FieldMask))",
        ),
        (
            "update(request.old)",
            "`update` does not take 1 arguments (hint: it takes (message, message) or (map, message) or (message, message, google.protobuf.FieldMask) or (map, message, google.protobuf.FieldMask))",
        ),
        (
            "merge(request.old, request.new)",
            "unknown function `merge` (hint: write `update(old, new)`, or `update(old, new, mask)`)",
        ),
    ] {
        let yaml = format!("rules: [{{method: updates.Updates/Update, reply: \"${{{expression}}}\"}}]");
        let found = problems(&schema(), &yaml);
        assert!(found.ends_with(expected), "{expression}: {found}");
    }
}
