//! The method's descriptor decides how many messages a call receives and sends.

use prost_reflect::DynamicMessage;
use protod::{Call, DynamicCodec, Server};
use tonic::client::Grpc;
use tonic::{Code, Request, Status};

use crate::support::{Running, item, schema, stream_of};

fn echo() -> Server {
    Server::builder(schema())
        .unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            Ok(request)
        })
        .server_streaming(
            "shapes.Shapes/Down",
            |request: DynamicMessage, mut call: Call| async move { call.send(request).await },
        )
        .build()
        .expect("fits")
}

/// Calls a method that takes one message, with any number of messages.
async fn call_with(method: &str, count: i64) -> Result<(), Status> {
    let running = Running::start(echo()).await;
    let schema = schema();
    let method = schema.method(method).expect("one of the shapes");
    let mut grpc: Grpc<_> = running.client().await.grpc;
    grpc.ready().await.expect("connected");
    let requests = stream_of((0..count).map(|n| item("n", n)).collect());
    let path = method.path().parse().expect("a path");
    let mut answers = grpc
        .streaming(Request::new(requests), path, DynamicCodec::client(method))
        .await?
        .into_inner();
    while answers.message().await?.is_some() {}
    Ok(())
}

#[tokio::test]
async fn second_unary_message_is_unimplemented() {
    for method in ["shapes.Shapes/Unary", "shapes.Shapes/Down"] {
        call_with(method, 1).await.expect("one is right");
        let status = call_with(method, 2).await.expect_err("one too many");
        assert_eq!(status.code(), Code::Unimplemented, "{method}: {status}");
    }
}

#[tokio::test]
async fn no_unary_message_is_unimplemented() {
    for method in ["shapes.Shapes/Unary", "shapes.Shapes/Down"] {
        let status = call_with(method, 0).await.expect_err("one too few");
        assert_eq!(status.code(), Code::Unimplemented, "{method}: {status}");
    }
}

#[tokio::test]
async fn a_handler_that_answers_a_single_response_twice_or_never_is_internal() {
    use protod::{Call, Handler};

    struct Sends(u32);
    impl Handler for Sends {
        async fn handle(&self, call: &mut Call) -> Result<(), Status> {
            call.recv().await?;
            for _ in 0..self.0 {
                call.send(item("n", 0)).await?;
            }
            Ok(())
        }
    }
    for (count, expected) in [(0, Code::Internal), (1, Code::Ok), (2, Code::Internal)] {
        let server = Server::builder(schema())
            .handler("shapes.Shapes/Unary", Sends(count))
            .build()
            .expect("fits");
        let running = Running::start(server).await;
        let code = running
            .client()
            .await
            .unary(item("a", 1))
            .await
            .map_or_else(|status| status.code(), |_| Code::Ok);
        assert_eq!(code, expected, "{count} answers");
    }
}
