//! The four shapes, as closures and as a `Handler`.

use prost_reflect::DynamicMessage;
use protod::{Call, Handler, Server};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use crate::support::{collect, dynamic_item, fields, item, schema, serving, stream_of};

fn shapes() -> Server {
    Server::builder(schema())
        .unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            Ok(request)
        })
        .server_streaming(
            "shapes.Shapes/Down",
            |request: DynamicMessage, mut call: Call| async move {
                for _ in 0..3 {
                    call.send(request.clone()).await?;
                }
                Ok(())
            },
        )
        .client_streaming("shapes.Shapes/Up", |mut call: Call| async move {
            let mut sum = 0;
            while let Some(message) = call.recv().await? {
                sum += fields(&message).1;
            }
            Ok(dynamic_item("sum", sum))
        })
        .bidi("shapes.Shapes/Both", |mut call: Call| async move {
            call.send(item("first", 0)).await?;
            while let Some(message) = call.recv().await? {
                call.send(message).await?;
            }
            Ok(())
        })
        .build()
        .expect("the handlers fit")
}

#[tokio::test]
async fn each_shape_answers() {
    serving(shapes(), |mut client| async move {
        let answer = client.unary(item("a", 1)).await.expect("an answer").into_inner();
        assert_eq!(fields(&answer), ("a".into(), 1));

        let answers = client.down(item("b", 2)).await.expect("a stream").into_inner();
        assert_eq!(collect(answers).await.expect("OK"), vec![("b".into(), 2); 3]);

        let requests = stream_of((1..=10).map(|value| item("c", value)).collect());
        let answer = client.up(requests).await.expect("an answer").into_inner();
        assert_eq!(fields(&answer), ("sum".into(), 55));

        let answers = client
            .both(stream_of(vec![item("d", 4)]))
            .await
            .expect("a stream")
            .into_inner();
        assert_eq!(
            collect(answers).await.expect("OK"),
            [("first".into(), 0), ("d".into(), 4)]
        );
    })
    .await;
}

#[tokio::test]
async fn a_bidi_handler_speaks_first_and_answers_each_message_as_it_comes() {
    serving(shapes(), |mut client| async move {
        let (send, requests) = tokio::sync::mpsc::channel(1);
        let mut answers = client
            .both(ReceiverStream::new(requests))
            .await
            .expect("a stream")
            .into_inner();
        let first = answers
            .message()
            .await
            .expect("OK")
            .expect("before anything was sent");
        assert_eq!(fields(&first).0, "first");
        for value in 0..5 {
            send.send(item("ping", value)).await.expect("open");
            let answer = answers.message().await.expect("OK").expect("one for each");
            assert_eq!(fields(&answer), ("ping".into(), value));
        }
        drop(send);
        assert!(answers.message().await.expect("OK").is_none());
    })
    .await;
}

#[tokio::test]
async fn a_large_stream_arrives_whole_and_in_order() {
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        |request: DynamicMessage, mut call: Call| async move {
            let count = request
                .get_field_by_name("value")
                .and_then(|value| value.as_i64())
                .unwrap_or_default();
            for value in 0..count {
                call.send(item(&"x".repeat(value as usize % 300), value)).await?;
            }
            Ok(())
        },
    );
    serving(server.build().expect("fits"), |mut client| async move {
        let answers = client
            .down(item("", 20_000))
            .await
            .expect("a stream")
            .into_inner();
        let answers = collect(answers).await.expect("OK");
        assert_eq!(answers.len(), 20_000);
        assert!(
            answers
                .iter()
                .zip(0..)
                .all(|((name, value), n)| *value == n && name.len() as i64 == n % 300)
        );
    })
    .await;
}

#[tokio::test]
async fn messages_that_span_many_data_frames_arrive_whole() {
    serving(shapes(), |mut client| async move {
        let sizes = [0, 1, 16_379, 16_384, 100_000, 3_000_000, 5, 70_000];
        let requests: Vec<_> = sizes
            .iter()
            .zip(0..)
            .map(|(size, n)| item(&"y".repeat(*size), n))
            .collect();
        let answers = client
            .both(stream_of(requests))
            .await
            .expect("a stream")
            .into_inner();
        let lengths: Vec<_> = collect(answers)
            .await
            .expect("OK")
            .into_iter()
            .map(|(name, _)| name.len())
            .collect();
        assert_eq!(lengths[1..], sizes);
    })
    .await;
}

struct Echo;

impl Handler for Echo {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        while let Some(message) = call.recv().await? {
            call.send(message).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn one_handler_type_serves_every_shape() {
    let server = Server::builder(schema())
        .handler("shapes.Shapes/Unary", Echo)
        .handler("shapes.Shapes/Down", Echo)
        .handler("shapes.Shapes/Both", Echo);
    serving(server.build().expect("fits"), |mut client| async move {
        let answer = client.unary(item("a", 1)).await.expect("an answer").into_inner();
        assert_eq!(fields(&answer), ("a".into(), 1));
        let answers = client.down(item("b", 2)).await.expect("a stream").into_inner();
        assert_eq!(collect(answers).await.expect("OK"), [("b".into(), 2)]);
    })
    .await;
}

#[tokio::test]
async fn a_method_without_a_handler_is_unimplemented() {
    serving(
        Server::builder(schema()).build().expect("nothing to check"),
        |mut client| async move {
            let status = client.unary(item("a", 1)).await.expect_err("nothing answers");
            assert_eq!(status.code(), Code::Unimplemented);
            assert!(status.message().contains("shapes.Shapes/Unary"), "{status}");
        },
    )
    .await;
}

#[tokio::test]
async fn panicking_handler_is_internal() {
    let server =
        Server::builder(schema()).unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            assert_ne!(
                request
                    .get_field_by_name("name")
                    .as_deref()
                    .and_then(|v| v.as_str()),
                Some("bad")
            );
            Ok(request)
        });
    serving(server.build().expect("fits"), |mut client| async move {
        let status = client.unary(item("bad", 1)).await.expect_err("it panicked");
        assert_eq!(status.code(), Code::Internal);
        client.unary(item("good", 1)).await.expect("the server lives");
    })
    .await;
}

#[tokio::test]
async fn a_closure_whose_call_is_held_elsewhere_is_internal_and_says_so() {
    // Held for as long as the test runs.
    let (keep, _kept) = std::sync::mpsc::channel();
    let (unary, down) = (keep.clone(), keep);
    let server = Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            move |request: DynamicMessage, call: Call| {
                unary.send(call).expect("it is kept");
                async move { Ok(request) }
            },
        )
        .server_streaming(
            "shapes.Shapes/Down",
            move |request: DynamicMessage, mut call: Call| {
                let down = down.clone();
                async move {
                    call.send(request.clone()).await?;
                    down.send(call).expect("it is kept");
                    match fields(&request.into()).1 {
                        0 => Ok(()),
                        _ => Err(Status::aborted("its own")),
                    }
                }
            },
        );
    serving(server.build().expect("fits"), |mut client| async move {
        let held = "its call is still held elsewhere";
        let status = client.unary(item("a", 1)).await.expect_err("it is held");
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().contains(held), "{status}");

        for (value, code, message) in [(0, Code::Internal, held), (1, Code::Aborted, "its own")] {
            let status = match client.down(item("a", value)).await {
                Ok(answers) => collect(answers.into_inner()).await.expect_err("it is held"),
                Err(status) => status,
            };
            assert_eq!(status.code(), code);
            assert!(status.message().contains(message), "{status}");
        }
    })
    .await;
}

#[test]
fn handlers_that_do_not_fit_the_schema_are_refused_with_a_hint() {
    let error = Server::builder(schema())
        .unary("shapes.Shapes/Unari", |request: DynamicMessage| async move {
            Ok(request)
        })
        .build()
        .expect_err("there is no such method");
    assert!(error.is_unknown_name());
    assert!(
        error.to_string().contains("did you mean shapes.Shapes/Unary?"),
        "{error}"
    );

    let error = Server::builder(schema())
        .unary("shapes.Shapes/Down", |request: DynamicMessage| async move {
            Ok(request)
        })
        .build()
        .expect_err("the shape is another");
    assert!(error.is_wrong_shape() && !error.is_unknown_name());
    assert!(error.to_string().contains("server_streaming"), "{error}");
}
