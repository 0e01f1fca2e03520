//! `buf curl`, which gets its schema by reflection and needs every import.

use serde_json::json;

use crate::programs::{buf, messages};
use crate::support::Server;

const GRPC: [&str; 4] = ["curl", "--http2-prior-knowledge", "--protocol", "grpc"];

/// Calls `method` with a request and returns what buf prints.
async fn curl(server: &Server, method: &str, request: &str) -> String {
    let url = format!("http://{}/{method}", server.address());
    buf()
        .prints(GRPC.into_iter().chain(["--data", request, &url]))
        .await
}

#[tokio::test]
async fn buf_lists_the_services() {
    let server = Server::start(&["proto"]).await;
    let url = format!("http://{}", server.address());
    let services = buf()
        .prints(GRPC.into_iter().chain(["--list-services", &url]))
        .await;
    assert!(
        services.lines().any(|line| line == "proto.StreamService"),
        "{services}"
    );
    assert!(
        services.lines().any(|line| line == "proto.SearchService"),
        "{services}"
    );
}

#[tokio::test]
async fn buf_lists_the_methods_of_every_service() {
    let server = Server::start(&["proto"]).await;
    let url = format!("http://{}", server.address());
    let methods = buf()
        .prints(GRPC.into_iter().chain(["--list-methods", &url]))
        .await;
    for method in [
        "proto.StreamService/Route",
        "proto.SearchService/Search",
        "grpc.health.v1.Health/Check",
    ] {
        assert!(methods.lines().any(|line| line == method), "{methods}");
    }
}

#[tokio::test]
async fn buf_calls_a_unary_method() {
    let server = Server::start(&["proto"]).await;
    let answer = curl(&server, "proto.SearchService/Search", r#"{"request": "gRPC"}"#).await;
    assert_eq!(messages(&answer), [json!({"response": "gRPC Server"})]);
}

#[tokio::test]
async fn buf_calls_a_streaming_method() {
    let server = Server::start(&["proto"]).await;
    let request = r#"{"pt": {"name": "a"}} {"pt": {"name": "b"}}"#;
    let answers = messages(&curl(&server, "proto.StreamService/Route", request).await);
    let values: Vec<_> = answers
        .iter()
        .map(|answer| answer["pt"]["value"].as_i64().unwrap_or(0))
        .collect();
    assert_eq!(values, [0, 1, 2], "{answers:?}");
}

#[tokio::test]
async fn buf_resolves_an_imported_type() {
    let server = Server::start(&["tests/clients/protos/calendar"]).await;
    let answer = curl(&server, "calendar.Calendar/Find", r#"{"title": "launch"}"#).await;
    assert_eq!(
        messages(&answer),
        [json!({"title": "launch", "starts": "2018-02-03T04:05:06.500Z"})]
    );
}
