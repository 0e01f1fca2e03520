//! Requests that are no calls get an HTTP status; gRPC requests get a gRPC status.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost_reflect::DynamicMessage;
use protod::{Limits, Server};

use crate::http2::{ACK, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, PING, Wire, frame};
use crate::support::{Running, schema};

async fn send(request: http::request::Builder) -> http::Response<hyper::body::Incoming> {
    let server = Server::builder(schema())
        .unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            Ok(request)
        });
    send_to(server.build().expect("fits"), request).await
}

/// Sends one empty message on a plain HTTP/2 connection, without the headers that a gRPC client adds.
pub(crate) async fn send_to(
    server: Server,
    request: http::request::Builder,
) -> http::Response<hyper::body::Incoming> {
    let running = Running::start(server).await;
    send_over(&running.addr, request).await
}

/// As [`send_to`], to a server that runs.
pub(crate) async fn send_over(
    addr: &str,
    request: http::request::Builder,
) -> http::Response<hyper::body::Incoming> {
    let stream = tokio::net::TcpStream::connect(addr).await.expect("it listens");
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.expect("HTTP/2");
    tokio::spawn(connection);
    let body = Full::new(Bytes::from_static(&[0, 0, 0, 0, 0]));
    sender
        .send_request(request.body(body).expect("a request"))
        .await
        .expect("a response")
}

pub(crate) fn post(path: &str) -> http::request::Builder {
    http::Request::post(format!("http://localhost{path}"))
}

#[tokio::test]
async fn get_is_405() {
    let request =
        http::Request::get("http://localhost/shapes.Shapes/Unary").header("content-type", "application/grpc");
    let response = send(request).await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "POST");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(body, "methods are called by POST\n");

    let request = http::Request::head("http://localhost/shapes.Shapes/Unary");
    let response = send(request).await;
    assert_eq!(response.status(), 405);
    let body = response.into_body().collect().await.expect("no body").to_bytes();
    assert_eq!(body, "", "HEAD is answered without");
}

#[tokio::test]
async fn other_content_types_are_415() {
    for content_type in ["text/plain", "application/grpc+xml", "application/json5", ""] {
        let response = send(post("/shapes.Shapes/Unary").header("content-type", content_type)).await;
        assert_eq!(response.status(), 415, "{content_type:?}");
    }
}

#[tokio::test]
async fn every_form_of_the_content_type_is_grpc() {
    for content_type in [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc;charset=utf-8",
        "Application/gRPC",
        "APPLICATION/GRPC+PROTO ; charset=utf-8",
    ] {
        let response = send(post("/shapes.Shapes/Unary").header("content-type", content_type)).await;
        assert_eq!(response.status(), 200, "{content_type}");
        assert_eq!(response.headers()["content-type"], "application/grpc");
        let trailers = response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .trailers()
            .cloned()
            .expect("trailers");
        assert_eq!(trailers["grpc-status"], "0");
    }
}

#[tokio::test]
async fn unknown_paths_are_unimplemented_trailers_only_never_404() {
    for path in ["/shapes.Shapes/Nothing", "/no.Service/Method", "/", "/x"] {
        let response = send(post(path).header("content-type", "application/grpc")).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["grpc-status"], "12", "{path}");
    }
}

#[tokio::test]
async fn headers_over_the_limit_are_431() {
    let limits = Limits::default().max_header_list_size(1000);
    let server = || {
        Server::builder(schema())
            .limits(limits.clone())
            .build()
            .expect("fits")
    };
    for (size, expected) in [(100, 200), (2000, 431)] {
        let request = post("/shapes.Shapes/Unary")
            .header("content-type", "application/grpc")
            .header("x-long", "x".repeat(size));
        assert_eq!(send_to(server(), request).await.status(), expected, "{size}");
    }
}

/// An HTTP client that is answered and reset while it still sends may lose the answer.
#[tokio::test]
async fn what_is_not_grpc_is_refused_when_it_has_been_read_or_after_a_moment() {
    let server = Server::builder(schema()).build().expect("fits");
    let running = Running::start(server).await;
    let mut wire = Wire::open(&running.addr).await;
    // :method GET, :scheme http, :path /
    let get = |stream| frame(HEADERS, END_HEADERS, stream, &[0x82, 0x86, 0x84]);
    let ended = |stream| move |frame: &Frame| frame.stream == stream && frame.flags & END_STREAM != 0;

    let began = Instant::now();
    for stream in (1..20).step_by(2) {
        wire.send(&[get(stream), frame(DATA, 0, stream, b"...")].concat())
            .await;
        wire.send(&frame(PING, 0, 0, b"all read")).await;
        let received = wire.read(|frame| (frame.kind, frame.flags) == (PING, ACK)).await;
        assert!(
            received.iter().all(|frame| frame.stream != stream),
            "{received:?}"
        );
        wire.send(&frame(DATA, END_STREAM, stream, b"...")).await;
        let received = wire.read(ended(stream)).await;
        let of_stream = received.iter().filter(|frame| frame.stream == stream);
        let kinds: Vec<u8> = of_stream.map(|frame| frame.kind).collect();
        assert_eq!(kinds, [HEADERS, DATA]);
    }
    // After a moment would be a second for each of the ten.
    assert!(began.elapsed() < Duration::from_secs(9), "at the end of each");

    let sent = Instant::now();
    wire.send(&get(21)).await;
    wire.read(ended(21)).await;
    assert!(sent.elapsed() >= Duration::from_millis(900), "it may still send");
}

#[tokio::test]
async fn what_is_not_grpc_is_refused_after_a_mebibyte() {
    let limits = Limits::default().stream_window(2 << 20);
    let server = Server::builder(schema()).limits(limits).build().expect("fits");
    let running = Running::start(server).await;
    let mut wire = Wire::open(&running.addr).await;
    let get = |stream| frame(HEADERS, END_HEADERS, stream, &[0x82, 0x86, 0x84]);
    let mebibyte = frame(DATA, 0, 3, &[0; 16384]).repeat(64);
    // Neither ends, so by time the first would be refused first. After the ping, the windows are open.
    wire.send(&[get(1), get(3), frame(PING, 0, 0, b"all read")].concat())
        .await;
    wire.read(|frame| (frame.kind, frame.flags) == (PING, ACK)).await;
    wire.send(&mebibyte).await;
    let mut ended = Vec::new();
    let both = wire.read(|frame| {
        ended.extend((frame.stream != 0 && frame.flags & END_STREAM != 0).then_some(frame.stream));
        ended.len() == 2
    });
    both.await;
    assert_eq!(ended, [3, 1]);
}
