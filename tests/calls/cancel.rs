//! A client that cancels is never mistaken for one that has half-closed.

use prost_reflect::DynamicMessage;
use protod::{Call, Server};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::layers::HANG;
use crate::support::{Guard, dynamic_item, item, schema, serving};

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
        let ended = tokio::time::timeout(HANG, reports.recv()).await.expect("it ends");
        // The handler sees the cancellation or is dropped while it waits. It must not commit.
        assert_ne!(ended, Some("committed"));
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_stream_drops_its_handler() {
    let (dropped, mut drops) = mpsc::unbounded_channel();
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        move |request: DynamicMessage, mut call: Call| {
            let guard = Guard(dropped.clone());
            async move {
                let _guard = guard;
                call.send(request).await?;
                std::future::pending().await
            }
        },
    );
    serving(server.build().expect("fits"), |mut client| async move {
        let mut stream = client.down(item("a", 1)).await.expect("headers").into_inner();
        assert!(stream.message().await.expect("OK").is_some());
        assert!(drops.try_recv().is_err(), "the handler waits");
        drop(stream);
        tokio::time::timeout(HANG, drops.recv())
            .await
            .expect("the handler goes with its stream");
    })
    .await;
}
