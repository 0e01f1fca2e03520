//! Reflection of a running server, called by the clients that tonic generates.

use protod::{Handlers, Schema, Server};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic::transport::Channel;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::{v1, v1alpha};

fn schema(package: &str) -> Schema {
    let text = format!(
        r#"syntax = "proto3"; package {package};
        message Name {{ string name = 1; }}
        service Greeter {{ rpc Greet(Name) returns (Name); }}"#
    );
    Schema::from_source("greeting.proto", &text).expect("the text compiles")
}

/// Serves on a free port until the sender is dropped.
async fn start(server: &Server) -> (Channel, oneshot::Sender<()>) {
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = Channel::from_shared(format!("http://{}", bound.local_addr())).expect("a URI");
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
    (endpoint.connect().await.expect("the server listens"), stop)
}

/// Opens a stream of one version, and returns a closure that asks for a symbol on it. The closure returns the number of
/// files, or the code of the error response.
macro_rules! asking {
    ($version:ident, $channel:expr) => {{
        use $version::server_reflection_request::MessageRequest;
        use $version::server_reflection_response::MessageResponse;
        let (requests, received) = mpsc::channel(1);
        let mut client = $version::server_reflection_client::ServerReflectionClient::new($channel);
        let answers = client
            .server_reflection_info(ReceiverStream::new(received))
            .await
            .unwrap();
        let mut answers = answers.into_inner();
        async move |symbol: &str| {
            let message_request = Some(MessageRequest::FileContainingSymbol(symbol.to_owned()));
            let request = $version::ServerReflectionRequest {
                host: String::new(),
                message_request,
            };
            requests.send(request).await.unwrap();
            match answers.next().await.unwrap().unwrap().message_response.unwrap() {
                MessageResponse::FileDescriptorResponse(hit) => Ok(hit.file_descriptor_proto.len()),
                MessageResponse::ErrorResponse(miss) => Err(miss.error_code),
                other => panic!("{other:?}"),
            }
        }
    }};
}

#[tokio::test]
async fn reflection_miss_keeps_stream_open() {
    let server = Server::builder(schema("greeting")).build().unwrap();
    let (channel, _stop) = start(&server).await;
    let mut ask = asking!(v1, channel.clone());
    assert_eq!(ask("greeting.Missing").await, Err(Code::NotFound as i32));
    assert_eq!(ask("greeting.Greeter").await, Ok(1));
    let mut ask = asking!(v1alpha, channel);
    assert_eq!(ask("greeting.Missing").await, Err(Code::NotFound as i32));
    assert_eq!(ask("greeting.Greeter").await, Ok(1));
}

#[tokio::test]
async fn stream_keeps_the_schema_that_it_began_with() {
    let server = Server::builder(schema("before")).build().unwrap();
    let (channel, _stop) = start(&server).await;
    let mut early = asking!(v1, channel.clone());
    assert_eq!(early("before.Greeter").await, Ok(1));
    server.reload(schema("after"), Handlers::new()).unwrap();
    assert_eq!(early("after.Greeter").await, Err(Code::NotFound as i32));
    let mut late = asking!(v1, channel);
    assert_eq!(late("after.Greeter").await, Ok(1));
    assert_eq!(late("before.Greeter").await, Err(Code::NotFound as i32));
}

#[tokio::test]
async fn half_close_ends_the_stream_with_ok() {
    let server = Server::builder(schema("greeting")).build().unwrap();
    let (channel, _stop) = start(&server).await;
    let requests = tokio_stream::iter([v1::ServerReflectionRequest::default()]);
    let answers = ServerReflectionClient::new(channel)
        .server_reflection_info(requests)
        .await
        .unwrap();
    let answers: Vec<_> = answers.into_inner().collect().await;
    assert!(matches!(answers.as_slice(), [Ok(_)]), "{answers:?}");
}

#[tokio::test]
async fn open_stream_does_not_hold_up_a_drain() {
    let server = Server::builder(schema("greeting")).build().unwrap();
    let (channel, stop) = start(&server).await;
    let (_requests, received) = mpsc::channel(1);
    let mut client = ServerReflectionClient::new(channel);
    let answers = client
        .server_reflection_info(ReceiverStream::new(received))
        .await
        .unwrap();
    drop(stop);
    let end = answers.into_inner().next().await.unwrap();
    assert_eq!(end.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn reflection_that_is_off_is_unimplemented() {
    let server = Server::builder(schema("greeting"))
        .reflection(false)
        .build()
        .unwrap();
    let (channel, _stop) = start(&server).await;
    let asked = ServerReflectionClient::new(channel.clone())
        .server_reflection_info(tokio_stream::empty())
        .await;
    assert_eq!(asked.unwrap_err().code(), Code::Unimplemented);
    // Where clients continue.
    let asked = v1alpha::server_reflection_client::ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::empty())
        .await;
    assert_eq!(asked.unwrap_err().code(), Code::Unimplemented);
}

/// Hits and misses on one stream of a version, with what each response echoes.
macro_rules! echoes {
    ($version:ident, $channel:expr) => {{
        use $version::server_reflection_request::MessageRequest;
        let symbols = ["greeting.Greeter", "greeting.Missing"];
        let requests = symbols.map(|symbol| $version::ServerReflectionRequest {
            host: format!("host of {symbol}"),
            message_request: Some(MessageRequest::FileContainingSymbol(symbol.to_owned())),
        });
        let answers = $version::server_reflection_client::ServerReflectionClient::new($channel)
            .server_reflection_info(tokio_stream::iter(requests.clone()))
            .await
            .unwrap();
        let answers: Vec<_> = answers.into_inner().map(|answer| answer.unwrap()).collect().await;
        assert_eq!(answers.len(), requests.len());
        for (answer, request) in answers.into_iter().zip(requests) {
            assert_eq!(answer.valid_host, request.host);
            assert_eq!(answer.original_request, Some(request));
        }
    }};
}

#[tokio::test]
async fn host_and_request_are_echoed_with_hits_and_misses() {
    let server = Server::builder(schema("greeting")).build().unwrap();
    let (channel, _stop) = start(&server).await;
    echoes!(v1, channel.clone());
    echoes!(v1alpha, channel);
}
