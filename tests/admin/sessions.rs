//! Sessions from outside: how they are made, listed and ended, and what the other methods and commands do with them.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::command;
use crate::support::{Kitchen, output, post};

const SERVICE: &str = "protod.admin.v1.AdminService";

/// What a method of the admin service answers that refuses: the code and the message.
pub(crate) async fn refused(kitchen: &Kitchen, method: &str, request: &str) -> (String, String) {
    let answer = post(&kitchen.admin, &format!("{SERVICE}/{method}"), &[], request).await;
    assert_ne!(answer.code, 200, "{answer:?}");
    let error: Value = serde_json::from_str(&answer.body).expect("JSON");
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (text("code"), text("message"))
}

/// Calls `tea.Kitchen/Brew` in a session, and returns the label of the answer.
pub(crate) async fn brew_in(kitchen: &Kitchen, session: &str, request: &str) -> String {
    let header = format!("protod-session: {session}");
    let answer = post(kitchen.server.address(), "tea.Kitchen/Brew", &[&header], request).await;
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    if answer.code == 200 {
        text("label")
    } else {
        text("code")
    }
}

#[tokio::test]
async fn sessions_are_made_listed_and_ended() {
    let kitchen = Kitchen::start().await;
    let made = kitchen
        .ask("CreateSession", r#"{"name": "a", "ttl": "60s"}"#)
        .await;
    assert_eq!(made["name"], "a", "{made}");
    assert!(
        made["created"].is_string() && made["expires"].is_string(),
        "{made}"
    );
    let other = kitchen.ask("CreateSession", "{}").await;
    let other = other["name"].as_str().expect("a name");
    assert_eq!(brew_in(&kitchen, "a", r#"{"kind": "green"}"#).await, "first");
    let listed = kitchen.ask("ListSessions", "{}").await;
    let names: Vec<&Value> = listed["sessions"]
        .as_array()
        .expect("two")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, [&json!("a"), &json!(other)]);
    assert_eq!(listed["sessions"][0]["calls"], "1", "{listed}");
    kitchen.ask("EndSession", r#"{"name": "a"}"#).await;
    assert_eq!(
        brew_in(&kitchen, "a", r#"{"kind": "green"}"#).await,
        "failed_precondition"
    );
    let listed = kitchen.ask("ListSessions", "{}").await;
    assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[tokio::test]
async fn sessions_that_cannot_be_are_refused_with_the_reason() {
    let kitchen = Kitchen::start_with(&["--max-sessions", "2"]).await;
    kitchen.ask("CreateSession", r#"{"name": "a"}"#).await;
    let long = json!({ "name": "x".repeat(129) }).to_string();
    for (method, request, code, text) in [
        (
            "CreateSession",
            r#"{"name": "a"}"#,
            "already_exists",
            "there is a session",
        ),
        (
            "CreateSession",
            r#"{"name": "a b"}"#,
            "invalid_argument",
            "cannot be the name",
        ),
        ("CreateSession", &long, "invalid_argument", "1 to 128 characters"),
        (
            "CreateSession",
            r#"{"ttl": "0s"}"#,
            "invalid_argument",
            "more than 0",
        ),
        (
            "CreateSession",
            r#"{"ttl": "-1s"}"#,
            "invalid_argument",
            "ttl is a time from 0",
        ),
        (
            "CreateSession",
            r#"{"ttl": "86400.1s"}"#,
            "invalid_argument",
            "ttl is a time from 0",
        ),
        ("EndSession", r#"{"name": "b"}"#, "not_found", "no session"),
        ("EndSession", "{}", "invalid_argument", "needs the name"),
        // What nobody made has no calls, which must not be taken for an answer.
        (
            "Verify",
            r#"{"session": "b", "never": true}"#,
            "not_found",
            "no session",
        ),
        (
            "Verify",
            r#"{"inOrder": [{"session": "b"}]}"#,
            "not_found",
            "no session",
        ),
        ("ListCalls", r#"{"session": "b"}"#, "not_found", "no session"),
        ("UnmatchedCalls", r#"{"session": "b"}"#, "not_found", "no session"),
        ("ClearCalls", r#"{"session": "b"}"#, "not_found", "no session"),
        ("ListRules", r#"{"session": "b"}"#, "not_found", "no session"),
        ("UnusedRules", r#"{"session": "b"}"#, "not_found", "no session"),
        ("Reset", r#"{"session": "b"}"#, "not_found", "no session"),
    ] {
        let (found, message) = refused(&kitchen, method, request).await;
        assert_eq!(found, code, "{method} {request}: {message}");
        assert!(message.contains(text), "{method} {request}: {message}");
    }
    kitchen.ask("CreateSession", "{}").await;
    let (code, _) = refused(&kitchen, "CreateSession", "{}").await;
    assert_eq!(code, "resource_exhausted");
    kitchen.ask("EndSession", r#"{"name": "a"}"#).await;
    kitchen.ask("CreateSession", "{}").await;
}

#[tokio::test]
async fn each_method_is_about_the_calls_of_the_session_that_it_names() {
    let kitchen = Kitchen::start().await;
    kitchen.ask("CreateSession", r#"{"name": "a"}"#).await;
    kitchen.ask("CreateSession", r#"{"name": "b"}"#).await;
    kitchen.brew(r#"{"kind": "green"}"#).await;
    for session in ["a", "b"] {
        assert_eq!(brew_in(&kitchen, session, r#"{"kind": "green"}"#).await, "first");
        brew_in(&kitchen, session, r#"{"kind": "mud"}"#).await;
    }
    brew_in(&kitchen, "b", r#"{"kind": "keep", "minutes": "3"}"#).await;
    let calls = async |method: &str, request: &str| {
        let answer = kitchen.ask(method, request).await;
        answer["calls"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(calls("ListCalls", "{}").await, 6);
    assert_eq!(calls("ListCalls", r#"{"session": "a"}"#).await, 2);
    assert_eq!(calls("ListCalls", r#"{"where": "call.session == 'b'"}"#).await, 3);
    assert_eq!(calls("UnmatchedCalls", r#"{"session": "b"}"#).await, 1);
    let verify = async |request: &str| kitchen.ask("Verify", request).await["verified"] == true;
    assert!(verify(r#"{"session": "a", "exactly": "2"}"#).await);
    assert!(verify(r#"{"exactly": "6"}"#).await);
    assert!(verify(r#"{"inOrder": [{"session": "a"}, {"session": "b"}]}"#).await);
    assert!(!verify(r#"{"inOrder": [{"session": "b"}, {"session": "a"}]}"#).await);
    let hits = async |request: &str| kitchen.ask("ListRules", request).await["rules"][0]["hits"].clone();
    assert_eq!(hits("{}").await, "3");
    assert_eq!(hits(r#"{"session": "a"}"#).await, "1");
    let unused = kitchen.ask("UnusedRules", r#"{"session": "a"}"#).await;
    assert_eq!(unused["rules"].as_array().map(Vec::len), Some(3), "{unused}");

    kitchen.ask("Reset", r#"{"session": "a"}"#).await;
    assert_eq!(brew_in(&kitchen, "a", r#"{"kind": "green"}"#).await, "first");
    assert_eq!(brew_in(&kitchen, "b", r#"{"kind": "green"}"#).await, "later");
    assert_eq!(kitchen.brew(r#"{"kind": "green"}"#).await, "later");
    kitchen.ask("Reset", "{}").await;
    assert_eq!(kitchen.brew(r#"{"kind": "green"}"#).await, "first");
    assert_eq!(brew_in(&kitchen, "b", r#"{"kind": "recall"}"#).await, "3");
    assert_eq!(calls("ListCalls", r#"{"session": "a"}"#).await, 1);
    assert_eq!(calls("ListCalls", r#"{"session": "b"}"#).await, 5);
    kitchen.ask("ClearCalls", "{}").await;
    assert_eq!(calls("ListCalls", "{}").await, 6);
    kitchen.ask("ClearCalls", r#"{"session": "b"}"#).await;
    assert_eq!(calls("ListCalls", "{}").await, 1);
}

#[tokio::test]
async fn the_admin_service_takes_no_notice_of_the_session_of_its_own_clients() {
    let kitchen = Kitchen::start().await;
    let headers = ["baggage: protod-session=gone", "protod-session: gone"];
    let answer = post(&kitchen.admin, &format!("{SERVICE}/ListSessions"), &headers, "{}").await;
    assert_eq!((answer.code, answer.body.as_str()), (200, "{}"));
}

#[tokio::test]
async fn commands_name_their_session_by_a_flag_or_by_its_variable() {
    let kitchen = Kitchen::start().await;
    let (code, name, stderr) = kitchen.protod(&["sessions", "create"]).await;
    assert_eq!((code, stderr.as_str()), (0, ""));
    let name = name.trim_end();
    assert!(!name.is_empty() && !name.contains(char::is_whitespace), "{name}");
    let (code, made, _) = kitchen
        .protod(&["sessions", "create", "a", "--ttl", "1m", "--json"])
        .await;
    let made: Value = serde_json::from_str(&made).expect("JSON");
    assert_eq!((code, &made["name"]), (0, &json!("a")));
    let address = kitchen.server.address();
    let request = r#"{"kind": "green"}"#;
    for args in [
        &[
            "call",
            address,
            "tea.Kitchen/Brew",
            "-d",
            request,
            "--session",
            "a",
        ][..],
        &["verify", "tea.Kitchen/Brew", "--session", "a", "--exactly", "1"],
        &["verify", "tea.Kitchen/Brew", "--session", name, "--never"],
        &["reset", "--session", "a", "--journal"],
        &["verify", "tea.Kitchen/Brew", "--session", "a", "--never"],
    ] {
        let (code, _, stderr) = kitchen.protod(args).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{args:?}");
    }
    let mut called = command(&["call", address, "tea.Kitchen/Brew", "-d", request]);
    called.env("PROTOD_SESSION", name).stdin(Stdio::null());
    let (code, answer, _) = output(called).await;
    assert!(code == 0 && answer.contains("first"), "{answer}");
    let mut calls = command(&["calls", "--json"]);
    calls
        .env("PROTOD_SESSION", name)
        .env("PROTOD_ADMIN_ADDR", &kitchen.admin);
    let (_, calls, _) = output(calls).await;
    let calls: Value = serde_json::from_str(&calls).expect("JSON");
    assert_eq!(calls["calls"].as_array().map(Vec::len), Some(1), "{calls}");
    assert_eq!(calls["calls"][0]["session"], name);
    let (_, rules, _) = kitchen.protod(&["rules", "list", "--session", "a"]).await;
    assert!(
        rules.lines().nth(1).is_some_and(|line| line.starts_with("1 ")),
        "{rules}"
    );
    let (code, listed, _) = kitchen.protod(&["sessions", "list"]).await;
    assert_eq!(code, 0);
    let lines: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split_whitespace().take(2).collect())
        .collect();
    assert_eq!(lines, [vec!["NAME", "CALLS"], vec![name, "1"], vec!["a", "1"]]);
    for (args, expected) in [
        (&["sessions", "end", "a"][..], 0),
        (&["sessions", "end", "a"], 1),
        (&["verify", "tea.Kitchen/Brew", "--session", "a", "--never"], 1),
        (&["sessions", "create", name], 1),
        (&["sessions", "list", "a"], 2),
        (&["sessions", "end"], 2),
        (&["sessions", "create", "--ttl", "0s"], 2),
        // A variable of a shell that was never set is no session, and not all of them.
        (&["verify", "tea.Kitchen/Brew", "--session", "", "--never"], 2),
        (&["call", address, "tea.Kitchen/Brew", "--session", ""], 2),
    ] {
        let (code, _, stderr) = kitchen.protod(args).await;
        assert_eq!(code, expected, "{args:?}: {stderr}");
    }
}
