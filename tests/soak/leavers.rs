//! Calls that are cancelled at random moments, or ended by their deadline.

use std::sync::Arc;
use std::time::Duration;

use protod::ClientMethod;
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::calls::{Caller, ask};
use crate::program::SOON;
use crate::scene::{Scene, every};

/// Begins a call of any shape, and drops it before the first response or later.
pub(crate) async fn cancelling(scene: Arc<Scene>, number: u64) {
    let mut random = scene.random(number);
    let mut beat = every(Duration::from_millis(5));
    let caller = Caller::connect(&scene.address).await;
    while scene.goes_on() {
        beat.tick().await;
        let patience = Duration::from_micros(random.u64(..30_000));
        let method = caller.long(["Tick", "Pour", "Both", "Up"][random.usize(..4)]);
        let asks = vec![
            ask(&method, 1);
            if method.method().is_client_streaming() {
                3
            } else {
                1
            }
        ];
        let open = async {
            // These do not half-close, so no call of the four ends by itself.
            let requests = tokio_stream::StreamExt::chain(tokio_stream::iter(asks), tokio_stream::pending());
            let mut responses = method.call(requests).await?;
            while responses.message().await?.is_some() {}
            Ok::<(), Status>(())
        };
        match timeout(patience, open).await {
            Err(_) => scene.figures.cancelled.add(1),
            Ok(ended) => panic!("{} ended by itself: {ended:?}", method.method().name()),
        }
    }
    // The server has closed all of them; otherwise no stream would be left for another call.
    let method = caller.long("Up");
    let up = method.client_streaming(tokio_stream::once(ask(&method, 1)));
    let sum = timeout(SOON, up).await.expect("there is a stream for it");
    sum.expect("it is answered");
}

/// Calls that the server has to end in time.
pub(crate) async fn overdue(scene: Arc<Scene>, number: u64) {
    let mut random = scene.random(number);
    let mut beat = every(Duration::from_millis(50));
    let caller = Caller::connect(&scene.address).await;
    while scene.goes_on() {
        beat.tick().await;
        let mut method = caller.long(if random.bool() { "Tick" } else { "Pour" });
        let time = random.u64(1..300);
        // Only the header: the client has a timer for the response headers, but not for the rest.
        let value = format!("{time}m").parse().expect("ASCII");
        method.metadata_mut().insert("grpc-timeout", value);
        let ended = timeout(SOON, to_the_end(&method)).await;
        let (messages, status) =
            ended.unwrap_or_else(|_| panic!("a deadline of {time} ms did not end the call"));
        // On a busy machine, the client's timer for the headers may cancel before the first message.
        let own = messages == 0 && status.code() == Code::Cancelled;
        assert!(
            own || status.code() == Code::DeadlineExceeded,
            "after {messages}: {status:?}"
        );
        scene.figures.deadlines.add(1);
    }
}

async fn to_the_end(method: &ClientMethod) -> (u64, Status) {
    let mut messages = 0;
    let mut responses = match method.server_streaming(ask(method, 1)).await {
        Ok(responses) => responses,
        Err(status) => return (messages, status),
    };
    loop {
        match responses.message().await {
            Ok(Some(_)) => messages += 1,
            Ok(None) => return (messages, Status::ok("")),
            Err(status) => return (messages, status),
        }
    }
}
