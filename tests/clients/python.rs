//! Python's grpcio, which is gRPC's C core, with its reflection client. The script in `python/` holds what each case
//! must see.

use std::time::Instant;

use crate::programs::python;
use crate::support::Server;

/// Runs one case of the script against a server of `inputs`. The script raises an error if something is wrong.
async fn case(name: &str, inputs: &str) {
    let server = Server::start(&[inputs]).await;
    let said = python("client.py").prints([server.address(), name]).await;
    assert_eq!(said, format!("{name}: ok\n"));
}

#[tokio::test]
async fn python_lists_services() {
    case("lists_services", "proto").await;
}

#[tokio::test]
async fn python_finds_descriptors() {
    case("finds_descriptors", "tests/clients/protos/registry").await;
}

#[tokio::test]
async fn python_asks_on_after_a_miss() {
    case("asks_on_after_a_miss", "tests/clients/protos/registry").await;
}

#[tokio::test]
async fn python_calls_every_shape() {
    case("calls_every_shape", "proto").await;
}

#[tokio::test]
async fn python_sends_and_receives_gzip() {
    case("sends_and_receives_gzip", "proto").await;
}

#[tokio::test]
async fn python_sends_and_receives_deflate() {
    case("sends_and_receives_deflate", "proto").await;
}

#[tokio::test]
async fn python_sees_headers_and_trailers() {
    case("sees_headers_and_trailers", "tests/clients/protos/calls").await;
}

#[tokio::test]
async fn python_sees_a_status_with_its_trailers() {
    case("sees_a_status_with_its_trailers", "tests/clients/protos/calls").await;
}

#[tokio::test]
async fn python_sees_the_headers_of_a_failing_call() {
    case("sees_the_headers_of_a_failing_call", "tests/clients/protos/calls").await;
}

#[tokio::test]
async fn python_sees_unimplemented_for_what_nobody_serves() {
    case(
        "sees_unimplemented_for_what_nobody_serves",
        "tests/clients/protos/calls",
    )
    .await;
}

#[tokio::test]
async fn python_reads_long_statuses_every_time() {
    case("reads_long_statuses_every_time", "tests/clients/protos/long").await;
}

#[tokio::test]
async fn python_deadline_ends_the_call_on_both_sides() {
    lingering_call_ends("deadline_ends_the_call").await;
}

#[tokio::test]
async fn python_cancel_ends_the_call_on_both_sides() {
    lingering_call_ends("cancel_ends_the_call").await;
}

/// The rule would wait for an hour. The client ends its call and keeps its connection open. Then the drain has nothing to
/// wait for; an open stream would delay it for ten seconds.
async fn lingering_call_ends(name: &str) {
    let mut server = Server::start(&["tests/clients/protos/calls"]).await;
    let mut client = python("client.py").talk(&[server.address(), name]);
    assert_eq!(client.line().await, format!("{name}: ok\n"));
    server.line_with("lingering over tea").await;

    let asked = Instant::now();
    let (status, log) = server.stop().await;
    assert!(status.success(), "{status}: {}", log.join("\n"));
    assert!(
        asked.elapsed().as_secs() < 8,
        "the call was still open: {}",
        log.join("\n")
    );
    client.finish().await;
}

/// The library that most scripts use for HTTP.
#[tokio::test]
async fn requests_calls_by_connect() {
    let server = Server::start(&["tests/clients/protos/calls"]).await;
    let said = python("web.py").prints([server.address()]).await;
    assert_eq!(said, "ok\n");
}
