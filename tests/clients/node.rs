//! connect-web, and two reflection libraries of Node: `grpc-reflection-js`, which Postman and Insomnia are built on and which speaks
//! v1alpha only, and `grpc-js-reflection-client`. The scripts in `node/` hold what each must find.

use crate::programs::node;
use crate::support::Server;

/// Runs one case of a script against a server of `inputs`. The script throws if something is wrong.
async fn case(script: &str, name: &str, inputs: &str) {
    let server = Server::start(&[inputs]).await;
    let said = node(script).prints([server.address(), name]).await;
    assert_eq!(said, format!("{name}: ok\n"));
}

#[tokio::test]
async fn postman_client_lists_and_resolves_every_service() {
    case("postman.js", "resolves_every_service", "proto").await;
}

#[tokio::test]
async fn postman_client_resolves_timestamp() {
    case(
        "postman.js",
        "resolves_timestamp",
        "tests/clients/protos/calendar",
    )
    .await;
}

#[tokio::test]
async fn postman_client_resolves_a_file_by_name() {
    case(
        "postman.js",
        "resolves_a_file_by_name",
        "tests/clients/protos/calendar",
    )
    .await;
}

#[tokio::test]
async fn reflection_client_lists_services_and_methods() {
    case("reflection_client.js", "lists_services_and_methods", "proto").await;
}

#[tokio::test]
async fn reflection_client_calls_every_shape() {
    case("reflection_client.js", "calls_every_shape", "proto").await;
}

#[tokio::test]
async fn reflection_client_sees_the_headers_of_a_failing_call() {
    case(
        "reflection_client.js",
        "sees_the_headers_of_a_failing_call",
        "tests/clients/protos/calls",
    )
    .await;
}

#[tokio::test]
async fn grpc_js_reads_long_statuses() {
    case(
        "long_statuses.js",
        "reads_long_statuses",
        "tests/clients/protos/long",
    )
    .await;
}

#[tokio::test]
async fn grpc_js_tries_again_when_and_if_the_server_says() {
    case(
        "retries.js",
        "tries_again_when_and_if_the_server_says",
        "tests/clients/protos/retries",
    )
    .await;
}

#[tokio::test]
async fn reflection_client_reads_an_imported_type() {
    case(
        "reflection_client.js",
        "reads_an_imported_type",
        "tests/clients/protos/calendar",
    )
    .await;
}

#[tokio::test]
async fn connect_web_calls_by_connect_and_by_grpc_web() {
    case("web.js", "connect_web_calls", "tests/clients/protos/calls").await;
}

#[tokio::test]
async fn connect_web_cancels_and_gives_up() {
    case(
        "web.js",
        "connect_web_cancels_and_gives_up",
        "tests/clients/protos/calls",
    )
    .await;
}
