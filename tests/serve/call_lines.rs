//! `--log-calls`: a line for each call when it has ended, however it ends. Without it, lines for those that no rule answers.

use std::time::Duration;

use protod::client::{Codec, Protocol};
use protod::{Client, Message};
use serde_json::Value;
use tonic::Code;

use crate::folder::folder;
use crate::http2::{ACK, DATA, END_HEADERS, END_STREAM, HEADERS, PING, Wire, call_headers, frame};
use crate::program::Server;

const PROTO: &str = r#"syntax = "proto3"; package p; message Text { string text = 1; }
    service S {
      rpc Say(Text) returns (Text);
      rpc Slow(Text) returns (stream Text);
      rpc Both(stream Text) returns (stream Text);
      rpc Sampled(Text) returns (Text);
    }"#;

const RULES: &str = r"rules:
  - {method: p.S/Say, name: greeting, match: {text: hello}, reply: {text: hello to you}}
  - {method: p.S/Say, match: {text: bye}, status: {code: NOT_FOUND, message: not yet}}
  - {method: p.S/Both, metadata: {x-fails: {}}, session: {half_close: [{log: '${request.text}'}, {status: {code: ABORTED, message: 'no ${request.text}'}}]}}
  - {method: p.S/Slow, name: slow, stream: [{send: {text: first}}, {wait: 1h}]}
  - {method: p.S/Both, name: both, session: {message: [{send: {text: again}}]}}
";

/// A server with lines as JSON, and a client.
async fn serve(args: &[&str]) -> (Server, Client, tempfile::TempDir) {
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", RULES)]);
    let path = folder.path().to_str().expect("UTF-8");
    let server = Server::start(&[args, &["--log-format", "json", path]].concat()).await;
    let client = Client::builder(server.address()).connect().await;
    (server, client.expect("it listens"), folder)
}

/// The next line of a call of this method.
async fn line_of(server: &mut Server, method: &str) -> Value {
    let line = server.line_with(&format!(r#""method":"{method}""#)).await;
    serde_json::from_str(&line).expect("JSON")
}

fn text(client: &Client, text: &str) -> Message {
    let method = client.method("p.S/Say").expect("it is there");
    Message::from_json(method.input().clone(), &format!(r#"{{"text":"{text}"}}"#)).expect("it fits")
}

/// The headers of a call, and its empty message.
fn call(stream: u32, path: &str) -> Vec<u8> {
    let headers = frame(HEADERS, END_HEADERS, stream, &call_headers(path));
    [headers, frame(DATA, END_STREAM, stream, &[0; 5])].concat()
}

#[tokio::test]
async fn bytes_are_counted_as_each_protocol_sends_them() {
    let (mut server, _client, _folder) = serve(&["--log-calls"]).await;
    // A message of one field: its key, its length and its text; before it, in envelopes, five bytes.
    for (protocol, codec, name, request, response) in [
        (Protocol::Grpc, Codec::Proto, "grpc", 12, 19),
        (Protocol::GrpcWeb, Codec::Proto, "grpc-web", 12, 19),
        (Protocol::Connect, Codec::Proto, "connect", 7, 14),
        (Protocol::Connect, Codec::Json, "connect", 16, 23),
    ] {
        let client = Client::builder(server.address()).protocol(protocol).codec(codec);
        let client = client.connect().await.expect("it listens");
        let say = client.method("p.S/Say").expect("it is there");
        say.unary(text(&client, "hello")).await.expect("a rule answers");
        let line = line_of(&mut server, "p.S/Say").await;
        assert_eq!(line["protocol"], name);
        assert_eq!(
            (&line["request_bytes"], &line["response_bytes"]),
            (&request.into(), &response.into()),
            "{protocol:?} {codec:?}"
        );
    }
}

/// As docs/command-line.md shows them: only values with blanks are quoted.
#[tokio::test]
async fn names_in_lines_of_text_have_no_quotes() {
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", RULES)]);
    let path = folder.path().to_str().expect("UTF-8");
    let mut server = Server::start(&["--log-calls", path]).await;
    for (protocol, name) in [(Protocol::Grpc, "grpc"), (Protocol::Connect, "connect")] {
        let client = Client::builder(server.address()).protocol(protocol);
        let client = client.connect().await.expect("it listens");
        let say = client.method("p.S/Say").expect("it is there");
        say.unary(text(&client, "hello")).await.expect("a rule answers");
        let line = server.line_with("method=p.S/Say").await;
        assert!(
            line.contains("call method=p.S/Say rule=greeting code=OK elapsed="),
            "{line}"
        );
        assert!(
            line.contains(&format!(" protocol={name} peer=127.0.0.1:")),
            "{line}"
        );
    }
}

#[tokio::test]
async fn each_call_is_a_line_however_it_ends() {
    let (mut server, client, _folder) = serve(&["--log-calls"]).await;
    let say = client.method("p.S/Say").expect("it is there");

    say.unary(text(&client, "hello")).await.expect("a rule answers");
    let line = line_of(&mut server, "p.S/Say").await;
    assert_eq!(
        (&line["message"], &line["level"]),
        (&"call".into(), &"INFO".into())
    );
    assert_eq!((&line["rule"], &line["code"]), (&"greeting".into(), &"OK".into()));
    assert_eq!(line["protocol"], "grpc");
    assert!(
        line["peer"]
            .as_str()
            .is_some_and(|peer| peer.starts_with("127.0.0.1:")),
        "{line}"
    );
    assert!(
        line["elapsed"].as_str().is_some_and(|time| time.ends_with('s')),
        "{line}"
    );
    // Prefixes of 5 bytes, and fields with 2 before their text.
    assert_eq!(
        (&line["requests"], &line["request_bytes"]),
        (&1.into(), &12.into()),
        "{line}"
    );
    assert_eq!(
        (&line["responses"], &line["response_bytes"]),
        (&1.into(), &19.into()),
        "{line}"
    );
    assert_eq!(line["error"], Value::Null);

    say.unary(text(&client, "bye")).await.expect_err("the rule fails");
    let line = line_of(&mut server, "p.S/Say").await;
    assert_eq!(
        (&line["code"], &line["error"]),
        (&"NOT_FOUND".into(), &"not yet".into())
    );
    let rule = line["rule"].as_str().expect("a name");
    assert!(rule.ends_with("a.rules.yaml:3"), "{line}");

    say.unary(text(&client, "what"))
        .await
        .expect_err("no rule matches");
    let line = line_of(&mut server, "p.S/Say").await;
    assert_eq!(
        (&line["message"], &line["code"]),
        (&"no rule answered a call".into(), &"UNIMPLEMENTED".into())
    );
    assert!(
        line["error"]
            .as_str()
            .is_some_and(|error| error.contains("the nearest is")),
        "{line}"
    );
    assert_eq!(line["rule"], Value::Null);

    let sampled = client.method("p.S/Sampled").expect("it is there");
    sampled.unary(sampled.request()).await.expect("a sample");
    let line = line_of(&mut server, "p.S/Sampled").await;
    assert_eq!(
        (&line["message"], &line["code"]),
        (&"no rule answered a call".into(), &"OK".into())
    );

    let slow = client.method("p.S/Slow").expect("it is there");
    let late = slow.clone().deadline(Duration::from_millis(100));
    let mut stream = late.server_streaming(late.request()).await.expect("sent");
    assert!(stream.message().await.expect("OK").is_some());
    let status = stream.message().await.expect_err("too late");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let line = line_of(&mut server, "p.S/Slow").await;
    assert_eq!(
        (&line["code"], &line["rule"]),
        (&"DEADLINE_EXCEEDED".into(), &"slow".into()),
        "{line}"
    );

    let mut stream = slow.server_streaming(slow.request()).await.expect("sent");
    assert!(stream.message().await.expect("OK").is_some());
    drop(stream);
    let line = line_of(&mut server, "p.S/Slow").await;
    assert_eq!(
        (&line["code"], &line["responses"]),
        (&"CANCELLED".into(), &1.into()),
        "{line}"
    );

    let both = client.method("p.S/Both").expect("it is there");
    let three = tokio_stream::iter(vec![text(&client, "a"); 3]);
    let mut stream = both.bidi(three).await.expect("sent");
    while stream.message().await.expect("OK").is_some() {}
    let line = line_of(&mut server, "p.S/Both").await;
    assert_eq!(
        (&line["requests"], &line["responses"]),
        (&3.into(), &3.into()),
        "{line}"
    );
}

#[tokio::test]
async fn reflection_by_the_client_ends_as_it_should() {
    let (mut server, client, _folder) = serve(&["--log-calls"]).await;
    client.fetch_symbol("p.Text").await.expect("it has it");
    Client::builder(server.address())
        .services()
        .await
        .expect("it lists them");
    let unknown = client.fetch_symbol("p.Nothing").await;
    unknown.expect_err("it has no such symbol");
    for _ in 0..4 {
        let line = line_of(
            &mut server,
            "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        )
        .await;
        assert_eq!(line["code"], "OK", "{line}");
    }
}

#[tokio::test]
async fn calls_of_clients_that_go_or_are_wrong_are_lines_too() {
    let (mut server, client, _folder) = serve(&["--log-calls", "--max-calls", "1"]).await;
    let mut wire = Wire::open(server.address()).await;
    wire.send(&call(1, "/p.S/Slow")).await;
    wire.read(|frame| frame.kind == DATA).await;
    let say = client.method("p.S/Say").expect("it is there");
    say.unary(text(&client, "hello")).await.expect_err("one too many");
    let line = line_of(&mut server, "p.S/Say").await;
    assert_eq!(line["code"], "RESOURCE_EXHAUSTED", "{line}");
    // The connection is gone, and not only the call.
    drop(wire);
    let line = line_of(&mut server, "p.S/Slow").await;
    assert_eq!(line["code"], "CANCELLED", "{line}");

    let mut wire = Wire::open(server.address()).await;
    wire.send(&call(1, "/p.S/Nothing")).await;
    let line = line_of(&mut server, "p.S/Nothing").await;
    assert_eq!(line["code"], "UNIMPLEMENTED", "{line}");
    // :method GET, :scheme http, :path /
    wire.send(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &[0x82, 0x86, 0x84]))
        .await;
    let line = server.line_with(r#""path":"/""#).await;
    assert!(line.contains(r#""status":405"#), "{line}");
}

#[tokio::test]
async fn without_the_flag_only_calls_that_no_rule_answers_are_lines_and_not_without_end() {
    let (server, client, _folder) = serve(&[]).await;
    let say = client.method("p.S/Say").expect("it is there");
    for _ in 0..15 {
        say.unary(text(&client, "hello")).await.expect("a rule answers");
        say.unary(text(&client, "what"))
            .await
            .expect_err("no rule matches");
    }
    let mut wire = Wire::open(server.address()).await;
    for stream in 0..15 {
        wire.send(&call(stream * 2 + 1, &format!("/p.S/Nothing{stream}")))
            .await;
    }
    wire.send(&frame(PING, 0, 0, b"all read")).await;
    wire.read(|frame| (frame.kind, frame.flags) == (PING, ACK)).await;
    drop((client, wire));
    let (_, log) = server.stop().await;
    let of = |text: &str| log.iter().filter(|line| line.contains(text)).count();
    assert_eq!(
        (of(r#""method":"p.S/Say""#), of("p.S/Nothing"), of(r#""rule":"#)),
        (10, 10, 0),
        "{log:#?}"
    );
}

#[tokio::test]
async fn what_a_client_makes_a_rule_say_is_cut_in_lines() {
    let (mut server, client, _folder) = serve(&["--log-calls"]).await;
    let mut fails = client.method("p.S/Both").expect("it is there");
    fails
        .metadata_mut()
        .insert("x-fails", "1".parse().expect("a value"));
    let requests = [text(&client, &"é".repeat(500_000))];
    let status = match fails.call(tokio_stream::iter(requests)).await {
        Ok(mut responses) => responses.message().await.expect_err("the rule fails"),
        Err(status) => status,
    };
    assert_eq!(status.code(), Code::Aborted);
    let line = server.line_with("éé").await;
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let (kept, mark) = line["message"]
        .as_str()
        .and_then(|message| message.rsplit_once('…'))
        .expect("a mark");
    assert_eq!((kept.len(), mark), (65_536, " (cut: 934464 bytes)"));
    let line = line_of(&mut server, "p.S/Both").await;
    let error = line["error"].as_str().expect("it has one");
    assert!(error.starts_with("no éé") && error.len() < 3000, "{error}");
    let (_, mark) = error.rsplit_once('…').expect("a mark");
    assert_eq!(mark, " (cut: 997956 bytes)");
}
