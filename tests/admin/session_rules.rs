//! Rules that are put for one session: whose calls they answer, and for how long.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use protod::tonic::metadata::MetadataMap;
use protod::{Client, Message};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;

use crate::program::SOON;
use crate::puts::{GREEN, put, rule};
use crate::sessions::brew_in;
use crate::support::{Kitchen, PROTO, RULES, post};

pub(crate) async fn begin(kitchen: &Kitchen, session: &str) {
    let request = json!({ "name": session }).to_string();
    kitchen.ask("CreateSession", &request).await;
}

pub(crate) async fn put_for(kitchen: &Kitchen, session: &str, name: &str, yaml: &str) -> Value {
    let request = json!({ "name": name, "yaml": yaml, "session": session });
    kitchen.ask("PutRules", &request.to_string()).await
}

/// Puts rules for a session that ends soon after. One that is over before they are put is no session any more, and another one is made.
async fn put_for_a_brief_one(kitchen: &Kitchen) {
    let put_before_it_is_over = async {
        for number in 0.. {
            let session = format!("brief-{number}");
            let brief = json!({ "name": session, "ttl": "0.1s" }).to_string();
            kitchen.ask("CreateSession", &brief).await;
            let request = json!({ "yaml": rule("brief"), "session": session }).to_string();
            let put_rules = "protod.admin.v1.AdminService/PutRules";
            if post(&kitchen.admin, put_rules, &[], &request).await.code == 200 {
                break;
            }
        }
    };
    timeout(SOON, put_before_it_is_over).await.expect("it is in time");
}

/// The names of the rules of a list, with the sessions that they are of.
pub(crate) async fn listed(kitchen: &Kitchen, method: &str, request: &str) -> Vec<(String, String)> {
    let rules = kitchen.ask(method, request).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rules = rules["rules"].as_array().into_iter().flatten();
    rules
        .map(|rule| (text(&rule["name"]), text(&rule["session"])))
        .collect()
}

/// The names of the rules that are of sessions.
async fn of_sessions(kitchen: &Kitchen) -> Vec<String> {
    let rules = listed(kitchen, "ListRules", "{}").await.into_iter();
    rules
        .filter(|(_, session)| !session.is_empty())
        .map(|(name, _)| name)
        .collect()
}

#[tokio::test]
async fn rules_of_a_session_answer_its_calls_alone_and_before_all_others() {
    let kitchen = Kitchen::start().await;
    begin(&kitchen, "a").await;
    begin(&kitchen, "b").await;
    let answer = put_for(&kitchen, "a", "tea", &rule("of-a")).await;
    assert_eq!(answer, json!({ "name": "tea", "rules": 1 }));
    // By the same name, which is another one.
    put_for(&kitchen, "b", "tea", &rule("of-b")).await;
    assert_eq!(
        kitchen.brew(GREEN).await,
        "first",
        "calls of none have files alone"
    );
    put(&kitchen, "tea", &rule("of-all")).await;
    for (session, label) in [("a", "of-a"), ("b", "of-b")] {
        assert_eq!(brew_in(&kitchen, session, GREEN).await, label);
        let recall = brew_in(&kitchen, session, r#"{"kind": "recall"}"#).await;
        assert_eq!(recall, "0", "others are left to the files");
    }
    assert_eq!(kitchen.brew(GREEN).await, "of-all");
    put_for(&kitchen, "a", "second", &rule("of-a-too")).await;
    assert_eq!(
        brew_in(&kitchen, "a", GREEN).await,
        "of-a-too",
        "the last one is in front"
    );
    put_for(&kitchen, "a", "second", &rule("replaced")).await;
    assert_eq!(brew_in(&kitchen, "a", GREEN).await, "replaced");

    let deleted = kitchen.ask("DeleteRules", "{}").await;
    assert_eq!(deleted, json!({ "deleted": 1 }), "those of sessions stay");
    assert_eq!(kitchen.brew(GREEN).await, "later");
    let deleted = kitchen
        .ask("DeleteRules", r#"{"session": "a", "name": "second"}"#)
        .await;
    assert_eq!(deleted, json!({ "deleted": 1 }));
    assert_eq!(brew_in(&kitchen, "a", GREEN).await, "of-a");
    kitchen.ask("DeleteRules", r#"{"session": "a"}"#).await;
    assert_eq!(
        brew_in(&kitchen, "a", GREEN).await,
        "first",
        "the session counts by itself"
    );
    assert_eq!(brew_in(&kitchen, "b", GREEN).await, "of-b");
}

#[tokio::test]
async fn sessions_that_put_rules_for_one_method_at_once_never_get_those_of_others() {
    let kitchen = Arc::new(Kitchen::start().await);
    let mut tasks = JoinSet::new();
    for number in 0..12 {
        let kitchen = Arc::clone(&kitchen);
        tasks.spawn(async move {
            let session = format!("s{number}");
            begin(&kitchen, &session).await;
            for round in 0..4 {
                let label = format!("{session}-{round}");
                put_for(&kitchen, &session, "tea", &rule(&label)).await;
                let mut calls = JoinSet::new();
                for _ in 0..8 {
                    let (kitchen, session) = (Arc::clone(&kitchen), session.clone());
                    calls.spawn(async move { brew_in(&kitchen, &session, GREEN).await });
                }
                for found in calls.join_all().await {
                    assert_eq!(found, label);
                }
            }
            let request = json!({ "name": session }).to_string();
            kitchen.ask("EndSession", &request).await;
        });
    }
    for number in 0..24 {
        let label = kitchen.brew(GREEN).await;
        assert_eq!(label, if number == 0 { "first" } else { "later" });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no panic");
    }
    assert_eq!(of_sessions(&kitchen).await, [] as [&str; 0]);
}

#[tokio::test]
async fn rules_go_with_their_session_and_the_next_of_its_name_has_none() {
    let mut kitchen = Kitchen::start().await;
    begin(&kitchen, "a").await;
    put_for(&kitchen, "a", "tea", &rule("of-a")).await;
    put_for_a_brief_one(&kitchen).await;
    let over = async {
        while of_sessions(&kitchen).await != ["of-a"] {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, over).await.expect("it ends by itself");
    let rules = async || kitchen.ask("Status", "{}").await["rules"].clone();
    assert_eq!(rules().await, 5);
    kitchen.ask("EndSession", r#"{"name": "a"}"#).await;
    assert_eq!(of_sessions(&kitchen).await, [] as [&str; 0]);
    assert_eq!(rules().await, 4);
    begin(&kitchen, "a").await;
    assert_eq!(brew_in(&kitchen, "a", GREEN).await, "first");
    assert_eq!(of_sessions(&kitchen).await, [] as [&str; 0]);
    kitchen = kitchen.restart(&[]).await;
    assert_eq!(of_sessions(&kitchen).await, [] as [&str; 0]);
}

#[tokio::test]
async fn rules_of_a_session_that_ends_by_its_time_are_gone_though_nobody_asks_for_them() {
    let kitchen = Kitchen::start().await;
    // To ask for it is to look at no session.
    let generation = async || {
        let generation = kitchen.ask("Status", "{}").await["generation"].clone();
        let text = generation
            .as_str()
            .map_or_else(|| generation.to_string(), str::to_owned);
        // The first is 0, which is left out.
        text.parse::<u64>().unwrap_or_default()
    };
    let before = generation().await;
    put_for_a_brief_one(&kitchen).await;
    // Their end may come before anybody has looked.
    let gone = async {
        while generation().await < before + 2 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, gone).await.expect("what answers calls is replaced");
}

#[tokio::test]
async fn a_call_in_flight_keeps_the_rules_of_its_session_when_they_or_the_session_go() {
    let kitchen = Kitchen::start().await;
    let proto = PROTO.replace(
        "rpc Pour(",
        "rpc Chat(stream Order) returns (stream Cup);\n  rpc Pour(",
    );
    fs::write(kitchen.path("tea.proto"), proto).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    begin(&kitchen, "a").await;
    let chat = |label: &str| {
        let step = format!("{{send: {{label: \"{label} ${{request.kind}}\"}}}}");
        format!("rules:\n  - {{name: {label}, method: tea.Kitchen/Chat, session: {{message: [{step}]}}}}\n")
    };
    put_for(&kitchen, "a", "chat", &chat("old")).await;
    let mut metadata = MetadataMap::new();
    metadata.insert("protod-session", "a".parse().expect("a value"));
    let client = Client::builder(kitchen.server.address()).metadata(metadata);
    let client = client.connect().await.expect("it has reflection");
    let method = client.method("tea.Kitchen/Chat").expect("it is known");
    let say = |kind: &str| {
        let json = json!({ "kind": kind }).to_string();
        Message::from_json(method.input().clone(), &json).expect("a message")
    };
    let (sender, messages) = mpsc::channel(1);
    sender.send(say("one")).await.expect("it is read");
    let mut responses = method
        .bidi(ReceiverStream::new(messages))
        .await
        .expect("it begins");
    let mut next = async || {
        let message = timeout(SOON, responses.message()).await.expect("it comes");
        let message = message.expect("OK").expect("it goes on");
        let message: Value = serde_json::from_str(&message.to_json().expect("JSON")).expect("JSON");
        message["label"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(next().await, "old one");
    put_for(&kitchen, "a", "chat", &chat("new")).await;
    sender.send(say("two")).await.expect("it is read");
    assert_eq!(next().await, "old two");
    kitchen.ask("EndSession", r#"{"name": "a"}"#).await;
    assert_eq!(of_sessions(&kitchen).await, [] as [&str; 0]);
    sender.send(say("three")).await.expect("it is read");
    assert_eq!(next().await, "old three");
}

#[tokio::test]
async fn rules_of_a_session_count_and_store_for_it_alone() {
    let kitchen = Kitchen::start().await;
    let once = |label: &str| rule(label).replace("    match", "    times: 1\n    match");
    for session in ["a", "b"] {
        begin(&kitchen, session).await;
        // The names of the rules are the same in both.
        put_for(&kitchen, session, "tea", &once("once")).await;
        let reader = rule("reader")
            .replace("green", "seen")
            .replace("label: reader", "label: \"${string(store.kept)}\"");
        let put = put_for(&kitchen, session, "reader", &reader).await;
        assert_eq!(put["problems"], Value::Null, "{put}");
    }
    for session in ["a", "b"] {
        assert_eq!(brew_in(&kitchen, session, GREEN).await, "once");
        assert_eq!(brew_in(&kitchen, session, GREEN).await, "first");
    }
    brew_in(&kitchen, "a", r#"{"kind": "keep", "minutes": 7}"#).await;
    assert_eq!(brew_in(&kitchen, "a", r#"{"kind": "seen"}"#).await, "7");
    kitchen.brew(r#"{"kind": "keep", "minutes": 1}"#).await;
    assert_eq!(brew_in(&kitchen, "a", r#"{"kind": "seen"}"#).await, "7");
    // What else is put, and what is saved, lets them count on.
    put_for(&kitchen, "a", "more", &rule("more").replace("green", "white")).await;
    put(&kitchen, "all", &rule("all").replace("green", "white")).await;
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    assert_eq!(brew_in(&kitchen, "a", GREEN).await, "later");
    let hits = async |session: &str| {
        let rules = kitchen
            .ask("ListRules", &json!({ "session": session }).to_string())
            .await;
        let rules = rules["rules"].as_array().expect("a list").clone();
        let rule = rules.into_iter().find(|rule| rule["name"] == "once");
        rule.expect("it is listed")["hits"].clone()
    };
    assert_eq!(hits("a").await, "1");
    assert_eq!(hits("b").await, "1");
    kitchen
        .ask("Reset", r#"{"session": "a", "counters": true}"#)
        .await;
    assert_eq!(brew_in(&kitchen, "a", GREEN).await, "once");
    assert_eq!(brew_in(&kitchen, "b", GREEN).await, "later");
    kitchen
        .ask("DeleteRules", r#"{"session": "b", "name": "tea"}"#)
        .await;
    put_for(&kitchen, "b", "tea", &once("once")).await;
    assert_eq!(
        brew_in(&kitchen, "b", GREEN).await,
        "once",
        "what was deleted begins anew"
    );
}

#[tokio::test]
async fn a_save_that_rules_of_a_session_do_not_fit_sets_them_aside_until_they_do() {
    let mut kitchen = Kitchen::start().await;
    begin(&kitchen, "a").await;
    begin(&kitchen, "b").await;
    let warm = rule("warm").replace("label: warm", "label: warm, degrees: 80");
    put_for(&kitchen, "a", "warm", &warm).await;
    put_for(&kitchen, "a", "plain", &rule("plain").replace("green", "black")).await;
    put_for(&kitchen, "b", "tea", &rule("of-b")).await;
    let without = PROTO.replace(" int32 degrees = 2;", "");
    fs::write(kitchen.path("tea.proto"), without).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    let line = "the rules put as warm for the session \"a\" are set aside";
    kitchen.server.line_with(line).await;
    assert_eq!(brew_in(&kitchen, "a", GREEN).await, "first");
    assert_eq!(brew_in(&kitchen, "a", r#"{"kind": "black"}"#).await, "plain");
    assert_eq!(brew_in(&kitchen, "b", GREEN).await, "of-b");
    for method in ["ListRules", "Status"] {
        let aside = kitchen.ask(method, "{}").await["setAside"].clone();
        assert_eq!(aside.as_array().map(Vec::len), Some(1), "{aside}");
        assert_eq!(
            (&aside[0]["name"], &aside[0]["session"]),
            (&json!("warm"), &json!("a"))
        );
        let problem = aside[0]["problems"][0]["message"].as_str();
        assert!(problem.is_some_and(|text| text.contains("degrees")), "{aside}");
    }
    let (_, _, said) = kitchen.protod(&["rules", "list"]).await;
    assert!(said.contains(line) && said.contains("degrees"), "{said}");
    fs::write(kitchen.path("tea.proto"), PROTO).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    assert_eq!(brew_in(&kitchen, "a", GREEN).await, "warm");
    assert_eq!(kitchen.ask("Status", "{}").await["setAside"], Value::Null);

    fs::write(
        kitchen.path("tea.proto"),
        PROTO.replace(" int32 degrees = 2;", ""),
    )
    .expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    kitchen.ask("EndSession", r#"{"name": "a"}"#).await;
    let gone = async {
        while kitchen.ask("Status", "{}").await["setAside"] != Value::Null {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, gone).await.expect("they go with the session");
}

/// Most saves change nothing for them.
#[tokio::test]
async fn a_save_reaches_rules_of_sessions_where_it_means_something_for_them() {
    let kitchen = Kitchen::start().await;
    begin(&kitchen, "a").await;
    let file = kitchen.path("cup.json");
    fs::write(&file, r#"{"label": "one"}"#).expect("written");
    let rules = format!(
        "rules:\n  - {{method: tea.Kitchen/Brew, match: {{kind: green}}, reply_file: {:?}}}\n",
        file.display().to_string()
    );
    put_for(&kitchen, "a", "file", &rules).await;
    let save = async |number: usize, text: &str| {
        let text = format!("{text}# {number}\n");
        fs::write(kitchen.path("tea.rules.yaml"), text).expect("written");
        assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    };
    fs::write(&file, r#"{"label": "two"}"#).expect("written");
    save(1, RULES).await;
    assert_eq!(
        brew_in(&kitchen, "a", GREEN).await,
        "two",
        "the file is read anew"
    );

    begin(&kitchen, "b").await;
    let counted =
        "rules:\n  - {method: tea.Kitchen/Brew, match: {kind: green}, times: 1, reply: {label: once}}\n";
    put_for(&kitchen, "b", "counted", counted).await;
    assert_eq!(brew_in(&kitchen, "b", GREEN).await, "once");
    save(2, RULES).await;
    assert_ne!(
        brew_in(&kitchen, "b", GREEN).await,
        "once",
        "what was counted stays"
    );

    begin(&kitchen, "c").await;
    let declared = |name: &str| format!("collections: {{{name}: tea.Order}}\n{RULES}");
    save(3, &declared("orders")).await;
    let of_orders = "rules:\n  - {method: tea.Kitchen/Brew, match: {kind: green}, append: {orders: '${request}'}, reply: {label: '${string(collection.orders.count())}'}}\n";
    put_for(&kitchen, "c", "orders", of_orders).await;
    assert_eq!(brew_in(&kitchen, "c", GREEN).await, "1");
    save(4, &declared("orders")).await;
    assert_eq!(brew_in(&kitchen, "c", GREEN).await, "2");
    save(5, &declared("others")).await;
    assert_ne!(
        brew_in(&kitchen, "c", GREEN).await,
        "3",
        "there are no orders any more"
    );
    let aside = kitchen.ask("Status", "{}").await["setAside"].clone();
    assert_eq!(aside[0]["session"], "c", "{aside}");
    save(6, &declared("orders")).await;
    assert_eq!(brew_in(&kitchen, "c", GREEN).await, "3");
    assert_eq!(kitchen.ask("Status", "{}").await["setAside"], Value::Null);
}

#[tokio::test]
async fn rules_of_a_session_answer_where_nothing_else_does_and_others_get_what_they_got() {
    let kitchen = Kitchen::start_with(&["--unmatched", "unimplemented"]).await;
    begin(&kitchen, "a").await;
    let proto = PROTO.replace("rpc Pour(", "rpc Boil(Order) returns (Cup);\n  rpc Pour(");
    fs::write(kitchen.path("tea.proto"), proto).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    let boil = async |session: &str| {
        let header = format!("protod-session: {session}");
        let headers = [&*header];
        let headers = if session.is_empty() { &[][..] } else { &headers };
        let address = kitchen.server.address();
        post(address, "tea.Kitchen/Boil", headers, GREEN).await.body
    };
    let before = boil("").await;
    put_for(&kitchen, "a", "boil", &rule("boiled").replace("Brew", "Boil")).await;
    assert!(boil("a").await.contains("boiled"));
    assert_eq!(boil("").await, before);
    kitchen.ask("EndSession", r#"{"name": "a"}"#).await;
    assert_eq!(boil("").await, before);
}
