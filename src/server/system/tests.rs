use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus as WireStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

use super::system_handlers;
use crate::handler::{CallLimits, Lifecycle, Phase};
use crate::message::DEFAULT_MAX_ELEMENTS;
use crate::schema::Schema;
use crate::server::dispatch::{GrpcService, Shared};
use crate::server::generation::{Generation, Handlers};
use crate::server::health::{Health, ServingStatus};
use crate::server::limits::Limits;
use crate::server::listen::{Listener, serve};

struct Running {
    channel: Channel,
    health: Health,
    lifecycle: Lifecycle,
}

async fn start(reflection: bool) -> Running {
    let schema = Schema::from_source(
        "greeting.proto",
        r#"syntax = "proto3"; package greeting;
        message Name { string name = 1; }
        service Greeter { rpc Greet(Name) returns (Name); }"#,
    )
    .unwrap();
    let (health, lifecycle) = (Health::default(), Lifecycle::new());
    let system = system_handlers(&schema, &health, reflection);
    let shared = Shared {
        generation: ArcSwap::from_pointee(Generation::new(schema, Handlers::new(), system).unwrap()),
        limits: CallLimits {
            max_receive_size: 4 << 20,
            max_send_size: usize::MAX,
            max_elements: DEFAULT_MAX_ELEMENTS,
        },
        lifecycle: lifecycle.clone(),
        next_id: AtomicU64::new(1),
    };
    let service = GrpcService::new(Arc::new(shared));
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(serve(
        listener,
        None,
        Limits::default(),
        lifecycle.clone(),
        move |_| service.clone(),
    ));
    let channel = Channel::from_shared(format!("http://{addr}"))
        .unwrap()
        .connect()
        .await
        .unwrap();
    Running {
        channel,
        health,
        lifecycle,
    }
}

/// The same dialogue with one version of reflection, as the macro's argument names it.
macro_rules! miss_then_hit {
    ($version:ident, $channel:expr) => {{
        use $version::server_reflection_client::ServerReflectionClient;
        use $version::server_reflection_request::MessageRequest;
        use $version::server_reflection_response::MessageResponse;
        let (requests, received) = tokio::sync::mpsc::channel(1);
        let stream = ReceiverStream::new(received);
        let mut client = ServerReflectionClient::new($channel);
        let mut answers = client.server_reflection_info(stream).await.unwrap().into_inner();
        let mut ask = async |symbol: &str| {
            let message_request = Some(MessageRequest::FileContainingSymbol(symbol.to_owned()));
            let request = $version::ServerReflectionRequest {
                host: String::new(),
                message_request,
            };
            requests.send(request).await.unwrap();
            answers.next().await.unwrap().unwrap().message_response.unwrap()
        };
        match ask("greeting.Missing").await {
            MessageResponse::ErrorResponse(miss) => assert_eq!(miss.error_code, Code::NotFound as i32),
            other => panic!("not a miss: {other:?}"),
        }
        match ask("greeting.Greeter").await {
            MessageResponse::FileDescriptorResponse(hit) => assert_eq!(hit.file_descriptor_proto.len(), 1),
            other => panic!("not a hit: {other:?}"),
        }
        drop(requests);
        assert!(
            answers.next().await.is_none(),
            "half-close ends the stream with OK"
        );
    }};
}

#[tokio::test]
async fn reflection_miss_keeps_stream_open() {
    let server = start(true).await;
    miss_then_hit!(v1, server.channel.clone());
    miss_then_hit!(v1alpha, server.channel.clone());
}

#[tokio::test]
async fn open_reflection_stream_does_not_hold_up_a_drain() {
    use v1::server_reflection_client::ServerReflectionClient;
    let server = start(true).await;
    let (requests, received) = tokio::sync::mpsc::channel(1);
    let mut client = ServerReflectionClient::new(server.channel);
    requests
        .send(v1::ServerReflectionRequest::default())
        .await
        .unwrap();
    let stream = client
        .server_reflection_info(ReceiverStream::new(received))
        .await
        .unwrap();
    let mut answers = stream.into_inner();
    answers.next().await.unwrap().unwrap();
    server.lifecycle.advance(Phase::Draining);
    assert_eq!(
        answers.next().await.unwrap().unwrap_err().code(),
        Code::Unavailable
    );
}

#[tokio::test]
async fn reflection_that_is_off_is_unimplemented() {
    use v1::server_reflection_client::ServerReflectionClient;
    let server = start(false).await;
    let mut client = ServerReflectionClient::new(server.channel);
    let asked = client.server_reflection_info(tokio_stream::empty()).await;
    assert_eq!(asked.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn health_check_of_an_unknown_service_is_not_found() {
    let server = start(false).await;
    server.health.set_services(["greeting.Greeter"]);
    server.health.set("greeting.Greeter", ServingStatus::NotServing);
    let mut client = HealthClient::new(server.channel);
    let mut check = async |service: &str| {
        let answer = client
            .check(HealthCheckRequest {
                service: service.to_owned(),
            })
            .await;
        answer.map(|answer| answer.into_inner().status())
    };
    assert_eq!(check("").await.unwrap(), WireStatus::Serving);
    assert_eq!(check("greeting.Greeter").await.unwrap(), WireStatus::NotServing);
    assert_eq!(
        check("greeting.Missing").await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn health_watch_tells_each_change_and_ends_with_the_server() {
    let server = start(false).await;
    let mut client = HealthClient::new(server.channel);
    let request = HealthCheckRequest {
        service: "greeting.Greeter".to_owned(),
    };
    let mut watch = client.watch(request).await.unwrap().into_inner();
    let mut next = async || watch.next().await.unwrap().map(|answer| answer.status());
    assert_eq!(next().await.unwrap(), WireStatus::ServiceUnknown);
    server.health.set_services(["greeting.Greeter"]);
    assert_eq!(next().await.unwrap(), WireStatus::Serving);
    server.health.set("greeting.Greeter", ServingStatus::NotServing);
    assert_eq!(next().await.unwrap(), WireStatus::NotServing);
    server.health.set_services([]);
    assert_eq!(next().await.unwrap(), WireStatus::ServiceUnknown);
    server.health.set_services(["greeting.Greeter"]);
    assert_eq!(next().await.unwrap(), WireStatus::Serving);
    server.health.shutdown();
    assert_eq!(next().await.unwrap(), WireStatus::NotServing);
    assert_eq!(next().await.unwrap_err().code(), Code::Unavailable);
}
