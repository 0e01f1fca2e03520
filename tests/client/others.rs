//! protod's client against servers of others, and the example's client against protod.

use std::path::Path;
use std::process::Stdio;

use protod::{Client, Message};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::cli::{prints, protod};
use crate::programs::{Talk, python};
use crate::servers::SOON;
use crate::support::Server;

/// What the tutorial's client prints.
const TUTORIAL: &str = "\
resp: pj.name: gRPC Stream Client: List, pt.value: 2018
resp: pj.name: gRPC Stream Client: List, pt.value: 2019
resp: pj.name: gRPC Stream Client: List, pt.value: 2020
resp: pj.name: gRPC Stream Client: List, pt.value: 2021
resp: pj.name: gRPC Stream Client: List, pt.value: 2022
resp: pj.name: gRPC Stream Client: List, pt.value: 2023
resp: pj.name: gRPC Stream Client: List, pt.value: 2024
resp: pj.name: gRPC Stream Server: Record, pt.value: 1
resp: pj.name: gPRC Stream Client: Route, pt.value: 0
resp: pj.name: gPRC Stream Client: Route, pt.value: 1
resp: pj.name: gPRC Stream Client: Route, pt.value: 2
resp: pj.name: gPRC Stream Client: Route, pt.value: 3
resp: pj.name: gPRC Stream Client: Route, pt.value: 4
resp: pj.name: gPRC Stream Client: Route, pt.value: 5
";

/// An example that `cargo test` has built.
fn example(name: &str) -> Command {
    let folder = Path::new(env!("CARGO_BIN_EXE_protod"))
        .parent()
        .expect("the binary is in a folder");
    let path = folder.join("examples").join(name);
    assert!(
        path.exists(),
        "{} is missing: cargo test builds it, as does cargo build --examples",
        path.display()
    );
    let mut command = Command::new(path);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn tutorial_client_prints(address: &str) -> String {
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

#[tokio::test]
async fn the_example_prints_what_the_tutorials_client_prints_against_protod_serve() {
    let server = Server::start(&["proto"]).await;
    assert_eq!(tutorial_client_prints(server.address()).await, TUTORIAL);
}

#[tokio::test]
async fn the_example_prints_what_the_tutorials_client_prints_against_the_example_server() {
    let mut server: Child = example("stream_server")
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
    assert_eq!(tutorial_client_prints(address).await, TUTORIAL);
}

/// grpcio with its reflection, which has v1alpha only. It stops when the talk ends.
async fn python_server() -> (Talk, String) {
    let mut talk = python("../../client/stream_server.py").talk(&["descriptors/stream.binpb"]);
    let port = talk.line().await;
    (talk, format!("127.0.0.1:{}", port.trim_end()))
}

#[tokio::test]
async fn the_example_prints_the_same_against_a_python_server() {
    let (_server, address) = python_server().await;
    assert_eq!(tutorial_client_prints(&address).await, TUTORIAL);
}

#[tokio::test]
async fn a_python_server_is_listed_described_and_called() {
    let (_server, address) = python_server().await;
    assert_eq!(
        prints(&["list", &address]).await,
        "grpc.reflection.v1alpha.ServerReflection\nproto.StreamService\n"
    );
    assert_eq!(
        prints(&["describe", &address, "proto.StreamPoint"]).await,
        "message StreamPoint {\n  string name = 1;\n  int32 value = 2;\n}\n"
    );
    let data = r#"{"pt": {"name": "x", "value": 1}}"#;
    let printed = prints(&[
        "call",
        &address,
        "proto.StreamService/Record",
        "-d",
        data,
        "--gzip",
    ])
    .await;
    assert_eq!(
        printed,
        "{\n  \"pt\": {\n    \"name\": \"gRPC Stream Server: Record\",\n    \"value\": 1\n  }\n}\n"
    );
}

#[tokio::test]
async fn a_python_servers_status_comes_with_its_details() {
    let (_server, address) = python_server().await;
    let args = [
        "call",
        &address,
        "proto.StreamService/List",
        "-H",
        "x-fail: me",
        "-v",
    ];
    let (stdout, stderr, code) = protod(&args).await;
    assert_eq!((stdout.as_str(), code), ("", 64 + 5), "{stderr}");
    assert!(stderr.contains("< x-why: asked to\n"), "{stderr}");
    assert!(
        stderr.ends_with(
            "ERROR:\n  Code: NotFound\n  Message: no such stream\n  Details:\n  1)\t{\n    \t  \
             \"@type\": \"type.googleapis.com/proto.StreamRequest\",\n    \t  \"pt\": {\n    \t    \"name\": \"me\",\n    \
             \t    \"value\": 7\n    \t  }\n    \t}\n"
        ),
        "{stderr}"
    );
}

#[tokio::test]
async fn a_python_server_takes_turns_with_the_library() {
    let (_server, address) = python_server().await;
    let client = Client::connect(&address).await.expect("it answers reflection");
    let route = client.method("proto.StreamService/Route").expect("it is there");
    let (requests, receiver) = tokio::sync::mpsc::channel::<Message>(1);
    let requests_stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut responses = route.bidi(requests_stream).await.expect("the call is on its way");
    for n in 0..20 {
        let message = timeout(SOON, responses.message())
            .await
            .expect("an answer to each");
        let message = message.expect("no failure").expect("no end yet");
        let json = message.to_json().expect("it prints");
        assert!(json.contains("Route"), "{json}");
        assert_eq!(json.contains(&format!("\"value\":{n}")), n > 0, "{json}");
        requests
            .send(route.request().into())
            .await
            .expect("the call is open");
    }
}
