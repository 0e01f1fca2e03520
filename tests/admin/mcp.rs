//! `/mcp`: what agents get by the Model Context Protocol, request by request, and why they are refused. tests/clients has the
//! official SDK.

use protod::Schema;
use serde_json::{Value, json};

use crate::support::{Answer, Kitchen, send};

const HANDSHAKE: &str = "mcp-protocol-version: 2025-11-25";
const STATELESS: &str = "mcp-protocol-version: 2026-07-28";

/// Sends a body in JSON.
async fn post(kitchen: &Kitchen, headers: &[&str], body: &str) -> Answer {
    let host = format!("host: {}", kitchen.admin);
    let headers = [&["content-type: application/json", &host], headers].concat();
    send(&kitchen.admin, "POST /mcp", &headers, body).await
}

/// The response to a request after a handshake.
async fn ask(kitchen: &Kitchen, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let answer = post(kitchen, &[HANDSHAKE], &request.to_string()).await;
    assert_eq!(answer.code, 200, "{answer:?}");
    let response: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(
        (&response["jsonrpc"], &response["id"]),
        (&json!("2.0"), &json!(1))
    );
    response
}

async fn tool(kitchen: &Kitchen, name: &str, arguments: Value) -> Value {
    let params = json!({ "name": name, "arguments": arguments });
    ask(kitchen, "tools/call", params).await["result"].take()
}

/// The tools, by their names.
async fn tools(kitchen: &Kitchen) -> Vec<Value> {
    let mut response = ask(kitchen, "tools/list", json!({})).await;
    let tools = response["result"]["tools"].as_array_mut().expect("a list");
    std::mem::take(tools)
}

/// A request that stands alone, and its headers.
fn alone(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({ "jsonrpc": "2.0", "id": "a", "method": method, "params": params })
}

#[tokio::test]
async fn a_handshake_comes_to_a_revision_that_the_server_knows() {
    let kitchen = Kitchen::start().await;
    for (wanted, agreed) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2024-11-05", "2025-11-25"),
        ("2099-01-01", "2025-11-25"),
    ] {
        let params = json!({ "protocolVersion": wanted, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let request = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let answer = post(&kitchen, &[], &request.to_string()).await;
        assert_eq!(answer.code, 200, "{answer:?}");
        assert!(!answer.head.contains("mcp-session-id"), "{answer:?}");
        let response: Value = serde_json::from_str(&answer.body).expect("JSON");
        let result = &response["result"];
        assert_eq!(result["protocolVersion"], agreed, "{wanted}");
        assert_eq!(result["capabilities"], json!({ "tools": {} }));
        assert_eq!(result["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
    }
    let told = r#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#;
    let answer = post(&kitchen, &[HANDSHAKE], told).await;
    assert_eq!((answer.code, answer.body.as_str()), (202, ""));
    assert_eq!(ask(&kitchen, "ping", json!({})).await["result"], json!({}));
}

#[tokio::test]
async fn a_request_that_stands_alone_needs_no_handshake() {
    let kitchen = Kitchen::start().await;
    for (method, params, more) in [
        ("server/discover", json!({}), vec![]),
        ("tools/list", json!({}), vec![]),
        (
            "tools/call",
            json!({ "name": "Status" }),
            vec!["mcp-name: Status"],
        ),
        (
            "tools/call",
            json!({ "name": "Status" }),
            vec!["mcp-name: =?base64?U3RhdHVz?="],
        ),
    ] {
        let named = format!("mcp-method: {method}");
        let headers = [vec![STATELESS, &named], more].concat();
        let answer = post(&kitchen, &headers, &alone(method, params).to_string()).await;
        assert_eq!(answer.code, 200, "{answer:?}");
        let response: Value = serde_json::from_str(&answer.body).expect("JSON");
        let result = &response["result"];
        assert_eq!(response["id"], "a");
        assert_eq!(result["resultType"], "complete", "{method}");
        let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(server["name"], "protod", "{method}");
        assert_eq!(result["ttlMs"].is_u64(), method != "tools/call", "{method}");
        if method == "server/discover" {
            assert_eq!(
                result["supportedVersions"],
                json!(["2026-07-28", "2025-11-25", "2025-06-18"])
            );
        }
    }
}

#[tokio::test]
async fn each_method_of_the_service_is_a_tool_with_its_comment_and_schemas() {
    let kitchen = Kitchen::start().await;
    let proto = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/admin/admin.proto"));
    let schema = Schema::from_source("admin.proto", &proto.expect("it is there")).expect("it compiles");
    let methods = schema
        .methods()
        .iter()
        .map(|method| method.name().rsplit('/').next().expect("a name"));
    let mut methods: Vec<&str> = methods.collect();
    let tools = tools(&kitchen).await;
    let mut names: Vec<&str> = tools
        .iter()
        .map(|tool| tool["name"].as_str().expect("a name"))
        .collect();
    methods.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, methods);
    for tool in &tools {
        assert_ne!(tool["description"].as_str().unwrap_or_default(), "", "{tool}");
        for name in ["inputSchema", "outputSchema"] {
            let schema = &tool[name];
            assert_eq!(schema["type"], "object", "{schema}");
            jsonschema::meta::validate(schema).expect("a JSON Schema");
            jsonschema::draft202012::new(schema).expect("all that it refers to is there");
        }
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool}");
    }
    let tool = |name: &str| {
        tools
            .iter()
            .find(|tool| tool["name"] == name)
            .expect("it is there")
    };
    let hints = |name: &str| {
        let hint = |hint: &str| tool(name)["annotations"][hint].as_bool();
        ["readOnlyHint", "destructiveHint", "idempotentHint"].map(hint)
    };
    assert_eq!(hints("ListCalls"), [Some(true), None, None]);
    assert_eq!(hints("Verify"), [Some(true), None, None]);
    assert_eq!(hints("ListSessions"), [Some(true), None, None]);
    assert_eq!(hints("Reset"), [Some(false), Some(true), Some(true)]);
    assert_eq!(hints("Reload"), [Some(false), Some(false), Some(true)]);
    let adding = tools
        .iter()
        .filter(|tool| tool["annotations"]["destructiveHint"] == false);
    let adding: Vec<&Value> = adding.map(|tool| &tool["name"]).collect();
    assert_eq!(
        adding,
        [
            "Invoke",
            "InvokeMore",
            "Send",
            "Signal",
            "Reload",
            "CreateSession"
        ]
    );
    let input = &tool("Verify")["inputSchema"];
    assert_eq!(input["properties"]["atLeast"]["type"], "string");
    assert_eq!(
        input["properties"]["inOrder"]["items"]["$ref"],
        "#/$defs/protod.admin.v1.CallFilter"
    );
}

#[tokio::test]
async fn a_tool_does_what_its_method_does_and_its_answer_is_of_its_schema() {
    let kitchen = Kitchen::start().await;
    assert_eq!(kitchen.brew(r#"{"kind": "green"}"#).await, "first");
    let tools = tools(&kitchen).await;
    for (name, arguments) in [
        ("Status", json!({})),
        ("ListRules", json!({ "method": "tea.Kitchen/Brew" })),
        (
            "ListCalls",
            json!({ "where": "call.code == 'OK'", "pageSize": 5 }),
        ),
        ("GetCall", json!({ "id": "1" })),
        (
            "Verify",
            json!({ "method": "tea.Kitchen/Brew", "exactly": "1", "within": "1s" }),
        ),
        ("Reload", json!({})),
        ("Reset", json!({ "counters": true })),
    ] {
        let result = tool(&kitchen, name, arguments).await;
        assert_eq!(result["isError"], false, "{name}: {result}");
        let structured = &result["structuredContent"];
        let text = result["content"][0]["text"].as_str().expect("a text");
        let text: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(&text, structured, "{name}");
        let tool = tools
            .iter()
            .find(|tool| tool["name"] == name)
            .expect("it is there");
        let schema = jsonschema::draft202012::new(&tool["outputSchema"]).expect("a schema");
        if let Err(error) = schema.validate(structured) {
            panic!("{name}: {error}: {structured}");
        }
    }
    // The counter has begun anew.
    assert_eq!(kitchen.brew(r#"{"kind": "green"}"#).await, "first");
    let calls = tool(&kitchen, "ListCalls", json!({})).await;
    assert_eq!(calls["structuredContent"], kitchen.ask("ListCalls", "{}").await);
}

#[tokio::test]
async fn a_call_that_fails_is_a_result_that_says_why() {
    let kitchen = Kitchen::start().await;
    for (name, arguments, why) in [
        (
            "GetCall",
            json!({ "id": "77" }),
            "NOT_FOUND: the journal has no call 77",
        ),
        ("ListCalls", json!({ "methd": "tea.Kitchen/Brew" }), "methd"),
        ("ListCalls", json!({ "pageSize": "many" }), "pageSize"),
        (
            "ListCalls",
            json!({ "where": "call.nothing" }),
            "INVALID_ARGUMENT: ",
        ),
        (
            "WatchCalls",
            json!({ "where": "call.nothing" }),
            "INVALID_ARGUMENT: ",
        ),
    ] {
        let result = tool(&kitchen, name, arguments).await;
        assert_eq!(result["isError"], true, "{name}: {result}");
        let text = result["content"][0]["text"].as_str().expect("a text");
        assert!(text.contains(why), "{name}: {text}");
        assert_eq!(result["structuredContent"], Value::Null, "{name}");
    }
}

#[tokio::test]
async fn a_stream_is_told_as_one_answer() {
    let kitchen = Kitchen::start().await;
    let watching = tool(&kitchen, "WatchCalls", json!({ "method": "tea.Kitchen/Brew" }));
    let mut watching = std::pin::pin!(watching);
    // Until as much has come as is told, or the time is over.
    let result = loop {
        tokio::select! {
            result = &mut watching => break result,
            _ = kitchen.brew(r#"{"kind": "green"}"#) => {}
        }
    };
    assert_eq!(result["isError"], false, "{result}");
    let told = &result["structuredContent"];
    let responses = told["responses"].as_array().expect("a list");
    assert!((1..=100).contains(&responses.len()), "{}", responses.len());
    assert_eq!(responses[0]["call"]["method"], "tea.Kitchen/Brew");
    // It goes on as long as the server.
    assert_eq!(told["ended"], false);
}

#[tokio::test]
async fn a_message_that_is_wrong_is_refused_with_the_reason() {
    let kitchen = Kitchen::start().await;
    let list = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#;
    let meta = |version: &str, rest: &str| {
        format!(
            r#"{{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {{"_meta": {{"io.modelcontextprotocol/protocolVersion": "{version}"{rest}}}}}}}"#
        )
    };
    let capabilities = r#", "io.modelcontextprotocol/clientCapabilities": {}"#;
    let (whole, bare) = (meta("2026-07-28", capabilities), meta("2026-07-28", ""));
    let (old, of_handshake) = (meta("1999-01-01", capabilities), meta("2025-11-25", capabilities));
    let call = alone("tools/call", json!({ "name": "Status" })).to_string();
    let unknown = alone("resources/list", json!({})).to_string();
    let deep = format!(
        r#"{{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}1{}}}"#,
        r#"{"a":"#.repeat(100_000),
        "}".repeat(100_000)
    );
    let named: &[&str] = &[STATELESS, "mcp-method: tools/list"];
    let cases: [(&[&str], &str, u16, i64); 23] = [
        (&[HANDSHAKE], "{", 400, -32700),
        (&[HANDSHAKE], "\u{0}", 400, -32700),
        (&[HANDSHAKE], &deep, 400, -32700),
        (&[HANDSHAKE], "[]", 400, -32600),
        (
            &[HANDSHAKE],
            r#"[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]"#,
            400,
            -32600,
        ),
        (&[HANDSHAKE], "1", 400, -32600),
        (&[HANDSHAKE], r#"{"id": 1, "method": "ping"}"#, 400, -32600),
        (
            &[HANDSHAKE],
            r#"{"jsonrpc": "2.0", "id": null, "method": "ping"}"#,
            400,
            -32600,
        ),
        (
            &[HANDSHAKE],
            r#"{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}"#,
            400,
            -32600,
        ),
        (
            &[HANDSHAKE],
            r#"{"jsonrpc": "2.0", "id": 1, "result": {}}"#,
            400,
            -32600,
        ),
        (
            &[HANDSHAKE],
            r#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}"#,
            400,
            -32600,
        ),
        (
            &[HANDSHAKE],
            r#"{"jsonrpc": "2.0", "id": 1, "method": "resources/list"}"#,
            200,
            -32601,
        ),
        (
            &[HANDSHAKE],
            r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "2"}}"#,
            200,
            -32602,
        ),
        (
            &[HANDSHAKE],
            r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "Nothing"}}"#,
            200,
            -32602,
        ),
        (
            &[HANDSHAKE],
            r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "Status", "arguments": []}}"#,
            200,
            -32602,
        ),
        (&[], list, 400, -32020),
        (&["mcp-protocol-version: 2025-03-26"], list, 400, -32022),
        (named, list, 400, -32602),
        (named, &bare, 400, -32602),
        (named, &old, 400, -32020),
        (&[HANDSHAKE, "mcp-method: tools/list"], &of_handshake, 400, -32022),
        (&[STATELESS, "mcp-method: tools/call"], &whole, 400, -32020),
        (&[STATELESS, "mcp-method: resources/list"], &unknown, 404, -32601),
    ];
    for (headers, body, code, error) in cases {
        let answer = post(&kitchen, headers, body).await;
        let body = &body[..body.len().min(300)];
        assert_eq!(answer.code, code, "{headers:?} {body}: {answer:?}");
        let response: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(response["error"]["code"], error, "{headers:?} {body}: {response}");
        assert_ne!(
            response["error"]["message"].as_str().unwrap_or_default(),
            "",
            "{response}"
        );
    }
    for more in [
        &[][..],
        &["mcp-name: Reset"],
        &["mcp-name: =?base64?!?="],
        &["mcp-name: =?base64?/w==?="],
    ] {
        let headers = [&[STATELESS, "mcp-method: tools/call"], more].concat();
        let answer = post(&kitchen, &headers, &call).await;
        assert_eq!(answer.code, 400, "{more:?}: {answer:?}");
        assert!(answer.body.contains("-32020"), "{more:?}: {answer:?}");
    }
    // Nothing of it has done anything.
    assert_eq!(kitchen.ask("ListCalls", "{}").await, json!({}));
}

#[tokio::test]
async fn what_is_no_message_is_refused_by_http() {
    let kitchen = Kitchen::start().await;
    let host = format!("host: {}", kitchen.admin);
    for verb in ["GET", "DELETE", "PUT"] {
        let answer = send(
            &kitchen.admin,
            &format!("{verb} /mcp"),
            &[&host, "accept: text/event-stream"],
            "",
        )
        .await;
        assert_eq!(answer.code, 405, "{answer:?}");
        assert!(answer.head.contains("\nallow: post\r"), "{answer:?}");
    }
    let ping = r#"{"jsonrpc": "2.0", "id": 1, "method": "ping"}"#;
    let answer = send(
        &kitchen.admin,
        "POST /mcp",
        &[&host, "content-type: text/plain", HANDSHAKE],
        ping,
    )
    .await;
    assert_eq!(answer.code, 415, "{answer:?}");
    let large = " ".repeat((4 << 20) + 1);
    let answer = post(&kitchen, &[HANDSHAKE], &large).await;
    assert_eq!(answer.code, 413, "{answer:?}");
    let answer = post(&kitchen, &[HANDSHAKE, "origin: http://evil.example"], ping).await;
    assert_eq!(answer.code, 403, "{answer:?}");
}

#[tokio::test]
async fn agents_bring_the_token_where_there_is_one() {
    let kitchen = Kitchen::start_with(&["--admin-token", "sesame"]).await;
    let ping = r#"{"jsonrpc": "2.0", "id": 1, "method": "ping"}"#;
    let answer = post(&kitchen, &[HANDSHAKE], ping).await;
    assert_eq!(answer.code, 401, "{answer:?}");
    let answer = post(&kitchen, &[HANDSHAKE, "authorization: Bearer sesame"], ping).await;
    assert_eq!(answer.code, 200, "{answer:?}");
}
