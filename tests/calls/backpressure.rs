//! A client that does not read uses a bounded amount of memory.

use std::time::Duration;

use prost_reflect::DynamicMessage;
use protod::{Call, Server};
use tokio::time::timeout;

use crate::support::{item, schema, serving};

/// Time that is paused goes on when nothing is left to do: when the handler has stalled.
#[tokio::test(start_paused = true)]
async fn slow_reader_does_not_grow_memory() {
    let (sent, mut count) = tokio::sync::watch::channel(0_u64);
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        move |request: DynamicMessage, mut call: Call| {
            let sent = sent.clone();
            async move {
                loop {
                    call.send(request.clone()).await?;
                    sent.send_modify(|count| *count += 1);
                }
            }
        },
    );
    serving(server.build().expect("fits"), |mut client| async move {
        let size = 10_000;
        let mut stream = client
            .down(item(&"x".repeat(size), 1))
            .await
            .expect("headers")
            .into_inner();
        assert!(stream.message().await.expect("OK").is_some());
        // The handler runs until all buffers between it and the client are full.
        let stalled = async { while timeout(Duration::from_millis(200), count.changed()).await.is_ok() {} };
        timeout(Duration::from_secs(20), stalled)
            .await
            .expect("it stalls");
        let stalled = *count.borrow();
        assert!(
            stalled * size as u64 <= 16 * 1024 * 1024,
            "{stalled} messages of 10 kB were buffered"
        );
        // It continues when the client reads again.
        for _ in 0..stalled + 10 {
            assert!(stream.message().await.expect("OK").is_some());
        }
    })
    .await;
}
