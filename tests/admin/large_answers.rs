//! Answers fit into what clients take, which is 4 MiB of gRPC, however much there is to tell: lists come in pages, and of the rest the
//! first is told, and how much more there is.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use protod::{Client, Message};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::puts::put;
use crate::support::{Kitchen, PROTO, RULES, post};

/// Calls a method by gRPC, with a client that takes 4 MiB.
async fn call(client: &Client, method: &str, request: &Value) -> Result<Value, Status> {
    let method = client
        .method(&format!("protod.admin.v1.AdminService/{method}"))
        .expect("it is one");
    let request = Message::from_json(method.input().clone(), &request.to_string()).expect("it fits");
    let answer = method.unary(request).await?.message;
    Ok(serde_json::from_str(&answer.to_json().expect("it is printed")).expect("JSON"))
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The names of all entries of a list, and how many pages it has. `between` is done after the first page.
async fn walk(
    kitchen: &Kitchen,
    method: &str,
    field: &str,
    size: u32,
    between: impl AsyncFnOnce(),
) -> (Vec<String>, u32) {
    let client = kitchen.client().await;
    let mut between = Some(between);
    let (mut names, mut pages, mut token) = (Vec::new(), 0, Value::Null);
    loop {
        let request = json!({ "pageSize": size, "pageToken": token });
        let page = call(&client, method, &request)
            .await
            .expect("it fits into a message");
        names.extend(
            list(&page, field)
                .iter()
                .map(|entry| entry["name"].as_str().unwrap_or_default().to_owned()),
        );
        pages += 1;
        if let Some(between) = between.take() {
            between().await;
        }
        token = page["nextPageToken"].clone();
        if token.is_null() {
            return (names, pages);
        }
    }
}

#[tokio::test]
async fn each_entry_of_a_list_is_on_one_page() {
    let kitchen = Kitchen::start().await;
    let rules = ["first green", "green", "kept", "recalled"];
    let idle = async || {};
    assert_eq!(walk(&kitchen, "ListRules", "rules", 2, idle).await.0, rules);
    assert_eq!(
        walk(&kitchen, "ListRules", "rules", 0, idle).await,
        (rules.map(str::to_owned).to_vec(), 1)
    );
    let methods = walk(&kitchen, "ListMethods", "methods", 1, idle).await;
    assert!(
        methods.1 as usize == methods.0.len() && methods.0.contains(&"tea.Kitchen/Pour".to_owned()),
        "{methods:?}"
    );
    let chosen = async || {
        kitchen.brew(r#"{"kind": "green"}"#).await;
    };
    assert_eq!(
        walk(&kitchen, "UnusedRules", "rules", 1, chosen).await.0,
        rules,
        "the one that is chosen meanwhile was on the first page, and takes no other along"
    );
    for name in ["a", "b", "c"] {
        kitchen
            .ask("CreateSession", &json!({ "name": name }).to_string())
            .await;
    }
    let ended = async || {
        kitchen.ask("EndSession", r#"{"name": "a"}"#).await;
    };
    assert_eq!(
        walk(&kitchen, "ListSessions", "sessions", 1, ended).await.0,
        ["a", "b", "c"]
    );
    for (method, token) in [
        ("ListRules", "b"),
        ("UnusedRules", "-1"),
        ("ListMethods", " 1"),
        ("ListSessions", "1,2"),
    ] {
        let request = json!({ "pageToken": token }).to_string();
        let answer = post(
            &kitchen.admin,
            &format!("protod.admin.v1.AdminService/{method}"),
            &[],
            &request,
        )
        .await;
        assert!(
            answer.code == 400 && answer.body.contains("next_page_token"),
            "{method}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_list_that_clients_would_not_take_at_once_is_walked_by_the_command() {
    let kitchen = Kitchen::start().await;
    let mut rules = "rules:\n".to_owned();
    for number in 0..500 {
        let name = format!("{number}-{}", "x".repeat(10_000));
        let _ = writeln!(
            rules,
            "  - {{name: {name}, method: tea.Kitchen/Brew, match: {{kind: k{number}}}, reply: {{label: x}}}}"
        );
    }
    fs::write(kitchen.path("tea.rules.yaml"), rules).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    for method in ["ListRules", "UnusedRules"] {
        let (names, pages) = walk(&kitchen, method, "rules", 10_000, async || {}).await;
        assert!(pages > 2, "{pages}");
        assert_eq!(
            (names.len(), names.iter().collect::<BTreeSet<_>>().len()),
            (500, 500)
        );
    }
    let (code, printed, said) = kitchen.protod(&["rules", "list"]).await;
    assert_eq!((code, printed.lines().count()), (0, 501), "{said}");
    let (_, printed, _) = kitchen.protod(&["rules", "list", "--unused", "--json"]).await;
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(
        (list(&printed, "rules").len(), &printed["nextPageToken"]),
        (500, &Value::Null)
    );
}

#[tokio::test]
async fn of_many_problems_the_first_are_told_and_how_many_more_there_are() {
    let kitchen = Kitchen::start_with(&["--no-watch"]).await;
    let counts = |answer: &Value, field: &str, more: &str| (list(answer, field).len(), answer[more].as_u64());
    let some = (100, Some(50));
    let many = |rule: &str| format!("rules:\n{}", format!("  - {rule}\n").repeat(150));
    let wrong = many("{method: tea.Kitchen/Brew, repyl: {label: x}}");
    let answer = put(&kitchen, "wrong", &wrong).await;
    assert_eq!(counts(&answer, "problems", "moreProblems"), some);
    let doubtful = "rules:\n  - {method: tea.Kitchen/Brew, reply: {label: x}}\n".to_owned()
        + &"  - {method: tea.Kitchen/Brew, reply: {label: y}}\n".repeat(150);
    let request = json!({ "name": "doubtful", "yaml": doubtful, "checkOnly": true });
    let answer = kitchen.ask("PutRules", &request.to_string()).await;
    assert_eq!(counts(&answer, "warnings", "moreWarnings"), some, "{answer}");
    fs::write(kitchen.path("wrong.txt"), &wrong).expect("written");
    let file = kitchen.path("wrong.txt");
    let (code, _, said) = kitchen
        .protod(&["rules", "put", file.to_str().expect("UTF-8")])
        .await;
    assert_eq!(code, 1);
    assert!(
        said.contains("\nerror: and 50 more\n") && said.contains("error: 150 problems"),
        "{said}"
    );

    let fits = many("{method: tea.Kitchen/Brew, match: {kind: none}, reply: {degrees: 1}}");
    for name in ["one", "two"] {
        put(&kitchen, name, &fits).await;
    }
    fs::write(
        kitchen.path("tea.proto"),
        PROTO.replace(" int32 degrees = 2;", ""),
    )
    .expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    let answer = kitchen.ask("ListRules", "{}").await;
    let aside = list(&answer, "setAside");
    assert_eq!(counts(&aside[0], "problems", "moreProblems"), some, "{answer}");
    assert_eq!(
        counts(&aside[1], "problems", "moreProblems"),
        (0, Some(150)),
        "{answer}"
    );
    kitchen.ask("DeleteRules", "{}").await;

    let fields = "  Missing x = 1;\n".repeat(150);
    let proto = format!("syntax = \"proto3\"; message M {{\n{fields}}}");
    let request = json!({ "files": [{ "name": "m.proto", "text": proto }] });
    let answer = kitchen.ask("PutProtos", &request.to_string()).await;
    assert_eq!(list(&answer, "problems").len(), 100, "{answer}");
    assert!(answer["moreProblems"].as_u64() >= Some(50), "{answer}");
    fs::write(kitchen.path("tea.rules.yaml"), &wrong).expect("written");
    assert_eq!(
        counts(&kitchen.ask("Reload", "{}").await, "problems", "moreProblems"),
        some
    );
    let status = kitchen.ask("Status", "{}").await;
    assert_eq!(counts(&status["lastReload"], "problems", "moreProblems"), some);
    let services: String = (0..1100).fold(String::new(), |text, number| {
        text + &format!("service S{number} {{}}\n")
    });
    fs::write(kitchen.path("tea.rules.yaml"), RULES).expect("written");
    fs::write(
        kitchen.path("more.proto"),
        format!("syntax = \"proto3\";\n{services}"),
    )
    .expect("written");
    let answer = kitchen.ask("Reload", "{}").await;
    assert_eq!(list(&answer, "changes").len(), 1000);
    assert!(
        answer["moreChanges"].as_u64() >= Some(100),
        "{}",
        answer["moreChanges"]
    );
}

#[tokio::test]
async fn a_rule_of_many_methods_is_listed_with_the_first_of_them() {
    let kitchen = Kitchen::start().await;
    let methods = (0..120).fold(String::new(), |text, number| {
        text + &format!("rpc Brew{number}(Order) returns (Cup);\n")
    });
    fs::write(
        kitchen.path("tea.proto"),
        PROTO.replace("service Kitchen {", &format!("service Kitchen {{\n{methods}")),
    )
    .expect("written");
    fs::write(
        kitchen.path("tea.rules.yaml"),
        "rules: [{name: all, method: tea.Kitchen/*, reply: {label: x}}]\n",
    )
    .expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    let answer = kitchen.ask("ListRules", "{}").await;
    assert_eq!(
        (
            list(&answer["rules"][0], "methods").len(),
            &answer["rules"][0]["moreMethods"]
        ),
        (100, &json!(22))
    );
    let (_, printed, _) = kitchen.protod(&["rules", "list"]).await;
    assert!(printed.ends_with(", and 22 more\n"), "{printed}");
}

#[tokio::test]
async fn a_description_and_the_text_of_rules_are_not_longer_than_clients_take() {
    let kitchen = Kitchen::start().await;
    let long = "X".repeat(1000);
    let values = (0..4500).fold(String::new(), |text, number| {
        text + &format!("  {long}{number} = {number};\n")
    });
    fs::write(
        kitchen.path("large.proto"),
        format!("syntax = \"proto3\";\npackage large;\nenum Large {{\n{values}}}\n"),
    )
    .expect("written");
    let comment = format!("# {}\n", "x".repeat(4 << 20));
    fs::write(
        kitchen.path("tea.rules.yaml"),
        format!("{comment}rules: [{{method: tea.Kitchen/Brew, reply: {{label: x}}}}]\n"),
    )
    .expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    let client = kitchen.client().await;
    for name in ["large.Large", "large.proto"] {
        let described = call(&client, "Describe", &json!({ "name": name }))
            .await
            .expect("it fits into a message");
        let text = described["text"].as_str().expect("a text");
        let last = text.lines().last().expect("a line");
        assert!(
            last.starts_with("// … and 3") && last.ends_with(" more lines"),
            "{last}"
        );
    }
    let rules = kitchen.ask("ListRules", "{}").await;
    let refused = call(
        &client,
        "GetRule",
        &json!({ "place": rules["rules"][0]["place"] }),
    )
    .await;
    let refused = refused.expect_err("it does not fit");
    assert_eq!(refused.code(), Code::OutOfRange, "{refused:?}");
    assert!(
        refused.message().contains("more than the 3145728 of an answer"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn calls_and_reports_of_them_are_not_longer_than_clients_take() {
    let kitchen = Kitchen::start().await;
    // Names that make 5 MiB of JSON of 64 KiB.
    let name = "x".repeat(300);
    let proto = PROTO.replace(
        "message Order {",
        &format!("message Part {{ bool {name} = 1; }}\nmessage Order {{ repeated Part parts = 3;"),
    );
    fs::write(kitchen.path("tea.proto"), proto).expect("written");
    assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
    let server = Client::connect(kitchen.server.address())
        .await
        .expect("it has reflection");
    let brew = server.method("tea.Kitchen/Brew").expect("it is one");
    let part = json!({ name: true });
    let order = json!({ "kind": "x".repeat(3000), "parts": vec![part; 15_000] });
    let order = Message::from_json(brew.input().clone(), &order.to_string()).expect("it fits");
    brew.unary(order).await.expect_err("no rule");
    let client = kitchen.client().await;
    let listed = call(&client, "ListCalls", &json!({ "method": "tea.Kitchen/Brew" }))
        .await
        .expect("it fits into a message");
    let id = &listed["calls"][0]["id"];
    let whole = call(&client, "GetCall", &json!({ "id": id }))
        .await
        .expect("it fits into a message");
    let request = &whole["call"]["messages"][0];
    assert!(
        request["wire"].is_string() && request["json"].is_null(),
        "{}",
        request["length"]
    );
    // Each names all of its filters.
    let filter = json!({ "where": format!("call.message == '{}'", "x".repeat(7000)) });
    let answer = call(&client, "Verify", &json!({ "inOrder": vec![filter; 12] }))
        .await
        .expect("an answer");
    let failure = answer["failure"].as_str().expect("a text");
    assert!(
        failure.len() < 66_000 && failure.contains("… (cut: "),
        "{}",
        failure.len()
    );
}

#[tokio::test]
async fn lists_of_calls_have_the_beginning_of_long_texts_and_a_call_has_all_of_them() {
    let kitchen = Kitchen::start().await;
    let message = "x".repeat(1500);
    put(
        &kitchen,
        "long",
        &format!("rules: [{{method: tea.Kitchen/Brew, status: {{code: NOT_FOUND, message: {message}}}}}]"),
    )
    .await;
    let answer = post(kitchen.server.address(), "tea.Kitchen/Brew", &[], "{}").await;
    assert_eq!(answer.code, 404, "{answer:?}");
    let listed = kitchen.ask("ListCalls", "{}").await;
    let call = &listed["calls"][0];
    assert_eq!(call["message"], format!("{}… (cut: 1000 bytes)", "x".repeat(500)));
    let whole = kitchen
        .ask("GetCall", &json!({ "id": call["id"] }).to_string())
        .await;
    assert_eq!(whole["call"]["message"], message);
}
