//! Connections of HTTP/1.1 by hand: how long one is kept, what comes before it is asked for, and what waits.

use std::sync::Arc;
use std::time::Duration;

use protod::{Call, Limits, Message, Server};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::support::{Running, json, post, schema, shapes};

#[tokio::test]
async fn a_connection_is_kept_for_more_requests_until_it_is_idle() {
    // Nothing stands still so long between the requests, on a busy machine, too.
    let limits = Limits::default().idle_timeout(Duration::from_secs(2));
    let server = Running::start(shapes().limits(limits)).await;
    let mut wire = server.open().await;
    for number in 0..3 {
        wire.send(&json("Unary", &format!("{{\"value\": {number}}}")))
            .await;
        assert_eq!(wire.answer().await.code, 200);
        // Some clients send an empty line after a body.
        wire.send(b"\r\n").await;
    }
    assert_eq!(wire.rest().await, "", "closed without a word");
    for close in ["connection: close\r\n", "Connection: Close\r\n"] {
        let mut wire = server.open().await;
        let headers = format!("content-type: application/json\r\n{close}");
        wire.send(&post("/shapes.Shapes/Unary", &headers, b"{}")).await;
        assert_eq!(wire.answer().await.header("connection"), "close");
        assert_eq!(wire.rest().await, "");
    }
    let old =
        "POST /shapes.Shapes/Unary HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let mut wire = server.open().await;
    wire.send(old.as_bytes()).await;
    let answer = wire.rest().await;
    assert!(
        answer.starts_with("HTTP/1.0 200 OK\r\n") || answer.starts_with("HTTP/1.1 200 OK\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn an_idle_connection_outlives_the_deadline_of_its_last_call() {
    let server = Running::start(shapes()).await;
    let mut wire = server.open().await;
    let headers = "content-type: application/json\r\nconnect-timeout-ms: 50\r\n";
    wire.send(&post("/shapes.Shapes/Unary", headers, b"{}")).await;
    assert_eq!(wire.answer().await.code, 200);
    // Calls that nobody reads the end of are cut a second after their deadline.
    let closed = timeout(Duration::from_millis(1300), wire.rest()).await;
    assert!(closed.is_err(), "{closed:?}");
    wire.send(&json("Unary", "{}")).await;
    assert_eq!(wire.answer().await.code, 200);
}

/// A server whose `Unary` says when it begins and waits for the gate.
async fn gated() -> (Running, mpsc::UnboundedReceiver<String>, Arc<Notify>) {
    let (begun, begins) = mpsc::unbounded_channel();
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let server = Server::builder(schema()).unary("shapes.Shapes/Unary", move |request: Message, _: Call| {
        let (begun, opened) = (begun.clone(), Arc::clone(&opened));
        async move {
            let request = request.to_dynamic()?;
            let name = request.get_field_by_name("name").expect("a field");
            begun
                .send(name.as_str().expect("a text").to_owned())
                .expect("the test listens");
            opened.notified().await;
            Ok(request)
        }
    });
    (Running::start(server).await, begins, gate)
}

#[tokio::test]
async fn a_request_that_comes_before_the_answer_waits_for_it() {
    let (server, mut begins, gate) = gated().await;
    let mut wire = server.open().await;
    let requests: Vec<u8> = ["a", "b", "c"]
        .iter()
        .flat_map(|name| json("Unary", &format!("{{\"name\": \"{name}\"}}")))
        .collect();
    wire.send(&requests).await;
    for name in ["a", "b", "c"] {
        assert_eq!(begins.recv().await.as_deref(), Some(name));
        // Another connection is not held up, and by its answer the next would have begun.
        let mut other = server.open().await;
        other.send(&json("Unary", "{\"name\": \"other\"}")).await;
        assert_eq!(begins.recv().await.as_deref(), Some("other"));
        assert!(begins.try_recv().is_err());
        drop(other);
        gate.notify_waiters();
        let answer = wire.answer().await;
        assert_eq!(answer.text(), format!("{{\"name\":\"{name}\"}}"));
    }
}

#[tokio::test]
async fn what_waits_behind_a_request_is_bounded() {
    let (server, mut begins, gate) = gated().await;
    let mut wire = server.open().await;
    wire.send(&json("Unary", "{\"name\": \"a\"}")).await;
    assert_eq!(begins.recv().await.as_deref(), Some("a"));
    // More than the sockets' buffers hold: the server stops to read.
    let flood = vec![b'x'; 64 << 20];
    let sent = timeout(Duration::from_millis(500), wire.stream.write_all(&flood)).await;
    assert!(sent.is_err(), "all of it was read");
    gate.notify_waiters();
    assert_eq!(wire.answer().await.text(), "{\"name\":\"a\"}");
    assert_eq!(wire.answer().await.code, 431);
}

#[tokio::test]
async fn a_body_is_asked_for_where_a_client_waits_and_only_if_it_is_read() {
    let server = Running::start(shapes()).await;
    let head = |content_type: &str| {
        format!(
            "POST /shapes.Shapes/Unary HTTP/1.1\r\nhost: test\r\ncontent-type: {content_type}\r\n\
             content-length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
    };
    let mut wire = server.open().await;
    wire.send(head("application/json").as_bytes()).await;
    assert_eq!(wire.head().await.code, 100);
    wire.send(b"{}").await;
    assert_eq!(wire.answer().await.code, 200);

    // Whatever is answered without the body, nothing can follow: it may come or not.
    let other = |path: &str, content_type: &str| head(content_type).replace("/shapes.Shapes/Unary", path);
    for (request, code) in [
        (other("/shapes.Shapes/Unary", "text/plain"), 415),
        (other("/shapes.Shapes/None", "application/json"), 404),
        (other("/nothing", "text/plain"), 415),
        (
            head("application/json").replace("content-length: 2", "content-length: 100000000"),
            429,
        ),
        (
            head("application/json").replace("content-length", "connect-timeout-ms: 0\r\ncontent-length"),
            504,
        ),
    ] {
        let mut wire = server.open().await;
        wire.send(request.as_bytes()).await;
        let answer = wire.answer().await;
        assert_eq!(
            (answer.code, &*answer.header("connection")),
            (code, "close"),
            "{request}"
        );
        assert_eq!(wire.rest().await, "");
    }
}
