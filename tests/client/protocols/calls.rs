//! The four shapes, metadata, statuses, deadlines, compression, limits and cancelling.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use prost_reflect::DynamicMessage;
use protod::client::{Codec, HttpVersion, Protocol};
use protod::{Call, Schema, Server};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use super::{clients, ways};
use crate::servers::{SOON, item, schema, serve, shapes, value_of, values};
use crate::shapes::Guard;

#[tokio::test]
async fn each_shape_is_called_and_the_connection_is_used_again() {
    for (way, client) in clients(shapes()).await {
        let method = |name: &str| {
            client
                .method(&format!("shapes.Shapes/{name}"))
                .expect("it is there")
        };
        for _ in 0..3 {
            let reply = method("Unary").unary(item("one", 7)).await;
            let reply = reply.unwrap_or_else(|status| panic!("{way:?}: {status:?}"));
            assert_eq!(value_of(&reply.message).expect("an Item"), 7, "{way:?}");
            let down = method("Down")
                .server_streaming(item("n", 3))
                .await
                .expect("on its way");
            assert_eq!(values(down).await.expect("a clean end"), [0, 1, 2], "{way:?}");
            let items = tokio_stream::iter([item("a", 1), item("b", 2)]);
            let reply = method("Up").client_streaming(items).await.expect("an answer");
            assert_eq!(value_of(&reply.message).expect("an Item"), 3, "{way:?}");
            let items = tokio_stream::iter([item("a", 4), item("b", 5)]);
            let both = method("Both").bidi(items).await.expect("on its way");
            assert_eq!(values(both).await.expect("a clean end"), [4, 5], "{way:?}");
            let none = tokio_stream::iter::<[DynamicMessage; 0]>([]);
            let both = method("Both").bidi(none).await.expect("on its way");
            assert_eq!(values(both).await.expect("a clean end"), [0; 0], "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_bidi_call_takes_turns_over_http2() {
    for (way, client) in clients(shapes()).await {
        if way.http_version == HttpVersion::Http1 {
            continue;
        }
        let (sender, requests) = mpsc::channel(1);
        let both = client.method("shapes.Shapes/Both").expect("it is there");
        let mut responses = both
            .bidi(ReceiverStream::new(requests))
            .await
            .expect("on its way");
        for value in 0..3 {
            sender.send(item("turn", value)).await.expect("the call is open");
            let answer = timeout(SOON, responses.message()).await.expect("at once");
            let answer = answer.expect("no failure").expect("an answer");
            assert_eq!(value_of(&answer).expect("an Item"), value, "{way:?}");
        }
        drop(sender);
        let end = timeout(SOON, responses.message()).await.expect("at once");
        assert!(end.expect("a clean end").is_none(), "{way:?}");
    }
}

#[tokio::test]
async fn metadata_and_trailers_go_both_ways() {
    let server = Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |request: DynamicMessage, mut call: Call| async move {
                answer_metadata(&mut call)?;
                Ok(request)
            },
        )
        .server_streaming(
            "shapes.Shapes/Down",
            |request: DynamicMessage, mut call: Call| async move {
                answer_metadata(&mut call)?;
                call.send(request).await
            },
        );
    for (way, client) in clients(server).await {
        for name in ["Unary", "Down"] {
            let mut method = client
                .method(&format!("shapes.Shapes/{name}"))
                .expect("it is there");
            let metadata = method.metadata_mut();
            metadata.append("x-asked", "one".parse().expect("ASCII"));
            metadata.append("x-asked", "two".parse().expect("ASCII"));
            metadata.insert_bin("x-bytes-bin", MetadataValue::from_bytes(&[0, 255]));
            let mut responses = method
                .call(tokio_stream::once(item("one", 1)))
                .await
                .expect("on its way");
            let headers = responses.headers().await.expect("headers");
            let asked: Vec<_> = headers.get_all("x-answer").iter().collect();
            assert_eq!(asked, ["one", "two"], "{way:?} {name}");
            while responses.message().await.expect("no failure").is_some() {}
            let end = responses.trailers().get_bin("x-end-bin").expect("it came");
            assert_eq!(end.to_bytes().expect("base64"), &[0, 255][..], "{way:?} {name}");
            assert!(
                responses.trailers().get("grpc-message").is_none(),
                "{way:?} {name}"
            );
        }
    }
}

/// Sends back what was asked: names of text in the headers, bytes in the trailers.
fn answer_metadata(call: &mut Call) -> Result<(), Status> {
    let asked: Vec<_> = call.metadata().get_all("x-asked").iter().cloned().collect();
    let bytes = call.metadata().get_bin("x-bytes-bin").cloned();
    let bytes = bytes.ok_or_else(|| Status::invalid_argument("x-bytes-bin is missing"))?;
    let headers = call.headers_mut().expect("nothing was sent yet");
    for value in asked {
        headers.append("x-answer", value);
    }
    call.trailers_mut().insert_bin("x-end-bin", bytes);
    Ok(())
}

#[tokio::test]
async fn a_status_comes_with_its_details_and_trailers() {
    fn failure() -> Status {
        let detail = prost_types::Any {
            type_url: "type.googleapis.com/acme.Why".to_owned(),
            value: vec![8, 5],
        };
        let details = tonic_types::pb::Status {
            code: Code::NotFound as i32,
            message: "no such item: ü%\n".to_owned(),
            details: vec![detail],
        };
        let details = prost::Message::encode_to_vec(&details);
        Status::with_details(Code::NotFound, "no such item: ü%\n", details.into())
    }
    let server = Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |_: DynamicMessage, mut call: Call| async move {
                call.trailers_mut()
                    .insert("x-why", "because".parse().expect("ASCII"));
                Err::<DynamicMessage, _>(failure())
            },
        )
        .server_streaming(
            "shapes.Shapes/Down",
            |request: DynamicMessage, mut call: Call| async move {
                call.send(request).await?;
                call.trailers_mut()
                    .insert("x-why", "because".parse().expect("ASCII"));
                Err(failure())
            },
        );
    for (way, client) in clients(server).await {
        let unary = client.method("shapes.Shapes/Unary").expect("it is there");
        let of_unary = unary.unary(item("one", 1)).await.expect_err("an error");
        let down = client.method("shapes.Shapes/Down").expect("it is there");
        let mut responses = down.server_streaming(item("one", 1)).await.expect("on its way");
        assert!(
            responses.message().await.expect("no failure yet").is_some(),
            "{way:?}"
        );
        let of_stream = responses.message().await.expect_err("an error");
        assert!(
            responses.message().await.expect("it has ended").is_none(),
            "{way:?}"
        );
        for status in [of_unary, of_stream] {
            assert_eq!(
                (status.code(), status.message()),
                (Code::NotFound, failure().message()),
                "{way:?}"
            );
            assert_eq!(status.details(), failure().details(), "{way:?}");
            assert_eq!(
                status.metadata().get("x-why").expect("it came"),
                "because",
                "{way:?}"
            );
        }
        let status = client.method("shapes.Shapes/Up").expect("it is there");
        let status = status.client_streaming(tokio_stream::iter([item("a", 1)])).await;
        assert_eq!(
            status.expect_err("no handler").code(),
            Code::Unimplemented,
            "{way:?}"
        );
    }
}

#[tokio::test]
async fn the_server_is_told_the_deadline_and_it_holds_whatever_the_server_does() {
    let server = Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |_: DynamicMessage, call: Call| async move {
                let left = call.deadline().expect("the client gave one") - Instant::now();
                Ok(item("left", left.as_secs().try_into().expect("small")))
            },
        )
        .server_streaming(
            "shapes.Shapes/Down",
            |request: DynamicMessage, mut call: Call| async move {
                call.send(request).await?;
                std::future::pending().await
            },
        );
    // All at once: a server closes a connection on which nothing is asked for some seconds.
    let each = clients(server).await.into_iter().map(async |(way, client)| {
        let unary = client.method("shapes.Shapes/Unary").expect("it is there");
        let reply = unary
            .deadline(Duration::from_secs(1000))
            .unary(item("one", 1))
            .await;
        let left = value_of(&reply.expect("an answer").message).expect("an Item");
        assert!((900..=1000).contains(&left), "{way:?}: {left}");
        let down = client.method("shapes.Shapes/Down").expect("it is there");
        let down = down.deadline(Duration::from_secs(2));
        let mut responses = down.server_streaming(item("one", 1)).await.expect("on its way");
        assert!(
            responses.message().await.expect("no failure yet").is_some(),
            "{way:?}"
        );
        let status = timeout(SOON, responses.message()).await.expect("an end");
        assert_eq!(
            status.expect_err("too late").code(),
            Code::DeadlineExceeded,
            "{way:?}"
        );
    });
    join_all(each).await;
}

#[tokio::test]
async fn each_compression_goes_both_ways() {
    let server = shapes().unary(
        "shapes.Shapes/Unary",
        |request: DynamicMessage, mut call: Call| async move {
            let names = ["grpc-encoding", "content-encoding", "connect-content-encoding"];
            let encoding = names.iter().find_map(|name| call.metadata().get(*name).cloned());
            let encoding = encoding.ok_or_else(|| Status::invalid_argument("not compressed"))?;
            call.headers_mut()
                .expect("nothing was sent yet")
                .insert("x-encoding", encoding);
            Ok(request)
        },
    );
    for (way, client) in clients(server).await {
        let unary = client.method("shapes.Shapes/Unary").expect("it is there");
        let plain = unary.unary(item("one", 1)).await.expect_err("sent as it is");
        assert_eq!(plain.message(), "not compressed", "{way:?}");
        for (name, unary) in [
            ("gzip", unary.clone().gzip()),
            ("deflate", unary.clone().deflate()),
            ("zstd", unary.clone().zstd()),
        ] {
            let reply = unary.unary(item(&"long ".repeat(500), 1)).await;
            let reply = reply.unwrap_or_else(|status| panic!("{way:?} {name}: {status:?}"));
            assert_eq!(reply.headers.get("x-encoding").expect("it came"), name, "{way:?}");
            assert_eq!(value_of(&reply.message).expect("an Item"), 1, "{way:?}");
        }
        let up = client.method("shapes.Shapes/Both").expect("it is there").zstd();
        let items = tokio_stream::iter([item(&"long ".repeat(500), 1), item("", 0)]);
        assert_eq!(
            values(up.bidi(items).await.expect("on its way"))
                .await
                .expect("an end"),
            [1, 0],
            "{way:?}"
        );
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_is_resource_exhausted_compressed_or_not() {
    let address = serve(shapes()).await;
    for way in ways() {
        let client = way
            .builder(&address)
            .max_receive_size(1000)
            .connect()
            .await
            .expect("it listens");
        let unary = client.method("shapes.Shapes/Unary").expect("it is there");
        let long = item(&"long ".repeat(500), 1);
        for unary in [
            unary.clone(),
            unary.clone().gzip(),
            unary.clone().deflate(),
            unary.zstd(),
        ] {
            let status = unary.unary(long.clone()).await.expect_err("2,500 bytes");
            assert_eq!(status.code(), Code::ResourceExhausted, "{way:?}: {status:?}");
            let reply = unary.unary(item("short", 1)).await;
            reply.unwrap_or_else(|status| panic!("the next call goes well: {way:?}: {status:?}"));
        }
    }
}

#[tokio::test]
async fn dropped_responses_cancel_the_call() {
    let (sender, mut dropped) = mpsc::unbounded_channel();
    let of_down = sender.clone();
    let server = Server::builder(schema())
        .server_streaming(
            "shapes.Shapes/Down",
            move |request: DynamicMessage, mut call: Call| {
                let guard = Guard(of_down.clone());
                async move {
                    let _guard = guard;
                    call.send(request).await?;
                    std::future::pending().await
                }
            },
        )
        .bidi("shapes.Shapes/Both", move |mut call: Call| {
            let guard = Guard(sender.clone());
            async move {
                let _guard = guard;
                while let Some(request) = call.recv().await? {
                    call.send(request).await?;
                }
                Ok(())
            }
        });
    for (way, client) in clients(server).await {
        for name in ["Down", "Both"] {
            if name == "Both" && way.http_version == HttpVersion::Http1 {
                continue;
            }
            let method = client
                .method(&format!("shapes.Shapes/{name}"))
                .expect("it is there");
            let mut responses = if name == "Down" {
                method.server_streaming(item("one", 1)).await.expect("on its way")
            } else {
                let requests = tokio_stream::once(item("one", 1)).chain(tokio_stream::pending());
                method.bidi(requests).await.expect("on its way")
            };
            responses
                .message()
                .await
                .expect("no failure")
                .expect("the first message");
            assert!(dropped.try_recv().is_err(), "the call goes on: {way:?} {name}");
            drop(responses);
            let waited = timeout(SOON, dropped.recv()).await;
            waited.unwrap_or_else(|_| panic!("the handler is dropped with its call: {way:?} {name}"));
        }
    }
}

#[tokio::test]
async fn a_call_by_get_has_its_message_in_the_address() {
    let schema = Schema::from_source(
        "cups.proto",
        r#"
        syntax = "proto3";
        package cups;
        message Cup { string name = 1; }
        service Cups {
          rpc Look(Cup) returns (Cup) { option idempotency_level = NO_SIDE_EFFECTS; }
          rpc Break(Cup) returns (Cup);
          rpc Watch(Cup) returns (stream Cup) { option idempotency_level = NO_SIDE_EFFECTS; }
        }
        "#,
    );
    let schema = schema.expect("the source compiles");
    let server = Server::builder(schema.clone()).unary(
        "cups.Cups/Look",
        |cup: DynamicMessage, mut call: Call| async move {
            let typed = call.metadata().get("content-type").is_some();
            let verb = if typed { "POST" } else { "GET" };
            call.headers_mut()
                .expect("nothing was sent yet")
                .insert("x-verb", verb.parse().expect("ASCII"));
            Ok(cup)
        },
    );
    let address = serve(server).await;
    for way in ways() {
        let client = way
            .builder(&address)
            .schema(schema.clone())
            .connect()
            .await
            .expect("it listens");
        let method = |name: &str| client.method(&format!("cups.Cups/{name}")).expect("it is there");
        for name in ["Break", "Watch"] {
            let error = method(name).http_get().expect_err("it is called by POST");
            assert!(error.is_invalid_input(), "{way:?}");
        }
        let look = method("Look");
        if way.protocol != Protocol::Connect {
            look.http_get().expect_err("Connect alone has it");
            continue;
        }
        let cup = |name: &str| {
            let mut cup = look.request();
            cup.set_field_by_name("name", prost_reflect::Value::String(name.to_owned()));
            cup
        };
        let by_get = look.clone().http_get().expect("it has no side effects");
        for (look, verb) in [
            (look.clone(), "POST"),
            (by_get.clone(), "GET"),
            (by_get.clone().gzip(), "GET"),
        ] {
            let reply = look
                .unary(cup("blue & ü"))
                .await
                .unwrap_or_else(|status| panic!("{way:?}: {status:?}"));
            assert_eq!(reply.headers.get("x-verb").expect("it came"), verb, "{way:?}");
            assert_eq!(
                reply.message.to_dynamic().expect("a Cup"),
                cup("blue & ü"),
                "{way:?}"
            );
        }
        if way.codec == Codec::Proto {
            let status = by_get
                .unary(cup(&"long".repeat(20_000)))
                .await
                .expect_err("more than an address has");
            assert_eq!(status.code(), Code::ResourceExhausted, "{way:?}");
        }
    }
}
