//! Many large bodies at once: they share a bound of memory, and wait for one another; small ones pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prost_reflect::MessageDescriptor;
use protod::message::Message;
use protod::{Call, Server};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tonic::Status;

use crate::support::{Running, schema};

/// What one large body takes.
const SIZE: usize = 3 << 20;

/// One of each direction has room.
const MEMORY: usize = 2 * (SIZE + (1 << 20));

const CLIENTS: usize = 8;

/// How many large requests handlers have at this moment, how many they had at most, and what lets each of them go on.
#[derive(Clone)]
struct Held {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Held {
    async fn hold(&self, size: usize) {
        if size < SIZE {
            return;
        }
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        self.gate.acquire().await.expect("it is not closed").forget();
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Calls `request` with a large body from many clients at once, and with a small one while they wait.
async fn many(request: &'static str, content_type: &'static str) {
    let held = Held {
        now: Arc::default(),
        most: Arc::default(),
        gate: Arc::new(Semaphore::new(0)),
    };
    let (unary, stream) = (held.clone(), held.clone());
    let schema = schema();
    let answer = schema
        .pool()
        .get_message_by_name("echo.All")
        .expect("it is there");
    let (of_unary, of_stream) = (answer.clone(), answer);
    let server = Server::builder(schema)
        .unary("echo.Echo/Query", move |message: Message| {
            let (held, of) = (unary.clone(), of_unary.clone());
            async move {
                held.hold(message.encoded_len()).await;
                Ok::<_, Status>(answer_of(of, message.encoded_len()))
            }
        })
        .client_streaming("echo.Echo/Up", move |mut call: Call| {
            let (held, of) = (stream.clone(), of_stream.clone());
            async move {
                let mut length = 0;
                while let Some(message) = call.recv().await? {
                    length += message.encoded_len();
                    held.hold(message.encoded_len()).await;
                }
                Ok(answer_of(of, length))
            }
        })
        .max_message_memory(MEMORY);
    let running = Arc::new(Running::start(server).await);
    let headers = [content_type];
    let large = json!({"texts": ["x".repeat(SIZE)]}).to_string();
    let mut calls = JoinSet::new();
    for _ in 0..CLIENTS {
        let (running, large) = (Arc::clone(&running), large.clone());
        calls.spawn(async move { running.send(request, &[content_type], large.as_bytes()).await });
    }
    let small = || running.send(request, &headers, b"{\"texts\":[\"a\"]}");
    while held.now.load(Ordering::SeqCst) == 0 {
        assert_eq!(small().await.status, 200);
    }
    for _ in 0..50 {
        assert_eq!(small().await.status, 200);
    }
    held.gate.add_permits(CLIENTS);
    while let Some(response) = calls.join_next().await {
        let response = response.expect("no panic");
        assert_eq!(response.status, 200, "{}", response.text());
    }
    assert_eq!(held.most.load(Ordering::SeqCst), 1, "there is room for one");
}

/// A small answer that tells a length.
fn answer_of(of: MessageDescriptor, length: usize) -> Message {
    Message::from_json(of, &json!({"int64": length.to_string()}).to_string()).expect("it fits")
}

#[tokio::test]
async fn large_bodies_wait_for_one_another() {
    many("POST /v1/whole", "content-type: application/json").await;
}

#[tokio::test]
async fn large_lines_wait_for_one_another() {
    many("POST /v1/up/x", "content-type: application/x-ndjson").await;
}
