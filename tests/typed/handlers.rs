//! Typed closures over real sockets: all four shapes, mixed with dynamic ones, and what does not fit at run time.

use prost_reflect::{DynamicMessage, Value};
use protod::{Call, Client, Message, Server, ServerBuilder, State, Typed};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tonic::{Code, Status};

use crate::support::schema;

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
struct Point {
    name: String,
    value: i32,
}

fn point(name: &str, value: i32) -> Point {
    Point {
        name: name.to_owned(),
        value,
    }
}

async fn serve(server: ServerBuilder) -> Client {
    let server = server.build().unwrap_or_else(|error| panic!("{error}"));
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    Client::connect(&address).await.expect("it listens")
}

fn message(value: &impl Serialize) -> Message {
    let descriptor = crate::support::descriptor("kinds.Point");
    Message::from_value(schema(), &descriptor, value).expect("it fits")
}

async fn unary(client: &Client, method: &str, request: Message) -> Result<Point, Status> {
    let method = client.method(method).expect("the schema has it");
    Ok(method.unary(request).await?.message.parse()?)
}

#[tokio::test]
async fn closures_of_every_shape_take_and_give_types_of_ones_own() {
    let server = Server::builder(schema().clone())
        .state(10)
        .unary(
            "kinds.Kinds/Point",
            |State(add): State<i32>, Typed(p): Typed<Point>| async move {
                Ok(Typed(point(&p.name, p.value + add)))
            },
        )
        .server_streaming(
            "kinds.Kinds/Down",
            |Typed(p): Typed<Point>, mut call: Call<Message, Typed<Point>>| async move {
                for n in 0..p.value {
                    call.send(point(&p.name, n)).await?;
                }
                Ok(())
            },
        )
        .client_streaming("kinds.Kinds/Up", |mut call: Call<Typed<Point>>| async move {
            let mut sum = 0;
            while let Some(p) = call.recv().await? {
                sum += p.value;
            }
            Ok(Typed(point("sum", sum)))
        })
        .bidi(
            "kinds.Kinds/Both",
            |mut call: Call<Typed<Point>, Typed<Point>>| async move {
                call.send(point("first", 0)).await?;
                while let Some(p) = call.recv().await? {
                    call.send(point(&p.name, -p.value)).await?;
                }
                Ok(())
            },
        );
    let client = serve(server).await;
    let answer = unary(&client, "kinds.Kinds/Point", message(&point("p", 1))).await;
    assert_eq!(answer.expect("it fits"), point("p", 11));

    let down = client.method("kinds.Kinds/Down").expect("it is there");
    let mut points = down
        .server_streaming(message(&point("d", 3)))
        .await
        .expect("it begins");
    for n in 0..3 {
        let found = points.message().await.expect("OK").expect("three come");
        assert_eq!(found.parse::<Point>().expect("it fits"), point("d", n));
    }
    assert!(points.message().await.expect("OK").is_none());

    let up = client.method("kinds.Kinds/Up").expect("it is there");
    let requests = (1..=4)
        .map(|value| message(&point("u", value)))
        .collect::<Vec<_>>();
    let reply = up
        .client_streaming(tokio_stream::iter(requests))
        .await
        .expect("OK");
    assert_eq!(reply.message.parse::<Point>().expect("it fits"), point("sum", 10));

    let both = client.method("kinds.Kinds/Both").expect("it is there");
    let requests = tokio_stream::iter([message(&point("b", 7))]);
    let mut points = both.bidi(requests).await.expect("it begins");
    for expected in [point("first", 0), point("b", -7)] {
        let found = points.message().await.expect("OK").expect("two come");
        assert_eq!(found.parse::<Point>().expect("it fits"), expected);
    }
}

#[tokio::test]
async fn typed_and_dynamic_messages_are_mixed() {
    let server = Server::builder(schema().clone())
        .unary(
            "kinds.Kinds/Point",
            |Typed(p): Typed<Point>, call: Call| async move {
                call.message(&json!({"name": p.name, "value": p.value * 2}))
            },
        )
        .unary("kinds.Kinds/Far", |request: DynamicMessage| async move {
            let name = request
                .get_field_by_name("name")
                .expect("the proto has it")
                .into_owned();
            Ok(Typed(json!({"name": name.as_str(), "low": 5})))
        })
        .bidi(
            "kinds.Kinds/Both",
            |mut call: Call<Typed<Point>, DynamicMessage>| async move {
                while let Some(p) = call.recv().await? {
                    let mut answer = call.response();
                    answer.set_field_by_name("name", Value::String(p.name));
                    call.send(answer).await?;
                }
                Ok(())
            },
        );
    let client = serve(server).await;
    let answer = unary(&client, "kinds.Kinds/Point", message(&point("p", 4))).await;
    assert_eq!(answer.expect("it fits"), point("p", 8));
    let far = client.method("kinds.Kinds/Far").expect("it is there");
    let request = Message::from_json(far.input().clone(), r#"{"name": "far"}"#).expect("it fits");
    let reply = far.unary(request).await.expect("OK").message;
    assert_eq!(
        reply.to_json().expect("it has a form"),
        r#"{"low":5,"name":"far"}"#
    );
    let both = client.method("kinds.Kinds/Both").expect("it is there");
    let mut points = both
        .bidi(tokio_stream::iter([message(&point("b", 7))]))
        .await
        .expect("it begins");
    let found = points.message().await.expect("OK").expect("one comes");
    assert_eq!(found.parse::<Point>().expect("it fits"), point("b", 0));
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_invalid_and_an_answer_internal() {
    #[derive(Debug, Deserialize)]
    struct Small {
        value: std::num::NonZeroI32,
    }
    #[derive(Serialize)]
    struct Misspelt {
        nme: String,
    }
    let server = Server::builder(schema().clone())
        .unary("kinds.Kinds/Point", |Typed(small): Typed<Small>| async move {
            Ok(Typed(Misspelt {
                nme: small.value.to_string(),
            }))
        })
        .bidi(
            "kinds.Kinds/Both",
            |mut call: Call<Typed<Small>, Typed<serde_json::Value>>| async move {
                while let Some(small) = call.recv().await? {
                    call.send(json!({"name": "n", "value": i64::from(small.value.get()) << 20}))
                        .await?;
                }
                Ok(())
            },
        );
    let client = serve(server).await;
    let status = unary(&client, "kinds.Kinds/Point", message(&point("p", 0)))
        .await
        .expect_err("it is zero");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status
            .message()
            .starts_with("the request, a kinds.Point, does not fit: value: invalid value: integer `0`"),
        "{status}"
    );
    let status = unary(&client, "kinds.Kinds/Point", message(&point("p", 1)))
        .await
        .expect_err("it is misspelt");
    assert_eq!(status.code(), Code::Internal);
    assert!(
        status
            .message()
            .contains("Misspelt` does not fit the response, a kinds.Point"),
        "{status}"
    );
    assert!(
        status
            .message()
            .contains("nme: kinds.Point has no field `nme`; did you mean `name`?"),
        "{status}"
    );

    let both = client.method("kinds.Kinds/Both").expect("it is there");
    let requests = [1, 4096].map(|value| message(&point("b", value)));
    let mut points = both.bidi(tokio_stream::iter(requests)).await.expect("it begins");
    let found = points.message().await.expect("OK").expect("one fits");
    assert_eq!(found.parse::<Point>().expect("it fits"), point("n", 1 << 20));
    let status = points.message().await.expect_err("the second is too large");
    assert_eq!(status.code(), Code::Internal);
    assert!(
        status
            .message()
            .contains("value: it is int32 and cannot hold 4294967296"),
        "{status}"
    );
}

/// What a handler sends in its turn is kept with its thread until it waits. Others that it gives its call to send after that.
#[tokio::test]
async fn messages_come_in_the_order_in_which_they_were_sent_whoever_sends_them() {
    type Points = Call<Message, Typed<Point>>;
    async fn send(mut call: Points, values: std::ops::Range<i32>) -> Result<Points, Status> {
        for value in values {
            call.send(point("", value)).await?;
        }
        Ok(call)
    }
    fn send_on_a_thread(call: Points, values: std::ops::Range<i32>) -> Result<Points, Status> {
        let thread = std::thread::spawn(|| futures_util::FutureExt::now_or_never(send(call, values)));
        thread
            .join()
            .expect("it does not panic")
            .expect("there is room, so it does not wait")
    }
    let server = Server::builder(schema().clone()).server_streaming(
        "kinds.Kinds/Down",
        |Typed(p): Typed<Point>, call: Points| async move {
            let call = send(call, 0..3).await?;
            // In the same turn, on another thread.
            let call = send_on_a_thread(call, 3..6)?;
            let call = send(call, 6..9).await?;
            let call = send_on_a_thread(call, 9..12)?;
            if p.value == 0 {
                return Ok(());
            }
            tokio::task::yield_now().await;
            let call = send(call, 12..15).await?;
            // In other turns, by a task.
            let task = tokio::spawn(send(call, 15..18));
            let call = task.await.expect("it does not panic")?;
            send(call, 18..21).await?;
            Ok(())
        },
    );
    let client = serve(server).await;
    let down = client.method("kinds.Kinds/Down").expect("it is there");
    for (value, end) in [(0, 12), (1, 21)] {
        let request = message(&point("", value));
        let mut points = down.server_streaming(request).await.expect("it begins");
        for n in 0..end {
            let found = points.message().await.expect("OK").expect("one more comes");
            assert_eq!(found.parse::<Point>().expect("it fits"), point("", n));
        }
        assert!(points.message().await.expect("OK").is_none());
    }
}
