//! Typed calls of the client, and what does not fit in them.

use std::sync::Arc;

use protod::{Call, Client, Message, Server, ServerBuilder, Typed};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;
use tonic::{Code, Status};

use crate::support::schema;

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
struct Point {
    name: String,
    value: i32,
}

fn point(name: &str, value: i32) -> Point {
    let name = name.to_owned();
    Point { name, value }
}

async fn serve(server: ServerBuilder) -> Client {
    let server = server.build().unwrap_or_else(|error| panic!("{error}"));
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    Client::connect(&address).await.expect("it listens")
}

#[tokio::test]
async fn requests_and_responses_of_every_shape_are_types_of_ones_own() {
    let server = Server::builder(schema().clone())
        .unary("kinds.Kinds/Point", |point: Message| async move { Ok(point) })
        .server_streaming("kinds.Kinds/Down", |point: Message, mut call: Call| async move {
            call.send(point.clone()).await?;
            call.send(point).await
        })
        .client_streaming("kinds.Kinds/Up", |mut call: Call| async move {
            let mut last = None;
            while let Some(point) = call.recv().await? {
                last = Some(point);
            }
            last.ok_or_else(|| Status::invalid_argument("there is no point"))
        })
        .bidi("kinds.Kinds/Both", |mut call: Call| async move {
            while let Some(point) = call.recv().await? {
                call.send(point).await?;
            }
            Ok(())
        });
    let client = serve(server).await;
    let method = |name: &str| {
        client
            .method(&format!("kinds.Kinds/{name}"))
            .expect("it is there")
    };
    let reply = method("Point").unary(Typed(point("p", 1))).await.expect("OK");
    assert_eq!(reply.parse::<Point>().expect("it fits"), point("p", 1));

    let mut points = method("Down")
        .server_streaming(Typed(json!({"name": "d"})))
        .await
        .expect("it begins");
    for _ in 0..2 {
        assert_eq!(points.recv().await.expect("OK"), Some(point("d", 0)));
    }
    assert_eq!(points.recv::<Point>().await.expect("OK"), None);

    let requests = (0..3).map(|value| Typed(point("u", value)));
    let requests = tokio_stream::iter(requests.collect::<Vec<_>>());
    let reply = method("Up").client_streaming(requests).await.expect("OK");
    assert_eq!(reply.parse::<Point>().expect("it fits"), point("u", 2));

    let requests = tokio_stream::iter([Typed(point("b", 1)), Typed(point("b", 2))]);
    let mut points = method("Both").bidi(requests).await.expect("it begins");
    for value in [1, 2] {
        assert_eq!(points.recv().await.expect("OK"), Some(point("b", value)));
    }
    assert_eq!(points.recv::<Point>().await.expect("OK"), None);
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_not_sent_and_its_stream_is_cancelled_not_ended() {
    let cancelled = Arc::new(Notify::new());
    let told = Arc::clone(&cancelled);
    let server = Server::builder(schema().clone())
        .unary("kinds.Kinds/Point", |_: Message, call: Call| async move {
            Err::<Message, _>(Status::internal(format!("{} was called", call.method().name())))
        })
        .client_streaming("kinds.Kinds/Up", move |mut call: Call| {
            let told = Arc::clone(&told);
            async move {
                loop {
                    match call.recv().await {
                        Ok(Some(_)) => {}
                        Ok(None) => return call.message(&point("it has ended", 0)),
                        Err(status) => {
                            assert_eq!(status.code(), Code::Cancelled);
                            told.notify_one();
                            return Err(status);
                        }
                    }
                }
            }
        });
    let client = serve(server).await;
    let misspelt = Typed(json!({"nme": "n"}));
    let is_told = |status: &Status| {
        assert_eq!(status.code(), Code::Internal);
        let text = "does not fit the request, a kinds.Point: nme: kinds.Point has no field `nme`; did you mean `name`?";
        assert!(status.message().contains(text), "{status}");
    };
    let method = client.method("kinds.Kinds/Point").expect("it is there");
    is_told(&method.unary(misspelt.clone()).await.expect_err("it does not fit"));

    let method = client.method("kinds.Kinds/Up").expect("it is there");
    let requests = tokio_stream::iter([Typed(json!({"name": "fits"})), misspelt.clone()]);
    is_told(
        &method
            .client_streaming(requests)
            .await
            .expect_err("it does not fit"),
    );
    cancelled.notified().await;

    let mut call = method
        .call(tokio_stream::iter([misspelt]))
        .await
        .expect("it begins");
    is_told(&call.message().await.expect_err("it does not fit"));
}

#[tokio::test]
async fn a_response_that_does_not_fit_is_internal() {
    #[derive(Debug, Deserialize)]
    struct Strict {
        #[expect(dead_code, reason = "only read")]
        value: std::num::NonZeroI32,
    }
    let server = Server::builder(schema().clone())
        .unary("kinds.Kinds/Point", |point: Message| async move { Ok(point) });
    let client = serve(server).await;
    let method = client.method("kinds.Kinds/Point").expect("it is there");
    let reply = method.unary(Typed(point("p", 0))).await.expect("OK");
    let status = reply.parse::<Strict>().expect_err("it is zero");
    assert_eq!(status.code(), Code::Internal);
    assert!(
        status.message().contains("value: invalid value: integer `0`"),
        "{status}"
    );
    assert_eq!(
        reply.message.parse::<Strict>().expect_err("it is zero").code(),
        Code::InvalidArgument
    );
}
