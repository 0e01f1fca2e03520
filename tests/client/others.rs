//! protod's client against servers of others.

use protod::{Client, Message};
use tokio::time::timeout;

use crate::cli::{prints, protod};
use crate::programs::{Talk, python};
use crate::servers::SOON;

/// grpcio with its reflection, which has v1alpha only. It stops when the talk ends.
pub(crate) async fn python_server() -> (Talk, String) {
    python_server_with(&[]).await
}

/// The same, with further arguments of the script.
pub(crate) async fn python_server_with(options: &[&str]) -> (Talk, String) {
    let arguments = [&["descriptors/stream.binpb"], options].concat();
    let mut talk = python("../../client/stream_server.py").talk(&arguments);
    let port = talk.line().await;
    (talk, format!("127.0.0.1:{}", port.trim_end()))
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
