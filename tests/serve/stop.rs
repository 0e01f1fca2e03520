//! How a server is told to stop: by one signal or two, or by the end of its stdin.

use std::process::Stdio;
use std::time::Duration;

use protod::client::{Client, Responses};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;
use tonic::Code;

use crate::folder::folder;
use crate::program::{SOON, Server, command};

const PROTO: &str = r#"syntax = "proto3"; package slow; message Text { string text = 1; }
    service Slow { rpc Stream(Text) returns (stream Text); rpc Echo(stream Text) returns (stream Text); }"#;
const RULES: &str = r#"rules:
  - {method: slow.Slow/Stream, stream: [{send: {text: "first"}}, {wait: 1h}]}
  - {method: slow.Slow/Echo, session: {message: [{send: {text: "echo"}}]}}
"#;

/// A call that never ends by itself, after its first message.
async fn endless(client: &Client) -> Responses {
    let stream = client.method("slow.Slow/Stream").expect("it is there");
    let mut stream = stream.server_streaming(stream.request()).await.expect("sent");
    assert!(stream.message().await.expect("OK").is_some());
    stream
}

async fn connect(server: &Server) -> Client {
    let client = Client::builder(server.address().to_owned()).connect().await;
    client.expect("it listens")
}

/// The drain timeout is longer than any test waits.
#[tokio::test]
async fn a_second_signal_ends_at_once_and_the_first_says_so() {
    let folder = folder([("slow.proto", PROTO), ("slow.rules.yaml", RULES)]);
    let path = folder.path().to_str().expect("UTF-8");
    for (first, hint, second, code) in [
        ("INT", "press Ctrl-C again to end now", "INT", 130),
        ("TERM", "send SIGTERM again to end now", "TERM", 143),
        ("INT", "press Ctrl-C again to end now", "TERM", 143),
        ("TERM", "send SIGTERM again to end now", "INT", 130),
    ] {
        let mut server = Server::start(&["--drain-timeout", "1h", path]).await;
        let client = connect(&server).await;
        let mut stream = endless(&client).await;
        server.signal(first).await;
        server.line_with(hint).await;
        server.line_with("draining").await;
        server.signal(second).await;
        let (status, log) = server.ended().await;
        assert_eq!(status.code(), Some(code), "{first} {second}: {log:?}");
        stream.message().await.expect_err("the connection is gone");
    }
}

#[tokio::test]
async fn a_reload_signal_is_not_counted() {
    let folder = folder([("slow.proto", PROTO), ("slow.rules.yaml", RULES)]);
    let mut server = Server::start(&[folder.path().to_str().expect("UTF-8")]).await;
    server.signal("HUP").await;
    server.line_with("reloaded").await;
    let client = connect(&server).await;
    let echo = client.method("slow.Slow/Echo").expect("it is there");
    let (requests, sent) = tokio::sync::mpsc::channel(1);
    let mut echoes = echo
        .call(tokio_stream::wrappers::ReceiverStream::new(sent))
        .await
        .expect("sent");
    requests.send(echo.request()).await.expect("it is open");
    assert!(echoes.message().await.expect("OK").is_some());
    server.signal("TERM").await;
    server.line_with("draining").await;
    server.signal("HUP").await;
    server.line_with("reloaded").await;
    requests.send(echo.request()).await.expect("it is open");
    assert!(echoes.message().await.expect("it may finish").is_some());
    drop(requests);
    assert!(echoes.message().await.expect("OK").is_none());
    let (status, log) = server.ended().await;
    assert!(status.success(), "{log:?}");
}

#[tokio::test]
async fn the_end_of_stdin_drains_a_server_that_asks_for_it() {
    let folder = folder([("slow.proto", PROTO), ("slow.rules.yaml", RULES)]);
    let path = folder.path().to_str().expect("UTF-8");
    let start = async |drain: &str| {
        let args = [
            "serve",
            "--addr",
            "127.0.0.1:0",
            "--exit-on-stdin-eof",
            "--drain-timeout",
            drain,
            path,
        ];
        let mut serve = command(&args);
        serve.stdin(Stdio::piped());
        Server::start_command(serve).await
    };
    let mut server = start("500ms").await;
    let client = connect(&server).await;
    let mut stream = endless(&client).await;
    drop(server.child.stdin.take().expect("it is piped"));
    server.line_with("stdin has ended").await;
    let status = stream.message().await.expect_err("the server ends it");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let (status, log) = server.ended().await;
    assert!(status.success(), "{log:?}");
    assert!(log.iter().any(|line| line.contains("drained")), "{log:?}");

    let mut server = start("1h").await;
    let client = connect(&server).await;
    let _stream = endless(&client).await;
    drop(server.child.stdin.take().expect("it is piped"));
    server.line_with("stdin has ended").await;
    server.signal("TERM").await;
    let (status, log) = server.ended().await;
    assert_eq!(status.code(), Some(143), "{log:?}");
}

/// The line that says that it listens comes first all the same.
#[tokio::test]
async fn a_stdin_that_is_empty_ends_the_server_as_soon_as_it_serves() {
    let server = Server::start(&["--exit-on-stdin-eof", "proto"]).await;
    let ended = tokio::time::timeout(Duration::from_secs(20), server.ended());
    let (status, log) = ended.await.expect("nothing keeps it");
    assert!(status.success(), "{log:?}");
    assert!(log[0].starts_with("protod listening on "), "{log:?}");
}

/// What signals a process waits for, as Linux tells it: a bit for each.
#[cfg(target_os = "linux")]
fn caught(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    u64::from_str_radix(mask.expect("it is told").trim(), 16).expect("it is a number")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn signals_are_heard_while_the_first_files_are_read() {
    // It takes much longer to read than a signal takes.
    let messages: Vec<String> = (0..20_000)
        .map(|n| format!("message M{n} {{ int32 a = 1; }}"))
        .collect();
    let folder = folder([("slow.proto", &[PROTO, &messages.concat()].concat())]);
    let path = folder.path().to_str().expect("UTF-8");
    for (signal, code) in [("TERM", Some(143)), ("INT", Some(130)), ("HUP", None)] {
        let mut child = command(&["serve", "--addr", "127.0.0.1:0", path])
            .stderr(Stdio::piped())
            .spawn()
            .expect("protod can be started");
        let id = child.id().expect("it runs");
        // SIGHUP, SIGINT and SIGTERM have the numbers 1, 2 and 15.
        let all_three = 1 | 1 << 1 | 1 << 14;
        let wait = async {
            while caught(id) & all_three != all_three {
                tokio::task::yield_now().await;
            }
        };
        timeout(SOON, wait).await.expect("it waits for signals");
        let kill = Command::new("kill")
            .args([format!("-{signal}"), id.to_string()])
            .status()
            .await;
        assert!(kill.expect("kill can be started").success(), "{signal}");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let line = timeout(SOON, lines.next_line())
            .await
            .expect("it listens or ends");
        let line = line.expect("UTF-8");
        match code {
            Some(code) => {
                assert_eq!(line, None, "{signal}");
                assert_eq!(
                    child.wait().await.expect("it was started").code(),
                    Some(code),
                    "{signal}"
                );
            }
            None => assert!(
                line.is_some_and(|line| line.starts_with("protod listening on ")),
                "{signal}"
            ),
        }
    }
}
