//! Calls in lists: those that have ended and those in flight come in pages, the newest first.

use std::fs;

use protod::{Client, Message};
use serde_json::{Value, json};

use crate::open_call_commands::Pour;
use crate::sessions::{brew_in, refused};
use crate::support::{Kitchen, post};

const WAITING: &str = "rules: [{method: tea.Kitchen/Pour, stream: [{wait: 1h}]}]";

/// The ids on each page of a list. `between` is done after the first one.
async fn pages(
    kitchen: &Kitchen,
    method: &str,
    request: Value,
    between: impl AsyncFnOnce(),
) -> Vec<Vec<u64>> {
    let (mut request, mut between) = (request, Some(between));
    let mut pages = Vec::new();
    loop {
        let page = kitchen.ask(method, &request.to_string()).await;
        let calls = page["calls"].as_array().into_iter().flatten();
        let ids = calls.filter_map(|call| call["id"].as_str()?.parse().ok());
        pages.push(ids.collect());
        if let Some(between) = between.take() {
            between().await;
        }
        if page["nextPageToken"].is_null() {
            return pages;
        }
        request["pageToken"] = page["nextPageToken"].clone();
    }
}

#[tokio::test]
async fn each_call_is_on_one_page_the_newest_on_the_first_and_those_that_come_meanwhile_on_none() {
    let kitchen = Kitchen::start().await;
    for kind in ["green", "mud", "green", "mud", "mud", "green", "mud"] {
        brew(&kitchen, kind).await;
    }
    let green = json!({ "where": "request.kind == 'green'", "pageSize": 2 });
    let all = json!({ "pageSize": 3 });
    for (method, request, expected) in [
        (
            "ListCalls",
            all.clone(),
            vec![vec![5, 6, 7], vec![2, 3, 4], vec![1]],
        ),
        ("ListCalls", green.clone(), vec![vec![3, 6], vec![1]]),
        ("UnmatchedCalls", all.clone(), vec![vec![4, 5, 7], vec![2]]),
        ("ListCalls", json!({}), vec![vec![1, 2, 3, 4, 5, 6, 7]]),
        (
            "ListCalls",
            json!({ "pageSize": 7 }),
            vec![vec![1, 2, 3, 4, 5, 6, 7]],
        ),
    ] {
        let found = pages(&kitchen, method, request.clone(), async || {}).await;
        assert_eq!(found, expected, "{method} {request}");
    }
    let more = async || brew(&kitchen, "green").await;
    assert_eq!(
        pages(&kitchen, "ListCalls", green, more).await,
        [vec![3, 6], vec![1]]
    );
    let clear = async || drop(kitchen.ask("ClearCalls", "{}").await);
    let cleared = pages(&kitchen, "ListCalls", all, clear).await;
    assert_eq!(
        cleared,
        [vec![6, 7, 8], vec![]],
        "they are gone, and none comes in their place"
    );
    for method in ["ListCalls", "UnmatchedCalls", "ListOpen"] {
        let (code, message) = refused(&kitchen, method, r#"{"pageToken": "a"}"#).await;
        assert_eq!(code, "invalid_argument", "{method}");
        assert!(message.contains("next_page_token"), "{method}: {message}");
    }
}

#[tokio::test]
async fn calls_in_flight_come_in_pages_too() {
    let kitchen = Kitchen::start().await;
    fs::write(kitchen.path("pour.rules.yaml"), WAITING).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    let (mut pours, mut ids) = (Vec::new(), Vec::<u64>::new());
    for _ in 0..3 {
        let (pour, id) = Pour::begin(&kitchen, "green").await;
        pours.push(pour);
        ids.push(id.parse().expect("a number"));
    }
    let request = json!({ "pageSize": 2, "method": "tea.Kitchen/Pour" });
    let found = pages(&kitchen, "ListOpen", request, async || {}).await;
    assert_eq!(found, [ids[1..].to_vec(), ids[..1].to_vec()]);
}

#[tokio::test]
async fn the_command_lists_more_calls_than_a_page_has_and_says_of_which_session_each_is() {
    let kitchen = Kitchen::start().await;
    brew(&kitchen, "green").await;
    let (code, printed, said) = kitchen.protod(&["calls"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(!printed.contains("SESSION"), "{printed}");
    kitchen.ask("CreateSession", r#"{"name": "a"}"#).await;
    brew_in(&kitchen, "a", r#"{"kind": "green"}"#).await;
    let (_, printed, _) = kitchen.protod(&["calls"]).await;
    let lines: Vec<Vec<&str>> = printed
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0][5], "SESSION", "{printed}");
    assert_eq!(lines[1][5..], ["first", "green"], "{printed}");
    assert_eq!(lines[2][5..], ["a", "first", "green"], "{printed}");
    // A page has no more than 2 MiB, and each of these takes more than 500 bytes.
    let message = "x".repeat(500);
    let rules =
        format!("rules: [{{method: tea.Kitchen/Brew, status: {{code: NOT_FOUND, message: {message}}}}}]");
    kitchen
        .ask("PutRules", &json!({ "name": "long", "yaml": rules }).to_string())
        .await;
    let client = Client::connect(kitchen.server.address())
        .await
        .expect("it serves");
    let method = client.method("tea.Kitchen/Brew").expect("it has it");
    for _ in 0..3000 {
        let empty = Message::from_json(method.input().clone(), "{}").expect("it fits");
        method.unary(empty).await.expect_err("it is refused");
    }
    let args = ["calls", "--method", "tea.Kitchen/Brew", "--limit"];
    let (code, printed, said) = kitchen.protod(&[&args[..], &["3001"]].concat()).await;
    assert_eq!((code, printed.lines().count()), (0, 3002), "{said}");
    assert!(
        printed.lines().nth(1).is_some_and(|line| line.contains(" a ")),
        "the oldest is the first"
    );
    let (_, printed, _) = kitchen.protod(&[&args[..], &["2", "--json"]].concat()).await;
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(printed["calls"].as_array().map(Vec::len), Some(2));
}

async fn brew(kitchen: &Kitchen, kind: &str) {
    let request = json!({ "kind": kind }).to_string();
    post(kitchen.server.address(), "tea.Kitchen/Brew", &[], &request).await;
}
