//! Connect: calls of one message are plain HTTP, and streams are envelopes.

use prost_reflect::DynamicMessage;
use protod::{Call, Message, Rules, Server};
use tonic::{Code, Status};

use crate::support::{Running, envelope, envelopes, json, post, schema, shapes};

/// `Item{name: "a"}` in protobuf.
const PROTO: &[u8] = b"\x0a\x01a";

#[tokio::test]
async fn a_call_of_one_message_is_a_post_and_its_answer() {
    let server = Running::start(shapes()).await;
    let answer = server
        .ask(&json("Unary", "{\"name\": \"a\", \"value\": 7}"))
        .await;
    assert_eq!(
        (answer.code, answer.header("content-type").as_str()),
        (200, "application/json")
    );
    assert_eq!(answer.text(), "{\"name\":\"a\",\"value\":\"7\"}");
    let headers = "content-type: application/json; charset=utf-8\r\nconnect-protocol-version: 1\r\n";
    assert_eq!(
        server
            .ask(&post("/shapes.Shapes/Unary", headers, b"{}"))
            .await
            .text(),
        "{}"
    );
    let headers = "content-type: application/proto\r\n";
    let answer = server.ask(&post("/shapes.Shapes/Unary", headers, PROTO)).await;
    assert_eq!(
        (answer.code, answer.header("content-type").as_str()),
        (200, "application/proto")
    );
    assert_eq!(answer.body, PROTO);
    let empty = server.ask(&post("/shapes.Shapes/Unary", headers, b"")).await;
    assert_eq!((empty.code, empty.text().as_str()), (200, ""));
}

#[tokio::test]
async fn an_error_has_the_status_of_http_and_is_json_with_details_and_trailers() {
    let server = Running::start(shapes().unary("shapes.Shapes/Peek", |_: Message| async {
        // google.rpc.Status with one detail, an Any.
        let any = b"\x0a\x22type.googleapis.com/shapes.Details\x12\x01x";
        let details = [&[0x1a, u8::try_from(any.len()).expect("short")], &any[..]].concat();
        Err::<Message, _>(Status::with_details(
            Code::ResourceExhausted,
            "too much",
            details.into(),
        ))
    }))
    .await;
    for content_type in ["json", "proto"] {
        let headers = format!("content-type: application/{content_type}\r\n");
        let answer = server.ask(&post("/shapes.Shapes/Fail", &headers, b"")).await;
        let answer = if content_type == "json" {
            server.ask(&json("Fail", "{}")).await
        } else {
            answer
        };
        assert_eq!(
            (answer.code, answer.header("content-type").as_str()),
            (404, "application/json")
        );
        assert_eq!(
            answer.text(),
            "{\"code\":\"not_found\",\"message\":\"no \\\"such\\\" thing\"}"
        );
        assert_eq!(
            (
                answer.header("x-head").as_str(),
                answer.header("trailer-x-trail").as_str()
            ),
            ("1", "2")
        );
    }
    let answer = server.ask(&json("Peek", "{}")).await;
    assert_eq!(answer.code, 429);
    let error: serde_json::Value = serde_json::from_str(&answer.text()).expect("JSON");
    assert_eq!(
        error["details"],
        serde_json::json!([{"type": "shapes.Details", "value": "eA"}])
    );
}

#[tokio::test]
async fn what_is_no_call_or_does_not_fit_has_the_status_of_http_for_it() {
    let server = Running::start(shapes()).await;
    let cases = [
        ("Unary", "application/json", &b"{\"name\": 1}"[..], 400),
        ("Unary", "application/json", b"{", 400),
        ("Unary", "application/json", b"", 400),
        ("Unary", "application/proto", b"\xff", 400),
        ("None", "application/json", b"{}", 404),
        ("None", "application/proto", b"", 404),
        ("Unary", "application/xml", b"{}", 415),
        ("Unary", "", b"{}", 415),
        ("Unary", "application/connect+json", b"\0\0\0\0\x02{}", 415),
        ("Down", "application/proto", b"", 415),
        (
            "Down",
            "application/json\r\nconnect-protocol-version: 1",
            b"{}",
            415,
        ),
    ];
    for (method, content_type, body, code) in cases {
        let headers = format!("content-type: {content_type}\r\n");
        let answer = server
            .ask(&post(&format!("/shapes.Shapes/{method}"), &headers, body))
            .await;
        assert_eq!(answer.code, code, "{method} {content_type} {body:?}: {answer:?}");
        let is_listed = code != 415 || answer.header("accept-post").contains("application/");
        assert!(is_listed, "{answer:?}");
    }
    for timeout in ["x", "-1", "99999999999"] {
        let headers = format!("content-type: application/json\r\nconnect-timeout-ms: {timeout}\r\n");
        let answer = server.ask(&post("/shapes.Shapes/Unary", &headers, b"{}")).await;
        assert_eq!(answer.code, 400, "{timeout}: {answer:?}");
    }
}

#[tokio::test]
async fn methods_without_side_effects_are_called_by_get() {
    let server = Running::start(shapes()).await;
    let get = |method: &str, query: &str| {
        format!("GET /shapes.Shapes/{method}?{query} HTTP/1.1\r\nhost: test\r\n\r\n")
    };
    for (query, body) in [
        (
            "connect=v1&encoding=json&message=%7B%22name%22%3A%22a%22%7D",
            &b"{\"name\":\"a\"}"[..],
        ),
        ("encoding=proto&base64=1&message=CgFh", PROTO),
        ("encoding=proto&base64=1&message=CgFhEAA%3D", b"\x0a\x01a\x10\x00"),
        ("encoding=json&message=%7B%7D", b"{}"),
    ] {
        let answer = server.ask(get("Peek", query).as_bytes()).await;
        assert_eq!(
            (answer.code, answer.body.as_slice()),
            (200, body),
            "{query}: {answer:?}"
        );
    }
    for (method, query, code) in [
        ("Unary", "encoding=json&message=%7B%7D", 405),
        ("Down", "encoding=json&message=%7B%7D", 415),
        ("Peek", "encoding=json", 400),
        ("Peek", "encoding=xml&message=1", 415),
        ("Peek", "connect=v1&message=1", 415),
        ("Peek", "", 405),
        ("Peek", "encoding=json&message=%7B", 400),
        ("Peek", "encoding=json&message=%7B%7D&connect=v2", 400),
        ("Peek", "encoding=json&message=%7B%7D&compression=br", 501),
    ] {
        let answer = server.ask(get(method, query).as_bytes()).await;
        assert_eq!(answer.code, code, "{method} {query}: {answer:?}");
        assert_eq!(
            answer.header("allow"),
            if code == 405 { "POST" } else { "" },
            "{method} {query}"
        );
    }
}

#[tokio::test]
async fn a_stream_is_envelopes_of_which_the_last_says_how_it_ended() {
    let server = Running::start(shapes()).await;
    let headers = "content-type: application/connect+json\r\n";
    let answer = server
        .ask(&post(
            "/shapes.Shapes/Down",
            headers,
            &envelope(0, b"{\"name\": \"a\"}"),
        ))
        .await;
    assert_eq!(
        (answer.code, answer.header("content-type").as_str()),
        (200, "application/connect+json")
    );
    let item = (0, "{\"name\":\"a\"}".to_owned());
    assert_eq!(
        envelopes(&answer.body),
        [item.clone(), item, (2, "{}".to_owned())]
    );
    // Errors of a stream come in its end, also before its first message.
    let two = [envelope(0, b"{}"), envelope(0, b"{}")].concat();
    let answer = server.ask(&post("/shapes.Shapes/Up", headers, &two)).await;
    assert_eq!(
        envelopes(&answer.body),
        [(0, "{}".to_owned()), (2, "{}".to_owned())]
    );
    let answer = server.ask(&post("/shapes.Shapes/Up", headers, b"")).await;
    assert_eq!(answer.code, 200);
    let error = "{\"error\":{\"code\":\"invalid_argument\",\"message\":\"nothing came\"}}";
    assert_eq!(envelopes(&answer.body), [(2, error.to_owned())]);
}

#[tokio::test]
async fn both_ways_over_http1_the_answers_may_come_before_the_end_of_the_requests() {
    let server = Running::start(shapes()).await;
    let mut wire = server.open().await;
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    wire.send(
        b"POST /shapes.Shapes/Both HTTP/1.1\r\nhost: test\r\ncontent-type: application/connect+proto\r\n\
          transfer-encoding: chunked\r\n\r\n",
    )
    .await;
    wire.send(&chunk(&envelope(0, PROTO))).await;
    assert_eq!(wire.head().await.code, 200);
    assert_eq!(wire.chunk().await, envelope(0, PROTO));
    wire.send(&chunk(&envelope(0, b""))).await;
    assert_eq!(wire.chunk().await, envelope(0, b""));
    wire.send(b"0\r\n\r\n").await;
    assert_eq!(wire.chunk().await, envelope(2, b"{}"));
    assert_eq!(wire.chunk().await, b"");
    wire.send(&json("Unary", "{}")).await;
    assert_eq!(wire.answer().await.code, 200);
}

/// Rules read a request, and may leave the call to a handler, which reads it again.
#[tokio::test]
async fn a_handler_behind_rules_gets_the_requests_that_the_rules_have_read() {
    let rules = "rules:\n- method: '*/*'\n  when: request.name != ''\n  headers: {x-name: '${request.name}'}\n  then: next\n";
    let rules = Rules::from_text(&schema(), "shapes.rules.yaml", rules).expect("they fit");
    let server = Server::builder(schema())
        .unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            Ok(request)
        })
        .server_streaming(
            "shapes.Shapes/Down",
            |request: Message, mut call: Call| async move { call.send(request).await },
        )
        .handlers(&rules);
    let server = Running::start(server).await;
    for name in ["rule", "other"] {
        let answer = server
            .ask(&json("Unary", &format!("{{\"name\": \"{name}\"}}")))
            .await;
        assert_eq!(answer.text(), format!("{{\"name\":\"{name}\"}}"));
        assert_eq!(answer.header("x-name"), name);
        let body = envelope(0, format!("{{\"name\": \"{name}\"}}").as_bytes());
        let headers = "content-type: application/connect+json\r\n";
        let answer = server.ask(&post("/shapes.Shapes/Down", headers, &body)).await;
        assert_eq!(
            envelopes(&answer.body)[0],
            (0, format!("{{\"name\":\"{name}\"}}"))
        );
    }
}

#[tokio::test]
async fn compressed_messages_are_read_and_answered_in_kind() {
    use std::io::{Read as _, Write as _};
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder
            .write_all(bytes)
            .and_then(|()| encoder.finish())
            .expect("memory")
    };
    let server = Running::start(shapes()).await;
    let headers = "content-type: application/json\r\ncontent-encoding: gzip\r\naccept-encoding: br, gzip\r\n";
    let answer = server
        .ask(&post(
            "/shapes.Shapes/Unary",
            headers,
            &gzip(b"{\"name\": \"a\"}"),
        ))
        .await;
    assert_eq!(
        (answer.code, answer.header("content-encoding").as_str()),
        (200, "gzip")
    );
    let mut text = String::new();
    flate2::read::GzDecoder::new(&answer.body[..])
        .read_to_string(&mut text)
        .expect("gzip");
    assert_eq!(text, "{\"name\":\"a\"}");
    let headers = "content-type: application/json\r\ncontent-encoding: br\r\n";
    let answer = server.ask(&post("/shapes.Shapes/Unary", headers, b"{}")).await;
    assert_eq!(answer.code, 501);
    assert_eq!(answer.header("accept-encoding"), "zstd,gzip,deflate,identity");
    let headers = "content-type: application/connect+json\r\nconnect-content-encoding: gzip\r\nconnect-accept-encoding: gzip\r\n";
    let answer = server
        .ask(&post("/shapes.Shapes/Down", headers, &envelope(1, &gzip(b"{}"))))
        .await;
    assert_eq!(answer.header("connect-content-encoding"), "gzip");
    assert_eq!(answer.body[0], 1);
}

#[tokio::test]
async fn a_client_of_another_version_is_told_which_one_is_known() {
    let server = Running::start(shapes()).await;
    for (method, content_type, body) in [
        ("Unary", "json", b"{}".to_vec()),
        ("Down", "connect+json", envelope(0, b"{}")),
    ] {
        for (version, is_known) in [("1", true), ("2", false), ("", false)] {
            let headers = format!(
                "content-type: application/{content_type}\r\nconnect-protocol-version: {version}\r\n"
            );
            let answer = server
                .ask(&post(&format!("/shapes.Shapes/{method}"), &headers, &body))
                .await;
            let is_refused =
                answer.text().contains("invalid_argument") && answer.text().contains("1 is known");
            assert_eq!(is_refused, !is_known, "{answer:?}");
        }
    }
}

/// connect-go's servers say `invalid_argument`, and those of gRPC `INTERNAL`.
#[tokio::test]
async fn a_request_that_cannot_be_read_is_the_clients_fault_in_connect_and_the_servers_in_grpc() {
    let server = Running::start(shapes()).await;
    let not_gzip = "content-encoding: gzip\r\n";
    let no_gzip = "connect-content-encoding: gzip\r\n";
    for (method, content_type, headers, body) in [
        ("Unary", "proto", "", b"\xff".to_vec()),
        ("Unary", "json", not_gzip, b"{}".to_vec()),
        ("Down", "connect+proto", "", envelope(0, b"\xff")),
        ("Down", "connect+proto", "", envelope(4, b"")),
        ("Down", "connect+proto", no_gzip, envelope(1, b"no gzip")),
        ("Up", "connect+json", "", b"\0\0\0\0\x09{}".to_vec()),
        ("Unary", "grpc-web", "", envelope(0, b"\xff")),
        ("Unary", "grpc-web", "", envelope(1, b"")),
        ("Unary", "grpc-web", "", b"\0\0\0\0\x09{}".to_vec()),
    ] {
        let headers = format!("content-type: application/{content_type}\r\n{headers}");
        let path = format!("/shapes.Shapes/{method}");
        let answer = server.ask(&post(&path, &headers, &body)).await;
        let said = answer.text();
        let expected = if content_type == "grpc-web" {
            "grpc-status: 13\r\n"
        } else {
            "\"code\":\"invalid_argument\""
        };
        assert!(said.contains(expected), "{content_type} {body:?}: {said}");
        let code = if method == "Unary" && content_type != "grpc-web" {
            400
        } else {
            200
        };
        assert_eq!(answer.code, code, "{content_type} {body:?}: {said}");
    }
    // Connect's conformance suite has a code of its own for this one.
    let headers = "content-type: application/connect+proto\r\n";
    let marked = server
        .ask(&post("/shapes.Shapes/Down", headers, &envelope(1, b"")))
        .await;
    assert!(
        marked.text().contains("\"code\":\"internal\""),
        "{}",
        marked.text()
    );
}

#[tokio::test]
async fn head_is_get_without_the_body_and_options_tells_the_verbs() {
    let server = Running::start(shapes()).await;
    let query = "encoding=json&message=%7B%22name%22%3A%22a%22%7D";
    for (path, code) in [
        (format!("/shapes.Shapes/Peek?{query}"), 200),
        ("/shapes.Shapes/Peek?encoding=json&message=1".to_owned(), 400),
        (format!("/shapes.Shapes/Unary?{query}"), 405),
        ("/shapes.Shapes/Peek".to_owned(), 405),
    ] {
        let ask = |verb: &str| {
            let request = format!("{verb} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
            let server = &server;
            async move {
                let mut wire = server.open().await;
                wire.send(request.as_bytes()).await;
                (wire.head().await, wire.rest().await)
            }
        };
        let ((get, body), (head, none)) = (ask("GET").await, ask("HEAD").await);
        assert_eq!((get.code, head.code), (code, code), "{path}");
        assert_eq!(none, "", "{path}");
        for name in ["content-length", "content-type", "allow"] {
            assert_eq!(get.header(name), head.header(name), "{path}: {name}");
        }
        assert_eq!(get.header("content-length"), body.len().to_string(), "{path}");
    }
    for (path, allow) in [
        ("*", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
        ("/shapes.Shapes/Peek", "GET, HEAD, POST, OPTIONS"),
        ("/shapes.Shapes/Down", "POST, OPTIONS"),
    ] {
        let request = format!("OPTIONS {path} HTTP/1.1\r\nhost: test\r\n\r\n");
        let answer = server.ask(request.as_bytes()).await;
        assert_eq!(
            (answer.code, answer.header("allow").as_str()),
            (204, allow),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_message_is_compressed_once() {
    let server = Running::start(shapes()).await;
    for headers in [
        "content-encoding: gzip, gzip\r\n",
        "content-encoding: gzip\r\ncontent-encoding: gzip\r\n",
        "content-encoding: identity\r\ncontent-encoding: gzip\r\n",
    ] {
        let headers = format!("content-type: application/json\r\n{headers}");
        let answer = server.ask(&post("/shapes.Shapes/Unary", &headers, b"{}")).await;
        assert_eq!(answer.code, 501, "{headers}: {answer:?}");
    }
}
