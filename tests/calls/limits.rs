//! The limits of one call, and of all calls together.

use std::time::Duration;

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use protod::{Call, Limits, Message, Rules, Schema, Server, ServerBuilder};
use tokio::sync::mpsc;
use tonic::{Code, Request, Status};

use crate::layers::HANG;
use crate::support::{Guard, Running, dynamic_item, fields, item, schema, serving, stream_of};

/// Answers unary calls immediately; streams never end by themselves.
fn endless() -> ServerBuilder {
    Server::builder(schema())
        .unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            Ok(request)
        })
        .server_streaming(
            "shapes.Shapes/Down",
            |request: DynamicMessage, mut call: Call| async move {
                call.send(request).await?;
                std::future::pending().await
            },
        )
}

#[tokio::test]
async fn one_call_too_many_is_resource_exhausted_until_another_ends() {
    let (dropped, mut drops) = mpsc::unbounded_channel();
    let server = endless().max_calls(2).server_streaming(
        "shapes.Shapes/Down",
        move |request: DynamicMessage, mut call: Call| {
            let guard = Guard(dropped.clone());
            async move {
                let _guard = guard;
                call.send(request).await?;
                std::future::pending().await
            }
        },
    );
    serving(server.build().expect("fits"), |mut client| async move {
        let mut streams = Vec::new();
        for _ in 0..2 {
            let mut stream = client.down(item("a", 1)).await.expect("a place").into_inner();
            assert!(stream.message().await.expect("OK").is_some());
            streams.push(stream);
        }
        let status = client.unary(item("b", 1)).await.expect_err("no place is left");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        assert!(status.message().contains("2 calls in flight"), "{status}");

        drop(streams.pop());
        let ended = tokio::time::timeout(HANG, drops.recv()).await;
        ended.expect("the handler goes with its stream");
        client.unary(item("b", 1)).await.expect("its place is free again");
    })
    .await;
}

#[tokio::test]
async fn a_longer_deadline_is_cut_to_the_longest() {
    let server = endless()
        .max_deadline(Duration::from_millis(50))
        .build()
        .expect("fits");
    serving(server, |mut client| async move {
        let mut patient = Request::new(item("a", 1));
        patient.set_timeout(Duration::from_mins(10));
        for request in [patient, Request::new(item("a", 1))] {
            let mut stream = client.down(request).await.expect("headers").into_inner();
            assert_eq!(end_of(&mut stream).await.code(), Code::DeadlineExceeded);
        }
    })
    .await;
}

#[tokio::test]
async fn the_default_deadline_is_for_calls_that_bring_none() {
    let server = endless()
        .default_deadline(Duration::from_millis(50))
        .build()
        .expect("fits");
    serving(server, |mut client| async move {
        let mut stream = client.down(item("a", 1)).await.expect("headers").into_inner();
        assert_eq!(end_of(&mut stream).await.code(), Code::DeadlineExceeded);

        let mut patient = Request::new(item("a", 1));
        patient.set_timeout(Duration::from_mins(10));
        let mut stream = client.down(patient).await.expect("headers").into_inner();
        assert!(stream.message().await.expect("OK").is_some());
        // That it does not end cannot be awaited.
        let waited = tokio::time::timeout(Duration::from_millis(200), stream.message()).await;
        assert!(waited.is_err(), "the client's own deadline holds");
    })
    .await;
}

/// The status that ends a stream.
async fn end_of(stream: &mut tonic::Streaming<Message>) -> Status {
    let ended = async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => break Status::ok(""),
                Err(status) => break status,
            }
        }
    };
    tokio::time::timeout(HANG, ended).await.expect("it ends")
}

#[tokio::test]
async fn limits_may_be_as_long_as_time() {
    let server = endless()
        .limits(
            Limits::default()
                .idle_timeout(Duration::MAX)
                .max_connection_age(Duration::MAX)
                .max_connection_age_grace(Duration::MAX)
                .handshake_timeout(Duration::MAX),
        )
        .max_deadline(Duration::MAX)
        .drain_timeout(Duration::MAX)
        .build()
        .expect("fits");
    serving(server, |mut client| async move {
        client.unary(item("a", 1)).await.expect("it is answered");
    })
    .await;
}

#[tokio::test]
async fn a_message_nested_deeper_than_the_limit_is_resource_exhausted() {
    let server = endless().max_depth(3).build().expect("fits");
    serving(server, |mut client| async move {
        client.unary(nested(3)).await.expect("just deep enough");
        let status = client.unary(nested(4)).await.expect_err("one too deep");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    })
    .await;
}

/// An item with `levels` levels of items in it.
fn nested(levels: u32) -> Message {
    let wrapped = (0..levels).fold(dynamic_item("core", 1), |inner, _| {
        let mut outer = DynamicMessage::new(inner.descriptor());
        outer.set_field_by_name("items", Value::List(vec![Value::Message(inner)]));
        outer
    });
    wrapped.into()
}

const MEMORY: usize = 300_000;

/// Counts the messages that it kept, at half-close.
fn keeper() -> Server {
    let schema: Schema = schema();
    let rules = "rules: [{method: shapes.Shapes/Up, reply: {value: \"${size(requests)}\"}}]";
    let rules = Rules::from_text(&schema, "keeper.rules.yaml", rules).expect("the rules fit");
    let server = Server::builder(schema).handlers(&rules).max_call_memory(MEMORY);
    server.build().expect("fits")
}

#[tokio::test]
async fn messages_that_a_rule_keeps_are_within_the_memory_of_the_call() {
    serving(keeper(), |mut client| async move {
        let few = vec![item(&"x".repeat(1000), 1); 200];
        client.up(stream_of(few)).await.expect("200 KB");
        let status = client
            .up(stream_of(vec![item(&"x".repeat(1000), 1); 400]))
            .await
            .expect_err("400 KB");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        // Small messages cost more than their bytes.
        let status = client
            .up(stream_of(vec![item("", 0); 10_000]))
            .await
            .expect_err("10,000 places");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        assert!(status.message().contains("300000 bytes"), "{status}");
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_not_whole_yet_is_within_the_memory_of_the_call() {
    serving(keeper(), |mut client| async move {
        let large = item(&"x".repeat(MEMORY), 1);
        let status = client
            .up(stream_of(vec![large]))
            .await
            .expect_err("it comes in many frames of HTTP/2");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        assert!(status.message().contains("memory"), "{status}");
    })
    .await;
}

#[tokio::test]
async fn what_is_decompressed_is_within_the_memory_of_the_call() {
    let running = Running::start(keeper()).await;
    let mut client = running.client().await;
    client.grpc = client
        .grpc
        .send_compressed(tonic::codec::CompressionEncoding::Zstd);
    let status = client
        .up(stream_of(vec![item(&"x".repeat(MEMORY), 1)]))
        .await
        .expect_err("a few bytes that decompress to too many");
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(status.message().contains("memory"), "{status}");
}

#[tokio::test]
async fn variables_that_grow_are_within_the_memory_of_the_call() {
    let schema: Schema = schema();
    let rules = r#"
rules:
  - method: shapes.Shapes/Up
    session:
      state: {all: ""}
      message: [{set: {all: "${state.all + request.name}"}}]
      half_close: [{send: {value: "${size(state.all)}"}}]
"#;
    let rules = Rules::from_text(&schema, "grower.rules.yaml", rules).expect("the rules fit");
    let server = Server::builder(schema).handlers(&rules).max_call_memory(MEMORY);
    serving(server.build().expect("fits"), |mut client| async move {
        let messages = |count| stream_of(vec![item(&"x".repeat(1000), 1); count]);
        let answer = client.up(messages(200)).await.expect("200 KB");
        assert_eq!(fields(&answer.into_inner()).1, 200_000);
        let status = client.up(messages(400)).await.expect_err("400 KB");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    })
    .await;
}
