//! Answers that come compressed, whether or not anybody asked for it.

use axum::Router;
use axum::http::HeaderMap;
use serde_json::json;

use crate::cli::{prints, protod};
use crate::failures::web_server;
use crate::others::python_server_with;
use crate::programs::messages;
use crate::servers::{serve, shapes};

#[tokio::test]
async fn a_server_that_always_compresses_is_listed_described_called_and_measured() {
    for compression in ["Gzip", "Deflate"] {
        let (_server, address) = python_server_with(&[compression]).await;
        let services = prints(&["list", &address]).await;
        assert!(services.contains("proto.StreamService\n"), "{services}");
        let described = prints(&["describe", &address, "proto.StreamPoint"]).await;
        assert!(described.starts_with("message StreamPoint {"), "{described}");
        let call = ["call", &address, "proto.StreamService/Record"];
        for flags in [&[][..], &["--gzip"], &["--proto", "descriptors/stream.binpb"]] {
            let printed = prints(&[&call[..], flags].concat()).await;
            let answer = json!({"pt": {"name": "gRPC Stream Server: Record", "value": 1}});
            assert_eq!(messages(&printed), [answer], "{compression} {flags:?}");
        }
        let bench = [
            "bench",
            &address,
            "proto.StreamService/List",
            "--json",
            "-n",
            "3",
            "--warm-up",
            "0s",
        ];
        let report: serde_json::Value = serde_json::from_str(&prints(&bench).await).expect("JSON");
        assert_eq!(
            (&report["failed"], &report["messages_received"]),
            (&json!(0), &json!(21))
        );
    }
}

/// A gRPC answer without a message, with these headers.
fn answering(headers: &[(&'static str, &'static str)]) -> Router {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
        .collect();
    Router::new().fallback(move || async move { headers })
}

#[tokio::test]
async fn names_of_media_types_and_encodings_are_read_in_any_case() {
    let headers = [
        ("content-type", "Application/gRPC+Proto; charset=utf-8"),
        ("grpc-encoding", "GZIP"),
        ("grpc-status", "0"),
    ];
    let address = web_server(answering(&headers)).await;
    let call = ["call", &address, "proto.StreamService/List", "--proto", "proto"];
    assert_eq!(prints(&call).await, "");
}

/// UNIMPLEMENTED would be the server's word, and mean that it has no reflection.
#[tokio::test]
async fn an_encoding_that_cannot_be_read_is_this_sides_failure() {
    let headers = [("content-type", "application/grpc"), ("grpc-encoding", "br")];
    let address = web_server(answering(&headers)).await;
    let what =
        "the server's messages compressed with \"br\" cannot be read; zstd, gzip, deflate and identity can";
    let (_, stderr, code) = protod(&["list", &address]).await;
    assert_eq!(
        stderr,
        format!("error: {address} failed to answer server reflection\ncaused by: Internal: {what}\n")
    );
    assert_eq!(code, 1);
    let call = ["call", &address, "proto.StreamService/List", "--proto", "proto"];
    let (_, stderr, code) = protod(&call).await;
    assert_eq!(stderr, format!("ERROR:\n  Code: Internal\n  Message: {what}\n"));
    assert_eq!(code, 64 + 13);
}

/// tonic panics on the details, and takes UNKNOWN for the code.
#[tokio::test]
async fn a_status_whose_details_or_message_are_damaged_keeps_its_code() {
    let headers = [
        ("content-type", "application/grpc"),
        ("grpc-status", "5"),
        ("grpc-message", "no such %FF thing"),
        ("grpc-status-details-bin", "?!"),
    ];
    let address = web_server(answering(&headers)).await;
    let call = ["call", &address, "proto.StreamService/List", "--proto", "proto"];
    let (_, stderr, code) = protod(&call).await;
    assert_eq!(
        stderr,
        "ERROR:\n  Code: NotFound\n  Message: no such \u{fffd} thing\n"
    );
    assert_eq!(code, 64 + 5);
}

#[tokio::test]
async fn accepting_compression_does_not_make_protod_compress() {
    let address = serve(shapes()).await;
    let (_, stderr, _) = protod(&["call", "-v", &address, "shapes.Shapes/Unary"]).await;
    assert!(!stderr.contains("grpc-encoding"), "{stderr}");
    let (_, stderr, _) = protod(&["call", "-v", "--gzip", &address, "shapes.Shapes/Unary"]).await;
    assert!(stderr.contains("grpc-encoding: gzip"), "{stderr}");
}
