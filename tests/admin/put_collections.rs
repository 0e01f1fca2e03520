//! Rules that are put at run time, and the collections that the rules of files declare.

use std::fs;

use serde_json::Value;

use crate::puts::put;
use crate::session_rules::{begin, put_for};
use crate::sessions::brew_in;
use crate::support::Kitchen;

/// Orders by their kinds: each answer says how many there are.
const SHELF: &str = r#"
collections: {orders: {type: tea.Order, key: kind}}
rules:
  - method: tea.Kitchen/Brew
    match: {minutes: 1}
    put: {orders: "${request}"}
    reply: {label: "${string(collection.orders.count())}"}
"#;

async fn start() -> Kitchen {
    let kitchen = Kitchen::start().await;
    fs::write(kitchen.path("shelf.rules.yaml"), SHELF).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    kitchen
}

const OOLONG: &str = r#"{"kind": "oolong", "minutes": 1}"#;

const READER: &str = "
rules:
  - method: tea.Kitchen/Brew
    match: {kind: ask}
    reply: {label: \"${collection.orders.has('oolong') ? 'there' : 'none'}\"}
";

#[tokio::test]
async fn rules_that_are_put_know_the_collections_of_files() {
    let kitchen = start().await;
    assert_eq!(kitchen.brew(OOLONG).await, "1");
    let answer = put(&kitchen, "reader", READER).await;
    assert_eq!(answer["problems"], Value::Null, "{answer}");
    assert_eq!(kitchen.brew(r#"{"kind": "ask"}"#).await, "there");
    begin(&kitchen, "a").await;
    put_for(&kitchen, "a", "reader", READER).await;
    assert_eq!(
        brew_in(&kitchen, "a", r#"{"kind": "ask"}"#).await,
        "none",
        "a session has collections of its own"
    );
}

#[tokio::test]
async fn rules_that_are_put_cannot_change_a_collection_of_files() {
    let kitchen = start().await;
    assert_eq!(kitchen.brew(OOLONG).await, "1");
    for declared in ["tea.Order", "tea.Cup", "{type: tea.Order, key: kind}"] {
        let yaml = format!("collections: {{orders: {declared}}}\n{READER}");
        let answer = put(&kitchen, "other", &yaml).await;
        let problem = answer["problems"][0]["message"].as_str().unwrap_or_default();
        assert!(
            problem.starts_with("the collection `orders` is declared already, at ")
                && problem.ends_with("shelf.rules.yaml:2:15"),
            "{answer}"
        );
    }
    assert_eq!(
        kitchen.brew(OOLONG).await,
        "1",
        "the same key is the same message still"
    );
    let more = "collections: {cups: tea.Cup}\nrules: [{method: tea.Kitchen/Brew, match: {kind: cup}, append: {cups: {label: x}}, \
                reply: {label: \"${string(collection.cups.count())}\"}}]";
    put(&kitchen, "more", more).await;
    assert_eq!(
        kitchen.brew(r#"{"kind": "cup"}"#).await,
        "1",
        "they may declare others"
    );
}
