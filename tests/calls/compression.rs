//! Compression in both directions, and the limits on sizes.

use prost_reflect::DynamicMessage;
use protod::{DynamicCodec, Server};
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::support::{Running, fields, item, schema, serving};

fn echo() -> Server {
    Server::builder(schema())
        .unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            Ok(request)
        })
        .max_receive_size(100_000)
        .max_send_size(90_000)
        .build()
        .expect("fits")
}

#[tokio::test]
async fn each_compression_travels_both_ways() {
    serving(echo(), |client| async move {
        for (encoding, name) in [
            (CompressionEncoding::Gzip, "gzip"),
            (CompressionEncoding::Deflate, "deflate"),
            (CompressionEncoding::Zstd, "zstd"),
        ] {
            let mut client = client.clone();
            client.grpc = client.grpc.send_compressed(encoding).accept_compressed(encoding);
            let answer = client
                .unary(item(&"z".repeat(50_000), 7))
                .await
                .expect("an answer");
            assert_eq!(answer.metadata().get("grpc-encoding").expect("named"), name);
            assert_eq!(fields(&answer.into_inner()), ("z".repeat(50_000), 7));
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_does_not_accept_gzip_gets_plain_answers() {
    serving(echo(), |mut client| async move {
        client.grpc = client.grpc.clone().send_compressed(CompressionEncoding::Gzip);
        let answer = client.unary(item("plain", 7)).await.expect("an answer");
        assert!(answer.metadata().get("grpc-encoding").is_none());
    })
    .await;
}

#[tokio::test]
async fn unknown_compression_is_unimplemented_and_says_what_is_known() {
    serving(echo(), |mut client| async move {
        let mut request = Request::new(item("a", 1));
        request
            .metadata_mut()
            .insert("grpc-encoding", MetadataValue::from_static("br"));
        let status = client.unary(request).await.expect_err("not known");
        assert_eq!(status.code(), Code::Unimplemented);
        let accepted = status
            .metadata()
            .get("grpc-accept-encoding")
            .expect("the list")
            .to_str()
            .expect("ASCII");
        assert_eq!(accepted, "zstd,gzip,deflate,identity");
    })
    .await;
}

#[tokio::test]
async fn too_large_is_resource_exhausted() {
    serving(echo(), |mut client| async move {
        let status = client
            .unary(item(&"z".repeat(100_001), 7))
            .await
            .expect_err("too large to take");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        let status = client
            .unary(item(&"z".repeat(95_000), 7))
            .await
            .expect_err("too large to send");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");

        // A small frame is also too large if it decompresses to too much.
        for encoding in [
            CompressionEncoding::Gzip,
            CompressionEncoding::Deflate,
            CompressionEncoding::Zstd,
        ] {
            let mut client = client.clone();
            client.grpc = client.grpc.send_compressed(encoding);
            let status = client
                .unary(item(&"z".repeat(5_000_000), 7))
                .await
                .expect_err("too large, decompressed");
            assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn too_many_elements_are_resource_exhausted_and_malformed_bytes_internal() {
    let running = Running::start(echo()).await;
    let schema = schema();
    let item_type = schema
        .pool()
        .get_message_by_name("shapes.Item")
        .expect("it is there");
    // Every two bytes an empty sub-message; the default budget is 1,048,576 of them.
    let many = [0x1a, 0x00].repeat(1_100_000);
    let error = protod::Message::decode(&schema, &item_type, many).expect_err("over budget");
    assert!(error.is_too_large(), "{error}");

    // A client whose schema has bytes instead of a string sends what is not UTF-8.
    let twin = protod::Schema::from_source(
        "shapes.proto",
        r#"syntax = "proto3"; package shapes; message Raw { bytes name = 1; }
           service Shapes { rpc Unary(Raw) returns (Raw); }"#,
    )
    .expect("compiles");
    let method = twin.method("shapes.Shapes/Unary").expect("it is there");
    let mut raw = prost_reflect::DynamicMessage::new(method.input().clone());
    raw.set_field_by_name("name", prost_reflect::Value::Bytes(vec![0xff].into()));
    let mut grpc = running.client().await.grpc;
    grpc.ready().await.expect("connected");
    let path = method.path().parse().expect("a path");
    let request = Request::new(protod::Message::from(raw));
    let status = grpc
        .unary(request, path, DynamicCodec::client(method))
        .await
        .expect_err("not UTF-8");
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("UTF-8"), "{status}");
}
