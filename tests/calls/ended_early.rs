//! Calls that end before their handlers do: at a deadline, with a panic, at the end of a drain. The metadata that the
//! handler has set by then is sent, as it is when a handler fails by itself.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use prost_reflect::DynamicMessage;
use protod::{Call, Handler, Server};
use tokio::sync::Notify;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::http::{post, send_over};
use crate::metadata::trailers_of;
use crate::support::{Running, schema};

/// Sets metadata, and waits without end.
struct Patient(Arc<Notify>);

impl Handler for Patient {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        set_metadata(call);
        self.0.notify_one();
        pending().await
    }
}

fn set_metadata(call: &mut Call) {
    if let Some(headers) = call.headers_mut() {
        headers.insert("x-first", MetadataValue::from_static("here"));
    }
    call.trailers_mut()
        .insert("x-last", MetadataValue::from_static("word"));
}

/// `Both` is a handler and the others are closures. `Up` panics, and the others wait; each notifies `began` before.
async fn start(began: &Arc<Notify>) -> Running {
    let closures: [Arc<Notify>; 3] = std::array::from_fn(|_| Arc::clone(began));
    let [unary, down, up] = closures;
    let server = Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            move |_request: DynamicMessage, mut call: Call| {
                let began = Arc::clone(&unary);
                async move {
                    set_metadata(&mut call);
                    began.notify_one();
                    pending::<Result<DynamicMessage, Status>>().await
                }
            },
        )
        .server_streaming(
            "shapes.Shapes/Down",
            move |request: DynamicMessage, mut call: Call| {
                let began = Arc::clone(&down);
                async move {
                    set_metadata(&mut call);
                    call.send(request).await?;
                    set_metadata(&mut call);
                    began.notify_one();
                    pending().await
                }
            },
        )
        .client_streaming("shapes.Shapes/Up", move |mut call: Call| {
            let began = Arc::clone(&up);
            async move {
                set_metadata(&mut call);
                began.notify_one();
                assert_eq!(call.id(), u64::MAX, "it panics");
                Err::<DynamicMessage, _>(Status::internal("it has panicked"))
            }
        })
        .handler("shapes.Shapes/Both", Patient(Arc::clone(began)))
        .drain_timeout(Duration::ZERO);
    Running::start(server.build().expect("fits")).await
}

fn call(method: &str) -> http::request::Builder {
    post(&format!("/shapes.Shapes/{method}")).header("content-type", "application/grpc")
}

async fn has_metadata(response: http::Response<hyper::body::Incoming>, code: Code, what: &str) {
    assert_eq!(response.headers()["x-first"], "here", "{what}");
    assert_eq!(response.headers().get("grpc-status"), None, "{what}");
    let trailers: HeaderMap = trailers_of(response).await.expect(what);
    assert_eq!(trailers["grpc-status"], (code as i32).to_string(), "{what}");
    assert_eq!(trailers["x-last"], "word", "{what}");
}

#[tokio::test]
async fn what_was_set_before_a_deadline_is_sent() {
    let running = start(&Arc::default()).await;
    for method in ["Unary", "Down", "Both"] {
        let request = call(method).header("grpc-timeout", "100m");
        let response = send_over(&running.addr, request).await;
        has_metadata(response, Code::DeadlineExceeded, method).await;
    }
}

#[tokio::test]
async fn what_was_set_before_a_panic_is_sent() {
    let running = start(&Arc::default()).await;
    let response = send_over(&running.addr, call("Up")).await;
    has_metadata(response, Code::Internal, "Up").await;
}

#[tokio::test]
async fn what_was_set_before_the_end_of_a_drain_is_sent() {
    for method in ["Unary", "Down", "Both"] {
        let began = Arc::default();
        let mut running = start(&began).await;
        let addr = running.addr.clone();
        let response = tokio::spawn(async move { send_over(&addr, call(method)).await });
        began.notified().await;
        running.stop();
        let response = response.await.expect("no panic");
        has_metadata(response, Code::Unavailable, method).await;
    }
}
