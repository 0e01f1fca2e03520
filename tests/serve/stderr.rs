//! A server whose stderr nobody reads: its reader saw the line that it waited for, and closed the pipe, or kept it open and
//! read no more.

use std::path::Path;
use std::process::Stdio;

use protod::Client;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::folder::{folder, reload_checked};
use crate::program::{SOON, command, listening_address};

#[tokio::test]
async fn log_that_nobody_reads_is_lost_and_all_goes_on() {
    let proto = r#"syntax = "proto3"; package p; message Text { string text = 1; }
        service S { rpc Unary(Text) returns (Text); }"#;
    let rules = |text: &str| {
        format!(
            r#"rules: [{{method: p.S/Unary, session: {{half_close: [{{log: "asked"}}, {{send: {{text: "{text}"}}}}]}}}}]"#
        )
    };
    let folder = folder([("a.proto", proto), ("a.rules.yaml", &rules("first"))]);
    let a_rules = folder.path().join("a.rules.yaml");
    for format in ["text", "json"] {
        let (mut server, stderr, address) = serve(format, folder.path()).await;
        drop(stderr);

        let client = Client::builder(address).connect().await.expect("it listens");
        let method = client.method("p.S/Unary").expect("it is there");
        for text in ["second", "third"] {
            std::fs::write(&a_rules, rules(text)).expect("it can be written");
            let expected = format!(r#"{{"text":"{text}"}}"#);
            assert_eq!(reload_checked(&client).await, "SERVING");
            let answer = method.unary(method.request()).await.expect("it never fails");
            assert_eq!(answer.message.to_json().expect("JSON"), expected);
        }

        stop(&mut server).await;
    }
}

/// How many lines one call of `Flood` logs, each of four kibibytes.
const FLOOD: usize = 1500;

#[tokio::test]
async fn log_that_finds_the_pipe_full_holds_up_no_call_and_no_signal_and_its_lines_are_counted() {
    let proto = r#"syntax = "proto3"; package p; message Text { string text = 1; }
        service S { rpc Unary(Text) returns (Text); rpc Flood(Text) returns (stream Text); }"#;
    let rules = format!(
        r#"rules:
  - {{method: p.S/Unary, session: {{half_close: [{{log: "asked"}}, {{send: {{text: "answered"}}}}]}}}}
  - {{method: p.S/Flood, stream: [{{repeat: {FLOOD}, log: "flood ${{i}} ${{repeat('x', 4096)}}"}}]}}
"#
    );
    let folder = folder([("a.proto", proto), ("a.rules.yaml", &rules)]);
    for format in ["text", "json"] {
        let (mut server, mut stderr, address) = serve(format, folder.path()).await;
        let flood = async || {
            let client = Client::builder(address.clone())
                .connect()
                .await
                .expect("it listens");
            for _ in 0..3 {
                let flood = client.method("p.S/Flood").expect("it is there");
                let mut answers = flood.server_streaming(flood.request()).await.expect("sent");
                assert!(answers.message().await.expect("OK").is_none());
                let unary = client.method("p.S/Unary").expect("it is there");
                unary.unary(unary.request()).await.expect("an answer");
                let health = client.method("grpc.health.v1.Health/Check").expect("it is there");
                health.unary(health.request()).await.expect("an answer");
            }
        };
        timeout(SOON, flood()).await.expect("no call waits for a reader");

        // Somebody reads it at last: every line is there in order, or is counted where it is missing.
        let expected: Vec<usize> = (0..3).flat_map(|_| 0..=FLOOD).collect();
        let (mut next, mut lost) = (0, 0);
        while next < expected.len() {
            let line = line(&mut stderr).await;
            if let Some((before, _)) = line.split_once(" log lines were dropped because nobody read stderr") {
                let number = before.rsplit([' ', '"']).next().expect("there is one");
                let number: usize = number.parse().expect("a number");
                (next, lost) = (next + number, lost + number);
            } else if line.contains("asked") {
                assert_eq!(expected[next], FLOOD, "the order is kept");
                next += 1;
            } else if let Some((_, rest)) = line.split_once("flood ") {
                let number = rest.split(' ').next().expect("there is one");
                assert_eq!(number, expected[next].to_string(), "the order is kept");
                next += 1;
            }
        }
        assert_eq!(next, expected.len(), "{format}");
        assert!(lost > 0, "{format}");

        timeout(SOON, flood()).await.expect("no call waits for a reader");
        stop(&mut server).await;
    }
}

/// Starts a server and reads its first line.
async fn serve(format: &str, folder: &Path) -> (Child, BufReader<ChildStderr>, String) {
    let path = folder.to_str().expect("UTF-8");
    let mut server = command(&["serve", "--addr", "127.0.0.1:0", "--log-format", format, path])
        .stderr(Stdio::piped())
        .spawn()
        .expect("protod can be started");
    let mut stderr = BufReader::new(server.stderr.take().expect("it is piped"));
    let first = line(&mut stderr).await;
    let address = listening_address(&first).expect("its first line");
    (server, stderr, address)
}

async fn line(stderr: &mut BufReader<ChildStderr>) -> String {
    let mut line = String::new();
    let read = timeout(SOON, stderr.read_line(&mut line)).await;
    let length = read.expect("a line comes soon").expect("UTF-8");
    assert!(length > 0, "there are no more lines");
    line
}

/// Sends SIGTERM, at which the server ends as usual.
async fn stop(server: &mut Child) {
    let id = server.id().expect("it runs").to_string();
    let kill = Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(kill.expect("kill can be started").success());
    let status = timeout(SOON, server.wait()).await.expect("it ends");
    assert_eq!(status.expect("it can be waited for").code(), Some(0));
}
