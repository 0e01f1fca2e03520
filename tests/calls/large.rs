//! Large messages share a bound of memory over all calls. Those that find no room wait; small ones pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prost_reflect::DynamicMessage;
use protod::{Call, Message, Rules, Schema, Server};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{Running, dynamic_item, fields, item, schema};

/// What one large message takes.
const SIZE: usize = 3 << 20;

/// One of each direction has room.
const MEMORY: usize = 2 * (SIZE + (1 << 20));

#[tokio::test]
async fn a_large_request_waits_until_another_call_is_done_with_its_own() {
    let begun = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let (count, open) = (Arc::clone(&begun), Arc::clone(&gate));
    let server = Server::builder(schema())
        .unary("shapes.Shapes/Unary", move |request: DynamicMessage| {
            let (count, open) = (Arc::clone(&count), Arc::clone(&open));
            async move {
                let is_large = request
                    .get_field_by_name("name")
                    .is_some_and(|name| name.as_str().is_some_and(|name| name.len() == SIZE));
                if is_large {
                    count.fetch_add(1, Ordering::SeqCst);
                    open.acquire().await.expect("it is not closed").forget();
                }
                Ok(dynamic_item("done", 1))
            }
        })
        .max_message_memory(MEMORY);
    let running = Running::start(server.build().expect("fits")).await;
    let large = item(&"x".repeat(SIZE), 1);
    let mut calls = JoinSet::new();
    for _ in 0..2 {
        let (mut client, large) = (running.client().await, large.clone());
        calls.spawn(async move { client.unary(large).await });
    }
    let mut client = running.client().await;
    while begun.load(Ordering::SeqCst) == 0 {
        client.unary(item("small", 1)).await.expect("it is answered");
    }
    for _ in 0..200 {
        client.unary(item("small", 1)).await.expect("it is answered");
        assert_eq!(begun.load(Ordering::SeqCst), 1, "there is room for one");
    }
    gate.add_permits(2);
    while let Some(call) = calls.join_next().await {
        call.expect("no panic").expect("it has room then");
    }
    assert_eq!(begun.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_large_response_waits_until_another_is_read() {
    let server = Server::builder(schema())
        .server_streaming(
            "shapes.Shapes/Down",
            |_: DynamicMessage, mut call: Call| async move {
                call.flush_headers();
                call.send(dynamic_item(&"x".repeat(SIZE), 1)).await
            },
        )
        .unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            Ok(request)
        })
        .max_message_memory(MEMORY);
    let running = Running::start(server.build().expect("fits")).await;
    // More than the client's window, and it does not read.
    let mut first = running.client().await;
    let mut unread = first.down(item("a", 1)).await.expect("headers").into_inner();
    let mut second = running.client().await;
    let mut waiting = second.down(item("b", 1)).await.expect("headers").into_inner();
    let other = tokio::spawn(async move { waiting.message().await });
    for _ in 0..200 {
        first.unary(item("small", 1)).await.expect("it is answered");
        assert!(!other.is_finished(), "there is room for one");
    }
    let message = unread.message().await.expect("OK").expect("a message");
    assert_eq!(fields(&message).0.len(), SIZE);
    let message = other.await.expect("no panic").expect("OK").expect("a message");
    assert_eq!(fields(&message).0.len(), SIZE);
}

/// In a list, in a loop that only sends, and after steps that cost more than a turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_rules_that_wait_for_room_are_whole_and_in_order() {
    let schema: Schema = schema();
    let rules = r#"
rules:
  - method: shapes.Shapes/Down
    stream:
      - send: {name: "${repeat(request.name, 100000)}", value: 1}
      - {repeat: 3, send: {name: "${repeat(request.name, 100000)}", value: "${i + 2}"}}
      - send: {name: "${repeat(request.name, 100000)}", value: 5}
"#;
    let rules = Rules::from_text(&schema, "large.rules.yaml", rules).expect("the rules fit");
    let server = Server::builder(schema)
        .handlers(&rules)
        .max_message_memory(2_000_000);
    let running = Running::start(server.build().expect("fits")).await;
    let mut calls = JoinSet::new();
    for call in 0..8 {
        let mut client = running.client().await;
        calls.spawn(async move {
            let name = format!("call {call}.");
            let mut stream = client.down(item(&name, 1)).await.expect("headers").into_inner();
            let mut numbers = Vec::new();
            while let Some(message) = stream.message().await.expect("OK") {
                let (text, number) = fields(&message);
                assert_eq!(text, name.repeat(100_000));
                numbers.push(number);
            }
            numbers
        });
    }
    while let Some(numbers) = calls.join_next().await {
        assert_eq!(numbers.expect("no panic"), [1, 2, 3, 4, 5]);
    }
}

/// Compressed, they are small; their contents need room.
#[tokio::test]
async fn a_message_that_is_larger_than_all_room_takes_all_of_it() {
    let server = Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |request: Message| async move { Ok(request) },
        )
        .max_message_memory(200_000);
    let running = Running::start(server.build().expect("fits")).await;
    let mut client = running.client().await;
    let large = item(&"x".repeat(SIZE), 1);
    for _ in 0..3 {
        client.unary(large.clone()).await.expect("it has all room");
    }
    client.grpc = client
        .grpc
        .send_compressed(tonic::codec::CompressionEncoding::Zstd);
    for _ in 0..3 {
        client.unary(large.clone()).await.expect("it has all room");
        client.unary(item("small", 1)).await.expect("it needs none");
    }
}
