//! The limits of one connection, set by flags.

use std::time::Instant;

use protod::{Client, Schema};
use tonic::Code;

use crate::folder::folder;
use crate::http2::{
    DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, Frame, HEADERS, RST_STREAM, SETTINGS, Wire,
    call_headers, exchange, frame, goaway, opening,
};
use crate::program::Server;

/// A server never sends this, so the client reads to the end.
const NOTHING: &[u8] = b"\0\0\0 nothing";

fn call(stream: u32) -> Vec<u8> {
    frame(
        HEADERS,
        END_HEADERS,
        stream,
        &call_headers("/proto.StreamService/Record"),
    )
}

#[tokio::test]
async fn stream_over_the_limit_is_refused_and_the_others_stay() {
    const REFUSED_STREAM: u32 = 7;
    let server = Server::start(&["--max-concurrent-streams", "2", "proto"]).await;
    let refused = frame(RST_STREAM, 0, 5, &REFUSED_STREAM.to_be_bytes());
    let calls = [opening(), call(1), call(3), call(5)].concat();
    // The stream that was open before is answered when it ends.
    let message = frame(DATA, 1, 1, &[0; 5]);
    let answer = b"gRPC Stream Server: Record";
    let received = exchange(server.address(), &[(&calls, &refused), (&message, answer)]).await;
    let has = |bytes: &[u8]| received.windows(bytes.len()).any(|window| window == bytes);
    assert!(has(&refused) && has(answer), "{received:?}");
}

#[tokio::test]
async fn client_that_makes_error_after_error_is_told_to_calm_down() {
    let server = Server::start(&["--max-error-resets", "5", "proto"]).await;
    // More bytes than the content-length says, RFC 9113 section 8.1.1.
    let headers = [
        call_headers("/proto.StreamService/Record"),
        b"\x0f\x0d\x015".to_vec(),
    ]
    .concat();
    let call = |stream| {
        let headers = frame(HEADERS, END_HEADERS, stream, &headers);
        [headers, frame(DATA, 0, stream, &[0; 10])].concat()
    };
    let calls = (0..20).flat_map(|index| call(2 * index + 1));
    let flood: Vec<u8> = opening().into_iter().chain(calls).collect();
    let received = exchange(server.address(), &[(&flood, NOTHING)]).await;
    let (code, _) = goaway(&received).expect("GOAWAY");
    assert_eq!(code, ENHANCE_YOUR_CALM);
}

#[tokio::test]
async fn client_that_answers_no_ping_is_closed_with_its_calls() {
    let flags = [
        "--keepalive-interval",
        "200ms",
        "--keepalive-timeout",
        "300ms",
        "proto",
    ];
    let server = Server::start(&flags).await;
    let began = Instant::now();
    let start = [opening(), call(1)].concat();
    exchange(server.address(), &[(&start, NOTHING)]).await;
    assert!(began.elapsed().as_millis() >= 500, "it has time to answer");
    // The drain has nothing to wait for.
    let asked = Instant::now();
    assert!(server.stop().await.0.success());
    assert!(asked.elapsed().as_secs() < 8, "its call was still open");
}

#[tokio::test]
async fn client_that_reads_nothing_does_not_keep_a_call_past_its_deadline() {
    let proto = r#"syntax = "proto3"; package endless; message Text { string text = 1; }
        service Endless { rpc Stream(Text) returns (stream Text); rpc Unary(Text) returns (Text); }"#;
    let rules = r#"rules:
  - {method: endless.Endless/Stream, stream: [{repeat: 1000000000, send: {text: "on and on"}}]}
  - {method: endless.Endless/Unary, reply: {text: done}}
"#;
    let folder = folder([("endless.proto", proto), ("endless.rules.yaml", rules)]);
    let path = folder.path().to_str().expect("UTF-8");
    let server = Server::start(&["--max-deadline", "200ms", "--max-calls", "1", path]).await;
    // Reflection would be a call too: it would take the one place, and 200 ms are little for it on a busy machine.
    let schema = Schema::from_source("endless.proto", proto).expect("it compiles");
    let client = Client::builder(server.address().to_owned())
        .schema(schema)
        .connect()
        .await;
    let client = client.expect("it listens");
    let unary = client.method("endless.Endless/Unary").expect("it is there");
    let mut wire = Wire::open(server.address()).await;
    wire.send(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])).await;
    let headers = frame(HEADERS, END_HEADERS, 1, &call_headers("/endless.Endless/Stream"));
    wire.send(&[headers, frame(DATA, END_STREAM, 1, &[0; 5])].concat())
        .await;
    let frames = wire.read(|frame| frame.kind == HEADERS).await;
    assert!(
        frames.last().is_some_and(|frame| !frame.ends_stream()),
        "{frames:?}"
    );

    let status = unary
        .unary(unary.request())
        .await
        .expect_err("the one place is taken");
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    // Trailers, if the deadline passed before the first message waited for the window.
    let ends = |frame: &Frame| frame.stream == 1 && (frame.kind == RST_STREAM || frame.ends_stream());
    let frames = wire.read(ends).await;
    assert!(frames.last().is_some_and(ends), "{frames:?}");
    unary
        .unary(unary.request())
        .await
        .expect("the place is free again");
}
