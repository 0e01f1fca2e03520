//! The text of rules, for those who mend them.

use serde_json::json;

use crate::support::{Kitchen, post};

#[tokio::test]
async fn a_rule_is_shown_alone_to_be_mended_and_put_in_front_of_itself() {
    let kitchen = Kitchen::start().await;
    let rules = kitchen.ask("ListRules", "{}").await;
    let green = &rules["rules"][1];
    assert_eq!(green["name"], "green", "{rules}");
    let text = kitchen
        .ask("GetRule", &json!({ "place": green["place"] }).to_string())
        .await;
    let yaml = "rules:\n  - name: green\n    method: tea.Kitchen/Brew\n    match: {kind: green}\n    reply: {label: later}\n";
    assert_eq!(text, json!({ "yaml": yaml }));
    let mended = yaml.replace("later", "mended");
    let put = kitchen
        .ask("PutRules", &json!({ "name": "mine", "yaml": mended }).to_string())
        .await;
    assert_eq!(put["problems"], json!(null), "{put}");
    assert_eq!(kitchen.brew(r#"{"kind": "green"}"#).await, "mended");
    // What was put is shown whole, by its name and by the place of each of its rules.
    let text = kitchen.ask("GetRule", r#"{"put": "mine"}"#).await;
    assert_eq!(text, json!({ "yaml": mended }));
    let rules = kitchen.ask("ListRules", "{}").await;
    let first = &rules["rules"][0];
    assert_eq!(first["put"], "mine", "{rules}");
    let text = kitchen
        .ask("GetRule", &json!({ "place": first["place"] }).to_string())
        .await;
    assert_eq!(text, json!({ "yaml": mended }));
}

#[tokio::test]
async fn no_file_is_read_of_which_no_rule_is_served() {
    let kitchen = Kitchen::start().await;
    let get_rule = "protod.admin.v1.AdminService/GetRule";
    for request in [
        r#"{"place": "/etc/passwd:1:1"}"#,
        r#"{"place": "./tea.proto:1:1"}"#,
        r#"{"place": "./tea.rules.yaml:1:1"}"#,
        r#"{"place": "tea.rules.yaml"}"#,
        r#"{"put": "nothing"}"#,
    ] {
        let answer = post(&kitchen.admin, get_rule, &[], request).await;
        assert_eq!(answer.code, 404, "{request}: {answer:?}");
    }
}
