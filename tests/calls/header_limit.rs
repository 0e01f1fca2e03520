//! Clients that announce how many bytes of headers they take: no response has more, however long its status is.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use protod::server::Route;
use protod::{Call, Message, Server, ServerBuilder};
use tonic::Status;
use tonic::body::Body;
use tower::layer::layer_fn;
use tower::util::MapResponseLayer;
use tower::{BoxError, service_fn};

use crate::support::{Running, item, schema};

/// Calls that end with long texts: without a message, after one, and with long headers and trailers.
fn server() -> Server {
    Server::builder(schema())
        .unary("shapes.Shapes/Unary", |_request: Message, _call: Call| async {
            Err::<Message, _>(Status::not_found("ü".repeat(5000)))
        })
        .server_streaming(
            "shapes.Shapes/Down",
            |_request: Message, mut call: Call| async move {
                call.headers_mut()
                    .expect("not sent")
                    .insert("x-short", "yes".parse().expect("ASCII"));
                call.send(item("one", 1)).await?;
                call.trailers_mut()
                    .insert("x-short", "yes".parse().expect("ASCII"));
                Err(Status::not_found("x".repeat(5000)))
            },
        )
        .client_streaming("shapes.Shapes/Up", |mut call: Call| async move {
            let long = "x".repeat(5000).parse().expect("ASCII");
            call.headers_mut().expect("not sent").insert("x-long", long);
            Ok(item("one", 1))
        })
        .bidi("shapes.Shapes/Both", |mut call: Call| async move {
            let long: tonic::metadata::AsciiMetadataValue = "x".repeat(5000).parse().expect("ASCII");
            call.send(item("one", 1)).await?;
            call.trailers_mut().insert("x-long", long);
            Ok(())
        })
        .build()
        .expect("fits")
}

/// The headers of a response, the number of its bytes, and its trailers.
async fn call(address: &str, path: &str, limit: u32) -> (HeaderMap, usize, HeaderMap) {
    let stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let mut builder = http2::Builder::new(TokioExecutor::new());
    // h2 resets the stream when a header list is larger than it has announced.
    builder.max_header_list_size(limit);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://localhost/shapes.Shapes/{path}"))
        .header("content-type", "application/grpc")
        .body(Full::new(Bytes::from_static(&[0, 0, 0, 0, 0])))
        .expect("a request");
    let response = sender.send_request(request).await.expect("a response");
    let headers = response.headers().clone();
    let body = response.into_body().collect().await.expect("no reset");
    let trailers = body.trailers().cloned().unwrap_or_default();
    (headers, body.to_bytes().len(), trailers)
}

fn size(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 32)
        .sum()
}

#[tokio::test]
async fn no_response_has_more_headers_than_its_client_takes() {
    let running = Running::start(server()).await;
    for limit in [300, 500, 1000, 4000] {
        for (path, messages, code) in [
            ("Unary", 0, "5"),
            ("Down", 1, "5"),
            ("Up", 0, "8"),
            ("Both", 1, "8"),
        ] {
            let (headers, bytes, trailers) = call(&running.addr, path, limit).await;
            let end = if trailers.is_empty() { &headers } else { &trailers };
            assert_eq!(end["grpc-status"], code, "{path} {limit}");
            assert_eq!(bytes > 0, messages > 0, "{path} {limit}");
            assert!(size(&headers) + 42 <= limit as usize, "{path} {limit}");
            assert!(size(&trailers) <= limit as usize, "{path} {limit}");
            let message = end["grpc-message"].to_str().expect("ASCII");
            if code == "5" {
                assert!(message.ends_with("%20bytes)"), "{path} {limit}: {message}");
            }
        }
    }
}

#[tokio::test]
async fn what_the_client_takes_is_sent_as_it_is() {
    let running = Running::start(server()).await;
    let (headers, ..) = call(&running.addr, "Unary", 100_000).await;
    assert_eq!(headers["grpc-message"], "%C3%BC".repeat(5000));
    let (headers, bytes, _) = call(&running.addr, "Up", 10_000).await;
    assert_eq!((headers["x-long"].len(), bytes > 0), (5000, true));
}

/// An echo, whose messages end in trailers of the server's own.
fn echo() -> ServerBuilder {
    Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        |request: Message, mut call: Call| async move { call.send(request).await },
    )
}

/// Calls `Down`, or another path, of a server: the code and the message of its end, which fits.
async fn end_of(server: ServerBuilder, path: &str, limit: u32) -> (String, String) {
    let running = Running::start(server.build().expect("fits")).await;
    let (headers, _, trailers) = call(&running.addr, path, limit).await;
    let end = if trailers.is_empty() { &headers } else { &trailers };
    assert!(size(&headers) + 42 <= limit as usize, "{headers:?}");
    assert!(size(&trailers) <= limit as usize, "{trailers:?}");
    let text = |name| {
        end.get(name)
            .map_or("", |value: &HeaderValue| value.to_str().expect("ASCII"))
    };
    (text("grpc-status").to_owned(), text("grpc-message").to_owned())
}

#[tokio::test]
async fn what_layers_answer_fits_too() {
    let long = || "x".repeat(100_000);
    let refuses = || echo().intercept(move |_| Err(Status::unauthenticated(long())));
    let fails = || {
        let failing = service_fn(move |_: http::Request<Body>| async move {
            Err::<http::Response<Body>, BoxError>(long().into())
        });
        echo().layer(layer_fn(move |_: Route| failing))
    };
    let answers_by_a_page = || {
        let page = service_fn(move |_: http::Request<Body>| async move {
            let page = Body::new(Full::new(Bytes::from(long())));
            let response = http::Response::builder().status(503).header("x-long", long());
            Ok::<_, Infallible>(response.body(page).expect("a response"))
        });
        echo().layer(layer_fn(move |_: Route| page))
    };
    let adds_headers = || {
        echo().layer(MapResponseLayer::new(
            move |mut response: http::Response<Body>| {
                let long = HeaderValue::try_from(long()).expect("ASCII");
                response.headers_mut().insert("x-long", long);
                response
            },
        ))
    };
    let breaks = || {
        echo().layer(MapResponseLayer::new(move |response: http::Response<Body>| {
            response.map(|_| {
                let broken =
                    StreamBody::new(tokio_stream::once(Err::<Frame<Bytes>, BoxError>(long().into())));
                Body::new(broken)
            })
        }))
    };
    for limit in [300, 1000, 90_000] {
        for (layer, server, code, cut) in [
            ("refuses", refuses(), "16", "%20bytes)"),
            ("fails", fails(), "2", "%20bytes)"),
            ("answers by a page", answers_by_a_page(), "8", ""),
            ("adds headers", adds_headers(), "8", ""),
            ("breaks", breaks(), "2", "%20bytes)"),
        ] {
            let (status, message) = end_of(server, "Down", limit).await;
            assert_eq!(status, code, "{layer} {limit}: {message}");
            assert!(message.ends_with(cut), "{layer} {limit}: {message}");
            // It is cut once, to what the client takes and not to less.
            assert!(
                message.matches("(cut:").count() <= 1,
                "{layer} {limit}: {message}"
            );
            assert!(
                cut.is_empty() || message.len() + 300 > limit as usize,
                "{layer} {limit}"
            );
        }
    }
}

#[tokio::test]
async fn what_a_refused_request_is_told_fits_too() {
    let path = "%01".repeat(300);
    for server in [echo(), echo().intercept(Ok)] {
        let (status, message) = end_of(server, &path, 500).await;
        assert_eq!(status, "12", "{message}");
        assert!(message.contains("(cut:"), "{message}");
    }
}
