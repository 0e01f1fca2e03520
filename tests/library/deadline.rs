//! Streams that end when nobody waits for them any more.

use std::time::Duration;

use protod::{Call, Handlers, Message};
use tokio::time::interval;

fn handlers() -> Handlers {
    Handlers::new().server_streaming("till.Till/Split", |_: Message, mut call: Call| async move {
        let mut ticks = interval(Duration::from_millis(100));
        let draining = call.draining();
        tokio::pin!(draining);
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    let receipt = call.response();
                    call.send(receipt).await?;
                }
                () = &mut draining => return Ok(()),
            }
        }
    })
}

#[tokio::test]
async fn the_stream_ends_with_its_deadline_and_with_the_server() {
    let server = protod::Server::builder(super::schema()).handlers(handlers());
    let bound = server.build().expect("it fits").bind("127.0.0.1:0").await;
    let bound = bound.expect("a free port");
    let address = bound.local_addr().to_string();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
    let client = protod::Client::connect(&address).await.expect("it serves");
    let split = client.method("till.Till/Split").expect("it is there");

    let short = split.clone().deadline(Duration::from_millis(300));
    let mut ticks = short.server_streaming(super::payment("{}")).await.expect("OK");
    let ended = loop {
        match ticks.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it has no end of its own"),
            Err(status) => break status,
        }
    };
    assert_eq!(ended.code(), tonic::Code::DeadlineExceeded);

    let mut ticks = split.server_streaming(super::payment("{}")).await.expect("OK");
    assert!(ticks.message().await.expect("it runs").is_some());
    stop.send(()).expect("the server waits for it");
    while ticks.message().await.expect("it ends well").is_some() {}
    serving.await.expect("no panic").expect("it drains");
}
