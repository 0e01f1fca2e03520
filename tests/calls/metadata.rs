//! Headers, trailers and statuses with details, on every outcome.

use prost_reflect::DynamicMessage;
use protod::{Call, Server};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

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

#[tokio::test]
async fn a_failure_before_the_first_message_is_trailers_only() {
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        |_request: DynamicMessage, mut call: Call| async move {
            call.headers_mut()
                .expect("not sent")
                .insert("x-first", MetadataValue::from_static("here"));
            call.trailers_mut()
                .insert("x-last", MetadataValue::from_static("word"));
            Err(Status::permission_denied("no"))
        },
    );
    serving(server.build().expect("fits"), |mut client| async move {
        // tonic returns the status immediately only if it came with the headers.
        let status = client.down(item("a", 1)).await.expect_err("no stream");
        assert_eq!((status.code(), status.message()), (Code::PermissionDenied, "no"));
        assert_eq!(status.metadata().get("x-first").expect("a header"), "here");
        assert_eq!(status.metadata().get("x-last").expect("a trailer"), "word");
    })
    .await;
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
