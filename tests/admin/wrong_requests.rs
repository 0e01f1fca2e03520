//! Requests that name nothing, or too much, are refused with what is missing; commands that have nothing to do say so.

use serde_json::{Value, json};

use crate::support::{Kitchen, post};

#[tokio::test]
async fn a_request_that_names_nothing_is_told_what_it_needs() {
    let kitchen = Kitchen::start().await;
    for (method, request, needs) in [
        ("GetCall", json!({}), "the id of a call"),
        ("GetRule", json!({}), "the place of a rule, or the name"),
        ("GetRule", json!({ "place": "a:1:1", "put": "a" }), "is enough"),
        ("Describe", json!({}), "the full name of a symbol"),
        ("Signal", json!({}), "its name"),
        ("Send", json!({}), "the id of a call, or a method"),
        (
            "End",
            json!({ "id": 1, "method": "tea.Kitchen/Brew" }),
            "is enough",
        ),
        ("EndSession", json!({}), "the name of a session"),
    ] {
        let path = format!("protod.admin.v1.AdminService/{method}");
        let answer = post(&kitchen.admin, &path, &[], &request.to_string()).await;
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(
            (answer.code, &body["code"]),
            (400, &json!("invalid_argument")),
            "{method}: {body}"
        );
        assert!(
            body["message"].as_str().is_some_and(|text| text.contains(needs)),
            "{method}: {body}"
        );
    }
}

#[tokio::test]
async fn a_call_that_is_invoked_needs_a_method_and_takes_no_headers_of_the_protocol_as_metadata() {
    let kitchen = Kitchen::start().await;
    let (code, _, said) = kitchen
        .protod(&["call", &kitchen.admin, "protod.admin.v1.AdminService/Invoke"])
        .await;
    assert!(code != 0 && said.contains("it needs a method"), "{said}");
    for (name, what) in [
        ("grpc-timeout", "set its timeout"),
        ("Content-Type", "a header of the protocol"),
        ("te", "a header of the protocol"),
        ("grpc-encoding", "compressed"),
    ] {
        let request = json!({ "method": "tea.Kitchen/Brew", "headers": [{ "name": name, "value": "1S" }] });
        let (code, _, said) = kitchen
            .protod(&[
                "call",
                &kitchen.admin,
                "protod.admin.v1.AdminService/Invoke",
                "-d",
                &request.to_string(),
            ])
            .await;
        assert!(
            code != 0 && said.contains("is no metadata") && said.contains(what),
            "{name}: {said}"
        );
    }
}

#[tokio::test]
async fn a_command_that_has_nothing_to_send_says_so() {
    let kitchen = Kitchen::start().await;
    // Their stdin is empty.
    for (line, words) in [
        (["push", "1", "-d", ""], "the data has no message"),
        (["push", "1", "-d", "@-"], "the data has no message"),
        (["rules", "put", "-", "--name=x"], "stdin is empty"),
    ] {
        let (code, printed, said) = kitchen.protod(&line).await;
        assert_eq!((code, printed.as_str()), (1, ""), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test]
async fn names_that_the_command_line_takes_for_flags_are_refused() {
    let kitchen = Kitchen::start().await;
    for name in ["-x", "--all"] {
        let yaml = crate::puts::rule("x");
        let request = json!({ "name": name, "yaml": yaml }).to_string();
        let answer = post(
            &kitchen.admin,
            "protod.admin.v1.AdminService/PutRules",
            &[],
            &request,
        )
        .await;
        assert!(
            answer.code == 400 && answer.body.contains("nor a dash"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_wrong_token_is_told_from_none_and_waiting_does_not_mend_it() {
    let kitchen = Kitchen::start_with(&["--admin-token", "sesame"]).await;
    let (_, _, none) = kitchen.protod(&["rules", "list"]).await;
    assert!(none.contains("takes no calls without its token"), "{none}");
    let (_, _, wrong) = kitchen.protod(&["rules", "list", "--admin-token", "other"]).await;
    assert!(
        wrong.contains("the token is not that of the admin service at"),
        "{wrong}"
    );
    let (code, _, said) = kitchen.protod(&["wait", &kitchen.admin]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("Unauthenticated") && !said.contains("was not ready within"),
        "{said}"
    );
}
