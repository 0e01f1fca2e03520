//! The methods and commands that look at calls: which came, which rule answered, and why none did.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::timeout;

use crate::program::{SOON, command};
use crate::support::{Kitchen, post};

fn calls(answer: &Value) -> &[Value] {
    answer["calls"].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[tokio::test]
async fn calls_are_listed_by_conditions_and_one_is_told_with_all_that_was_kept() {
    let kitchen = Kitchen::start().await;
    kitchen.brew(r#"{"kind": "green"}"#).await;
    kitchen.brew(r#"{"kind": "green", "minutes": "3"}"#).await;
    post(
        kitchen.server.address(),
        "tea.Kitchen/Brew",
        &["x-shop: 7"],
        r#"{"kind": "mud"}"#,
    )
    .await;
    let all = kitchen.ask("ListCalls", "{}").await;
    assert_eq!(calls(&all).len(), 3, "{all}");
    let found = kitchen
        .ask(
            "ListCalls",
            r#"{"method": "tea.Kitchen/Brew", "where": "request.minutes == 3"}"#,
        )
        .await;
    assert_eq!(calls(&found).len(), 1, "{found}");
    assert_eq!(calls(&found)[0]["rule"], "green");
    let newest = kitchen.ask("ListCalls", r#"{"pageSize": 1}"#).await;
    assert_eq!(calls(&newest)[0]["unmatched"], true, "{newest}");

    let unmatched = kitchen.ask("UnmatchedCalls", "{}").await;
    assert_eq!(calls(&unmatched).len(), 1, "{unmatched}");
    let call = &calls(&unmatched)[0];
    assert_eq!(call["code"], "UNIMPLEMENTED", "{call}");
    assert!(
        call["unmatchedReason"]
            .as_str()
            .is_some_and(|why| why.contains("the nearest is")),
        "{call}"
    );

    let whole = kitchen
        .ask("GetCall", &json!({ "id": call["id"] }).to_string())
        .await;
    let whole = &whole["call"];
    assert_eq!(whole["messages"][0]["json"], json!({ "kind": "mud" }), "{whole}");
    assert_eq!(whole["messages"][0]["direction"], "REQUEST");
    assert_eq!(whole["messages"][0]["wire"], "CgNtdWQ=", "{whole}");
    let headers = whole["requestHeaders"].as_array().expect("headers");
    assert!(
        headers.contains(&json!({ "name": "x-shop", "value": "7" })),
        "{whole}"
    );

    let wrong = post(
        &kitchen.admin,
        "protod.admin.v1.AdminService/ListCalls",
        &[],
        r#"{"method": "tea.Kitchen/Brew", "where": "request.knid == 'x'"}"#,
    )
    .await;
    assert_eq!(wrong.code, 400, "{wrong:?}");
    assert!(wrong.body.contains("kind"), "a hint: {wrong:?}");
    let gone = post(
        &kitchen.admin,
        "protod.admin.v1.AdminService/GetCall",
        &[],
        r#"{"id": "999999"}"#,
    )
    .await;
    assert_eq!(gone.code, 404, "{gone:?}");

    assert_eq!(kitchen.ask("Status", "{}").await["journal"]["kept"], "3");
    kitchen.ask("ClearCalls", "{}").await;
    assert_eq!(kitchen.ask("ListCalls", "{}").await, json!({}));
    assert_eq!(kitchen.ask("Status", "{}").await["journal"]["recorded"], "3");
}

#[tokio::test]
async fn verify_says_what_came_instead_and_waits_for_what_is_to_come() {
    let kitchen = Kitchen::start().await;
    let method = "tea.Kitchen/Brew";
    let verify = async |flags: &[&str]| kitchen.protod(&[&["verify", method], flags].concat()).await;
    assert_eq!(verify(&["--never"]).await.0, 0);
    let (code, _, said) = verify(&[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("at least 1 call"), "{said}");
    kitchen.brew(r#"{"kind": "green"}"#).await;
    let (code, _, said) = verify(&["--where", "request.kind == 'black'", "--exactly", "1"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("request.kind") && said.contains("green"),
        "the nearest call: {said}"
    );
    for (flags, code) in [
        (&["--exactly", "1"][..], 0),
        (&["--at-least", "1"], 0),
        (&["--at-most", "0"], 1),
        (&["--never"], 1),
        (&["--never", "--exactly", "1"], 2),
    ] {
        assert_eq!(verify(flags).await.0, code, "{flags:?}");
    }
    let (waited, _) = tokio::join!(
        verify(&["--exactly", "2", "--within", "10s"]),
        kitchen.brew(r#"{"kind": "green"}"#)
    );
    assert_eq!(waited.0, 0, "{waited:?}");
    let in_order =
        r#"{"inOrder": [{"where": "call.rule == 'first green'"}, {"where": "call.rule == 'green'"}]}"#;
    assert_eq!(kitchen.ask("Verify", in_order).await["verified"], true);
}

#[tokio::test]
async fn calls_are_followed_as_they_end() {
    let kitchen = Kitchen::start().await;
    let mut follow = command(&["calls", "-f", "--where", "call.code == 'OK'", "--json"])
        .env("PROTOD_ADMIN_ADDR", &kitchen.admin)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(follow.stdout.take().expect("it is piped")).lines();
    let watching = async {
        loop {
            // Whether it watches already nobody can know but by what it prints.
            kitchen.brew(r#"{"kind": "green"}"#).await;
            let line = timeout(std::time::Duration::from_millis(100), lines.next_line()).await;
            if let Ok(line) = line {
                break line.expect("UTF-8").expect("it goes on");
            }
        }
    };
    let line = timeout(SOON, watching).await.expect("it watches soon");
    let first: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(first["call"]["method"], "tea.Kitchen/Brew");
    assert_eq!(first["call"]["messages"][0]["json"]["kind"], "green", "{first}");
}

#[tokio::test]
async fn a_server_without_a_journal_says_so() {
    let kitchen = Kitchen::start_with(&["--no-journal"]).await;
    let (code, _, said) = kitchen.protod(&["calls"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("keeps no journal"), "{said}");
}
