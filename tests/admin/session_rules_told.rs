//! What is told of the rules that are put for one session: lists, the journal, reasons to refuse them, and the command.

use std::fs;

use serde_json::json;

use crate::kept::kept;
use crate::program::command;
use crate::puts::{GREEN, put, rule};
use crate::session_rules::{begin, listed, put_for};
use crate::sessions::{brew_in, refused};
use crate::support::{Kitchen, output, post};

#[tokio::test]
async fn rules_of_sessions_are_listed_with_them_and_told_of_in_the_journal() {
    let kitchen = Kitchen::start().await;
    for session in ["a", "b"] {
        begin(&kitchen, session).await;
        put_for(&kitchen, session, "tea", &rule(&format!("of-{session}"))).await;
    }
    put(&kitchen, "all", &rule("of-all").replace("green", "white")).await;
    brew_in(&kitchen, "a", GREEN).await;
    let pair = |name: &str, session: &str| (name.to_owned(), session.to_owned());
    assert_eq!(
        listed(&kitchen, "ListRules", "{}").await[..4],
        [
            pair("of-a", "a"),
            pair("of-b", "b"),
            pair("of-all", ""),
            pair("first green", "")
        ]
    );
    assert_eq!(
        listed(&kitchen, "ListRules", r#"{"session": "b"}"#).await[..3],
        [pair("of-b", "b"), pair("of-all", ""), pair("first green", "")]
    );
    let unused = listed(&kitchen, "UnusedRules", "{}").await;
    assert_eq!(unused[..2], [pair("of-b", "b"), pair("of-all", "")]);
    let unused = listed(&kitchen, "UnusedRules", r#"{"session": "a"}"#).await;
    assert_eq!(unused[..1], [pair("of-all", "")]);
    let calls = kitchen.ask("ListCalls", r#"{"session": "a"}"#).await;
    assert_eq!(calls["calls"][0]["rule"], "of-a", "{calls}");

    for (request, yaml) in [
        (json!({ "put": "tea", "session": "b" }), rule("of-b")),
        (json!({ "place": "tea:2:5", "session": "a" }), rule("of-a")),
        (json!({ "put": "all" }), rule("of-all").replace("green", "white")),
    ] {
        let found = kitchen.ask("GetRule", &request.to_string()).await;
        assert_eq!(found["yaml"], yaml, "{request}");
    }
    let (code, _) = refused(&kitchen, "GetRule", r#"{"put": "tea"}"#).await;
    assert_eq!(code, "not_found", "it is of sessions");
    let (code, _) = refused(&kitchen, "GetRule", r#"{"place": "tea:2:5"}"#).await;
    assert_eq!(code, "not_found");
}

#[tokio::test]
async fn the_rule_that_came_nearest_may_be_one_that_was_put_for_the_session_or_for_all() {
    let kitchen = Kitchen::start().await;
    let two = |label: &str, minutes: u32| {
        rule(label).replace("{kind: green}", &format!("{{kind: mud, minutes: {minutes}}}"))
    };
    let why = async |session: &str| {
        let header = format!("protod-session: {session}");
        let headers = [&*header];
        let headers = if session.is_empty() { &[][..] } else { &headers };
        let mud = r#"{"kind": "mud", "minutes": 3}"#;
        let answer = post(kitchen.server.address(), "tea.Kitchen/Brew", headers, mud).await;
        answer.body
    };
    begin(&kitchen, "a").await;
    begin(&kitchen, "b").await;
    put_for(&kitchen, "a", "mud", &two("of-a", 5)).await;
    for (session, nearest) in [
        ("a", "the nearest is of-a: minutes is 3, not 5"),
        ("b", "the nearest is first green: kind is"),
        ("", "the nearest is first green: kind is"),
    ] {
        let body = why(session).await;
        assert!(body.contains(nearest), "{session}: {body}");
    }
    put(&kitchen, "mud", &two("of-all", 7)).await;
    for (session, nearest) in [
        ("a", "the nearest is of-a: minutes is 3, not 5"),
        ("b", "the nearest is of-all: minutes is 3, not 7"),
        ("", "the nearest is of-all: minutes is 3, not 7"),
    ] {
        let body = why(session).await;
        assert!(body.contains(nearest), "{session}: {body}");
    }
    let unmatched = kitchen.ask("UnmatchedCalls", r#"{"session": "a"}"#).await;
    let calls = unmatched["calls"].to_string();
    assert_eq!(
        calls.matches("the nearest is of-a").count(),
        calls.matches("nearest").count(),
        "{calls}"
    );
}

#[tokio::test]
async fn what_cannot_be_put_for_a_session_is_refused_with_the_reason() {
    let kept_rules = tempfile::tempdir().expect("a folder");
    let folder = kept_rules.path().to_str().expect("UTF-8");
    let kitchen = Kitchen::start_with(&["--kept-rules", folder]).await;
    begin(&kitchen, "a").await;
    let keep = json!({ "yaml": rule("x"), "session": "a", "keep": true }).to_string();
    let unknown = json!({ "yaml": rule("x"), "session": "b" }).to_string();
    let large = format!("{}# {}\n", rule("x"), "x".repeat(1 << 20));
    let large = json!({ "yaml": large, "session": "a" }).to_string();
    for (method, request, code, text) in [
        (
            "PutRules",
            &*keep,
            "invalid_argument",
            "rules of a session end with it",
        ),
        ("PutRules", &unknown, "not_found", "no session \"b\""),
        ("PutRules", &large, "resource_exhausted", "put for the session"),
        (
            "DeleteRules",
            r#"{"session": "a", "name": "x"}"#,
            "not_found",
            "by the name x",
        ),
        (
            "DeleteRules",
            r#"{"session": "b"}"#,
            "not_found",
            "no session \"b\"",
        ),
        (
            "GetRule",
            r#"{"session": "b", "put": "x"}"#,
            "not_found",
            "no session \"b\"",
        ),
    ] {
        let (found, message) = refused(&kitchen, method, request).await;
        assert_eq!(found, code, "{method}: {message}");
        assert!(message.contains(text), "{method}: {message}");
    }
    let wrong = put_for(&kitchen, "a", "x", &rule("x").replace("reply", "repyl")).await;
    assert_eq!(wrong["problems"][0]["file"], "x", "{wrong}");
    // A name of the session takes no file away that is kept for all.
    let all = json!({ "name": "tea", "yaml": rule("kept"), "keep": true }).to_string();
    kitchen.ask("PutRules", &all).await;
    put_for(&kitchen, "a", "tea", &rule("of-a")).await;
    kitchen.ask("DeleteRules", r#"{"session": "a"}"#).await;
    assert_eq!(kept(kept_rules.path()).len(), 1);
    for number in 0..100 {
        put_for(&kitchen, "a", &format!("n{number}"), "rules: []").await;
    }
    let more = json!({ "name": "more", "yaml": "rules: []", "session": "a" }).to_string();
    let (code, message) = refused(&kitchen, "PutRules", &more).await;
    assert_eq!(code, "resource_exhausted", "{message}");
    put(&kitchen, "more", "rules: []").await;
}

#[tokio::test]
async fn the_rules_of_all_sessions_together_are_bounded_and_those_that_end_make_room() {
    let kitchen = Kitchen::start().await;
    let large = format!("{}# {}\n", rule("x"), "x".repeat(1_000_000));
    for number in 0..8 {
        let session = format!("s{number}");
        begin(&kitchen, &session).await;
        put_for(&kitchen, &session, "large", &large).await;
    }
    begin(&kitchen, "more").await;
    let request = json!({ "name": "large", "yaml": large, "session": "more" }).to_string();
    let (code, message) = refused(&kitchen, "PutRules", &request).await;
    assert_eq!(code, "resource_exhausted", "{message}");
    assert!(message.contains("put for sessions"), "{message}");
    kitchen.ask("EndSession", r#"{"name": "s3"}"#).await;
    kitchen.ask("PutRules", &request).await;
}

#[tokio::test]
async fn the_command_puts_lists_gets_and_deletes_the_rules_of_a_session() {
    let kitchen = Kitchen::start().await;
    begin(&kitchen, "a").await;
    let other = tempfile::tempdir().expect("a folder that is not served");
    let file = other.path().join("hot.rules.yaml");
    let path = file.to_str().expect("UTF-8");
    fs::write(&file, rule("hot")).expect("written");
    let in_session = async |args: &[&str]| {
        let mut command = command(args);
        command.env("PROTOD_ADMIN_ADDR", &kitchen.admin);
        command.env("PROTOD_SESSION", "a");
        output(command).await
    };
    let (code, printed, said) = in_session(&["rules", "put", path]).await;
    assert_eq!((code, &*printed), (0, "1 rule put as hot\n"), "{said}");
    assert_eq!(brew_in(&kitchen, "a", GREEN).await, "hot");
    assert_eq!(kitchen.brew(GREEN).await, "first");
    let (_, printed, said) = kitchen.protod(&["rules", "list"]).await;
    let words = |line: usize| {
        let line = printed.lines().nth(line).unwrap_or_default();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        words(0),
        ["HITS", "RULE", "PLACE", "SESSION", "METHODS"],
        "{said}"
    );
    assert_eq!(words(1), ["1", "hot", "hot:2:5", "a", "tea.Kitchen/Brew"]);
    let (code, _, said) = kitchen.protod(&["rules", "get", "hot"]).await;
    assert!(code == 1 && said.contains("no rules were put"), "{said}");
    let (code, printed, said) = kitchen.protod(&["rules", "get", "hot", "--session", "a"]).await;
    assert_eq!((code, &*printed), (0, &*rule("hot")), "{said}");
    let (code, printed, said) = kitchen.protod(&["rules", "get", "./tea.rules.yaml:2:5"]).await;
    assert!(
        code == 0 && printed.starts_with("rules:\n  - name: first green\n"),
        "{said}"
    );
    let (code, _, said) = kitchen.protod(&["rules", "delete", "hot"]).await;
    assert!(code == 1 && said.contains("hot"), "{said}");
    let (code, _, said) = kitchen
        .protod(&["rules", "put", path, "--session", "a", "--keep"])
        .await;
    assert!(
        code == 1 && said.contains("rules of a session end with it"),
        "{said}"
    );
    let (code, printed, said) = in_session(&["rules", "delete", "hot"]).await;
    assert_eq!((code, &*printed, &*said), (0, "", ""));
    assert_eq!(brew_in(&kitchen, "a", GREEN).await, "first");
    let (code, _, _) = kitchen.protod(&["rules", "get"]).await;
    assert_eq!(code, 2);
}
