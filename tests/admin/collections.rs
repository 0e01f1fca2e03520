//! Collections from outside: what is listed of them, found in them, exported, imported and cleared, in memory and in a file, for all
//! calls and in a session.

use std::fs;

use protod::{Client, Message};
use serde_json::{Value, json};

use crate::support::{Kitchen, PROTO, output, post, shell};

/// A collection without a key, and one with.
const SHELF: &str = r#"
collections:
  orders: {type: tea.Order, keep: {count: 100000, age: 7d}}
  cups: {type: tea.Cup, key: label, durability: flush}
rules:
  - method: tea.Kitchen/Brew
    match: {kind: keep-a}
    append: {orders: "${request}"}
    reply: {label: "${string(collection.orders.count())}"}
"#;

const SERVICE: &str = "protod.admin.v1.AdminService";

/// Servers that keep collections in memory and in a file, with the folder of the file.
async fn each_engine() -> [(Kitchen, Option<tempfile::TempDir>); 2] {
    let data = tempfile::tempdir().expect("a folder");
    let flag = data.path().to_str().expect("UTF-8").to_owned();
    let memory = Kitchen::start().await;
    let file = Kitchen::start_with(&["--data-dir", &flag]).await;
    for kitchen in [&memory, &file] {
        declare(kitchen).await;
    }
    [(memory, None), (file, Some(data))]
}

/// Declares the collections.
pub(crate) async fn declare(kitchen: &Kitchen) {
    fs::write(kitchen.path("shelf.rules.yaml"), SHELF).expect("written");
    let reloaded = kitchen.ask("Reload", "{}").await;
    assert_eq!(reloaded["reloaded"], true, "{reloaded}");
}

/// What refuses a request says: its code and its message.
async fn refused(kitchen: &Kitchen, method: &str, request: &Value) -> (String, String) {
    let answer = post(
        &kitchen.admin,
        &format!("{SERVICE}/{method}"),
        &[],
        &request.to_string(),
    )
    .await;
    assert_ne!(answer.code, 200, "{answer:?}");
    let error: Value = serde_json::from_str(&answer.body).expect("JSON");
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (text("code"), text("message"))
}

/// Imports lines, cut into requests, and returns the answer.
pub(crate) async fn import(client: &Client, requests: &[Value]) -> Result<Value, tonic::Status> {
    let method = client
        .method(&format!("{SERVICE}/ImportMessages"))
        .expect("it is one");
    let requests: Vec<Message> = requests
        .iter()
        .map(|request| Message::from_json(method.input().clone(), &request.to_string()).expect("it fits"))
        .collect();
    let answer = method.client_streaming(tokio_stream::iter(requests)).await?;
    Ok(serde_json::from_str(&answer.message.to_json().expect("printed")).expect("JSON"))
}

/// Imports orders with these minutes.
async fn orders(client: &Client, minutes: std::ops::Range<u32>) {
    let line = |minutes| format!("{{\"kind\": \"k{}\", \"minutes\": {minutes}}}", minutes % 3);
    let lines: Vec<String> = minutes.map(line).collect();
    let lines = lines.join("\n");
    let answer = import(client, &[json!({ "collection": "orders", "lines": lines })]).await;
    assert!(answer.is_ok(), "{answer:?}");
}

/// All answers of an export.
async fn export(client: &Client, request: Value) -> Result<Vec<Value>, tonic::Status> {
    let method = client
        .method(&format!("{SERVICE}/ExportMessages"))
        .expect("it is one");
    let request = Message::from_json(method.input().clone(), &request.to_string()).expect("it fits");
    let mut answers = method.server_streaming(request).await?;
    let mut found = Vec::new();
    while let Some(answer) = answers.message().await? {
        found.push(serde_json::from_str(&answer.to_json().expect("printed")).expect("JSON"));
    }
    Ok(found)
}

fn lines_of(answers: &[Value]) -> String {
    answers
        .iter()
        .filter_map(|answer| answer["lines"].as_str())
        .collect()
}

/// The minutes of listed messages, as texts.
fn minutes(answer: &Value) -> Vec<String> {
    let messages = answer["messages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let minutes = messages.iter().map(|message| message["json"]["minutes"].as_str());
    minutes.map(|minutes| minutes.unwrap_or("0").to_owned()).collect()
}

#[tokio::test]
async fn collections_are_listed_with_what_is_declared_of_them_and_how_much_is_in_them() {
    for (kitchen, data) in each_engine().await {
        orders(&kitchen.client().await, 1..4).await;
        let listed = kitchen.ask("ListCollections", "{}").await;
        let mut expected = json!({
            "collections": [
                {
                    "name": "cups", "type": "tea.Cup", "key": "label", "durability": "flush", "engine": "memory",
                    "fields": ["label", "degrees"],
                },
                {
                    "name": "orders", "type": "tea.Order", "messages": "3", "bytes": "18", "keepCount": "100000",
                    "keepAge": "604800s", "durability": "fsync", "engine": "memory", "fields": ["kind", "minutes"],
                },
            ]
        });
        if let Some(data) = data {
            for collection in expected["collections"].as_array_mut().expect("a list") {
                collection["engine"] = "sqlite".into();
                let file = data.path().join("collections.sqlite3");
                collection["file"] = file.to_str().expect("UTF-8").into();
            }
        }
        assert_eq!(listed, expected);
        let page = kitchen.ask("ListCollections", r#"{"pageSize": 1}"#).await;
        let next = json!({ "pageSize": 1, "pageToken": page["nextPageToken"] }).to_string();
        let next = kitchen.ask("ListCollections", &next).await;
        assert_eq!(
            (
                &page["collections"][0]["name"],
                &next["collections"][0]["name"],
                &next["nextPageToken"]
            ),
            (&json!("cups"), &json!("orders"), &Value::Null)
        );
    }
}

#[tokio::test]
async fn messages_are_found_by_a_condition_in_either_order_page_by_page() {
    for (kitchen, _data) in each_engine().await {
        orders(&kitchen.client().await, 0..10).await;
        for (request, expected) in [
            (
                json!({ "collection": "orders", "where": "item.minutes > 7" }),
                vec!["8", "9"],
            ),
            (
                json!({ "collection": "orders", "where": "item.kind == 'k1' && item.minutes < 7", "newest": true }),
                vec!["4", "1"],
            ),
            (
                json!({ "collection": "orders", "where": "item.kind.endsWith('2') // the twos" }),
                vec!["2", "5", "8"],
            ),
            (
                json!({ "collection": "orders", "where": "item.minutes == 3 || item.kind == 'none'" }),
                vec!["3"],
            ),
            (
                json!({ "collection": "orders", "where": "item.minutes > 100" }),
                vec![],
            ),
            (json!({ "collection": "cups" }), vec![]),
        ] {
            let answer = kitchen.ask("ListMessages", &request.to_string()).await;
            assert_eq!(minutes(&answer), expected, "{request}");
        }
        let first = kitchen
            .ask("ListMessages", r#"{"collection": "orders", "pageSize": 1}"#)
            .await;
        assert_eq!(
            first,
            json!({ "messages": [{ "position": "1", "length": "4", "json": { "kind": "k0" } }], "nextPageToken": "1" })
        );
        for (newest, expected) in [(false, ["1", "4", "7"]), (true, ["7", "4", "1"])] {
            let (mut found, mut token) = (Vec::new(), Value::Null);
            for _ in 0..10 {
                let request = json!({
                    "collection": "orders", "where": "item.kind == 'k1'", "newest": newest, "pageSize": 1, "pageToken": token,
                });
                let page = kitchen.ask("ListMessages", &request.to_string()).await;
                found.append(&mut minutes(&page));
                token = page["nextPageToken"].clone();
                if token.is_null() {
                    break;
                }
            }
            assert_eq!(found, expected);
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told() {
    let kitchen = Kitchen::start().await;
    declare(&kitchen).await;
    orders(&kitchen.client().await, 0..3).await;
    for (method, request, code, text) in [
        (
            "ListMessages",
            json!({}),
            "invalid_argument",
            "the name of a collection",
        ),
        (
            "ListMessages",
            json!({ "collection": "order" }),
            "not_found",
            "did you mean `orders`?",
        ),
        (
            "ClearCollection",
            json!({ "name": "order" }),
            "not_found",
            "there is no collection \"order\"",
        ),
        (
            "ListMessages",
            json!({ "collection": "orders", "session": "b" }),
            "not_found",
            "no session",
        ),
        (
            "ListCollections",
            json!({ "session": "b" }),
            "not_found",
            "no session",
        ),
        (
            "ListMessages",
            json!({ "collection": "orders", "pageToken": "x" }),
            "invalid_argument",
            "next_page_token",
        ),
        (
            "ListMessages",
            json!({ "collection": "orders", "where": "item.minuts > 1" }),
            "invalid_argument",
            "condition:1:6: ",
        ),
        (
            "ListMessages",
            json!({ "collection": "orders", "where": "item.minutes" }),
            "invalid_argument",
            "a condition is a bool, this is int",
        ),
        (
            "ListMessages",
            json!({ "collection": "orders", "where": "true) || (true" }),
            "invalid_argument",
            "condition:1:5: ",
        ),
        (
            "ListMessages",
            json!({ "collection": "orders", "where": "collection.orders.count() > 0" }),
            "invalid_argument",
            "there is no collection `orders`",
        ),
        (
            "ListMessages",
            json!({ "collection": "orders", "where": "1 / item.minutes > 0" }),
            "invalid_argument",
            "the condition fails for a message",
        ),
        (
            "ListMessages",
            json!({ "collection": "orders", "where": "item.minutes > 9223372036854775807 + 1" }),
            "invalid_argument",
            "",
        ),
    ] {
        let (found, message) = refused(&kitchen, method, &request).await;
        assert_eq!(found, code, "{method} {request}: {message}");
        assert!(message.contains(text), "{method} {request}: {message}");
    }
}

#[tokio::test]
async fn an_export_has_all_as_lines_and_goes_on_behind_a_position() {
    for (kitchen, _data) in each_engine().await {
        let client = kitchen.client().await;
        orders(&client, 0..3).await;
        let answers = export(&client, json!({ "collection": "orders" }))
            .await
            .expect("OK");
        assert_eq!(
            lines_of(&answers),
            "{\"kind\":\"k0\"}\n{\"kind\":\"k1\",\"minutes\":\"1\"}\n{\"kind\":\"k2\",\"minutes\":\"2\"}\n"
        );
        let last = answers.last().expect("some");
        assert_eq!((&last["messages"], &last["position"]), (&json!("3"), &json!("3")));
        let csv = export(
            &client,
            json!({ "collection": "orders", "format": "CSV", "where": "item.minutes != 1" }),
        );
        assert_eq!(lines_of(&csv.await.expect("OK")), "kind,minutes\nk0,0\nk2,2\n");
        let rest = export(
            &client,
            json!({ "collection": "orders", "format": "CSV", "after": "2" }),
        );
        assert_eq!(lines_of(&rest.await.expect("OK")), "k2,2\n");
        let empty = export(&client, json!({ "collection": "cups", "format": "CSV" })).await;
        assert_eq!(lines_of(&empty.expect("OK")), "label,degrees\n");
        let wire = export(
            &client,
            json!({ "collection": "orders", "format": "WIRE", "after": "1" }),
        )
        .await;
        let wire = wire.expect("OK");
        assert_eq!(wire[0]["type"], "tea.Order");
        assert!(wire[0]["descriptorSet"].is_string(), "{wire:?}");
        assert_eq!(
            (&wire[1]["wire"], &wire[1]["positions"]),
            (&json!(["CgJrMRAB", "CgJrMhAC"]), &json!(["2", "3"]))
        );
    }
}

#[tokio::test]
async fn a_large_export_comes_in_many_answers_and_is_whole() {
    for (kitchen, _data) in each_engine().await {
        let client = kitchen.client().await;
        orders(&client, 0..5000).await;
        let answers = export(&client, json!({ "collection": "orders" }))
            .await
            .expect("OK");
        assert!(answers.len() > 2, "{}", answers.len());
        let text = lines_of(&answers);
        let found = text.lines().map(|line| {
            let order: Value = serde_json::from_str(line).expect("JSON");
            order["minutes"]
                .as_str()
                .unwrap_or("0")
                .parse()
                .expect("a number")
        });
        assert_eq!(found.collect::<Vec<u32>>(), (0..5000).collect::<Vec<u32>>());
        let counted = answers
            .iter()
            .filter_map(|answer| answer["messages"].as_str()?.parse::<u64>().ok());
        assert_eq!(counted.sum::<u64>(), 5000);
    }
}

#[tokio::test]
async fn lines_are_imported_wherever_requests_cut_them_and_keys_replace_each_other() {
    for (kitchen, _data) in each_engine().await {
        let client = kitchen.client().await;
        let answer = import(
            &client,
            &[
                json!({ "collection": "cups", "lines": "{\"label\": \"a\"}\n\n{\"lab" }),
                json!({ "lines": "el\": \"b\", \"degrees\": 60}\r" }),
                json!({ "lines": "\n{\"label\": \"a\", \"degrees\": 90}" }),
            ],
        )
        .await;
        assert_eq!(answer.expect("OK"), json!({ "messages": "3" }));
        let exported = export(&client, json!({ "collection": "cups" }))
            .await
            .expect("OK");
        assert_eq!(
            lines_of(&exported),
            "{\"label\":\"b\",\"degrees\":60}\n{\"label\":\"a\",\"degrees\":90}\n"
        );
    }
}

#[tokio::test]
async fn tables_are_imported_wherever_requests_cut_them_with_their_columns_in_any_order() {
    for (kitchen, _data) in each_engine().await {
        let client = kitchen.client().await;
        let answer = import(
            &client,
            &[
                json!({ "collection": "orders", "format": "CSV", "lines": "minutes,ki" }),
                json!({ "lines": "nd\r\n1,\"a, \"\"b" }),
                json!({ "lines": "\"\"\nc\"\r\n\n,d\n" }),
                json!({ "lines": "3," }),
            ],
        )
        .await;
        assert_eq!(answer.expect("OK"), json!({ "messages": "3" }));
        let exported = export(&client, json!({ "collection": "orders", "format": "CSV" })).await;
        let exported = lines_of(&exported.expect("OK"));
        assert_eq!(exported, "kind,minutes\n\"a, \"\"b\"\"\nc\",1\nd,0\n,3\n");
        let wrong =
            json!({ "collection": "orders", "format": "CSV", "lines": "kind,minutes\n\"e\n\",1\nf,two\n" });
        let refused = import(&client, &[wrong]).await.expect_err("a cell is wrong");
        let text = refused.message();
        assert!(
            text.starts_with("line 4: ") && text.contains("minutes") && text.ends_with("stored: 1"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_for_a_page_is_listed_without_its_json() {
    let kitchen = Kitchen::start().await;
    declare(&kitchen).await;
    let client = kitchen.client().await;
    let kind = "x".repeat(3 << 20);
    let lines = format!("{{\"kind\": \"{kind}\"}}\n{{\"minutes\": 2}}\n");
    import(&client, &[json!({ "collection": "orders", "lines": lines })])
        .await
        .expect("OK");
    let listed = kitchen.ask("ListMessages", r#"{"collection": "orders"}"#).await;
    let messages = listed["messages"].as_array().expect("a page");
    assert_eq!(messages[0]["json"], json!(null));
    assert!(
        messages[0]["length"].as_str().expect("a number").len() == 7,
        "{}",
        messages[0]
    );
    assert_eq!(messages[1]["json"], json!({ "minutes": "2" }));
}

#[tokio::test]
async fn a_line_that_is_wrong_is_named_and_those_before_it_are_stored() {
    for (kitchen, _data) in each_engine().await {
        let client = kitchen.client().await;
        let lines = "{\"kind\": \"a\"}\n{\"kind\": \"b\"}\n\n{\"knd\": \"c\"}\n{\"kind\": \"d\"}\n";
        let refused = import(&client, &[json!({ "collection": "orders", "lines": lines })]).await;
        let refused = refused.expect_err("a field is wrong");
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        let text = refused.message();
        assert!(
            text.starts_with("line 4: ") && text.ends_with("; the messages before it are stored: 2"),
            "{text}"
        );
        let exported = export(&client, json!({ "collection": "orders" }))
            .await
            .expect("OK");
        assert_eq!(lines_of(&exported), "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n");
        let nowhere = import(&client, &[json!({ "lines": "{}" })])
            .await
            .expect_err("no name");
        assert_eq!(nowhere.code(), tonic::Code::InvalidArgument);
        assert!(import(&client, &[]).await.is_err());
    }
}

#[tokio::test]
async fn a_collection_is_cleared_and_rules_see_what_is_done_from_outside() {
    for (kitchen, _data) in each_engine().await {
        let client = kitchen.client().await;
        orders(&client, 0..3).await;
        assert_eq!(kitchen.brew(r#"{"kind": "keep-a"}"#).await, "4");
        assert_eq!(
            kitchen.ask("ClearCollection", r#"{"name": "orders"}"#).await,
            json!({})
        );
        let listed = kitchen.ask("ListMessages", r#"{"collection": "orders"}"#).await;
        assert_eq!(listed, json!({}));
        assert_eq!(kitchen.brew(r#"{"kind": "keep-a"}"#).await, "1");
    }
}

#[tokio::test]
async fn a_session_has_collections_of_its_own() {
    for (kitchen, _data) in each_engine().await {
        let client = kitchen.client().await;
        orders(&client, 0..3).await;
        kitchen.ask("CreateSession", r#"{"name": "a"}"#).await;
        let of_session = json!({ "collection": "orders", "session": "a", "lines": "{\"minutes\": 7}" });
        import(&client, &[of_session]).await.expect("OK");
        let listed = kitchen
            .ask("ListMessages", r#"{"collection": "orders", "session": "a"}"#)
            .await;
        assert_eq!(minutes(&listed), ["7"]);
        let collections = kitchen.ask("ListCollections", r#"{"session": "a"}"#).await;
        assert_eq!(
            (
                &collections["collections"][1]["messages"],
                &collections["collections"][1]["engine"]
            ),
            (&json!("1"), &json!("memory"))
        );
        let cleared = r#"{"name": "orders", "session": "a"}"#;
        kitchen.ask("ClearCollection", cleared).await;
        let all = kitchen.ask("ListMessages", r#"{"collection": "orders"}"#).await;
        assert_eq!(minutes(&all), ["0", "1", "2"]);
    }
}

#[tokio::test]
async fn collections_of_rules_that_are_put_are_there_as_long_as_these() {
    let kitchen = Kitchen::start().await;
    declare(&kitchen).await;
    let yaml = "collections: {more: tea.Cup}\nrules: [{method: tea.Kitchen/Brew, match: {kind: more}, append: {more: {label: x}}, reply: {}}]";
    kitchen
        .ask("PutRules", &json!({ "name": "more", "yaml": yaml }).to_string())
        .await;
    kitchen.brew(r#"{"kind": "more"}"#).await;
    let names = async || {
        let listed = kitchen.ask("ListCollections", "{}").await;
        let listed = listed["collections"].as_array().expect("a list").clone();
        listed
            .into_iter()
            .map(|of| of["name"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["cups", "more", "orders"]);
    let found = kitchen.ask("ListMessages", r#"{"collection": "more"}"#).await;
    assert_eq!(found["messages"][0]["json"]["label"], "x");
    kitchen.ask("DeleteRules", r#"{"name": "more"}"#).await;
    assert_eq!(names().await, ["cups", "orders"]);
}

#[tokio::test]
async fn a_type_that_has_changed_reads_what_is_there_and_leaves_out_what_does_not_fit() {
    for (kitchen, _data) in each_engine().await {
        orders(&kitchen.client().await, 1..3).await;
        let changed = PROTO.replace("int64 minutes = 2", "int64 seconds = 2");
        fs::write(kitchen.path("tea.proto"), changed).expect("written");
        fs::write(
            kitchen.path("tea.rules.yaml"),
            "rules: [{method: tea.Kitchen/Pour, stream: []}]",
        )
        .expect("written");
        assert_eq!(kitchen.ask("Reload", "{}").await["reloaded"], true);
        let found = kitchen
            .ask(
                "ListMessages",
                r#"{"collection": "orders", "where": "item.seconds == 2"}"#,
            )
            .await;
        assert_eq!(
            found["messages"][0]["json"],
            json!({ "kind": "k2", "seconds": "2" })
        );
    }
}

#[tokio::test]
async fn agents_import_by_one_message() {
    let kitchen = Kitchen::start().await;
    declare(&kitchen).await;
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "ImportMessages", "arguments": { "collection": "orders", "lines": "{\"minutes\": 1}\n{\"minutes\": 2}" } },
    });
    let host = format!("host: {}", kitchen.admin);
    let headers = [
        "content-type: application/json",
        "mcp-protocol-version: 2025-11-25",
        &host,
    ];
    let answer = crate::support::send(&kitchen.admin, "POST /mcp", &headers, &call.to_string()).await;
    let answer: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(
        answer["result"]["structuredContent"],
        json!({ "messages": "2" }),
        "{answer}"
    );
    let found = kitchen.ask("ListMessages", r#"{"collection": "orders"}"#).await;
    assert_eq!(minutes(&found), ["1", "2"]);
}

#[tokio::test]
async fn clients_that_know_nothing_of_it_import_and_export() {
    let kitchen = Kitchen::start().await;
    declare(&kitchen).await;
    let admin = &kitchen.admin;
    let one = json!({ "collection": "orders", "lines": "{\"minutes\": 1}" });
    let rest = json!({ "lines": "\n{\"minutes\": 2}" });
    for line in [
        format!("grpcurl -plaintext -d '{one}{rest}' {admin} {SERVICE}/ImportMessages"),
        format!("protod call {admin} {SERVICE}/ImportMessages -d '{one}{rest}'"),
        format!("buf curl --http2-prior-knowledge -d '{one}{rest}' http://{admin}/{SERVICE}/ImportMessages"),
    ] {
        let (code, printed, said) = output(shell(&line, kitchen.folder.path())).await;
        assert_eq!(code, 0, "{line}\n{said}");
        let answer: Value = serde_json::from_str(&printed).expect(&line);
        assert_eq!(answer["messages"], "2", "{line}");
    }
    let wanted = json!({ "collection": "orders", "format": "CSV", "where": "item.minutes == 1" });
    let lines = "kind,minutes\n,1\n,1\n,1\n";
    for line in [
        format!("grpcurl -plaintext -d '{wanted}' {admin} {SERVICE}/ExportMessages"),
        format!("protod call {admin} {SERVICE}/ExportMessages -d '{wanted}'"),
        format!("buf curl --http2-prior-knowledge -d '{wanted}' http://{admin}/{SERVICE}/ExportMessages"),
    ] {
        let (code, printed, said) = output(shell(&line, kitchen.folder.path())).await;
        assert_eq!(code, 0, "{line}\n{said}");
        let answers = serde_json::Deserializer::from_str(&printed).into_iter::<Value>();
        let answers: Vec<Value> = answers.map(|answer| answer.expect("JSON")).collect();
        assert_eq!(lines_of(&answers), lines, "{line}");
    }
}
