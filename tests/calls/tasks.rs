//! Where a call runs: closures on separate tasks, quick handlers on the task of their connection.

use std::sync::{Arc, Barrier};

use prost_reflect::DynamicMessage;
use protod::{Call, Handler, Server};
use tonic::Status;

use crate::support::{fields, item, schema, serving};

/// Sends each message back, after the headers.
struct EchoInPlace;

impl Handler for EchoInPlace {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        call.flush_headers();
        while let Some(message) = call.recv().await? {
            call.send(message).await?;
        }
        Ok(())
    }

    fn begins_in_place(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn closure_that_holds_its_thread_does_not_hold_its_connection() {
    // Two calls must wait here at the same time. One on the connection's own task would keep the other from being read.
    let both = Arc::new(Barrier::new(2));
    let server = Server::builder(schema())
        .unary("shapes.Shapes/Unary", move |request: DynamicMessage| {
            let both = Arc::clone(&both);
            async move {
                both.wait();
                Ok(request)
            }
        })
        .build()
        .expect("it fits");
    serving(server, |client| async move {
        let (mut one, mut other) = (client.clone(), client);
        let calls = async { tokio::join!(one.unary(item("a", 1)), other.unary(item("b", 2))) };
        let (a, b) = tokio::time::timeout(std::time::Duration::from_secs(20), calls)
            .await
            .expect("both were read");
        assert_eq!(fields(&a.expect("OK").into_inner()), ("a".into(), 1));
        assert_eq!(fields(&b.expect("OK").into_inner()), ("b".into(), 2));
    })
    .await;
}

#[tokio::test]
async fn call_that_begins_in_place_and_waits_goes_on() {
    let server = Server::builder(schema())
        .handler("shapes.Shapes/Unary", EchoInPlace)
        .handler("shapes.Shapes/Both", EchoInPlace)
        .build()
        .expect("it fits");
    serving(server, |mut client| async move {
        let answer = client.unary(item("a", 1)).await.expect("OK").into_inner();
        assert_eq!(fields(&answer), ("a".into(), 1));

        let (requests, stream) = tokio::sync::mpsc::channel(1);
        let stream = tokio_stream::wrappers::ReceiverStream::new(stream);
        let mut answers = client.both(stream).await.expect("headers").into_inner();
        for value in 0..3 {
            requests.send(item("b", value)).await.expect("the call goes on");
            let answer = answers.message().await.expect("OK").expect("an answer");
            assert_eq!(fields(&answer), ("b".into(), value));
        }
        drop(requests);
        assert!(answers.message().await.expect("OK").is_none());
    })
    .await;
}
