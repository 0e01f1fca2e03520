//! A client that cancels is never mistaken for one that has half-closed.

use std::sync::Arc;
use std::time::Duration;

use prost_reflect::DynamicMessage;
use protod::{Call, Server};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::support::{dynamic_item, item, schema, serving};

#[tokio::test]
async fn cancel_is_not_end_of_stream() {
    let (report, mut reports) = mpsc::unbounded_channel();
    let server = Server::builder(schema()).client_streaming("shapes.Shapes/Up", move |mut call: Call| {
        let report = report.clone();
        async move {
            loop {
                match call.recv().await {
                    Ok(Some(_)) => report.send("message").expect("the test listens"),
                    Ok(None) => {
                        report.send("committed").expect("the test listens");
                        return Ok(dynamic_item("all", 0));
                    }
                    Err(status) => {
                        assert_eq!(status.code(), Code::Cancelled);
                        report.send("cancelled").expect("the test listens");
                        return Err(status);
                    }
                }
            }
        }
    });
    serving(server.build().expect("fits"), |mut client| async move {
        let (send, requests) = mpsc::channel(1);
        let upload = tokio::spawn(async move { client.up(ReceiverStream::new(requests)).await });
        send.send(item("half", 1)).await.expect("open");
        assert_eq!(reports.recv().await, Some("message"));
        upload.abort();
        let ended = tokio::time::timeout(Duration::from_secs(5), reports.recv())
            .await
            .expect("it ends");
        // The handler sees the cancellation or is dropped while it waits. It must not commit.
        assert_ne!(ended, Some("committed"));
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_stream_drops_its_handler() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        move |request: DynamicMessage, mut call: Call| {
            let held = Arc::clone(&held);
            async move {
                call.send(request).await?;
                std::future::pending::<()>().await;
                drop(held);
                Ok(())
            }
        },
    );
    serving(server.build().expect("fits"), |mut client| async move {
        let mut stream = client.down(item("a", 1)).await.expect("headers").into_inner();
        assert!(stream.message().await.expect("OK").is_some());
        assert_eq!(Arc::strong_count(&alive), 3, "the test, the closure, the handler");
        drop(stream);
        let dropped = async {
            while Arc::strong_count(&alive) > 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), dropped)
            .await
            .expect("the handler goes with its stream");
    })
    .await;
}
