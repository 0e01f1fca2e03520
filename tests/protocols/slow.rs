//! Clients of HTTP/1.1 that are slow, or leave, and servers that stop.

use std::future::pending;
use std::time::Duration;

use protod::{Call, Limits, Message, Server};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::Status;

use crate::shapes::Guard;
use crate::support::{HANG, Running, envelope, envelopes, json, post, schema, shapes};

/// A server whose `Unary` and `Down` never end by themselves; `Down` sends as much as is read.
async fn endless(limits: Limits) -> (Running, mpsc::UnboundedReceiver<()>, mpsc::UnboundedReceiver<()>) {
    let (begun, begins) = mpsc::unbounded_channel();
    let (gone, goes) = mpsc::unbounded_channel();
    let of_down = (begun.clone(), gone.clone());
    let server = Server::builder(schema())
        .unary("shapes.Shapes/Unary", move |_: Message| {
            let guard = Guard(gone.clone());
            begun.send(()).expect("the test listens");
            async move {
                let _guard = guard;
                pending::<Result<Message, Status>>().await
            }
        })
        .server_streaming("shapes.Shapes/Down", move |message: Message, mut call: Call| {
            let guard = Guard(of_down.1.clone());
            of_down.0.send(()).expect("the test listens");
            async move {
                let _guard = guard;
                loop {
                    call.send(message.clone()).await?;
                }
            }
        })
        .drain_timeout(Duration::from_millis(200))
        .limits(limits);
    (Running::start(server).await, begins, goes)
}

async fn soon<T>(channel: &mut mpsc::UnboundedReceiver<T>) -> T {
    let next = timeout(HANG, channel.recv()).await;
    next.expect("it happens").expect("the server lives")
}

fn stream_of_json(message: &str) -> Vec<u8> {
    post(
        "/shapes.Shapes/Down",
        "content-type: application/connect+json\r\n",
        &envelope(0, message.as_bytes()),
    )
}

#[tokio::test]
async fn a_client_that_closes_cancels_its_call() {
    let (server, mut begins, mut goes) = endless(Limits::default()).await;
    for request in [json("Unary", "{}"), stream_of_json("{}")] {
        let mut wire = server.open().await;
        wire.send(&request).await;
        soon(&mut begins).await;
        drop(wire);
        soon(&mut goes).await;
        // One that only says that it sends no more cannot be told from it.
        let mut wire = server.open().await;
        wire.send(&request).await;
        soon(&mut begins).await;
        wire.stream.shutdown().await.expect("half closed");
        soon(&mut goes).await;
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_dropped() {
    let limits = Limits::default().idle_timeout(Duration::from_millis(300));
    let (server, mut begins, mut goes) = endless(limits).await;
    let mut wire = server.open().await;
    wire.send(&stream_of_json(&format!(
        "{{\"name\": \"{}\"}}",
        "a".repeat(10_000)
    )))
    .await;
    soon(&mut begins).await;
    soon(&mut goes).await;
    drop(wire);
}

#[tokio::test]
async fn a_deadline_ends_a_call_whose_client_reads_nothing() {
    let (server, mut begins, mut goes) = endless(Limits::default()).await;
    let body = envelope(0, format!("{{\"name\": \"{}\"}}", "a".repeat(10_000)).as_bytes());
    let headers = "content-type: application/connect+json\r\nconnect-timeout-ms: 100\r\n";
    let mut wire = server.open().await;
    wire.send(&post("/shapes.Shapes/Down", headers, &body)).await;
    soon(&mut begins).await;
    soon(&mut goes).await;
    drop(wire);
}

#[tokio::test]
async fn a_body_that_stands_still_ends_its_call() {
    let limits = Limits::default().idle_timeout(Duration::from_millis(200));
    let server = Running::start(shapes().limits(limits)).await;
    let mut wire = server.open().await;
    wire.send(b"POST /shapes.Shapes/Unary HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{")
        .await;
    let answer = wire.answer().await;
    assert_eq!(answer.code, 499);
    assert_eq!(
        answer.header("connection"),
        "close",
        "where the request ends is not known"
    );
    assert_eq!(
        answer.text(),
        "{\"code\":\"canceled\",\"message\":\"the client sent nothing more of its request\"}"
    );
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn a_deadline_is_answered_and_the_connection_kept() {
    let (server, mut begins, mut goes) = endless(Limits::default()).await;
    let mut wire = server.open().await;
    for _ in 0..2 {
        let headers = "content-type: application/json\r\nconnect-timeout-ms: 50\r\n";
        wire.send(&post("/shapes.Shapes/Unary", headers, b"{}")).await;
        soon(&mut begins).await;
        let answer = wire.answer().await;
        assert_eq!(answer.code, 504);
        assert_eq!(
            answer.text(),
            "{\"code\":\"deadline_exceeded\",\"message\":\"the deadline has passed\"}"
        );
        soon(&mut goes).await;
    }
}

#[tokio::test]
async fn a_server_that_stops_closes_idle_connections_and_ends_calls_with_unavailable() {
    let (mut server, mut begins, _goes) = endless(Limits::default()).await;
    let mut idle = server.open().await;
    idle.send(&post(
        "/shapes.Shapes/Up",
        "content-type: application/json\r\n",
        b"{}",
    ))
    .await;
    idle.answer().await;
    let mut unary = server.open().await;
    unary.send(&json("Unary", "{}")).await;
    soon(&mut begins).await;
    let mut down = server.open().await;
    down.send(&stream_of_json("{\"value\": 1}")).await;
    soon(&mut begins).await;
    server.stop();
    assert_eq!(idle.rest().await, "");
    let answer = unary.answer().await;
    assert_eq!(
        (answer.code, answer.header("connection").as_str()),
        (503, "close")
    );
    assert_eq!(
        answer.text(),
        "{\"code\":\"unavailable\",\"message\":\"the server is stopping\"}"
    );
    assert_eq!(unary.rest().await, "");
    let answer = down.answer().await;
    let last = envelopes(&answer.body).pop().expect("an end");
    assert_eq!(
        last,
        (
            2,
            "{\"error\":{\"code\":\"unavailable\",\"message\":\"the server is stopping\"}}".to_owned()
        )
    );
}

#[tokio::test]
async fn an_old_connection_takes_no_more_requests() {
    // The requests come in time, on a busy machine, too.
    let limits = Limits::default().max_connection_age(Duration::from_secs(1));
    let server = Running::start(shapes().limits(limits)).await;
    let mut wire = server.open().await;
    wire.send(&json("Unary", "{}")).await;
    assert_eq!(wire.answer().await.code, 200);
    assert_eq!(wire.rest().await, "");
    // Its last call goes on for as long as the grace allows.
    let limits = Limits::default()
        .max_connection_age(Duration::from_secs(1))
        .max_connection_age_grace(Duration::from_millis(200));
    let (server, mut begins, mut goes) = endless(limits).await;
    let mut wire = server.open().await;
    wire.send(&json("Unary", "{}")).await;
    soon(&mut begins).await;
    soon(&mut goes).await;
    assert_eq!(wire.rest().await, "");
}
