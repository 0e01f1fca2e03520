//! `protod rules`, `protod reset` and `protod wait`.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use crate::port::ReservedPort;
use crate::program::{SOON, Server, command, protod};
use crate::support::{Kitchen, RULES, output};

#[tokio::test]
async fn rules_are_a_table_for_people_and_json_for_machines() {
    let kitchen = Kitchen::start().await;
    kitchen.brew(r#"{"kind": "green"}"#).await;
    let (code, printed, said) = kitchen.protod(&["rules", "list"]).await;
    assert_eq!(code, 0, "{said}");
    let lines: Vec<Vec<&str>> = printed
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["HITS", "RULE", "PLACE", "METHODS"]);
    assert_eq!(lines.len(), 5, "{printed}");
    assert_eq!((lines[1][0], lines[2][0]), ("1", "0"), "{printed}");
    let (code, printed, _) = kitchen.protod(&["rules", "list", "--unused", "--json"]).await;
    assert_eq!(code, 0);
    let rules: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(rules["rules"].as_array().map(Vec::len), Some(3), "{rules}");
    assert_eq!(rules["rules"][0]["hits"], "0", "zeros are there for machines");
    let (code, printed, said) = kitchen
        .protod(&["rules", "list", "--method", "tea.Kitchen/Brwe"])
        .await;
    assert_eq!((code, printed.as_str()), (1, ""));
    assert!(said.contains("tea.Kitchen/Brew"), "{said}");
}

#[tokio::test]
async fn reset_prints_nothing_and_does_it() {
    let kitchen = Kitchen::start().await;
    kitchen.brew(r#"{"kind": "green"}"#).await;
    assert_eq!(
        kitchen.protod(&["reset", "--counters"]).await,
        (0, String::new(), String::new())
    );
    assert_eq!(kitchen.brew(r#"{"kind": "green"}"#).await, "first");
}

#[tokio::test]
async fn what_is_no_admin_service_is_told_with_what_to_do() {
    let kitchen = Kitchen::start().await;
    for (address, words) in [
        ("127.0.0.1:1", "nothing listens at 127.0.0.1:1"),
        (kitchen.server.address(), "there is no admin service at"),
    ] {
        let (code, _, said) = output(command(&["rules", "list", "--admin", address])).await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test]
async fn wait_returns_when_a_server_is_ready() {
    let kitchen = Kitchen::start().await;
    // Nobody listens there until the server does, and nobody else can.
    let port = ReservedPort::any();
    let address = port.to_string();
    let waited = {
        let address = address.clone();
        tokio::spawn(async move { protod(&["wait", &address]).await })
    };
    let folder = kitchen.folder.path().to_str().expect("UTF-8");
    let _server = Server::start_at(&address, &[folder]).await;
    let waited = timeout(SOON, waited).await.expect("it ends").expect("no panic");
    assert!(waited.status.success(), "{waited:?}");
}

#[tokio::test]
async fn wait_gives_up_after_its_time_and_says_what_was_wrong_last() {
    let (code, _, said) = output(command(&["wait", "127.0.0.1:1", "--timeout", "200ms"])).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("127.0.0.1:1 was not ready within 200ms"), "{said}");
    let began = std::time::Instant::now();
    let (code, _, said) = output(command(&["wait", "no address"])).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "what is wrong does not become right"
    );
}

#[tokio::test]
async fn wait_tells_whether_what_was_saved_is_live() {
    let kitchen = Kitchen::start().await;
    let rules = kitchen.path("tea.rules.yaml");
    let address = kitchen.server.address();
    for number in 0..5 {
        fs::write(
            &rules,
            RULES.replace("label: later", &format!("label: l{number}")),
        )
        .expect("written");
        let (code, _, said) = output(command(&["wait", address])).await;
        assert_eq!(code, 0, "{said}");
        kitchen.ask("Reset", r#"{"counters": true}"#).await;
        kitchen.brew(r#"{"kind": "green"}"#).await;
        assert_eq!(kitchen.brew(r#"{"kind": "green"}"#).await, format!("l{number}"));
    }
    fs::write(&rules, RULES.replace("reply", "repyl")).expect("written");
    let (code, _, said) = output(command(&["wait", address])).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("what was saved is wrong"), "{said}");
}
