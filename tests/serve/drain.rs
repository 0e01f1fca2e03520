//! SIGTERM while calls are open.

use std::fs::File;
use std::time::{Duration, Instant};

use protod::Client;
use tonic::Code;

use crate::folder::folder;
use crate::http2::{DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, Wire, call_headers, frame};
use crate::program::Server;

#[tokio::test]
async fn endless_stream_ends_with_the_drain_timeout_and_the_exit_is_clean() {
    let proto = r#"syntax = "proto3"; package slow; message Text { string text = 1; }
        service Slow { rpc Stream(Text) returns (stream Text); rpc Unary(Text) returns (Text); }"#;
    let rules = r#"rules:
  - {method: slow.Slow/Stream, stream: [{send: {text: "first"}}, {wait: 1h}]}
  - {method: slow.Slow/Unary, session: {half_close: [{flush: headers}, {wait: 400ms}, {send: {text: "done"}}]}}
"#;
    let folder = folder([("slow.proto", proto), ("slow.rules.yaml", rules)]);
    let path = folder.path().to_str().expect("UTF-8");
    let server = Server::start(&["--drain-timeout", "1s", path]).await;
    let client = Client::builder(server.address().to_owned()).connect().await;
    let client = client.expect("it listens");

    let stream = client.method("slow.Slow/Stream").expect("it is there");
    let mut stream = stream.server_streaming(stream.request()).await.expect("sent");
    assert!(stream.message().await.expect("OK").is_some());
    let unary = client.method("slow.Slow/Unary").expect("it is there");
    let mut unary = unary
        .call(tokio_stream::once(unary.request()))
        .await
        .expect("sent");
    unary.headers().await.expect("the call has begun");

    let asked = Instant::now();
    let stopping = tokio::spawn(server.stop());
    let answer = unary.message().await.expect("it may finish").expect("an answer");
    assert_eq!(answer.to_json().expect("JSON"), r#"{"text":"done"}"#);
    let status = stream.message().await.expect_err("the server ends it");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(asked.elapsed() >= Duration::from_secs(1), "not before its time");
    let (status, log) = stopping.await.expect("no panic");
    assert!(status.success(), "{log:?}");
    assert!(log.iter().any(|line| line.contains("drained")), "{log:?}");
}

/// A unary call with an empty message.
fn call(stream: u32, path: &str) -> Vec<u8> {
    let headers = frame(HEADERS, END_HEADERS, stream, &call_headers(path));
    [headers, frame(DATA, END_STREAM, stream, &[0; 5])].concat()
}

/// There is a message on the stream.
fn assert_answered(frames: &[Frame], stream: u32) {
    let is_message = |frame: &Frame| (frame.kind, frame.flags, frame.stream) == (DATA, 0, stream);
    assert!(frames.iter().any(is_message), "{frames:?}");
}

#[tokio::test]
async fn a_call_that_crosses_the_goaway_is_answered() {
    let mut server = Server::start(&["proto"]).await;
    let mut wire = Wire::open(server.address()).await;
    let ended = |stream| move |frame: &Frame| frame.ends_stream() && frame.stream == stream;
    wire.send(&call(1, "/proto.SearchService/Search")).await;
    wire.read(ended(1)).await;
    server.signal("TERM").await;
    server.line_with("draining").await;
    // The server cannot know yet whether the client has read it.
    wire.read(|frame| frame.kind == GOAWAY).await;
    wire.send(&call(3, "/proto.SearchService/Search")).await;
    assert_answered(&wire.read(ended(3)).await, 3);
}

#[tokio::test]
async fn a_call_that_crosses_the_goaway_of_an_idle_connection_is_answered() {
    let proto = r#"syntax = "proto3"; package slow; message Text { string text = 1; }
        service Slow { rpc Unary(Text) returns (Text); }"#;
    let rules =
        "rules: [{method: slow.Slow/Unary, session: {half_close: [{wait: 1500ms}, {send: {text: done}}]}}]\n";
    let folder = folder([("slow.proto", proto), ("slow.rules.yaml", rules)]);
    let path = folder.path().to_str().expect("UTF-8");
    let server = Server::start(&["--idle-timeout", "200ms", "--handshake-timeout", "1s", path]).await;
    let mut wire = Wire::open(server.address()).await;
    wire.read(|frame| frame.kind == GOAWAY).await;
    wire.send(&call(1, "/slow.Slow/Unary")).await;
    assert_answered(&wire.read(|frame| frame.kind == DATA).await, 1);
}

#[tokio::test]
async fn sigterm_after_the_first_line_drains() {
    for _ in 0..10 {
        let server = Server::start(&["proto"]).await;
        let (status, log) = server.stop().await;
        assert!(status.success(), "{status}: {log:?}");
        assert!(log.iter().any(|line| line.contains("drained")), "{log:?}");
    }
}

#[tokio::test]
async fn a_reload_that_waits_for_a_file_does_not_keep_the_process() {
    let folder = folder([("rules.text", "rules: []")]);
    let pipe = folder.path().join("rules.pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    let writer = |pipe: std::path::PathBuf| {
        // Waits until somebody opens it for reading.
        tokio::task::spawn_blocking(move || File::options().write(true).open(pipe).expect("a pipe"))
    };
    let first = writer(pipe.clone());
    let rules = pipe.to_str().expect("UTF-8");
    let closed = async { drop(first.await.expect("no panic")) };
    let arguments = ["--rules", rules, "proto"];
    let (server, ()) = tokio::join!(Server::start(&arguments), closed);
    server.signal("HUP").await;
    let _open = writer(pipe.clone()).await.expect("no panic");
    let stopped = tokio::time::timeout(Duration::from_secs(20), server.stop());
    let (status, log) = stopped.await.expect("nothing waits for the reload");
    assert!(status.success(), "{status}: {log:?}");
}
