//! The tower service next to other services: in a tonic `Routes` with a compiled service, and in an axum `Router`.

use prost_reflect::DynamicMessage;
use protod::Server;
use tonic::service::Routes;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{Client, fields, item, schema};

fn server() -> Server {
    Server::builder(schema())
        .unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            Ok(request)
        })
        .build()
        .expect("fits")
}

async fn free_port() -> (tokio::net::TcpListener, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let addr = listener.local_addr().expect("bound").to_string();
    (listener, addr)
}

/// Calls both services at one address.
async fn call_both(addr: &str) {
    let answer = Client::connect(addr)
        .await
        .unary(item("here", 3))
        .await
        .expect("ours")
        .into_inner();
    assert_eq!(fields(&answer), ("here".into(), 3));
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{addr}")).expect("an address");
    let mut health = HealthClient::new(endpoint.connect().await.expect("it listens"));
    health
        .check(HealthCheckRequest {
            service: String::new(),
        })
        .await
        .expect("the compiled one");
}

#[tokio::test]
async fn it_mounts_beside_a_compiled_service_in_tonic_routes() {
    let (listener, addr) = free_port().await;
    let (_reporter, health) = tonic_health::server::health_reporter();
    let router = Routes::new(health)
        .into_axum_router()
        .fallback_service(server().service());
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let routes = Routes::from(router);
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_routes(routes)
            .serve_with_incoming(incoming),
    );
    call_both(&addr).await;
}

#[tokio::test]
async fn it_mounts_in_an_axum_router() {
    let (listener, addr) = free_port().await;
    let (_reporter, health) = tonic_health::server::health_reporter();
    let router = axum::Router::new()
        .route("/hello", axum::routing::get(|| async { "hello" }))
        .route_service("/grpc.health.v1.Health/{method}", health)
        .route_service("/shapes.Shapes/{method}", server().service());
    tokio::spawn(async move { axum::serve(listener, router).await });
    call_both(&addr).await;
}
