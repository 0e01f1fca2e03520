//! What tower layers answer and fail with, in each protocol, and what the log says of it.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use protod::Message;
use tonic::Status;
use tonic::body::Body;
use tower::{ServiceBuilder, ServiceExt as _};

use crate::support::{Answer, Running, envelope, envelopes, json, post, shapes};

/// The answer in each protocol that can be spoken over HTTP/1.1.
async fn ask_all(server: &Running) -> [Answer; 3] {
    let call = |method: &str, content_type: &str, body: &[u8]| {
        let headers = format!("content-type: application/{content_type}\r\n");
        post(&format!("/shapes.Shapes/{method}"), &headers, body)
    };
    [
        server.ask(&call("Unary", "json", b"{}")).await,
        server
            .ask(&call("Down", "connect+json", &envelope(0, b"{}")))
            .await,
        server.ask(&call("Unary", "grpc-web", &envelope(0, b""))).await,
    ]
}

#[tokio::test]
async fn a_layer_that_refuses_is_a_status_in_every_protocol() {
    let refusing = shapes().intercept(|_| Err(Status::unauthenticated("no token")));
    let server = Running::start(refusing).await;
    let [unary, stream, web] = ask_all(&server).await;
    assert_eq!(unary.code, 401);
    assert_eq!(
        unary.text(),
        "{\"code\":\"unauthenticated\",\"message\":\"no token\"}"
    );
    assert_eq!(
        envelopes(&stream.body),
        [(2, format!("{{\"error\":{}}}", unary.text()))]
    );
    assert!(
        envelopes(&web.body)[0].1.contains("grpc-status: 16\r\n"),
        "{web:?}"
    );
}

#[tokio::test]
async fn an_http_answer_of_a_layer_is_a_status_where_the_protocol_is_not_http_itself() {
    let layer = ServiceBuilder::new().map_response(|_: Response<Body>| {
        let mut response = Response::new(Body::new(Full::new(Bytes::from_static(b"not so fast\n"))));
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("text/plain"));
        headers.insert("retry-after", HeaderValue::from_static("7"));
        response
    });
    let server = Running::start(shapes().layer(layer)).await;
    let [unary, stream, web] = ask_all(&server).await;
    // Clients of Connect read JSON, and everybody else the status of HTTP.
    let told = (
        unary.code,
        unary.header("content-type"),
        unary.header("retry-after"),
    );
    assert_eq!(told, (429, "application/json".to_owned(), "7".to_owned()));
    assert_eq!(
        unary.text(),
        "{\"code\":\"unavailable\",\"message\":\"not so fast\"}"
    );
    assert!(envelopes(&stream.body)[0].1.contains("unavailable"), "{stream:?}");
    assert!(
        envelopes(&web.body)[0].1.contains("grpc-status: 14\r\n"),
        "{web:?}"
    );
}

#[tokio::test]
async fn what_a_layer_answers_itself_where_the_protocol_is_http_is_left_alone() {
    for (code, content_type, body) in [
        (503, "application/problem+json", "{\"title\":\"down\"}"),
        (429, "application/json", "{\"code\":\"resource_exhausted\"}"),
        (304, "text/plain", ""),
        (200, "text/plain", "from a cache"),
    ] {
        let layer = ServiceBuilder::new().map_response(move |_: Response<Body>| {
            let mut response = Response::new(Body::new(Full::new(Bytes::from_static(body.as_bytes()))));
            *response.status_mut() = StatusCode::from_u16(code).expect("a status");
            let content_type = HeaderValue::from_static(content_type);
            response.headers_mut().insert("content-type", content_type);
            response
        });
        let server = Running::start(shapes().layer(layer)).await;
        let answer = server.ask(&json("Unary", "{}")).await;
        assert_eq!((answer.code, answer.text().as_str()), (code, body));
    }
}

#[tokio::test]
async fn layers_see_the_requests_and_the_answers_of_all_protocols() {
    let layer = ServiceBuilder::new()
        .map_request(|mut request: Request<Body>| {
            request
                .headers_mut()
                .insert("x-in", "1".parse().expect("a value"));
            request
        })
        .map_response(|mut response: Response<Body>| {
            response
                .headers_mut()
                .insert("x-out", "2".parse().expect("a value"));
            response
        })
        .map_err(|error: Infallible| error);
    let server = shapes()
        .unary(
            "shapes.Shapes/Unary",
            |request: Message, call: protod::Call| async move {
                assert_eq!(call.metadata().get("x-in").expect("the layer's"), "1");
                Ok(request)
            },
        )
        .layer(layer);
    let server = Running::start(server).await;
    for answer in ask_all(&server).await {
        assert_eq!(
            (answer.code, answer.header("x-out").as_str()),
            (200, "2"),
            "{answer:?}"
        );
    }
}

/// Layers are anybody's: another gRPC server behind one may have written what nobody can read.
#[tokio::test]
async fn a_status_of_a_layer_that_cannot_be_read_does_not_lose_its_code() {
    for (name, value) in [
        ("grpc-status-details-bin", &b"not base64"[..]),
        ("grpc-status-details-bin", b"\xff"),
        ("grpc-status-details-bin", b"A"),
        ("grpc-message", b"%ff\xfe"),
    ] {
        let layer = ServiceBuilder::new().map_response(move |_: Response<Body>| {
            let mut response = Response::new(Body::empty());
            let headers = response.headers_mut();
            headers.insert("content-type", HeaderValue::from_static("application/grpc"));
            headers.insert("grpc-status", HeaderValue::from_static("5"));
            headers.insert(name, HeaderValue::from_bytes(value).expect("a value"));
            // More than any client takes: the status is read to be cut.
            headers.insert(
                "x-long",
                HeaderValue::from_bytes(&vec![b'x'; 100_000]).expect("a value"),
            );
            response
        });
        let server = shapes().layer(layer).log_calls(true).build().expect("fits");
        for (content_type, says) in [
            ("grpc", "ended%20with%20NotFound"),
            ("grpc-web", "grpc-status: 5"),
            ("json", "\"code\":\"not_found\""),
            ("connect+json", "\"code\":\"not_found\""),
        ] {
            let method = if content_type == "connect+json" {
                "Down"
            } else {
                "Unary"
            };
            let request = Request::post(format!("http://test/shapes.Shapes/{method}"))
                .header("content-type", format!("application/{content_type}"))
                .body(Full::new(Bytes::new()))
                .expect("a request");
            let response = server.service().oneshot(request).await.expect("infallible");
            let (head, body) = response.into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            let said = format!("{:?} {}", head.headers, String::from_utf8_lossy(&body));
            assert!(said.contains(says), "{content_type}, {name}: {said}");
        }
    }
}
