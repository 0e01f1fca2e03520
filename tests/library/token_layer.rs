//! Layers of tower-http: a time-out, and a check of tokens that lets health checks pass.

use std::time::Duration;

use http::{Request, Response, StatusCode};
use protod::tonic::Status;
use protod::tonic::body::Body;
use protod::{Schema, Server, ServerBuilder};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_http::validate_request::ValidateRequestHeaderLayer;

fn server(schema: Schema) -> ServerBuilder {
    Server::builder(schema)
        .layer(ValidateRequestHeaderLayer::custom(check_token))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            Duration::from_secs(5),
        ))
        .layer(TraceLayer::new_for_grpc())
}

fn check_token(request: &mut Request<Body>) -> Result<(), Response<Body>> {
    let is_health = request.uri().path().starts_with("/grpc.health.v1.Health/");
    let token = request.headers().get("authorization");
    if is_health || token.is_some_and(|token| token == "Bearer sesame") {
        return Ok(());
    }
    Err(Status::unauthenticated("send the token of this till").into_http())
}

#[tokio::test]
async fn health_passes_and_payments_need_the_token() {
    let client = super::serving(server(super::schema())).await;
    let refused = super::pay(&client, "{}").await.expect_err("no token");
    assert_eq!(
        (refused.code(), refused.message()),
        (tonic::Code::Unauthenticated, "send the token of this till")
    );
    let mut pay = client.method("till.Till/Pay").expect("it is there");
    pay.metadata_mut()
        .insert("authorization", "Bearer sesame".parse().expect("text"));
    let status = pay
        .unary(super::payment("{}"))
        .await
        .expect_err("nothing answers");
    assert_eq!(status.code(), tonic::Code::Unimplemented);
}

#[tokio::test]
async fn health_needs_no_token() {
    let server = server(super::schema()).build().expect("it fits");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", bound.local_addr());
    tokio::spawn(bound.serve());
    let channel = tonic::transport::Endpoint::from_shared(address).expect("an address");
    let channel = channel.connect().await.expect("it serves");
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let check = tonic_health::pb::HealthCheckRequest::default();
    health.check(check).await.expect("OK");
}
