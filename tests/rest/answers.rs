//! What a client gets: bodies, streams, errors, headers.

use serde_json::json;

use crate::support::{Running, echo};

const JSON: &str = "content-type: application/json";
const LINES: &str = "content-type: application/x-ndjson";

#[tokio::test]
async fn a_field_of_the_response_is_the_body() {
    let server = Running::start(echo()).await;
    for (request, expected) in [
        ("GET /v1/out/text?text=a", json!("a")),
        ("GET /v1/out/text", json!("")),
        ("GET /v1/out/int64?int64=5", json!("5")),
        ("GET /v1/out/int64", json!("0")),
        ("GET /v1/out/numbers?int32s=1&int32s=2&text=x", json!([1, 2])),
        ("GET /v1/out/numbers", json!([])),
        ("GET /v1/out/map", json!({})),
        ("GET /v1/out/inner?inner.text=a", json!({"text": "a"})),
        ("GET /v1/out/inner", json!({})),
        ("GET /v1/out/time", json!(null)),
        (
            "GET /v1/out/time?time=2026-01-31T12:00:00Z",
            json!("2026-01-31T12:00:00Z"),
        ),
        ("GET /v1/out/color", json!("COLOR_UNSPECIFIED")),
        ("GET /v1/out/bool", json!(false)),
    ] {
        let response = server.get(request).await;
        assert_eq!((response.status, response.value()), (200, expected), "{request}");
        assert_eq!(response.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn a_status_is_http_s_and_json() {
    let server = Running::start(echo()).await;
    for (code, http) in [
        (1, 499),
        (2, 500),
        (3, 400),
        (4, 504),
        (5, 404),
        (6, 409),
        (7, 403),
        (8, 429),
        (9, 400),
        (10, 409),
        (11, 400),
        (12, 501),
        (13, 500),
        (14, 503),
        (15, 500),
        (16, 401),
    ] {
        let response = server.get(&format!("GET /v1/fail/{code}")).await;
        assert_eq!(response.status, http, "{code}");
        assert_eq!(response.header("grpc-trailer-x-end"), Some("over"));
        assert_eq!(
            response.value(),
            json!({
                "code": code,
                "message": "it \"failed\"",
                "details": [
                    {"@type": "type.googleapis.com/echo.All", "text": "hi"},
                    {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "id"},
                    {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"},
                    {"@type": "type.googleapis.com/nobody.Knows", "value": "CAE="},
                ],
            })
        );
    }
}

#[tokio::test]
async fn metadata_are_headers() {
    let server = Running::start(echo()).await;
    for header in ["x-ask: why", "Grpc-Metadata-X-Ask: why"] {
        let response = server.send("GET /v1/query", &[header], b"").await;
        assert_eq!(response.header("x-answer"), Some("why"), "{header}");
        assert_eq!(response.header("grpc-trailer-x-end"), Some("over"), "{header}");
    }
}

/// Three messages, which `Down` sends.
const DOWN: &str = "/v1/down";

#[tokio::test]
async fn a_stream_is_an_array_lines_or_events() {
    let server = Running::start(echo()).await;
    let body = r#"{"inners": [{"text": "a"}, {}, {"text": "b\nc"}]}"#;
    let call = |accept: &'static str, body: &'static str| {
        let server = &server;
        async move {
            let path = "POST /echo.Echo/UnboundDown";
            let accept = format!("accept: {accept}");
            server.send(path, &[JSON, &accept], body.as_bytes()).await
        }
    };
    let response = call("application/x-ndjson", body).await;
    assert_eq!(response.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(response.text(), "{\"text\":\"a\"}\n{}\n{\"text\":\"b\\nc\"}\n");
    for accept in ["application/json", "*/*"] {
        let response = call(accept, body).await;
        assert_eq!(
            response.header("content-type"),
            Some("application/json"),
            "{accept}"
        );
        assert_eq!(
            response.text(),
            "[{\"text\":\"a\"},\n{},\n{\"text\":\"b\\nc\"}]",
            "{accept}"
        );
    }
    let response = call("text/event-stream", body).await;
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert_eq!(response.header("cache-control"), Some("no-cache"));
    assert_eq!(
        response.text(),
        "data: {\"text\":\"a\"}\n\ndata: {}\n\ndata: {\"text\":\"b\\nc\"}\n\n"
    );
    let failing = r#"{"inners": [{"text": "a"}], "int32": 5}"#;
    let error = r#"{"code":5,"message":"no more"}"#;
    let response = call("application/jsonl", failing).await;
    assert_eq!(response.header("content-type"), Some("application/jsonl"));
    assert_eq!(
        response.text(),
        format!("{{\"text\":\"a\"}}\n{{\"error\":{error}}}\n")
    );
    let response = call("text/event-stream", failing).await;
    assert_eq!(
        response.text(),
        format!("data: {{\"text\":\"a\"}}\n\nevent: error\ndata: {error}\n\n")
    );
    // Before the first message there is still a status.
    let response = call("text/event-stream", r#"{"int32": 5}"#).await;
    assert_eq!((response.status, response.text()), (404, error));

    // The handler of this one sends what `inners` has, which no parameter sets.
    let response = server.get(&format!("GET {DOWN}")).await;
    assert_eq!((response.status, response.text()), (200, "[]"));
    assert_eq!(response.header("content-type"), Some("application/json"));
    let response = server.get(&format!("GET {DOWN}?int32=5")).await;
    assert_eq!((response.status, response.text()), (404, error));
    // After it, the array is told how it ended, and is whole.
    let response = server.json(&format!("POST {DOWN}"), failing).await;
    assert_eq!(
        (response.status, response.text()),
        (200, &*format!("[{{\"text\":\"a\"}},\n{{\"error\":{error}}}]"))
    );
    assert!(response.is_whole);
    // A field of each message.
    let texts = format!("POST {DOWN}/texts");
    let response = server.json(&texts, body).await;
    assert_eq!(response.value(), json!(["a", "", "b\nc"]));
    let lines = ["content-type: application/json", "accept: application/x-ndjson"];
    let response = server.send(&texts, &lines, failing.as_bytes()).await;
    assert_eq!(response.text(), format!("\"a\"\n{{\"error\":{error}}}\n"));
    let response = server
        .send(&format!("GET {DOWN}"), &["accept: text/html"], b"")
        .await;
    assert_eq!(response.status, 406);
}

#[tokio::test]
async fn client_streams_come_in_lines() {
    let server = Running::start(echo()).await;
    let lines = b"{\"texts\": [\"a\"]}\n\n  \n{\"texts\": [\"b\"]}\r\n{\"texts\": [\"c\"]}";
    for content_type in [LINES, JSON, "content-type: application/jsonl"] {
        let response = server.send("POST /v1/up/x", &[content_type], lines).await;
        assert_eq!(
            response.value(),
            json!({"texts": ["x:a", "x:b", "x:c"]}),
            "{content_type}"
        );
    }
    let response = server.send("POST /v1/up/x?int32=1", &[LINES], b"{}").await;
    assert_eq!(response.status, 400);
    let response = server.send("POST /v1/up/x", &[LINES], b"").await;
    assert_eq!(response.value(), json!({}));
    let response = server
        .send("POST /v1/up/x", &[LINES], b"{}\n{\"tex\": 1}\n")
        .await;
    assert_eq!(
        (response.status, response.value()["code"].as_i64()),
        (400, Some(3))
    );
    for not_lines in ["[{\"text\": \"a\"}]", "{\n  \"text\": \"a\"\n}\n"] {
        let response = server.json("POST /v1/up/x", not_lines).await;
        assert_eq!(response.status, 400);
        let text = response.text();
        assert!(text.contains("each line of the body is a message"), "{text}");
    }
    let response = server
        .send("POST /v1/up/x", &["content-type: text/plain"], b"{}")
        .await;
    assert_eq!(response.status, 415);
    assert_eq!(
        response.header("accept-post"),
        Some("application/x-ndjson, application/json")
    );
    // Both ways, as an array.
    let response = server
        .send("POST /v1/both", &[LINES], b"{\"text\":\"a\"}\n{\"text\":\"b\"}\n")
        .await;
    assert_eq!(response.text(), "[{\"text\":\"a\"},\n{\"text\":\"b\"}]");
    // By its name.
    let response = server
        .send("POST /echo.Echo/UnboundBoth", &[JSON], b"{\"text\":\"a\"}\n{}")
        .await;
    assert_eq!(response.text(), "[{\"text\":\"a\"},\n{}]");
    let headers = [LINES, "accept: application/x-ndjson"];
    let response = server
        .send(
            "POST /echo.Echo/UnboundBoth",
            &headers,
            b"{\"text\":\"a\"}\n{\"text\":\"b\"}",
        )
        .await;
    assert_eq!(response.text(), "{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
    // Lines that are large come in many pieces.
    let large = "x".repeat(300_000);
    let line = format!("{{\"texts\": [\"{large}\"]}}\n");
    let response = server
        .send("POST /v1/up/x", &[LINES], line.repeat(3).as_bytes())
        .await;
    assert_eq!(
        response.value()["texts"].as_array().map(Vec::len),
        Some(3),
        "{}",
        response.status
    );
    let too_large = "x".repeat(5 << 20);
    let response = server.send("POST /v1/up/x", &[LINES], too_large.as_bytes()).await;
    assert_eq!(response.status, 429);
}

#[tokio::test]
async fn an_array_that_fails_ends_with_its_error() {
    let server = Running::start(echo()).await;
    let response = server
        .send("POST /v1/both", &[LINES], b"{\"text\":\"a\"}\n{\"no\":1}\n")
        .await;
    // The first message may have been answered before the second one was read, or not.
    if response.status == 200 {
        let value = response.value();
        assert_eq!(value[0], json!({"text": "a"}));
        assert_eq!(value[1]["error"]["code"], 3);
    } else {
        assert_eq!(
            (response.status, response.value()["code"].as_i64()),
            (400, Some(3))
        );
    }
}

#[tokio::test]
async fn an_http_body_is_bytes_as_they_are() {
    let server = Running::start(echo()).await;
    let bytes: Vec<u8> = (0..=255).collect();
    let response = server
        .send("POST /v1/raw", &["content-type: image/png"], &bytes)
        .await;
    assert_eq!(response.header("content-type"), Some("image/png"));
    assert_eq!(response.body, bytes);
    let response = server
        .send(
            "POST /v1/raw/cat",
            &["content-type: image/png", "accept: image/*"],
            &bytes,
        )
        .await;
    assert_eq!(response.header("content-type"), Some("image/png"));
    assert_eq!(response.body, bytes);
    let response = server
        .send("POST /v1/raw/cat:describe", &["content-type: text/x"], b"hi")
        .await;
    assert_eq!(
        response.value(),
        json!({"name": "cat", "contents": {"contentType": "text/x", "data": "aGk="}})
    );
    // A content type becomes a string, which is UTF-8.
    for request in ["POST /v1/raw", "POST /v1/raw/cat", "POST /v1/rawup/cat"] {
        let response = server.send(request, &["content-type: a/\u{e9}"], b"hi").await;
        assert_ne!(response.status, 415, "{request}");
        let response = server
            .send_bytes(request, b"content-type: a/\xe9\r\n", b"hi")
            .await;
        assert_eq!(response.status, 415, "{request}");
    }
    let response = server.send("POST /v1/raw", &[], b"").await;
    assert_eq!((response.status, response.body.len()), (200, 0));
    // Streams of them.
    let large = vec![7; 200_000];
    let response = server
        .send("POST /v1/rawup/cat", &["content-type: a/b"], &large)
        .await;
    let value = response.value();
    assert_eq!(
        (value["name"].as_str(), value["contents"]["contentType"].as_str()),
        (Some("cat"), Some("a/b"))
    );
    assert_eq!(
        value["contents"]["data"].as_str().map(str::len),
        Some(200_000_usize.div_ceil(3) * 4)
    );
    let response = server
        .send("POST /v1/rawup/cat", &["content-type: a/b"], b"")
        .await;
    assert_eq!(
        response.value(),
        json!({"name": "cat", "contents": {"contentType": "a/b"}})
    );
    let response = server.get("GET /v1/rawdown/all").await;
    assert_eq!(
        (response.header("content-type"), response.text()),
        (Some("text/csv"), "a,b\n1,2\n3,4\n")
    );
    assert!(response.is_whole);
    // Nothing can be said behind bytes, but that there should be more.
    let response = server.get("GET /v1/rawdown/broken").await;
    assert!(!response.is_whole, "{response:?}");
}

#[tokio::test]
async fn content_types_and_verbs_that_do_not_fit_are_told() {
    let server = Running::start(echo()).await;
    let response = server
        .send(
            "POST /v1/whole",
            &["content-type: application/x-www-form-urlencoded"],
            b"{}",
        )
        .await;
    assert_eq!(
        (response.status, response.header("accept-post")),
        (415, Some("application/json"))
    );
    assert_eq!(response.value()["code"], 3);
    let response = server
        .send(
            "POST /v1/whole",
            &["content-type: application/json; charset=latin1"],
            b"{}",
        )
        .await;
    assert_eq!(response.status, 415);
    let response = server
        .send("POST /v1/whole", &["content-type: application/vnd.x+json"], b"{}")
        .await;
    assert_eq!(response.status, 200);
    let response = server.send("POST /v1/whole", &[], b"{\"text\":\"a\"}").await;
    assert_eq!(response.value(), json!({"text": "a"}));
    let response = server.send("GET /v1/query", &["accept: text/html"], b"").await;
    assert_eq!(response.status, 406);
    let response = server
        .send("GET /v1/query", &["accept: text/html, */*;q=0.1"], b"")
        .await;
    assert_eq!(response.status, 200);
    let response = server.get("PUT /v1/query").await;
    assert_eq!(
        (response.status, response.header("allow")),
        (405, Some("DELETE, GET, HEAD, OPTIONS"))
    );
    let response = server.get("OPTIONS /v1/query").await;
    assert_eq!(
        (response.status, response.header("allow")),
        (204, Some("DELETE, GET, HEAD, OPTIONS"))
    );
    let response = server.get("HEAD /v1/query?text=abc").await;
    assert_eq!((response.status, response.body.len()), (200, 0));
    assert_eq!(response.header("content-length"), Some("14"));
    let response = server.get("HEAD /v1/down").await;
    assert_eq!(
        (response.status, response.header("allow")),
        (405, Some("GET, OPTIONS"))
    );
    let response = server.get("HEAD /v1/nothing").await;
    assert_eq!((response.status, response.body.len()), (404, 0));
}

#[tokio::test]
async fn time_limits_are_those_of_grpc_or_seconds() {
    let server = Running::start(echo()).await;
    for (header, status) in [
        ("grpc-timeout: 10S", 200),
        ("grpc-timeout: 0n", 504),
        ("grpc-timeout: soon", 400),
        ("x-server-timeout: 10.5", 200),
        ("x-server-timeout: 0", 504),
        ("x-server-timeout: -1", 400),
        ("x-server-timeout: NaN", 400),
    ] {
        let response = server.send("GET /v1/query", &[header], b"").await;
        assert_eq!(response.status, status, "{header}: {}", response.text());
    }
}

#[tokio::test]
async fn a_method_without_a_rule_is_called_by_its_name() {
    let server = Running::start(echo()).await;
    let response = server.json("POST /echo.Echo/Unbound", r#"{"text": "a"}"#).await;
    assert_eq!((response.status, response.value()), (200, json!({"text": "a"})));
    // That is Connect's call, with Connect's errors.
    let response = server.json("POST /echo.Echo/Unbound", r#"{"txt": "a"}"#).await;
    assert_eq!(
        (response.status, response.value()["code"].as_str()),
        (400, Some("invalid_argument"))
    );
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn bodies_are_compressed_as_their_headers_say() {
    use std::io::Write as _;

    let server = Running::start(echo()).await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"{\"text\": \"abc\"}").expect("memory");
    let body = encoder.finish().expect("memory");
    let headers = [JSON, "content-encoding: gzip", "accept-encoding: gzip"];
    let response = server.send("POST /v1/whole", &headers, &body).await;
    assert_eq!(
        (response.status, response.header("content-encoding")),
        (200, Some("gzip"))
    );
    assert_eq!(response.header("vary"), Some("accept-encoding"));
    let response = server
        .send("POST /v1/up/x", &[LINES, "content-encoding: gzip"], &body)
        .await;
    assert_eq!(response.status, 415);
}
