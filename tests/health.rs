//! grpc.health.v1 of a running server, called by the client that tonic generates.

use protod::{Handlers, Schema, Server, ServingStatus};
use tokio::sync::oneshot;
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus as WireStatus;
use tonic_health::pb::health_client::HealthClient;

fn schema(service: &str) -> Schema {
    let text = format!(
        r#"syntax = "proto3"; package greeting;
        message Name {{ string name = 1; }}
        service {service} {{ rpc Greet(Name) returns (Name); }}"#
    );
    Schema::from_source("greeting.proto", &text).expect("the text compiles")
}

/// Serves on a free port until the sender is dropped.
async fn start(server: &Server) -> (HealthClient<Channel>, oneshot::Sender<()>) {
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = Channel::from_shared(format!("http://{}", bound.local_addr())).expect("a URI");
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
    let channel = endpoint.connect().await.expect("the server listens");
    (HealthClient::new(channel), stop)
}

#[tokio::test]
async fn check_of_an_unknown_service_is_not_found() {
    let server = Server::builder(schema("Greeter")).build().unwrap();
    let (mut client, _stop) = start(&server).await;
    let mut check = async |service: &str| {
        let answer = client
            .check(HealthCheckRequest {
                service: service.to_owned(),
            })
            .await;
        answer.map(|answer| answer.into_inner().status())
    };
    assert_eq!(check("").await.unwrap(), WireStatus::Serving);
    assert_eq!(check("greeting.Greeter").await.unwrap(), WireStatus::Serving);
    assert_eq!(
        check("greeting.Missing").await.unwrap_err().code(),
        Code::NotFound
    );
    server.health().set("greeting.Greeter", ServingStatus::NotServing);
    assert_eq!(check("greeting.Greeter").await.unwrap(), WireStatus::NotServing);
    assert_eq!(check("").await.unwrap(), WireStatus::Serving);
}

#[tokio::test]
async fn watch_tells_each_change_and_ends_with_the_server() {
    let server = Server::builder(schema("Other")).build().unwrap();
    let (mut client, stop) = start(&server).await;
    let request = HealthCheckRequest {
        service: "greeting.Greeter".to_owned(),
    };
    let mut watch = client.watch(request).await.unwrap().into_inner();
    let mut next = async || watch.next().await.unwrap().map(|answer| answer.status());
    assert_eq!(next().await.unwrap(), WireStatus::ServiceUnknown);
    server.reload(schema("Greeter"), Handlers::new()).unwrap();
    assert_eq!(next().await.unwrap(), WireStatus::Serving);
    server.health().set("greeting.Greeter", ServingStatus::NotServing);
    assert_eq!(next().await.unwrap(), WireStatus::NotServing);
    server.reload(schema("Other"), Handlers::new()).unwrap();
    assert_eq!(next().await.unwrap(), WireStatus::ServiceUnknown);
    server.reload(schema("Greeter"), Handlers::new()).unwrap();
    assert_eq!(next().await.unwrap(), WireStatus::Serving);
    drop(stop);
    assert_eq!(next().await.unwrap(), WireStatus::NotServing);
    assert_eq!(next().await.unwrap_err().code(), Code::Unavailable);
}
