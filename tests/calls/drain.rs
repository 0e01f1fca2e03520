//! How a server stops.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prost_reflect::DynamicMessage;
use protod::{Call, Server, ServingStatus};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tonic::Code;

use crate::http2::{
    ACK, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, PING, SETTINGS, WINDOW_UPDATE, Wire,
    call_headers, frame,
};
use crate::support::{Running, dynamic_item, fields, item, schema};

/// How long anything that should happen at once may take on a busy machine.
const SOON: Duration = Duration::from_mins(1);

const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

/// `Down` has no end, and `Unary` ends when the server drains; `began` is notified when that has begun.
fn endless(drain_timeout: Duration, began: &Arc<Notify>) -> Server {
    let began = Arc::clone(began);
    Server::builder(schema())
        .server_streaming(
            "shapes.Shapes/Down",
            |request: DynamicMessage, mut call: Call| async move {
                call.send(request).await?;
                std::future::pending().await
            },
        )
        .unary(
            "shapes.Shapes/Unary",
            move |_request: DynamicMessage, call: Call| {
                began.notify_one();
                async move {
                    call.draining().await;
                    Ok(dynamic_item("told", 1))
                }
            },
        )
        .drain_timeout(drain_timeout)
        .build()
        .expect("fits")
}

#[tokio::test]
async fn infinite_stream_drains_within_grace() {
    let mut running = Running::start(endless(DRAIN_TIMEOUT, &Arc::default())).await;
    let mut stream = running
        .client()
        .await
        .down(item("a", 1))
        .await
        .expect("headers")
        .into_inner();
    assert!(stream.message().await.expect("OK").is_some());
    let stopped = Instant::now();
    running.stop();
    let status = stream.message().await.expect_err("the server ends it");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(stopped.elapsed() >= DRAIN_TIMEOUT, "not before the drain timeout");
    let served = tokio::time::timeout(SOON, &mut running.served).await;
    served
        .expect("soon after it")
        .expect("no panic")
        .expect("drained");
}

#[tokio::test]
async fn open_calls_are_told_and_may_finish() {
    let began = Arc::new(Notify::new());
    let mut running = Running::start(endless(SOON, &began)).await;
    let mut client = running.client().await;
    let answer = tokio::spawn(async move { client.unary(item("a", 1)).await });
    began.notified().await;
    running.stop();
    let answer = answer.await.expect("no panic").expect("it may finish");
    assert_eq!(fields(&answer.into_inner()), ("told".into(), 1));
    (&mut running.served).await.expect("no panic").expect("drained");
}

#[tokio::test]
async fn health_turns_not_serving_and_the_listener_closes_at_once() {
    let mut running = Running::start(endless(SOON, &Arc::default())).await;
    let mut stream = running
        .client()
        .await
        .down(item("a", 1))
        .await
        .expect("headers")
        .into_inner();
    assert!(stream.message().await.expect("OK").is_some());
    assert_eq!(
        running.server.health().status("shapes.Shapes"),
        Some(ServingStatus::Serving)
    );
    let mut other = Wire::open(&running.addr).await;
    other.read(|frame| frame.kind == SETTINGS).await;
    running.stop();
    other.read(|frame| frame.kind == GOAWAY).await;
    let connected = TcpStream::connect(&running.addr).await;
    assert!(connected.is_err(), "the listener is closed");
    assert_eq!(
        running.server.health().status("shapes.Shapes"),
        Some(ServingStatus::NotServing)
    );
    let goes_on = tokio::time::timeout(Duration::ZERO, stream.message()).await;
    assert!(goes_on.is_err(), "the stream is still open: {goes_on:?}");
}

/// For h2 this is a connection error, because it does not know the stream.
#[tokio::test]
async fn a_late_window_update_does_not_end_the_calls_in_flight() {
    // The client opens a stream after the last GOAWAY was sent, or right after it has acknowledged the first one.
    for goaway_is_out in [true, false] {
        let (began, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let server = Server::builder(schema()).unary("shapes.Shapes/Unary", {
            let (began, may_end) = (Arc::clone(&began), Arc::clone(&may_end));
            move |_request: DynamicMessage, call: Call| {
                let (began, may_end) = (Arc::clone(&began), Arc::clone(&may_end));
                async move {
                    began.notify_one();
                    call.draining().await;
                    may_end.notified().await;
                    Ok(dynamic_item("told", 1))
                }
            }
        });
        let mut running = Running::start(server.build().expect("fits")).await;
        let mut wire = Wire::open(&running.addr).await;
        let headers = |stream| {
            let block = call_headers("/shapes.Shapes/Unary");
            frame(HEADERS, END_HEADERS, stream, &block)
        };
        let request = |stream| frame(DATA, END_STREAM, stream, &[0; 5]);
        wire.send(&[headers(1), request(1)].concat()).await;
        began.notified().await;

        running.stop();
        let asked = wire.read(|frame| (frame.kind, frame.flags) == (PING, 0)).await;
        let ping = asked.last().expect("the ping");
        let mut sent = frame(PING, ACK, 0, &ping.payload);
        if goaway_is_out {
            wire.send(&sent).await;
            let told = wire.read(|frame| frame.kind == GOAWAY).await;
            let goaway = told.last().expect("the GOAWAY");
            assert_eq!(
                goaway.payload[..8],
                [0, 0, 0, 1, 0, 0, 0, 0],
                "the last stream, and no error"
            );
            sent.clear();
        }
        sent.extend(headers(3));
        sent.extend(frame(WINDOW_UPDATE, 0, 3, &1000_u32.to_be_bytes()));
        sent.extend(request(3));
        sent.extend(frame(PING, 0, 0, b"all read"));
        wire.send(&sent).await;
        let alive = |frame: &Frame| (frame.kind, frame.flags, &frame.payload[..]) == (PING, ACK, b"all read");
        let mut received = wire.read(alive).await;

        may_end.notify_one();
        received.extend(wire.read(Frame::ends_stream).await);
        let of_calls = received.iter().filter(|frame| frame.stream != 0);
        let of_calls: Vec<_> = of_calls.map(|frame| (frame.kind, frame.stream)).collect();
        assert_eq!(of_calls, [(HEADERS, 1), (DATA, 1), (HEADERS, 1)]);
        drop(wire);
        (&mut running.served).await.expect("no panic").expect("drained");
    }
}
