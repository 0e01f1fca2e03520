//! Headers, trailers and statuses with details, on every outcome.

use http_body_util::BodyExt as _;
use prost_reflect::DynamicMessage;
use protod::{Call, Handler, Server};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

use crate::http::{post, send_to};
use crate::support::{item, schema, serving};

#[tokio::test]
async fn headers_and_trailers_travel_both_ways() {
    let server = Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |request: DynamicMessage, mut call: Call| async move {
                let asked = call.metadata().get("x-ask").cloned().expect("the client sent it");
                let binary = call
                    .metadata()
                    .get_bin("x-ask-bin")
                    .cloned()
                    .expect("the client sent it");
                let headers = call.headers_mut().expect("nothing was sent yet");
                headers.insert("x-answer", asked);
                headers.insert_bin("x-answer-bin", binary);
                call.trailers_mut()
                    .insert("x-last", MetadataValue::from_static("word"));
                Ok(request)
            },
        )
        .server_streaming(
            "shapes.Shapes/Down",
            |request: DynamicMessage, mut call: Call| async move {
                call.headers_mut()
                    .expect("not sent")
                    .insert("x-first", MetadataValue::from_static("here"));
                call.send(request).await?;
                assert!(call.headers_mut().is_none(), "they went with the first message");
                call.trailers_mut()
                    .insert("x-last", MetadataValue::from_static("word"));
                Err(Status::with_details(
                    Code::NotFound,
                    "gone",
                    b"details".to_vec().into(),
                ))
            },
        );
    serving(server.build().expect("fits"), |mut client| async move {
        let mut request = Request::new(item("a", 1));
        request
            .metadata_mut()
            .insert("x-ask", MetadataValue::from_static("why"));
        request
            .metadata_mut()
            .insert_bin("x-ask-bin", MetadataValue::from_bytes(&[0, 255]));
        let answer = client.unary(request).await.expect("an answer");
        assert_eq!(answer.metadata().get("x-answer").expect("echoed"), "why");
        let binary = answer
            .metadata()
            .get_bin("x-answer-bin")
            .expect("echoed")
            .to_bytes()
            .expect("base64");
        assert_eq!(&binary[..], [0, 255]);
        assert_eq!(
            answer.metadata().get("x-last").expect("tonic merges trailers"),
            "word"
        );

        let answer = client.down(item("a", 1)).await.expect("headers");
        assert_eq!(answer.metadata().get("x-first").expect("a header"), "here");
        let mut stream = answer.into_inner();
        assert!(
            stream
                .message()
                .await
                .expect("the message before the failure")
                .is_some()
        );
        let status = stream.message().await.expect_err("the failure");
        assert_eq!(
            (status.code(), status.message(), status.details()),
            (Code::NotFound, "gone", &b"details"[..])
        );
        assert_eq!(status.metadata().get("x-last").expect("a trailer"), "word");
    })
    .await;
}

/// A handler that sets headers and trailers, and fails.
struct Failing;

impl Handler for Failing {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        set_both(call);
        Err(Status::permission_denied("no"))
    }
}

fn set_both(call: &mut Call) {
    let headers = call.headers_mut().expect("not sent");
    headers.insert("x-first", MetadataValue::from_static("here"));
    call.trailers_mut()
        .insert("x-last", MetadataValue::from_static("word"));
}

#[tokio::test]
async fn headers_of_a_failing_call_come_before_its_trailers() {
    let build = || {
        Server::builder(schema())
            .unary(
                "shapes.Shapes/Unary",
                |_request: DynamicMessage, mut call: Call| async move {
                    set_both(&mut call);
                    Err::<DynamicMessage, _>(Status::permission_denied("no"))
                },
            )
            .server_streaming(
                "shapes.Shapes/Down",
                |_request: DynamicMessage, mut call: Call| async move {
                    set_both(&mut call);
                    Err(Status::permission_denied("no"))
                },
            )
            .client_streaming("shapes.Shapes/Up", |mut call: Call| async move {
                set_both(&mut call);
                Err::<DynamicMessage, _>(Status::permission_denied("no"))
            })
            .handler("shapes.Shapes/Both", Failing)
            .build()
            .expect("fits")
    };
    for method in ["Unary", "Down", "Up", "Both"] {
        let request = post(&format!("/shapes.Shapes/{method}")).header("content-type", "application/grpc");
        let response = send_to(build(), request).await;
        let headers = response.headers().clone();
        let trailers = trailers_of(response).await.expect(method);
        assert_eq!(
            (&headers["x-first"], headers.get("grpc-status")),
            (&"here".parse().expect("a value"), None)
        );
        assert_eq!(
            (&trailers["x-last"], &trailers["grpc-status"]),
            (&"word".parse().expect("a value"), &7.into())
        );
        assert_eq!(trailers.get("x-first"), None, "{method}");
    }
}

#[tokio::test]
async fn a_failure_without_headers_and_messages_is_trailers_only() {
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        |_request: DynamicMessage, mut call: Call| async move {
            assert!(call.headers_mut().expect("not sent").is_empty());
            call.trailers_mut()
                .insert("x-last", MetadataValue::from_static("word"));
            Err(Status::permission_denied("no"))
        },
    );
    let request = post("/shapes.Shapes/Down").header("content-type", "application/grpc");
    let response = send_to(server.build().expect("fits"), request).await;
    assert_eq!(response.headers()["grpc-status"], "7");
    assert_eq!(response.headers()["x-last"], "word");
    assert_eq!(trailers_of(response).await, None);
}

pub(crate) async fn trailers_of(response: http::Response<hyper::body::Incoming>) -> Option<http::HeaderMap> {
    let body = response.into_body().collect().await.expect("a whole response");
    body.trailers().cloned()
}

#[tokio::test]
async fn flushed_headers_arrive_before_any_message() {
    let (release, released) = tokio::sync::watch::channel(false);
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        move |request: DynamicMessage, mut call: Call| {
            let mut released = released.clone();
            async move {
                call.headers_mut()
                    .expect("not sent")
                    .insert("x-first", MetadataValue::from_static("here"));
                call.flush_headers();
                drop(released.wait_for(|released| *released).await);
                call.send(request).await
            }
        },
    );
    serving(server.build().expect("fits"), |mut client| async move {
        let answer = client.down(item("a", 1)).await.expect("headers");
        assert_eq!(answer.metadata().get("x-first").expect("a header"), "here");
        release.send_replace(true);
        assert!(answer.into_inner().message().await.expect("OK").is_some());
    })
    .await;
}
