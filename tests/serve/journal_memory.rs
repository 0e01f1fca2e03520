//! What the journal takes of a server's memory: its size and a tenth, however many calls and messages there are.

#![expect(clippy::print_stdout, reason = "the figures")]

use protod::{Client, Message};
use tokio::time::timeout;

use crate::folder::folder;
use crate::program::{SOON, Server, command};
use crate::resident::resident_kib;

/// `--journal-size`, in KiB.
const SIZE_KIB: u64 = 2 << 10;

/// What a server without a journal may grow by meanwhile. If all were kept, each of the two would take 20 MiB.
const MARGIN_KIB: u64 = 3 << 10;

const CALLS: usize = 2_500;

/// How long the message of each call is.
const LENGTH: usize = 8 << 10;

const MESSAGES: usize = 100_000;

#[tokio::test]
async fn many_calls_and_a_long_stream_leave_the_memory_of_the_server_within_the_size_of_the_journal() {
    let proto = r#"syntax = "proto3"; package p; message Text { string text = 1; }
        service S { rpc Say(Text) returns (Text); rpc Watch(Text) returns (stream Text); }"#;
    let text = "x".repeat(200);
    let rules = format!(
        r#"rules:
  - {{method: p.S/Say, reply: {{text: "yes"}}}}
  - {{method: p.S/Watch, match: {{text: long}}, stream: [{{repeat: {MESSAGES}, send: {{text: {text}}}}}]}}
  - {{method: p.S/Watch, stream: [{{repeat: 100, send: {{text: {text}}}}}]}}
"#
    );
    let folder = folder([("a.proto", proto), ("a.rules.yaml", &rules)]);
    let size = format!("{SIZE_KIB}KiB");
    let path = folder.path().to_str().expect("UTF-8");
    let mut serve = command(&["serve", "--addr", "127.0.0.1:0", "--journal-size", &size, path]);
    // Each thread has some memory of its own, which would count where there are many.
    serve.env("TOKIO_WORKER_THREADS", "2");
    let server = Server::start_command(serve).await;
    let client = Client::builder(server.address())
        .connect()
        .await
        .expect("it listens");
    let memory = || resident_kib(server.id(), "VmHWM");

    say(&client, 10).await;
    assert_eq!(watch(&client, "short").await, 100);
    let before = memory();
    say(&client, CALLS).await;
    let after_calls = memory();
    assert_eq!(watch(&client, "long").await, MESSAGES);
    let after_stream = memory();
    println!("{before} KiB before, {after_calls} KiB after the calls, {after_stream} KiB after the stream");
    let most = before + SIZE_KIB + SIZE_KIB / 10 + MARGIN_KIB;
    assert!(after_calls < most && after_stream < most);
}

/// Makes so many calls, one after the other.
async fn say(client: &Client, calls: usize) {
    let method = client.method("p.S/Say").expect("it is there");
    let long = message(client, "p.S/Say", &"y".repeat(LENGTH));
    for _ in 0..calls {
        let answer = timeout(SOON, method.unary(long.clone())).await;
        answer.expect("it is soon answered").expect("OK");
    }
}

/// Reads a stream to its end. Returns how many messages there were.
async fn watch(client: &Client, which: &str) -> usize {
    let method = client.method("p.S/Watch").expect("it is there");
    let mut answers = method
        .server_streaming(message(client, "p.S/Watch", which))
        .await
        .expect("sent");
    let mut messages = 0;
    while timeout(SOON, answers.message())
        .await
        .expect("soon")
        .expect("OK")
        .is_some()
    {
        messages += 1;
    }
    messages
}

fn message(client: &Client, method: &str, text: &str) -> Message {
    let method = client.method(method).expect("it is there");
    Message::from_json(method.input().clone(), &format!(r#"{{"text":"{text}"}}"#)).expect("it fits")
}
