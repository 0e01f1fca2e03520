//! The protos of another gRPC server.

use std::time::Duration;

use protod::client::ReflectionSource;
use protod::{Error, Schema, Server, ServerBuilder};
use tokio::net::TcpListener;
use tonic::{Request, Status};

use crate::port::ReservedPort;

/// Serves for as long as the test runs, and returns the URL.
pub(crate) async fn serve(server: ServerBuilder) -> String {
    let server = server.build().expect("it is sound");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("grpc://{}", bound.local_addr());
    tokio::spawn(bound.serve());
    url
}

async fn build(source: ReflectionSource) -> Result<Schema, Error> {
    let building = tokio::task::spawn_blocking(|| Schema::builder().schema_source(source).build());
    building.await.expect("no panic")
}

#[tokio::test]
async fn the_files_of_another_server_are_the_same_to_the_byte() {
    let original = Schema::builder().input("proto").build().expect("it compiles");
    let url = serve(Server::builder(original.clone())).await;
    let source = ReflectionSource::new(url).expect("an address");
    let schema = build(source).await.expect("it answers");
    let files = |schema: &Schema| {
        let mut files: Vec<_> = schema
            .files()
            .iter()
            .map(|file| (file.name.clone(), file.descriptor.clone()))
            .collect();
        files.sort();
        files
    };
    assert_eq!(files(&schema), files(&original));
    // Health and reflection are each server's own.
    let services: Vec<_> = schema
        .methods()
        .iter()
        .map(|method| method.service().to_owned())
        .collect();
    assert!(
        services.iter().all(|service| service.starts_with("proto.")),
        "{services:?}"
    );
}

#[tokio::test]
async fn protos_of_a_server_go_together_with_files() {
    let url = serve(Server::builder(
        Schema::load("proto/stream.proto").expect("it compiles"),
    ))
    .await;
    let source = ReflectionSource::new(url).expect("an address");
    let text = r#"syntax = "proto3"; import "stream.proto"; service S { rpc M(proto.StreamPoint) returns (proto.StreamPoint); }"#;
    let building = tokio::task::spawn_blocking(move || {
        Schema::builder()
            .schema_source(source)
            .source("s.proto", text)
            .build()
    });
    let schema = building.await.expect("no panic").expect("it compiles");
    assert!(schema.method("S/M").is_some() && schema.method("proto.StreamService/List").is_some());
}

#[tokio::test]
async fn files_beside_a_server_with_an_any_have_the_options_of_today() {
    let upstream = "syntax = \"proto3\"; package up; import \"google/protobuf/any.proto\";
        message Up { google.protobuf.Any any = 1; } service S { rpc Do(Up) returns (Up); }";
    let schema = Schema::from_source("up.proto", upstream).expect("it compiles");
    let url = serve(Server::builder(schema)).await;
    let own = "edition = \"2023\"; package own; import \"google/protobuf/descriptor.proto\";
        message Own { google.protobuf.FieldOptions.FeatureSupport support = 1 [features.field_presence = LEGACY_REQUIRED]; }";
    let source = ReflectionSource::new(url).expect("an address");
    let builder = Schema::builder().schema_source(source).source("own.proto", own);
    let built = tokio::task::spawn_blocking(move || builder.build())
        .await
        .expect("no panic");
    let schema = built.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(
        schema
            .pool()
            .get_message_by_name("google.protobuf.Timestamp")
            .is_some()
    );
}

#[tokio::test]
async fn a_server_without_protos_is_told_in_words() {
    let schema = || Schema::load("proto/stream.proto").expect("it compiles");
    let mute = serve(Server::builder(schema()).reflection(false)).await;
    let messages = Schema::from_source("m.proto", r#"syntax = "proto3"; message M {}"#).expect("it compiles");
    let empty = serve(Server::builder(messages)).await;
    let port = ReservedPort::any();
    let closed = format!("grpc://{port}");
    for (url, wanted) in [
        (
            mute,
            "does not answer server reflection, so its protos must be given",
        ),
        (empty, "lists no services besides reflection and health"),
        (closed, "cannot connect to"),
    ] {
        let error = build(ReflectionSource::new(&url).expect("an address"))
            .await
            .expect_err(wanted);
        assert!(error.is_schema(), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(wanted) && text.matches(&url).count() == 1, "{text}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("grpc://{}", listener.local_addr().expect("it is bound"));
    let source = ReflectionSource::new(url)
        .expect("an address")
        .timeout(Duration::from_millis(300));
    let error = build(source).await.expect_err("it says nothing");
    assert!(error.to_string().contains("has said nothing in 300ms"), "{error}");
}

#[tokio::test]
async fn a_token_goes_with_the_requests() {
    let schema = Schema::load("proto/stream.proto").expect("it compiles");
    let server = Server::builder(schema).intercept(|request: Request<()>| {
        match request.metadata().get("authorization") {
            Some(token) if token == "Bearer s3cret" => Ok(request),
            _ => Err(Status::unauthenticated("who are you?")),
        }
    });
    let url = serve(server).await;
    let source = ReflectionSource::new(&url).expect("an address");
    let error = build(source.clone()).await.expect_err("no token");
    assert!(
        error
            .to_string()
            .contains("does not let this caller use server reflection"),
        "{error}"
    );
    let source = source.token("s3cret").expect("a token");
    build(source.clone()).await.expect("it is let in");
    assert!(!format!("{source:?}").contains("s3cret"), "{source:?}");
}

#[test]
fn addresses_of_no_server_are_refused_at_once() {
    for address in ["ftp://a:1", "grpc://a:1/path", ""] {
        let error = ReflectionSource::new(address).expect_err(address);
        assert!(error.is_invalid_input(), "{error:?}");
    }
}
