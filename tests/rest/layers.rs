//! What the layers of a server answer and fail with, as clients of REST are told.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use protod::server::Route;
use protod::{Server, ServerBuilder};
use serde_json::{Value, json};
use tonic::Status;
use tonic::body::Body;
use tower::layer::layer_fn;
use tower::timeout::error::Elapsed;
use tower::{ServiceExt as _, service_fn};

use crate::support::echo;

/// The HTTP status, the content type and the JSON of the answer.
async fn ask(server: &Server, verb: &str, path: &str, body: &'static str) -> (StatusCode, String, Value) {
    let request = Request::builder()
        .method(verb)
        .uri(format!("http://test{path}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .expect("a request");
    let response = server.service().oneshot(request).await.expect("infallible");
    let (head, body) = response.into_parts();
    let content_type = head.headers["content-type"].to_str().expect("text").to_owned();
    let body = body.collect().await.expect("a body").to_bytes();
    let json = serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{body:?} is no JSON"));
    (head.status, content_type, json)
}

fn build(server: ServerBuilder) -> Server {
    server.build().expect("fits")
}

/// A GET, a POST that could be Connect's by its content type alone, another verb, and a path that nothing has.
const REQUESTS: [(&str, &str, &str); 4] = [
    ("GET", "/v1/texts/a", ""),
    ("POST", "/v1/whole", "{}"),
    ("PATCH", "/v1/things/1", "{}"),
    ("GET", "/nothing", ""),
];

#[tokio::test]
async fn a_status_of_a_layer_is_that_of_http_and_its_json() {
    let server = build(echo().intercept(|_| Err(Status::unauthenticated("no token"))));
    for (verb, path, body) in REQUESTS {
        let (code, content_type, json) = ask(&server, verb, path, body).await;
        assert_eq!(
            (code.as_u16(), &*content_type),
            (401, "application/json"),
            "{verb} {path}"
        );
        assert_eq!(json, json!({"code": 16, "message": "no token"}), "{verb} {path}");
    }
}

#[tokio::test]
async fn a_layer_that_fails_has_the_status_of_its_error() {
    let failing = |_: Request<Body>| async { Err::<Response<Body>, _>(Elapsed::new()) };
    let layer = layer_fn(move |_: Route| service_fn(failing));
    let server = build(echo().layer(layer));
    for (verb, path, body) in REQUESTS {
        let (code, content_type, json) = ask(&server, verb, path, body).await;
        assert_eq!(
            (code.as_u16(), &*content_type),
            (504, "application/json"),
            "{verb} {path}"
        );
        assert_eq!(json["code"], 4, "{verb} {path}");
    }
}
