//! How a server stops.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protod::{Server, ServingStatus};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tonic::Code;

use crate::support::{Running, dynamic_item, fields, item, schema};

fn endless() -> Server {
    Server::builder(schema())
        .server_streaming("shapes.Shapes/Down", |request, mut call| async move {
            call.send(request).await?;
            std::future::pending().await
        })
        .unary("shapes.Shapes/Unary", |_request, call| async move {
            call.draining().await;
            Ok(dynamic_item("told", 1))
        })
        .drain_timeout(Duration::from_millis(200))
        .build()
        .expect("fits")
}

#[tokio::test]
async fn infinite_stream_drains_within_grace() {
    let mut running = Running::start(endless()).await;
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
    assert!(
        stopped.elapsed() >= Duration::from_millis(200),
        "not before the drain timeout"
    );
    let served = tokio::time::timeout(Duration::from_secs(5), &mut running.served).await;
    served
        .expect("soon after it")
        .expect("no panic")
        .expect("drained");
}

#[tokio::test]
async fn open_calls_are_told_and_may_finish() {
    let mut running = Running::start(endless()).await;
    let mut client = running.client().await;
    // The one call is in flight when the other has been answered on the same connection.
    let answer = tokio::spawn(async move { client.unary(item("a", 1)).await });
    let mut other = running
        .client()
        .await
        .down(item("b", 1))
        .await
        .expect("headers")
        .into_inner();
    assert!(other.message().await.expect("OK").is_some());
    drop(other);
    tokio::task::yield_now().await;
    running.stop();
    let answer = answer.await.expect("no panic").expect("it may finish");
    assert_eq!(fields(&answer.into_inner()), ("told".into(), 1));
    (&mut running.served).await.expect("no panic").expect("drained");
}

#[tokio::test]
async fn health_turns_not_serving_and_the_listener_closes_at_once() {
    let mut running = Running::start(endless()).await;
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
    running.stop();
    let closed = async {
        while TcpStream::connect(&running.addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_millis(150), closed)
        .await
        .expect("while the stream is still open");
    assert_eq!(
        running.server.health().status("shapes.Shapes"),
        Some(ServingStatus::NotServing)
    );
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// One frame, RFC 9113 section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a call of `Unary`, nothing in them indexed.
fn call_headers(stream: u32) -> Vec<u8> {
    let block = [
        b"\x83\x86", // :method POST, :scheme http
        &b"\x04\x14/shapes.Shapes/Unary"[..],
        b"\x01\x04test",                 // :authority
        b"\x0f\x10\x10application/grpc", // content-type
        b"\x00\x02te\x08trailers",
    ];
    frame(HEADERS, END_HEADERS, stream, &block.concat())
}

/// Type, flags, stream and payload of the frames that the server sends up to the first that is `wanted`.
async fn frames_until(
    stream: &mut TcpStream,
    wanted: impl Fn(&(u8, u8, u32, Vec<u8>)) -> bool,
) -> Vec<(u8, u8, u32, Vec<u8>)> {
    let mut frames = Vec::new();
    let reading = async {
        loop {
            let length = stream.read_u32().await;
            let length = length.unwrap_or_else(|error| panic!("{error} after {frames:?}"));
            let kind = u8::try_from(length & 0xff).expect("the last byte");
            let flags = stream.read_u8().await.expect("flags");
            let id = stream.read_u32().await.expect("a stream");
            let mut payload = vec![0; (length >> 8) as usize];
            stream.read_exact(&mut payload).await.expect("a payload");
            frames.push((kind, flags, id, payload));
            if frames.last().is_some_and(&wanted) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reading)
        .await
        .expect("the server answers or hangs up");
    frames
}

/// h2 takes it for an error of the connection: it knows no stream of that number.
#[tokio::test]
async fn a_late_window_update_does_not_end_the_calls_in_flight() {
    // The client opens a stream when the last GOAWAY has been sent, or right after it has acknowledged the first one.
    for goaway_is_out in [true, false] {
        let (began, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let server = Server::builder(schema()).unary("shapes.Shapes/Unary", {
            let (began, may_end) = (Arc::clone(&began), Arc::clone(&may_end));
            move |_request, call| {
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
        let mut stream = TcpStream::connect(&running.addr).await.expect("it listens");
        let request = frame(DATA, END_STREAM, 1, &[0; 5]);
        let opening = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(SETTINGS, 0, 0, &[]),
            call_headers(1),
            request,
        ];
        stream.write_all(&opening.concat()).await.expect("it reads");
        began.notified().await;

        running.stop();
        let asked = frames_until(&mut stream, |(kind, flags, ..)| (*kind, *flags) == (PING, 0)).await;
        let (.., payload) = asked.last().expect("the ping");
        let mut sent = frame(PING, ACK, 0, payload);
        if goaway_is_out {
            stream.write_all(&sent).await.expect("it reads");
            let told = frames_until(&mut stream, |(kind, ..)| *kind == GOAWAY).await;
            let (.., payload) = told.last().expect("the GOAWAY");
            assert_eq!(
                payload[..8],
                [0, 0, 0, 1, 0, 0, 0, 0],
                "the last stream, and no error"
            );
            sent.clear();
        }
        sent.extend(call_headers(3));
        sent.extend(frame(WINDOW_UPDATE, 0, 3, &1000_u32.to_be_bytes()));
        sent.extend(frame(DATA, END_STREAM, 3, &[0; 5]));
        sent.extend(frame(PING, 0, 0, b"all read"));
        stream.write_all(&sent).await.expect("it reads");
        let alive = |(kind, flags, _, payload): &(u8, u8, u32, Vec<u8>)| {
            (*kind, *flags, &payload[..]) == (PING, ACK, b"all read")
        };
        let mut received = frames_until(&mut stream, alive).await;

        may_end.notify_one();
        let is_end = |(kind, flags, ..): &(u8, u8, u32, Vec<u8>)| *kind == HEADERS && flags & END_STREAM != 0;
        received.extend(frames_until(&mut stream, is_end).await);
        let of_calls = received.iter().filter(|(.., id, _)| *id != 0);
        let of_calls: Vec<_> = of_calls.map(|(kind, _, id, _)| (*kind, *id)).collect();
        assert_eq!(of_calls, [(HEADERS, 1), (DATA, 1), (HEADERS, 1)]);
        drop(stream);
        (&mut running.served).await.expect("no panic").expect("drained");
    }
}
