//! Requests of HTTP/1.1 by hand: those that hide others, that come in pieces, are too large or too slow, and what is refused in words.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use protod::{Limits, Message, Server};

use crate::support::{Running, envelope, json, post, schema, shapes};

/// A server that counts its calls.
async fn counting() -> (Running, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let server = Server::builder(schema()).unary("shapes.Shapes/Unary", move |request: Message| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move { Ok(request) }
    });
    (Running::start(server).await, calls)
}

/// A call that an attacker hides in another, to be answered on somebody else's behalf.
fn hidden() -> Vec<u8> {
    json("Unary", "{\"name\": \"hidden\"}")
}

/// Ways to write a request whose end two readers may see in different places, or that the grammar does not have.
fn smuggling() -> Vec<(&'static str, u16, Vec<u8>)> {
    let with = |line: &str, headers: &str, body: &str| {
        format!("{line}\r\nhost: test\r\ncontent-type: application/json\r\n{headers}\r\n{body}").into_bytes()
    };
    let post = "POST /shapes.Shapes/Unary HTTP/1.1";
    let chunks = "2\r\n{}\r\n0\r\n\r\n";
    vec![
        (
            "chunks, then a length",
            400,
            with(
                post,
                "transfer-encoding: chunked\r\ncontent-length: 2\r\n",
                chunks,
            ),
        ),
        (
            "a length, then chunks",
            400,
            with(
                post,
                "content-length: 2\r\ntransfer-encoding: chunked\r\n",
                chunks,
            ),
        ),
        (
            "two lengths",
            400,
            with(post, "content-length: 2\r\ncontent-length: 200\r\n", "{}"),
        ),
        (
            "the same length twice",
            400,
            with(post, "content-length: 2\r\ncontent-length: 2\r\n", "{}"),
        ),
        (
            "a list of lengths",
            400,
            with(post, "content-length: 2, 2\r\n", "{}"),
        ),
        (
            "a length with a sign",
            400,
            with(post, "content-length: +2\r\n", "{}"),
        ),
        (
            "a length in hexadecimal",
            400,
            with(post, "content-length: 0x2\r\n", "{}"),
        ),
        (
            "a space before a colon",
            400,
            with(post, "content-length : 2\r\n", "{}"),
        ),
        (
            "a tab before a colon",
            400,
            with(post, "transfer-encoding\t: chunked\r\n", chunks),
        ),
        (
            "a folded header",
            400,
            with(post, "x-a: 1\r\n content-length: 2\r\n", "{}"),
        ),
        (
            "a folded header, by a tab",
            400,
            with(post, "transfer-encoding:\r\n\tchunked\r\n", chunks),
        ),
        (
            "a bare CR in a value",
            400,
            with(post, "x-a: 1\rcontent-length: 2\r\n", "{}"),
        ),
        (
            "a bare CR at the end",
            400,
            with(post, "content-length: 2\r\r\n", "{}"),
        ),
        (
            "a bare LF",
            400,
            with(post, "x-a: 1\ncontent-length: 2\r\n", "{}"),
        ),
        (
            "NUL in a value",
            400,
            with(post, "x-a: 1\0\r\ncontent-length: 2\r\n", "{}"),
        ),
        ("NUL in a name", 400, with(post, "content-length\0: 2\r\n", "{}")),
        (
            "another coding",
            501,
            with(post, "transfer-encoding: gzip, chunked\r\n", chunks),
        ),
        (
            "chunks twice",
            501,
            with(post, "transfer-encoding: chunked, chunked\r\n", chunks),
        ),
        (
            "two headers of codings",
            400,
            with(
                post,
                "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
                chunks,
            ),
        ),
        (
            "a coding that is none",
            501,
            with(post, "transfer-encoding: identity\r\n", "{}"),
        ),
        (
            "a coding in quotes",
            501,
            with(post, "transfer-encoding: \"chunked\"\r\n", chunks),
        ),
        (
            "a coding with a vertical tab",
            400,
            with(post, "transfer-encoding: \x0bchunked\r\n", chunks),
        ),
        (
            "chunks in HTTP/1.0",
            400,
            with(
                "POST /shapes.Shapes/Unary HTTP/1.0",
                "transfer-encoding: chunked\r\n",
                chunks,
            ),
        ),
        (
            "two hosts",
            400,
            with(post, "host: other\r\ncontent-length: 2\r\n", "{}"),
        ),
        (
            "a request line of two words",
            400,
            with("POST /shapes.Shapes/Unary", "content-length: 2\r\n", "{}"),
        ),
        (
            "a request line of four words",
            400,
            with(
                "POST /shapes.Shapes/Unary x HTTP/1.1",
                "content-length: 2\r\n",
                "{}",
            ),
        ),
        (
            "another version",
            505,
            with(
                "POST /shapes.Shapes/Unary HTTP/1.2",
                "content-length: 2\r\n",
                "{}",
            ),
        ),
    ]
}

#[tokio::test]
async fn requests_whose_end_could_be_seen_in_two_places_are_refused_and_nothing_behind_them_is_read() {
    let (server, calls) = counting().await;
    for (what, code, request) in smuggling() {
        let before = calls.load(Ordering::Relaxed);
        let mut wire = server.open().await;
        wire.send(&[&request[..], &hidden()].concat()).await;
        let answer = wire.answer().await;
        assert_eq!(answer.code, code, "{what}: {answer:?}");
        assert_eq!(answer.header("connection"), "close", "{what}");
        assert_eq!(wire.rest().await, "", "{what}");

        // The same behind a call that is answered.
        let mut wire = server.open().await;
        wire.send(&[&json("Unary", "{}")[..], &request, &hidden()].concat())
            .await;
        assert_eq!(wire.answer().await.code, 200, "{what}");
        assert_eq!(wire.answer().await.code, code, "{what}");
        assert_eq!(wire.rest().await, "", "{what}");
        assert_eq!(calls.load(Ordering::Relaxed), before + 1, "{what}");
    }
}

#[tokio::test]
async fn chunks_that_are_not_of_the_grammar_end_their_call_and_the_connection() {
    let (server, calls) = counting().await;
    for body in [
        "2\n{}\r\n0\r\n\r\n",
        "2 \r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "2\r\n{} \r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2;a\n\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\ncontent-length: 5\r\n\r\n",
        "2\r\n{}\r\n0\r\n a: b\r\n\r\n",
        "fffffffffffffffff\r\n{}\r\n",
        "-2\r\n{}\r\n",
    ] {
        let head = "POST /shapes.Shapes/Unary HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        let mut wire = server.open().await;
        wire.send(&[head.as_bytes(), body.as_bytes(), &hidden()].concat())
            .await;
        let answer = wire.answer().await;
        assert_eq!(answer.code, 400, "{body:?}: {answer:?}");
        assert!(answer.text().contains("invalid_argument"), "{body:?}: {answer:?}");
        assert_eq!(wire.rest().await, "", "{body:?}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte_in_chunks_with_extensions_and_trailers() {
    let (server, _) = counting().await;
    let request = "POST /shapes.Shapes/Unary HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
                   Transfer-Encoding: Chunked\r\n\r\n5;a=\"b\"\r\n{\"nam\r\n0009\r\ne\": \"abc\"\r\n1\r\n}\r\n0\r\nx-a: b\r\n\r\n";
    let mut wire = server.open().await;
    for round in 0..2 {
        for byte in request.as_bytes() {
            wire.send(&[*byte]).await;
        }
        let answer = wire.answer().await;
        assert_eq!(
            (answer.code, answer.text().as_str()),
            (200, "{\"name\":\"abc\"}"),
            "{round}"
        );
    }
}

#[tokio::test]
async fn heads_are_bounded_in_size_in_number_and_in_time() {
    let limits = Limits::default()
        .max_header_list_size(2000)
        .handshake_timeout(Duration::from_millis(200));
    let server = Running::start(shapes().limits(limits)).await;
    let with = |headers: &str| {
        post(
            "/shapes.Shapes/Unary",
            &format!("content-type: application/json\r\n{headers}"),
            b"{}",
        )
    };
    assert_eq!(
        server
            .ask(&with(&format!("x-a: {}\r\n", "a".repeat(1000))))
            .await
            .code,
        200
    );
    for too_large in [
        with(&format!("x-a: {}\r\n", "a".repeat(2000))),
        with(&"x-a: \r\n".repeat(60)),
        post(&format!("/{}", "a".repeat(2000)), "", b"{}"),
        // Without an end.
        format!("POST / HTTP/1.1\r\nx-a: {}", "a".repeat(4000)).into_bytes(),
    ] {
        let mut wire = server.open().await;
        wire.send(&too_large).await;
        assert_eq!(wire.answer().await.code, 431);
        assert_eq!(wire.rest().await, "");
    }
    let many = Limits::default().max_header_list_size(1 << 20);
    let generous = Running::start(shapes().limits(many)).await;
    assert_eq!(generous.ask(&with(&"x-a: \r\n".repeat(97))).await.code, 200);
    assert_eq!(generous.ask(&with(&"x-a: \r\n".repeat(98))).await.code, 431);

    // The first head of a connection, and the second.
    for first in [Vec::new(), json("Unary", "{}")] {
        let mut wire = server.open().await;
        wire.send(&first).await;
        if !first.is_empty() {
            assert_eq!(wire.answer().await.code, 200);
        }
        wire.send(b"POST /shapes.Shapes/Unary HTTP/1.1\r\nhost: te").await;
        assert_eq!(wire.answer().await.code, 408);
        assert_eq!(wire.rest().await, "");
    }
}

/// A proxy that takes this server for one of its kind.
#[tokio::test]
async fn a_tunnel_is_refused_in_words() {
    let server = Running::start(shapes()).await;
    let answer = server
        .ask(b"CONNECT elsewhere.example:443 HTTP/1.1\r\nhost: elsewhere.example:443\r\n\r\n")
        .await;
    assert_eq!((answer.code, answer.header("allow").as_str()), (405, "POST"));
}

/// RFC 9112 section 2.2: a server should pass over one.
#[tokio::test]
async fn one_empty_line_may_stand_before_a_request() {
    let server = Running::start(shapes()).await;
    let request = json("Unary", "{}");
    let mut wire = server.open().await;
    for pieces in [
        &[&b"\r\n"[..], &request][..],
        &[b"\r", b"\n", &request],
        &[&request],
    ] {
        for piece in pieces {
            wire.send(piece).await;
        }
        assert_eq!(wire.answer().await.code, 200);
    }
    wire.send(&[b"\r\n\r\n", &request[..]].concat()).await;
    assert_eq!(wire.head().await.code, 400);
}

#[tokio::test]
async fn grpc_over_http1_is_told_to_use_http2() {
    let server = Running::start(shapes()).await;
    let call = post(
        "/shapes.Shapes/Unary",
        "content-type: application/grpc\r\n",
        &envelope(0, b""),
    );
    let answer = server.ask(&call).await;
    assert_eq!(answer.code, 505);
    assert_eq!(
        answer.text(),
        "gRPC needs HTTP/2; over HTTP/1.1 there are gRPC-Web and Connect\n"
    );
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_by_their_length_or_as_they_come() {
    let server = Running::start(shapes().max_receive_size(1000)).await;
    let large = format!("{{\"name\": \"{}\"}}", "a".repeat(2000));
    let answer = server.ask(&json("Unary", &large)).await;
    assert_eq!(answer.code, 429);
    assert!(answer.text().contains("resource_exhausted"), "{answer:?}");
    // Its client is answered before it has sent the rest.
    let endless = "POST /shapes.Shapes/Unary HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
                   transfer-encoding: chunked\r\n\r\n7d0\r\n";
    let mut wire = server.open().await;
    wire.send(&[endless.as_bytes(), &[b' '; 2000]].concat()).await;
    assert_eq!(wire.answer().await.code, 429);
}
