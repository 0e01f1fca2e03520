//! The tutorial's conversation: its client's output and its server's log, line by line.
//!
//! The numbers come from the tutorial's own loops. Its server answers List with n from 0 to 6, so seven times; its client
//! sends Record six messages and reads one answer, and sends Route seven messages and reads an answer after each, the
//! first of which the server had sent unasked. Its server logs each message that Record and Route receive.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr};
use tokio::time::timeout;

use crate::examples::example;
use crate::others::python_server;
use crate::servers::SOON;
use crate::support::Server;

/// What the tutorial's client prints.
fn printed() -> String {
    let line = |name: &str, value: i32| format!("resp: pj.name: {name}, pt.value: {value}\n");
    let list = (0..=6).map(|n| line("gRPC Stream Client: List", 2018 + n));
    let record = [line("gRPC Stream Server: Record", 1)];
    // "gPRC" is the tutorial's own spelling.
    let route = (0..=6).map(|n| line("gPRC Stream Client: Route", n));
    list.chain(record).chain(route).collect()
}

/// What the tutorial's server logs of it.
fn logged() -> Vec<String> {
    let line = |name: &str| format!("stream.Recv pt.name: {name}, pt.value: 2018");
    let record = vec![line("gRPC Stream Client: Record"); 6];
    let route = vec![line("gRPC Stream Client: Route"); 7];
    [record, route].concat()
}

/// The message of a log line that has one of these, after time and level.
fn message_of(line: &str) -> Option<&str> {
    line.find("stream.Recv ").map(|start| &line[start..])
}

async fn client_prints(address: &str) -> String {
    let output = timeout(SOON, example("stream_client").arg(address).output()).await;
    let output = output
        .expect("the example did not exit")
        .expect("the example cannot be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The example's server, its log, and its address.
async fn example_server() -> (Child, Lines<BufReader<ChildStderr>>, String) {
    let mut server = example("stream_server")
        .arg("127.0.0.1:0")
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example cannot be started");
    let mut lines = BufReader::new(server.stderr.take().expect("stderr is piped")).lines();
    let line = timeout(SOON, lines.next_line())
        .await
        .expect("it says where it listens");
    let line = line.expect("text").expect("a line");
    let (_, address) = line.rsplit_once("listening on ").expect("where it listens");
    (server, lines, address.to_owned())
}

#[tokio::test]
async fn the_tutorials_numbers_of_lines() {
    let printed = printed();
    let count = |part: &str| printed.lines().filter(|line| line.contains(part)).count();
    assert_eq!([count(": List"), count(": Record"), count(": Route")], [7, 1, 7]);
    assert!(printed.ends_with("pt.value: 6\n"), "{printed}");
}

#[tokio::test]
async fn client_and_rules_hold_the_tutorials_conversation() {
    let server = Server::start(&["proto"]).await;
    assert_eq!(client_prints(server.address()).await, printed());
    // The server has read all of it when the client has its end.
    let (status, log) = server.stop().await;
    assert!(status.success(), "{log:?}");
    let log: Vec<&str> = log.iter().filter_map(|line| message_of(line)).collect();
    assert_eq!(log, logged());
}

#[tokio::test]
async fn client_and_closures_hold_the_tutorials_conversation() {
    let (_server, mut lines, address) = example_server().await;
    assert_eq!(client_prints(&address).await, printed());
    let mut log = Vec::new();
    while log.len() < logged().len() {
        let line = timeout(SOON, lines.next_line()).await;
        let line = line
            .unwrap_or_else(|_| panic!("only {log:?}"))
            .expect("text")
            .expect("it runs");
        log.extend(message_of(&line).map(str::to_owned));
    }
    assert_eq!(log, logged());
}

#[tokio::test]
async fn the_client_prints_the_same_against_grpcio() {
    let (_server, address) = python_server().await;
    assert_eq!(client_prints(&address).await, printed());
}
