//! A client that does not read uses a bounded amount of memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prost_reflect::DynamicMessage;
use protod::{Call, Server};

use crate::support::{item, schema, serving};

/// Time that is paused goes on when nothing is left to do: when the handler has stalled.
#[tokio::test(start_paused = true)]
async fn slow_reader_does_not_grow_memory() {
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        move |request: DynamicMessage, mut call: Call| {
            let sent = Arc::clone(&counter);
            async move {
                loop {
                    call.send(request.clone()).await?;
                    sent.fetch_add(1, Ordering::Relaxed);
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
        let mut before = 0;
        let stalled = async {
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let now = sent.load(Ordering::Relaxed);
                if now == before {
                    return now;
                }
                before = now;
            }
        };
        let stalled = tokio::time::timeout(Duration::from_secs(20), stalled)
            .await
            .expect("it stalls");
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
