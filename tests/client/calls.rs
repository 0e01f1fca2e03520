//! The four shapes of a call, with metadata and statuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use prost_reflect::DynamicMessage;
use protod::{Call, Client, Server};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::servers::{SOON, client, item, schema, serve, value_of, values};

#[tokio::test]
async fn each_shape_is_called() {
    let client = client().await;
    let method = |name: &str| {
        client
            .method(&format!("shapes.Shapes/{name}"))
            .expect("it is there")
    };

    let reply = method("Unary").unary(item("one", 7)).await.expect("an answer");
    assert_eq!(value_of(&reply.message).expect("an Item"), 7);

    let down = method("Down")
        .server_streaming(item("n", 3))
        .await
        .expect("the call is on its way");
    assert_eq!(values(down).await.expect("a clean end"), [0, 1, 2]);

    let items = tokio_stream::iter([item("a", 1), item("b", 2)]);
    let reply = method("Up").client_streaming(items).await.expect("an answer");
    assert_eq!(value_of(&reply.message).expect("an Item"), 3);

    let items = tokio_stream::iter([item("a", 4), item("b", 5)]);
    let both = method("Both").bidi(items).await.expect("the call is on its way");
    assert_eq!(values(both).await.expect("a clean end"), [4, 5]);
}

#[tokio::test]
async fn a_call_of_another_shape_is_refused_before_anything_is_sent() {
    let client = client().await;
    let status = client
        .method("shapes.Shapes/Both")
        .expect("it is there")
        .unary(item("one", 1))
        .await
        .expect_err("it streams");
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(
        status.message(),
        "shapes.Shapes/Both takes a stream of messages and answers with a stream of messages"
    );
}

#[tokio::test]
async fn a_method_is_found_by_a_dotted_name_and_a_near_one_is_suggested() {
    let client = client().await;
    let method = client.method("shapes.Shapes.Unary").expect("the dot will do");
    assert_eq!(method.method().name(), "shapes.Shapes/Unary");
    let error = client.method("shapes.Shapes/Unarry").expect_err("no such method");
    assert!(error.is_unknown_name());
    assert_eq!(
        error.to_string(),
        "the schema has no method shapes.Shapes/Unarry; did you mean shapes.Shapes/Unary?"
    );
}

#[tokio::test]
async fn a_bidi_call_takes_turns() {
    let client = client().await;
    let (requests, receiver) = mpsc::channel(1);
    let both = client.method("shapes.Shapes/Both").expect("it is there");
    let mut responses = both
        .bidi(ReceiverStream::new(receiver))
        .await
        .expect("the call is on its way");
    for n in 0..100 {
        requests.send(item("next", n)).await.expect("the call is open");
        let answer = timeout(SOON, responses.message())
            .await
            .expect("an answer to each");
        let answer = answer.expect("no failure").expect("no end yet");
        assert_eq!(value_of(&answer).expect("an Item"), n);
    }
    drop(requests);
    assert!(values(responses).await.expect("a clean end").is_empty());
}

/// What the server has sent limits what the client, the sockets and the server can hold together.
#[tokio::test]
async fn an_endless_stream_is_not_collected() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        move |request: DynamicMessage, mut call: Call| {
            let sent = Arc::clone(&counted);
            async move {
                loop {
                    call.send(request.clone()).await?;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            }
        },
    );
    let client = Client::connect(&serve(server).await)
        .await
        .expect("it answers reflection");
    let down = client.method("shapes.Shapes/Down").expect("it is there");
    let name = "x".repeat(1000);
    let mut responses = down
        .server_streaming(item(&name, 1))
        .await
        .expect("the call is on its way");
    for received in 1..20_000_usize {
        responses.message().await.expect("no failure").expect("no end");
        let ahead = sent.load(Ordering::Relaxed).saturating_sub(received);
        assert!(
            ahead < 10_000,
            "{ahead} messages of 1 kB were sent and not received"
        );
    }
}

#[tokio::test]
async fn metadata_goes_both_ways() {
    let server = Server::builder(schema()).unary(
        "shapes.Shapes/Unary",
        |request: DynamicMessage, mut call: Call| async move {
            let asked = call.metadata().get("x-asked").cloned();
            let asked = asked.ok_or_else(|| Status::invalid_argument("x-asked is missing"))?;
            let of_client = call.metadata().get("x-client").is_some();
            let headers = call.headers_mut().expect("nothing was sent yet");
            headers.insert("x-answer", asked);
            headers.insert(
                "x-of-client",
                if of_client { "yes" } else { "no" }.parse().expect("ASCII"),
            );
            call.trailers_mut()
                .insert_bin("x-end-bin", tonic::metadata::MetadataValue::from_bytes(&[0, 255]));
            Ok(request)
        },
    );
    let mut everywhere = MetadataMap::new();
    everywhere.insert("x-client", "1".parse().expect("ASCII"));
    let client = Client::builder(serve(server).await)
        .metadata(everywhere)
        .connect()
        .await;
    let mut unary = client
        .expect("it answers reflection")
        .method("shapes.Shapes/Unary")
        .expect("it is there");
    unary
        .metadata_mut()
        .insert("x-asked", "why".parse().expect("ASCII"));
    let reply = unary.unary(item("one", 1)).await.expect("an answer");
    assert_eq!(reply.headers.get("x-answer").expect("it came"), "why");
    assert_eq!(reply.headers.get("x-of-client").expect("it came"), "yes");
    let end = reply.trailers.get_bin("x-end-bin").expect("it came");
    assert_eq!(end.to_bytes().expect("base64"), &[0, 255][..]);
}

/// A server that ignores deadlines: it answers every call with headers and at most one message, and never ends it.
async fn serve_idly(answers: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a client");
        let mut connection = h2::server::handshake(socket).await.expect("HTTP/2");
        let mut open = Vec::new();
        while let Some(Ok((_request, mut respond))) = connection.accept().await {
            let body = answers.then(|| {
                let headers = http::Response::builder().header("content-type", "application/grpc");
                let headers = headers.body(()).expect("sound headers");
                let mut body = respond.send_response(headers, false).expect("the call is open");
                let empty_message = bytes::Bytes::from_static(&[0; 5]);
                body.send_data(empty_message, false).expect("the call is open");
                body
            });
            open.push((respond, body));
        }
    });
    address
}

async fn idle_client(answers: bool) -> Client {
    let builder = Client::builder(serve_idly(answers).await).schema(schema());
    builder.connect().await.expect("it listens")
}

/// The headers come immediately, so a limit on them alone would let the stream run forever. The first message has to come in time, on a
/// busy machine, too.
#[tokio::test]
async fn a_deadline_holds_to_the_last_message_whatever_the_server_does() {
    let client = idle_client(true).await;
    let down = client
        .method("shapes.Shapes/Down")
        .expect("it is there")
        .deadline(Duration::from_secs(2));
    let mut responses = down
        .server_streaming(item("one", 1))
        .await
        .expect("the call is on its way");
    assert!(responses.message().await.expect("no failure yet").is_some());
    let status = timeout(SOON, responses.message())
        .await
        .expect("an end")
        .expect_err("too late");
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

/// The channel's own timer would give CANCELLED.
#[tokio::test]
async fn a_deadline_before_the_headers_is_no_cancel() {
    let client = idle_client(false).await;
    let unary = client
        .method("shapes.Shapes/Unary")
        .expect("it is there")
        .deadline(Duration::from_millis(100));
    let status = timeout(SOON, unary.unary(item("one", 1)))
        .await
        .expect("an end")
        .expect_err("too late");
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn the_server_is_told_the_deadline() {
    let server = Server::builder(schema()).unary(
        "shapes.Shapes/Unary",
        |_request: DynamicMessage, call: Call| async move {
            let left = call.deadline().expect("the client gave one") - std::time::Instant::now();
            Ok(item("left", left.as_secs().try_into().expect("small")))
        },
    );
    let client = Client::connect(&serve(server).await)
        .await
        .expect("it answers reflection");
    let unary = client
        .method("shapes.Shapes/Unary")
        .expect("it is there")
        .deadline(Duration::from_secs(1000));
    let reply = unary.unary(item("one", 1)).await.expect("an answer");
    assert!((900..1000).contains(&value_of(&reply.message).expect("an Item")));
}

#[tokio::test]
async fn gzip_goes_both_ways() {
    let server = Server::builder(schema()).unary(
        "shapes.Shapes/Unary",
        |request: DynamicMessage, call: Call| async move {
            let header = |name: &str| {
                call.metadata()
                    .get(name)
                    .map(|value| value.to_str().unwrap_or("").to_owned())
            };
            if header("grpc-encoding").as_deref() != Some("gzip") {
                return Err(Status::invalid_argument("not compressed"));
            }
            Ok(request)
        },
    );
    let client = Client::connect(&serve(server).await)
        .await
        .expect("it answers reflection");
    let unary = client.method("shapes.Shapes/Unary").expect("it is there");
    let plain = unary.unary(item("one", 1)).await.expect_err("sent as it is");
    assert_eq!(plain.message(), "not compressed");
    let reply = unary
        .gzip()
        .unary(item(&"long ".repeat(500), 1))
        .await
        .expect("an answer");
    assert_eq!(
        reply
            .headers
            .get("grpc-encoding")
            .expect("the answer is compressed"),
        "gzip"
    );
    assert_eq!(value_of(&reply.message).expect("an Item"), 1);
}

#[tokio::test]
async fn a_status_comes_with_its_details_and_trailers() {
    let server = Server::builder(schema()).unary(
        "shapes.Shapes/Unary",
        |_request: DynamicMessage, mut call: Call| async move {
            call.trailers_mut()
                .insert("x-why", "because".parse().expect("ASCII"));
            Err::<DynamicMessage, _>(Status::with_details(
                Code::NotFound,
                "no such item",
                vec![8, 5].into(),
            ))
        },
    );
    let client = Client::connect(&serve(server).await)
        .await
        .expect("it answers reflection");
    let unary = client.method("shapes.Shapes/Unary").expect("it is there");
    let status = unary.unary(item("one", 1)).await.expect_err("an error");
    assert_eq!(
        (status.code(), status.message()),
        (Code::NotFound, "no such item")
    );
    assert_eq!(status.details(), [8, 5]);
    assert_eq!(status.metadata().get("x-why").expect("it came"), "because");
}
