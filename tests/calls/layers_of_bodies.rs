//! Layers that replace or watch the bodies of calls: streams, cancels, deadlines and back-pressure are as without them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt as _;
use protod::server::Route;
use protod::{Call, Message, Server};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::layer::layer_fn;
use tower::util::{BoxCloneSyncService, MapRequestLayer, MapResponseLayer};
use tower::{BoxError, ServiceExt as _, service_fn};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, ResponseBodyTimeoutLayer};
use tower_http::trace::TraceLayer;

use crate::http2::{DATA, END_HEADERS, END_STREAM, HEADERS, Wire, call_headers, frame};
use crate::layers::{HANG, call_all, echo};
use crate::support::{Guard, Running, dynamic_item, fields, item, schema, serving};

/// A body that does not know when it has ended, as many bodies of layers.
fn as_stream(body: Body) -> Body {
    Body::new(http_body_util::StreamBody::new(
        body.into_data_stream().map(|data| data.map(Frame::data)),
    ))
}

#[tokio::test]
async fn bodies_that_layers_replace_stream_and_end_as_before() {
    let server = echo()
        .layer(RequestBodyTimeoutLayer::new(HANG))
        .layer(ResponseBodyTimeoutLayer::new(HANG))
        .layer(MapRequestLayer::new(|request: Request<Body>| {
            request.map(as_stream)
        }));
    serving(server.build().expect("fits"), |mut client| async move {
        call_all(&mut client).await;
        // Each message arrives before the next one is sent.
        let (send, requests) = mpsc::channel(1);
        send.send(item("d", 0)).await.expect("open");
        let both = timeout(HANG, client.both(ReceiverStream::new(requests))).await;
        let mut both = both.expect("it streams").expect("headers").into_inner();
        for value in 0..3 {
            if value > 0 {
                send.send(item("d", value)).await.expect("open");
            }
            let answer = timeout(HANG, both.message())
                .await
                .expect("it streams")
                .expect("OK");
            assert_eq!(fields(&answer.expect("a message")), ("d".into(), value));
        }
        drop(send);
        assert!(both.message().await.expect("OK").is_none());
    })
    .await;
}

#[tokio::test]
async fn cancel_behind_a_replaced_body_is_not_end_of_stream() {
    let (dropped, mut drops) = mpsc::unbounded_channel();
    let (report, mut reports) = mpsc::unbounded_channel();
    let server = Server::builder(schema())
        .client_streaming("shapes.Shapes/Up", move |mut call: Call| {
            let (guard, report) = (Guard(dropped.clone()), report.clone());
            async move {
                let _guard = guard;
                while call.recv().await?.is_some() {
                    report.send("message").expect("the test listens");
                }
                report.send("committed").expect("the test listens");
                Ok(dynamic_item("all", 0))
            }
        })
        .layer(MapRequestLayer::new(|request: Request<Body>| {
            request.map(as_stream)
        }));
    serving(server.build().expect("fits"), |mut client| async move {
        let (send, requests) = mpsc::channel(1);
        let upload = tokio::spawn(async move { client.up(ReceiverStream::new(requests)).await });
        send.send(item("half", 1)).await.expect("open");
        assert_eq!(reports.recv().await, Some("message"));
        upload.abort();
        timeout(HANG, drops.recv()).await.expect("the handler ends");
        assert!(reports.try_recv().is_err(), "it must not commit");
    })
    .await;
}

#[tokio::test]
async fn messages_over_the_limit_of_a_layer_are_resource_exhausted() {
    let server = echo().layer(RequestBodyLimitLayer::new(1000));
    serving(server.build().expect("fits"), |mut client| async move {
        call_all(&mut client).await;
        let status = client
            .unary(item(&"x".repeat(2000), 1))
            .await
            .expect_err("too long");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    })
    .await;
}

/// Fails after the first frame of another body.
struct Breaking {
    body: Body,
    frames: u32,
}

impl http_body::Body for Breaking {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.frames += 1;
        if self.frames > 1 {
            return Poll::Ready(Some(Err(Status::aborted("the layer gave up").into())));
        }
        Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into)
    }
}

#[tokio::test]
async fn error_of_a_response_body_is_the_status_at_its_end() {
    let server = echo().layer(MapResponseLayer::new(|response: Response<Body>| {
        response.map(|body| Breaking { body, frames: 0 })
    }));
    serving(server.build().expect("fits"), |mut client| async move {
        let mut down = client.down(item("b", 2)).await.expect("headers").into_inner();
        assert!(down.message().await.expect("OK").is_some());
        let status = loop {
            match down.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended well"),
                Err(status) => break status,
            }
        };
        assert_eq!(
            (status.code(), status.message()),
            (Code::Aborted, "the layer gave up")
        );
    })
    .await;
}

/// Calls the server on a task of its own.
fn on_another_task(inner: Route) -> BoxCloneSyncService<Request<Body>, Response<Body>, BoxError> {
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let call = inner.clone().oneshot(request);
        async move { Ok(tokio::spawn(call).await?.unwrap_or_else(|never| match never {})) }
    }))
}

/// hyper does not poll a body whose client reads nothing, so the transport must know when the call behind layers ends.
#[tokio::test]
async fn call_behind_layers_ends_at_its_deadline_though_its_client_reads_nothing() {
    for on_other_task in [false, true] {
        let (dropped, mut drops) = mpsc::unbounded_channel();
        let server = Server::builder(schema()).server_streaming(
            "shapes.Shapes/Down",
            move |request: Message, mut call: Call| {
                let guard = Guard(dropped.clone());
                async move {
                    loop {
                        call.send(request.clone()).await?;
                        std::hint::black_box(&guard);
                    }
                }
            },
        );
        let server = if on_other_task {
            server.layer(layer_fn(on_another_task))
        } else {
            server.layer(TraceLayer::new_for_grpc())
        };
        let running = Running::start(server.build().expect("fits")).await;
        let mut wire = Wire::open(&running.addr).await;
        let text = |text: &str| [&[u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
        let block = [
            call_headers("/shapes.Shapes/Down"),
            vec![0x00],
            text("grpc-timeout"),
            text("100m"),
        ];
        let headers = frame(HEADERS, END_HEADERS, 1, &block.concat());
        let message = [&[0, 0, 0, 0, 5, 0x0a, 3][..], b"abc"].concat();
        wire.send(&[headers, frame(DATA, END_STREAM, 1, &message)].concat())
            .await;
        wire.read(|frame| frame.kind == DATA).await;
        let dropped = timeout(HANG, drops.recv()).await;
        dropped.expect("the handler goes at its deadline");
    }
}

/// Time that is paused goes on when nothing is left to do: when the handler has stalled.
#[tokio::test(start_paused = true)]
async fn slow_reader_behind_layers_stops_the_handler() {
    let (sent, mut count) = tokio::sync::watch::channel(0_u64);
    let server = Server::builder(schema())
        .server_streaming("shapes.Shapes/Down", move |request: Message, mut call: Call| {
            let sent = sent.clone();
            async move {
                loop {
                    call.send(request.clone()).await?;
                    sent.send_modify(|count| *count += 1);
                }
            }
        })
        .layer(TraceLayer::new_for_grpc())
        .layer(ResponseBodyTimeoutLayer::new(HANG));
    serving(server.build().expect("fits"), |mut client| async move {
        let mut stream = client
            .down(item(&"x".repeat(10_000), 1))
            .await
            .expect("headers")
            .into_inner();
        assert!(stream.message().await.expect("OK").is_some());
        let stalled = async { while timeout(Duration::from_millis(200), count.changed()).await.is_ok() {} };
        timeout(HANG, stalled).await.expect("it stalls");
        let buffered = *count.borrow();
        assert!(buffered < 1600, "{buffered} messages of 10 kB were buffered");
        for _ in 0..buffered + 10 {
            assert!(stream.message().await.expect("OK").is_some());
        }
    })
    .await;
}
