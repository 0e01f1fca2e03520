//! The services of the well-known tutorial, with the rules files next to their protos.

use protod::{RulesOptions, Schema};

use crate::support::Running;

async fn stream_service() -> Running {
    let schema = Schema::from_source("stream.proto", include_str!("../../proto/stream.proto"));
    let yaml = include_str!("../../proto/stream.rules.yaml");
    Running::with(schema.expect("it compiles"), &RulesOptions::default(), yaml).await
}

#[tokio::test]
async fn list_answers_one_request_with_seven_messages() {
    let server = stream_service().await;
    let outcome = server
        .call(
            "List",
            &[r#"{"pt":{"name":"gRPC Stream Client: List","value":2018}}"#],
        )
        .await;
    let expected: Vec<String> = (2018..=2024)
        .map(|value| format!(r#"{{"pt":{{"name":"gRPC Stream Client: List","value":{value}}}}}"#))
        .collect();
    assert_eq!(outcome.messages, expected);
    assert_eq!(outcome.status.code(), tonic::Code::Ok);
}

#[tokio::test]
async fn record_answers_once_at_half_close() {
    let server = stream_service().await;
    let request = r#"{"pt":{"name":"gRPC Stream Client: Record","value":2018}}"#;
    let outcome = server.call("Record", &[request; 6]).await;
    assert_eq!(
        outcome.messages,
        [r#"{"pt":{"name":"gRPC Stream Server: Record","value":1}}"#]
    );
    assert_eq!(outcome.status.code(), tonic::Code::Ok);
}

#[tokio::test]
async fn route_speaks_first_and_then_once_for_each_message() {
    let server = stream_service().await;
    let mut call = server.open("Route");
    let name = r#""name":"gPRC Stream Client: Route""#;
    assert_eq!(call.next().await.unwrap(), format!(r#"{{"pt":{{{name}}}}}"#));
    for value in 1..4 {
        call.send(r#"{"pt":{"name":"gRPC Stream Client: Route","value":2018}}"#);
        assert_eq!(
            call.next().await.unwrap(),
            format!(r#"{{"pt":{{{name},"value":{value}}}}}"#)
        );
    }
    call.half_close();
    assert_eq!(call.finish().await.status.code(), tonic::Code::Ok);
}

#[tokio::test]
async fn what_is_read_for_the_log_alone_is_checked_all_the_same() {
    let twin = Schema::from_source(
        "stream.proto",
        r#"syntax = "proto3"; package proto;
           message Point { bytes name = 1; int32 value = 2; }
           message Pointed { Point pt = 1; }
           service StreamService { rpc Record(stream Pointed) returns (Pointed); }"#,
    );
    let server = stream_service().await.called_by(twin.expect("it compiles"));
    let whole = server.call("Record", &[r#"{"pt":{"name":"QQ=="}}"#; 2]).await;
    assert_eq!(whole.status.code(), tonic::Code::Ok);
    let not_utf8 = r#"{"pt":{"name":"/w=="}}"#;
    let broken = server
        .call("Record", &[r#"{"pt":{"name":"QQ=="}}"#, not_utf8])
        .await;
    assert_eq!(broken.status.code(), tonic::Code::Internal);
    assert!(broken.status.message().contains("UTF-8"), "{}", broken.status);
}

#[tokio::test]
async fn search_answers_with_what_it_was_asked_for() {
    let schema = Schema::from_source("search.proto", include_str!("../../proto/search.proto"));
    let yaml = include_str!("../../proto/search.rules.yaml");
    let server = Running::with(schema.expect("it compiles"), &RulesOptions::default(), yaml).await;
    let outcome = server.call("Search", &[r#"{"request":"gRPC"}"#]).await;
    assert_eq!(outcome.messages, [r#"{"response":"gRPC Server"}"#]);
}
