//! Protos that are put at run time over those of the sources.

use std::fs;

use prost_reflect::{DynamicMessage, Value as FieldValue};
use protod::Schema;
use serde_json::{Value, json};

use crate::puts::{GREEN, put, rule};
use crate::support::{Kitchen, PROTO, RULES, post, send};

/// The proto of a service beside that of the files, which it imports.
const TABLE: &str = r#"syntax = "proto3";
package table;
import "tea.proto";
service Waiter { rpc Bring(tea.Order) returns (tea.Cup); }
"#;

async fn put_protos(kitchen: &Kitchen, files: &[(&str, &str)]) -> Value {
    let files: Vec<Value> = files
        .iter()
        .map(|(name, text)| json!({ "name": name, "text": text }))
        .collect();
    kitchen
        .ask("PutProtos", &json!({ "files": files }).to_string())
        .await
}

/// The HTTP status of a call without a field set.
async fn code(kitchen: &Kitchen, method: &str) -> u16 {
    post(kitchen.server.address(), method, &[], "{}").await.code
}

/// The texts of the changes that a reload has made.
fn changes(answer: &Value) -> Vec<&str> {
    let changes = answer["changes"].as_array().into_iter().flatten();
    changes.filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn a_proto_that_is_put_is_added_or_takes_the_place_of_a_file_until_the_server_stops() {
    let kitchen = Kitchen::start().await;
    let answer = put_protos(&kitchen, &[("table.proto", TABLE)]).await;
    assert_eq!(answer["reloaded"], true, "{answer}");
    assert!(
        changes(&answer).contains(&"service table.Waiter added"),
        "{answer}"
    );
    assert_eq!(code(&kitchen, "table.Waiter/Bring").await, 200, "a sample");
    let other = PROTO.replace("string label = 1;", "string label = 1; string size = 3;");
    let answer = put_protos(&kitchen, &[("tea.proto", &other)]).await;
    assert_eq!(changes(&answer), ["file tea.proto changed"], "{answer}");
    let sized = rule("sized").replace("{label: sized}", "{label: sized, size: large}");
    assert_eq!(put(&kitchen, "sized", &sized).await["rules"], 1);
    assert_eq!(kitchen.brew(GREEN).await, "sized");
    assert_eq!(
        kitchen.brew(r#"{"kind": "recall"}"#).await,
        "0",
        "the rules of files go on"
    );
    assert_eq!(
        code(&kitchen, "table.Waiter/Bring").await,
        200,
        "what was put before stays"
    );
    let client = protod::Client::connect(kitchen.server.address())
        .await
        .expect("it has reflection");
    client.method("table.Waiter/Bring").expect("reflection has it");
    let answer = kitchen.ask("PutProtos", "{}").await;
    assert!(
        changes(&answer).contains(&"service table.Waiter removed"),
        "{answer}"
    );
    assert_eq!(code(&kitchen, "table.Waiter/Bring").await, 404);
    put_protos(&kitchen, &[("table.proto", TABLE)]).await;
    let kitchen = kitchen.restart(&[]).await;
    assert_eq!(code(&kitchen, "table.Waiter/Bring").await, 404);
}

#[tokio::test]
async fn the_files_of_a_set_are_put_like_texts() {
    let kitchen = Kitchen::start().await;
    let schema = Schema::builder()
        .source("tea.proto", PROTO)
        .source("table.proto", TABLE);
    let set = schema.build().expect("it is sound").descriptor_set().encode();
    let client = kitchen.client().await;
    let method = client
        .method("protod.admin.v1.AdminService/PutProtos")
        .expect("it is known");
    let mut request = DynamicMessage::new(method.input().clone());
    request.set_field_by_name("descriptor_set", FieldValue::Bytes(set));
    let answer = method.unary(request).await.expect("it is taken").message;
    let answer: Value = serde_json::from_str(&answer.to_json().expect("JSON")).expect("JSON");
    assert_eq!(answer["reloaded"], true, "{answer}");
    assert_eq!(code(&kitchen, "table.Waiter/Bring").await, 200);
    let answer = kitchen.ask("PutProtos", r#"{"descriptorSet": "bm8gc2V0"}"#).await;
    assert!(answer["problems"][0]["message"].is_string(), "{answer}");
}

#[tokio::test]
async fn what_is_wrong_with_protos_is_told_with_its_place_and_nothing_is_changed() {
    let kitchen = Kitchen::start().await;
    put_protos(&kitchen, &[("table.proto", TABLE)]).await;
    let no_kind = PROTO.replace("string kind = 1; ", "");
    for (name, text, file, words) in [
        (
            "more.proto",
            "syntax = \"proto3\";\nmessage {}",
            "more.proto",
            "expected",
        ),
        (
            "table.proto",
            &*TABLE.replace("tea.Cup", "tea.Mug"),
            "table.proto",
            "tea.Mug",
        ),
        ("tea.proto", &*no_kind, "./tea.rules.yaml", "kind"),
    ] {
        let answer = put_protos(&kitchen, &[(name, text)]).await;
        let problem = &answer["problems"][0];
        assert_eq!(answer["reloaded"], Value::Null, "{answer}");
        assert_eq!(problem["file"], file, "{answer}");
        assert!(
            problem["line"].is_number()
                && problem["message"]
                    .as_str()
                    .is_some_and(|text| text.contains(words)),
            "{answer}"
        );
    }
    assert_eq!(code(&kitchen, "table.Waiter/Bring").await, 200);
    assert_eq!(kitchen.brew(GREEN).await, "first");
    let health = kitchen.ask("Reload", "{}").await;
    assert_eq!(
        (&health["reloaded"], changes(&health).len()),
        (&json!(true), 0),
        "{health}"
    );
}

#[tokio::test]
async fn protos_that_are_put_stay_over_saves_and_are_left_out_while_they_do_not_fit() {
    let mut kitchen = Kitchen::start().await;
    put_protos(&kitchen, &[("table.proto", TABLE)]).await;
    fs::write(
        kitchen.path("tea.rules.yaml"),
        RULES.replace("label: first", "label: saved"),
    )
    .expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    assert_eq!(kitchen.brew(GREEN).await, "saved");
    assert_eq!(code(&kitchen, "table.Waiter/Bring").await, 200);
    fs::write(kitchen.path("tea.proto"), PROTO.replace("Order", "Wish")).expect("written");
    assert_eq!(
        kitchen.ask("Reload", "{}").await["reloaded"],
        true,
        "the save is not blocked"
    );
    kitchen
        .server
        .line_with("the protos that were put are left out")
        .await;
    assert_eq!(code(&kitchen, "table.Waiter/Bring").await, 404);
    fs::write(kitchen.path("tea.proto"), PROTO).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    assert_eq!(code(&kitchen, "table.Waiter/Bring").await, 200);
}

#[tokio::test]
async fn a_save_beside_protos_that_are_refused_is_served() {
    let kitchen = Kitchen::start_with(&["--no-watch"]).await;
    fs::write(
        kitchen.path("tea.rules.yaml"),
        RULES.replace("label: later", "label: saved"),
    )
    .expect("written");
    let answer = put_protos(&kitchen, &[("more.proto", "no proto")]).await;
    assert_eq!(answer["reloaded"], Value::Null, "{answer}");
    assert_eq!(
        kitchen.brew(GREEN).await,
        "first",
        "nobody has asked for a reload"
    );
    let answer = kitchen.ask("Reload", "{}").await;
    assert_eq!(changes(&answer).len(), 1, "{answer}");
    assert_eq!(kitchen.brew(GREEN).await, "saved");
}

#[tokio::test]
async fn protos_that_load_and_cannot_be_served_leave_nothing_behind() {
    let kitchen = Kitchen::start_with(&["--validate", "--no-watch"]).await;
    put_protos(&kitchen, &[("table.proto", TABLE)]).await;
    let wrong = r#"syntax = "proto3";
        import "buf/validate/validate.proto";
        message M { string a = 1 [(buf.validate.field).cel = {id: "a", expression: "this +"}]; }
        service S { rpc Send(M) returns (M); }"#;
    let answer = put_protos(&kitchen, &[("wrong.proto", wrong)]).await;
    assert_eq!(answer["problems"][0]["file"], "wrong.proto", "{answer}");
    let rules = RULES.replace("label: first", "label: saved");
    fs::write(kitchen.path("tea.rules.yaml"), rules).expect("written");
    let answer = kitchen.ask("Reload", "{}").await;
    assert_eq!(answer["reloaded"], true, "{answer}");
    assert_eq!(kitchen.brew(GREEN).await, "saved");
    let stays = code(&kitchen, "table.Waiter/Bring").await;
    assert_eq!(stays, 200, "what was put before");
}

#[tokio::test]
async fn what_is_put_and_refused_is_in_the_log_the_status_and_the_metrics_and_the_server_stays_ready() {
    let mut kitchen = Kitchen::start().await;
    let answer = put_protos(&kitchen, &[("more.proto", "syntax = \"proto3\";\nmessage {}")]).await;
    kitchen
        .server
        .line_with("protos that were to be put are refused")
        .await;
    kitchen.server.line_with("more.proto:2:9: ").await;
    let status = kitchen.ask("Status", "{}").await;
    assert_eq!(status["lastReload"], answer);
    assert_eq!(
        status["lastReload"]["problems"][0]["file"], "more.proto",
        "{status}"
    );
    let host = format!("host: {}", kitchen.admin);
    let metrics = send(&kitchen.admin, "GET /metrics", &[&host], "").await.body;
    let failed = metrics
        .lines()
        .find(|line| line.starts_with("protod_reloads_total") && line.contains("failed"));
    assert!(failed.is_some_and(|line| line.ends_with(" 1")), "{failed:?}");
    // It serves what was saved last.
    assert_eq!(send(&kitchen.admin, "GET /readyz", &[&host], "").await.code, 200);
    let address = kitchen.server.address().to_owned();
    let (code, _, said) = kitchen.protod(&["wait", &address]).await;
    assert_eq!(code, 0, "{said}");
    put(&kitchen, "tea", &rule("tea").replace("reply", "repyl")).await;
    kitchen
        .server
        .line_with("rules not put as tea: tea:5:5: unknown key `repyl`")
        .await;
}

#[tokio::test]
async fn protos_whose_names_no_import_can_have_or_that_come_twice_are_refused() {
    let kitchen = Kitchen::start().await;
    let text = "syntax = \"proto3\"; message M {}";
    for (name, words) in [
        ("", "has no name"),
        ("../x.proto", "`..`"),
        ("/abs.proto", "slash"),
        ("a\\b.proto", "backslash"),
        ("a\nb.proto", "control character"),
    ] {
        let answer = put_protos(&kitchen, &[(name, text)]).await;
        let message = answer["problems"][0]["message"].as_str().expect("a problem");
        assert!(message.contains(words), "{name:?}: {answer}");
    }
    let answer = put_protos(
        &kitchen,
        &[("x.proto", text), ("x.proto", "syntax = \"proto3\";")],
    )
    .await;
    let problem = &answer["problems"][0];
    assert_eq!(
        (&problem["file"], &problem["message"]),
        (&json!("x.proto"), &json!("is put twice"))
    );
    let listed = kitchen.ask("PutProtos", "{}").await;
    assert_eq!(changes(&listed).len(), 0, "nothing was put: {listed}");
}
