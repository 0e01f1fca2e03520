//! How a server stops.

use std::time::{Duration, Instant};

use protod::{Server, ServingStatus};
use tonic::Code;

use crate::support::{Running, dynamic_item, fields, item, schema};

fn endless() -> Server {
    Server::builder(schema())
        .server_streaming("shapes.Shapes/Down", |request, mut call| async move {
            call.send(request).await?;
            std::future::pending().await
        })
        .unary("shapes.Shapes/Unary", |_request, call| async move {
            call.draining().await;
            Ok(dynamic_item("told", 1))
        })
        .drain_timeout(Duration::from_millis(200))
        .build()
        .expect("fits")
}

#[tokio::test]
async fn infinite_stream_drains_within_grace() {
    let mut running = Running::start(endless()).await;
    let mut stream = running
        .client()
        .await
        .down(item("a", 1))
        .await
        .expect("headers")
        .into_inner();
    assert!(stream.message().await.expect("OK").is_some());
    let stopped = Instant::now();
    running.stop();
    let status = stream.message().await.expect_err("the server ends it");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(
        stopped.elapsed() >= Duration::from_millis(200),
        "not before the drain timeout"
    );
    let served = tokio::time::timeout(Duration::from_secs(5), &mut running.served).await;
    served
        .expect("soon after it")
        .expect("no panic")
        .expect("drained");
}

#[tokio::test]
async fn open_calls_are_told_and_may_finish() {
    let mut running = Running::start(endless()).await;
    let mut client = running.client().await;
    // The one call is in flight when the other has been answered on the same connection.
    let answer = tokio::spawn(async move { client.unary(item("a", 1)).await });
    let mut other = running
        .client()
        .await
        .down(item("b", 1))
        .await
        .expect("headers")
        .into_inner();
    assert!(other.message().await.expect("OK").is_some());
    drop(other);
    tokio::task::yield_now().await;
    running.stop();
    let answer = answer.await.expect("no panic").expect("it may finish");
    assert_eq!(fields(&answer.into_inner()), ("told".into(), 1));
    (&mut running.served).await.expect("no panic").expect("drained");
}

#[tokio::test]
async fn health_turns_not_serving_and_the_listener_closes_at_once() {
    let mut running = Running::start(endless()).await;
    let mut stream = running
        .client()
        .await
        .down(item("a", 1))
        .await
        .expect("headers")
        .into_inner();
    assert!(stream.message().await.expect("OK").is_some());
    assert_eq!(
        running.server.health().status("shapes.Shapes"),
        Some(ServingStatus::Serving)
    );
    running.stop();
    let closed = async {
        while tokio::net::TcpStream::connect(&running.addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_millis(150), closed)
        .await
        .expect("while the stream is still open");
    assert_eq!(
        running.server.health().status("shapes.Shapes"),
        Some(ServingStatus::NotServing)
    );
}
