//! What each method answers, to curl, to grpcurl and to protod's own client.

use std::fs;

use serde_json::{Value, json};

use crate::collections::declare;
use crate::support::{Kitchen, RULES, output, post, shell};

/// The hits of the rules by their names.
fn hits(rules: &Value) -> Vec<(String, String)> {
    let rules = rules["rules"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().unwrap_or("0").to_owned();
    rules
        .iter()
        .map(|rule| (text(&rule["name"]), text(&rule["hits"])))
        .collect()
}

fn expected(hits: &[(&str, &str)]) -> Vec<(String, String)> {
    hits.iter()
        .map(|(name, hits)| ((*name).to_owned(), (*hits).to_owned()))
        .collect()
}

#[tokio::test]
async fn rules_are_listed_with_their_places_and_how_often_each_was_chosen() {
    let kitchen = Kitchen::start().await;
    for kind in ["green", "green", "green", "recall"] {
        kitchen.brew(&json!({ "kind": kind }).to_string()).await;
    }
    let rules = kitchen.ask("ListRules", "{}").await;
    let all = [
        ("first green", "1"),
        ("green", "2"),
        ("kept", "0"),
        ("recalled", "1"),
    ];
    assert_eq!(hits(&rules), expected(&all));
    let second = &rules["rules"][1];
    assert_eq!(second["methods"], json!(["tea.Kitchen/Brew"]));
    let place = second["place"].as_str().expect("a place");
    assert!(place.ends_with("tea.rules.yaml:7:5"), "{place}");
    let unused = kitchen
        .ask("UnusedRules", r#"{"method": "tea.Kitchen/Brew"}"#)
        .await;
    assert_eq!(hits(&unused), expected(&[("kept", "0")]));
    let none = kitchen
        .ask("ListRules", r#"{"method": "tea.Kitchen/Pour"}"#)
        .await;
    assert_eq!(none, json!({}));
    let wrong = post(
        &kitchen.admin,
        "protod.admin.v1.AdminService/ListRules",
        &[],
        r#"{"method": "tea.Kitchen/Brwe"}"#,
    )
    .await;
    assert_eq!(wrong.code, 404, "{wrong:?}");
    assert!(wrong.body.contains("tea.Kitchen/Brew"), "a hint: {wrong:?}");
}

#[tokio::test]
async fn hits_are_kept_over_a_reload_as_long_as_the_rule_is_the_same() {
    let kitchen = Kitchen::start().await;
    kitchen.brew(r#"{"kind": "green"}"#).await;
    kitchen.brew(r#"{"kind": "green"}"#).await;
    fs::write(
        kitchen.path("tea.rules.yaml"),
        RULES.replace("label: later", "label: other"),
    )
    .expect("written");
    let reloaded = kitchen.ask("Reload", "{}").await;
    assert_eq!(reloaded["reloaded"], true, "{reloaded}");
    assert_eq!(kitchen.brew(r#"{"kind": "green"}"#).await, "other");
    let rules = kitchen.ask("ListRules", "{}").await;
    assert_eq!(
        hits(&rules)[..2],
        expected(&[("first green", "1"), ("green", "2")])
    );
}

#[tokio::test]
async fn a_reload_is_answered_when_it_is_served_or_refused() {
    let kitchen = Kitchen::start_with(&["--no-watch"]).await;
    assert_eq!(kitchen.ask("Status", "{}").await["lastReload"], Value::Null);
    let rules = kitchen.path("tea.rules.yaml");
    fs::write(&rules, RULES.replace("label: first", "label: new")).expect("written");
    let reloaded = kitchen.ask("Reload", "{}").await;
    assert_eq!(reloaded["reloaded"], true);
    let changes = reloaded["changes"].to_string();
    assert!(changes.contains("first green"), "{changes}");
    assert_eq!(kitchen.brew(r#"{"kind": "green"}"#).await, "new");

    fs::write(
        &rules,
        RULES.replace("reply: {label: later}", "repyl: {label: later}"),
    )
    .expect("written");
    let refused = kitchen.ask("Reload", "{}").await;
    assert_eq!(refused["reloaded"], Value::Null, "{refused}");
    let problem = &refused["problems"][0];
    assert_eq!(
        (&problem["line"], &problem["column"]),
        (&json!(10), &json!(5)),
        "{problem}"
    );
    let file = problem["file"].as_str().expect("a file");
    assert!(file.ends_with("tea.rules.yaml"), "{file}");
    assert!(
        problem["message"]
            .as_str()
            .is_some_and(|text| text.contains("repyl"))
    );
    assert!(
        problem["hint"]
            .as_str()
            .is_some_and(|text| text.contains("reply")),
        "{problem}"
    );
    assert_eq!(
        kitchen.ask("Status", "{}").await["lastReload"]["problems"],
        refused["problems"]
    );
    assert_eq!(
        kitchen.ask("Status", "{}").await["rules"],
        4,
        "it goes on with what it had"
    );

    // However many ask at once, each is answered by a reload that began after it asked.
    fs::write(&rules, RULES).expect("written");
    let ask = || kitchen.ask("Reload", "{}");
    let (one, two, three, four) = tokio::join!(ask(), ask(), ask(), ask());
    for reloaded in [one, two, three, four] {
        assert_eq!(reloaded["reloaded"], true, "{reloaded}");
    }
}

#[tokio::test]
async fn a_reset_forgets_what_it_is_told_to_and_no_more() {
    let kitchen = Kitchen::start().await;
    let green = async || kitchen.brew(r#"{"kind": "green"}"#).await;
    let recall = async || kitchen.brew(r#"{"kind": "recall"}"#).await;
    let fill = async || {
        assert_eq!(green().await, "first");
        assert_eq!(green().await, "later");
        kitchen.brew(r#"{"kind": "keep", "minutes": "7"}"#).await;
        assert_eq!(recall().await, "7");
    };
    fill().await;
    assert_eq!(kitchen.ask("Reset", r#"{"counters": true}"#).await, json!({}));
    let unused = kitchen.ask("UnusedRules", "{}").await;
    assert_eq!(hits(&unused).len(), 4, "{unused}");
    assert_eq!(
        (green().await, recall().await),
        ("first".to_owned(), "7".to_owned())
    );
    assert_eq!(kitchen.ask("Reset", r#"{"store": true}"#).await, json!({}));
    assert_eq!(
        (green().await, recall().await),
        ("later".to_owned(), "0".to_owned())
    );
    kitchen.ask("Reset", "{}").await;
    fill().await;
}

#[tokio::test]
async fn status_tells_what_is_served() {
    let kitchen = Kitchen::start().await;
    let status = kitchen.ask("Status", "{}").await;
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["serving"], true);
    assert_eq!((&status["methods"], &status["rules"]), (&json!(2), &json!(4)));
    assert_eq!(status["services"], 1);
    assert_eq!(status["callsInFlight"], Value::Null);
    let start = status["start"].as_str().expect("a time");
    assert!(start.starts_with("20") && start.ends_with('Z'), "{start}");
}

/// Methods that other tests call.
const ELSEWHERE: [&str; 9] = [
    "/ListReplicas",
    "/ExportMessages",
    "/ImportMessages",
    "/WatchCalls",
    "/GetCall",
    "/GetRule",
    "/Invoke",
    "/InvokeMore",
    "/EndSession",
];

/// Requests of methods that take no empty one.
const REQUESTS: [(&str, &str); 6] = [
    ("/ListMessages", r#"{"collection": "orders"}"#),
    ("/ClearCollection", r#"{"name": "orders"}"#),
    ("/Describe", r#"{"name": "tea.Kitchen"}"#),
    ("/Send", r#"{"method": "tea.Kitchen/Pour"}"#),
    ("/End", r#"{"method": "tea.Kitchen/Pour"}"#),
    ("/Signal", r#"{"name": "refill"}"#),
];

#[tokio::test]
async fn grpcurl_curl_and_protod_call_each_method() {
    let kitchen = Kitchen::start().await;
    declare(&kitchen).await;
    let client = kitchen.client().await;
    let schema = client.schema();
    let methods: Vec<String> = schema
        .methods()
        .iter()
        .filter(|method| method.service() == "protod.admin.v1.AdminService")
        .map(|method| method.name().to_owned())
        // They stream, or are about one call.
        .filter(|method| !ELSEWHERE.iter().any(|other| method.ends_with(other)))
        .collect();
    assert!(methods.len() >= 5, "{methods:?}");
    let admin = &kitchen.admin;
    for method in &methods {
        let of_this = REQUESTS.iter().find(|(name, _)| method.ends_with(name));
        let json = of_this.map_or("{}", |(_, json)| json);
        for line in [
            format!("grpcurl -plaintext -d '{json}' {admin} {method}"),
            format!("grpcurl-1.8.6 -plaintext -d '{json}' {admin} {method}"),
            format!("curl -sf -H 'content-type: application/json' -d '{json}' http://{admin}/{method}"),
            format!("protod call {admin} {method} -d '{json}'"),
            format!(
                "buf curl --http2-prior-knowledge --protocol grpcweb -d '{json}' http://{admin}/{method}"
            ),
        ] {
            let (code, printed, said) = output(shell(&line, kitchen.folder.path())).await;
            assert_eq!(code, 0, "{line}\n{said}");
            serde_json::from_str::<Value>(&printed).expect(&line);
        }
    }
}
