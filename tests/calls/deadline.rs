//! Deadlines apply to the whole call.

use prost_reflect::DynamicMessage;
use protod::{Call, Message, Server};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

use crate::http::{post, send_to};
use crate::layers::HANG;
use crate::support::{item, schema, serving};

fn patient() -> Server {
    Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |_request: DynamicMessage, call: Call| async move {
                assert!(call.deadline().is_some());
                std::future::pending::<Result<DynamicMessage, Status>>().await
            },
        )
        .server_streaming(
            "shapes.Shapes/Down",
            |request: DynamicMessage, mut call: Call| async move {
                call.send(request).await?;
                std::future::pending().await
            },
        )
        .build()
        .expect("fits")
}

fn within(timeout: &'static str) -> Request<Message> {
    let mut request = Request::new(item("a", 1));
    request
        .metadata_mut()
        .insert("grpc-timeout", MetadataValue::from_static(timeout));
    request
}

#[tokio::test]
async fn deadline_on_unary_is_deadline_exceeded() {
    // tonic's client is not used here, because it has its own timeout.
    let request = post("/shapes.Shapes/Unary")
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "50m");
    let response = send_to(patient(), request).await;
    assert_eq!(
        response.headers()["grpc-status"],
        (Code::DeadlineExceeded as i32).to_string()
    );
}

#[tokio::test]
async fn a_deadline_that_has_passed_already_is_deadline_exceeded() {
    let server = Server::builder(schema())
        .unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            Ok(request)
        });
    let request = post("/shapes.Shapes/Unary")
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "0n");
    let response = send_to(server.build().expect("fits"), request).await;
    assert_eq!(
        response.headers()["grpc-status"],
        (Code::DeadlineExceeded as i32).to_string()
    );
}

#[tokio::test]
async fn deadline_on_stream_is_deadline_exceeded() {
    serving(patient(), |mut client| async move {
        let mut stream = client.down(within("50m")).await.expect("headers").into_inner();
        assert!(stream.message().await.expect("in time").is_some());
        let ended = tokio::time::timeout(HANG, stream.message())
            .await
            .expect("it ends");
        assert_eq!(ended.expect_err("too late").code(), Code::DeadlineExceeded);
    })
    .await;
}

#[tokio::test]
async fn malformed_timeout_is_refused() {
    serving(patient(), |mut client| async move {
        for malformed in ["1", "1s", "123456789S", "soon"] {
            let status = client.unary(within(malformed)).await.expect_err("malformed");
            assert_eq!(status.code(), Code::InvalidArgument, "{malformed}: {status}");
        }
    })
    .await;
}
