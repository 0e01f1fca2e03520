//! Layers of tower and tower-http on protod's own listener: unmodified, and with gRPC statuses for all that they answer.

use std::future::pending;
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use protod::{Call, Client as ProtodClient, Cors, Handlers, Message, Peer, Server, ServerBuilder};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::layer::layer_fn;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer as TowerTimeoutLayer;
use tower::util::MapRequestLayer;
use tower::{BoxError, ServiceBuilder, service_fn};
use tower_http::cors::CorsLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::support::{Client, Running, collect, dynamic_item, fields, item, schema, serving, stream_of};

/// Long enough that only a hang gets there.
pub(crate) const HANG: Duration = Duration::from_secs(20);

/// A method of each shape that sends back what it gets.
pub(crate) fn echo() -> ServerBuilder {
    Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |request: Message, _call: Call| async move { Ok(request) },
        )
        .server_streaming(
            "shapes.Shapes/Down",
            |request: Message, mut call: Call| async move {
                for _ in 0..3 {
                    call.send(request.clone()).await?;
                }
                Ok(())
            },
        )
        .client_streaming("shapes.Shapes/Up", |mut call: Call| async move {
            let mut count = 0;
            while call.recv().await?.is_some() {
                count += 1;
            }
            Ok(dynamic_item("all", count))
        })
        .bidi("shapes.Shapes/Both", |mut call: Call| async move {
            while let Some(message) = call.recv().await? {
                call.send(message).await?;
            }
            Ok(())
        })
}

/// A unary method that never answers.
fn silent() -> ServerBuilder {
    Server::builder(schema()).unary("shapes.Shapes/Unary", |_request: Message, _call: Call| {
        pending::<Result<Message, Status>>()
    })
}

/// All four shapes answer as they do without layers.
pub(crate) async fn call_all(client: &mut Client) {
    let answer = client.unary(item("a", 1)).await.expect("OK").into_inner();
    assert_eq!(fields(&answer), ("a".into(), 1));
    let down = client.down(item("b", 2)).await.expect("headers").into_inner();
    assert_eq!(collect(down).await.expect("OK"), vec![("b".into(), 2); 3]);
    let three = || stream_of(vec![item("c", 3); 3]);
    let up = client.up(three()).await.expect("OK").into_inner();
    assert_eq!(fields(&up), ("all".into(), 3));
    let both = client.both(three()).await.expect("headers").into_inner();
    assert_eq!(collect(both).await.expect("OK"), vec![("c".into(), 3); 3]);
}

async fn status_of_unary(server: ServerBuilder) -> Status {
    let running = Running::start(server.build().expect("fits")).await;
    let call = running.client().await.unary(item("a", 1)).await;
    call.expect_err("a layer ends it")
}

#[tokio::test]
async fn trace_layer_sees_each_call_and_its_end() {
    let (report, mut reports) = mpsc::unbounded_channel();
    let (requests, failures) = (report.clone(), report);
    let trace = TraceLayer::new_for_grpc()
        .on_request(move |request: &Request<Body>, _: &tracing::Span| {
            requests
                .send(request.uri().path().to_owned())
                .expect("the test listens");
        })
        .on_failure(
            move |class: tower_http::classify::GrpcFailureClass, _, _: &tracing::Span| {
                failures.send(class.to_string()).expect("the test listens");
            },
        );
    let server = echo()
        .unary(
            "shapes.Shapes/Unary",
            |_request: Message, _call: Call| async move { Err::<Message, _>(Status::internal("broken")) },
        )
        .layer(trace);
    serving(server.build().expect("fits"), |mut client| async move {
        client.unary(item("a", 1)).await.expect_err("it fails");
        assert_eq!(reports.recv().await.expect("a request"), "/shapes.Shapes/Unary");
        assert_eq!(
            reports.recv().await.expect("a failure"),
            "Status: Internal: broken"
        );
        let down = client.down(item("b", 2)).await.expect("headers").into_inner();
        assert_eq!(collect(down).await.expect("OK").len(), 3);
        assert_eq!(reports.recv().await.expect("a request"), "/shapes.Shapes/Down");
        assert!(reports.try_recv().is_err(), "no failure");
    })
    .await;
}

#[tokio::test]
async fn timeout_layers_end_calls_with_deadline_exceeded() {
    let soon = Duration::from_millis(50);
    let tower_http = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, soon);
    for server in [
        silent().layer(tower_http),
        silent().layer(TowerTimeoutLayer::new(soon)),
        silent()
            .layer(TowerTimeoutLayer::new(soon))
            .layer(TraceLayer::new_for_grpc()),
    ] {
        let status = status_of_unary(server).await;
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    }
    let patient = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, HANG);
    let server = echo().layer(patient).layer(TowerTimeoutLayer::new(HANG));
    serving(server.build().expect("fits"), |mut client| async move {
        call_all(&mut client).await;
    })
    .await;
}

#[tokio::test]
async fn calls_over_a_limit_of_concurrency_are_shed() {
    let (begun, mut begins) = mpsc::unbounded_channel();
    let silent = || {
        let begun = begun.clone();
        Server::builder(schema()).unary("shapes.Shapes/Unary", move |_request: Message, _call: Call| {
            begun.send(()).expect("the test listens");
            pending::<Result<Message, Status>>()
        })
    };
    let one_layer = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1));
    let two_layers = silent()
        .layer(ConcurrencyLimitLayer::new(1))
        .layer(LoadShedLayer::new());
    for server in [silent().layer(one_layer), two_layers] {
        let running = Running::start(server.build().expect("fits")).await;
        let (mut first, mut second) = (running.client().await, running.client().await);
        let first = tokio::spawn(async move { first.unary(item("a", 1)).await });
        begins.recv().await.expect("the first one is there");
        let refused = timeout(HANG, second.unary(item("b", 2))).await;
        let status = refused.expect("at once").expect_err("the server is full");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        first.abort();
    }
}

#[tokio::test]
async fn layer_that_wants_a_token_refuses_all_calls_without_it() {
    #[expect(clippy::result_large_err, reason = "tower-http takes such functions")]
    fn check(request: &mut Request<Body>) -> Result<(), Response<Body>> {
        let token = request.headers().get("authorization");
        if token.is_some_and(|token| token == "Bearer secret") {
            return Ok(());
        }
        let mut refused = Response::new(Body::new(Full::new(Bytes::from("send a token\n"))));
        *refused.status_mut() = StatusCode::UNAUTHORIZED;
        let challenge = HeaderValue::from_static("Bearer");
        refused.headers_mut().insert("www-authenticate", challenge);
        Err(refused)
    }
    let server = echo().layer(ValidateRequestHeaderLayer::custom(check));
    let running = Running::start(server.build().expect("fits")).await;
    let mut client = running.client().await;
    let status = client.unary(item("a", 1)).await.expect_err("no token");
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unauthenticated, "send a token")
    );
    assert_eq!(status.metadata().get("www-authenticate").expect("kept"), "Bearer");
    let stream = client.both(tokio_stream::pending()).await;
    assert_eq!(stream.expect_err("no token").code(), Code::Unauthenticated);

    // Reflection and health are behind it too.
    let reflected = ProtodClient::connect(&running.addr).await;
    let error = reflected.expect_err("no token");
    assert!(format!("{error:?}").contains("send a token"), "{error:?}");
    let mut metadata = tonic::metadata::MetadataMap::new();
    metadata.insert("authorization", "Bearer secret".parse().expect("ASCII"));
    let with_token = ProtodClient::builder(running.addr.clone())
        .metadata(metadata)
        .connect()
        .await
        .expect("reflection answers");
    let method = with_token.method("shapes.Shapes/Unary").expect("it is there");
    method.unary(method.request()).await.expect("the token is right");
}

#[tokio::test]
async fn interceptor_sees_metadata_and_peer_and_may_change_what_the_handler_sees() {
    #[derive(Clone)]
    struct User(String);

    let server = Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |_request: Message, call: Call| async move {
                let User(name) = call.extensions().get::<User>().expect("the interceptor set it");
                let peer = call.peer().expect("protod's own listener tells it");
                assert_eq!(
                    call.metadata().get("x-checked").expect("added"),
                    peer.addr().to_string().as_str()
                );
                Ok(dynamic_item(name, 1))
            },
        )
        .intercept(|mut request| {
            let user = request
                .metadata()
                .get("user")
                .ok_or_else(|| Status::unauthenticated("who are you?"))?;
            let user = User(user.to_str().expect("ASCII").to_owned());
            let peer = request
                .extensions()
                .get::<Peer>()
                .expect("protod's own listener tells it");
            let addr = peer.addr().to_string().parse().expect("ASCII");
            request.metadata_mut().insert("x-checked", addr);
            request.extensions_mut().insert(user);
            Ok(request)
        });
    serving(server.build().expect("fits"), |mut client| async move {
        let status = client.unary(item("a", 1)).await.expect_err("nobody");
        assert_eq!(
            (status.code(), status.message()),
            (Code::Unauthenticated, "who are you?")
        );
        let mut request = tonic::Request::new(item("a", 1));
        request
            .metadata_mut()
            .insert("user", "ada".parse().expect("ASCII"));
        let answer = client.unary(request).await.expect("OK").into_inner();
        assert_eq!(fields(&answer), ("ada".into(), 1));
    })
    .await;
}

#[tokio::test]
async fn later_layers_are_around_earlier_ones() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let order = Arc::clone(&order);
        MapRequestLayer::new(move |request: Request<Body>| {
            order.lock().expect("no panic").push(name);
            request
        })
    };
    let server = echo().layer(note("first")).layer(note("second"));
    serving(server.build().expect("fits"), |mut client| async move {
        client.unary(item("a", 1)).await.expect("OK");
    })
    .await;
    assert_eq!(*order.lock().expect("no panic"), ["second", "first"]);
}

#[tokio::test]
async fn error_of_a_layer_is_a_status_and_its_own_status_is_kept() {
    let failing = |error: fn() -> BoxError| {
        silent().layer(layer_fn(move |_| {
            service_fn(move |_: Request<Body>| async move { Err::<Response<Body>, _>(error()) })
        }))
    };
    let status = status_of_unary(failing(|| "no room".into())).await;
    assert_eq!((status.code(), status.message()), (Code::Unknown, "no room"));
    let status = status_of_unary(failing(|| Status::data_loss("gone").into())).await;
    assert_eq!((status.code(), status.message()), (Code::DataLoss, "gone"));
}

#[tokio::test]
async fn layers_stay_when_the_server_is_reloaded() {
    let server = echo().intercept(|_| Err(Status::permission_denied("closed")));
    let running = Running::start(server.build().expect("fits")).await;
    let mut client = running.client().await;
    let handlers = Handlers::new().unary(
        "shapes.Shapes/Unary",
        |request: Message, _call: Call| async move { Ok(request) },
    );
    running.server.reload(schema(), handlers).expect("it fits");
    let status = client.unary(item("a", 1)).await.expect_err("still closed");
    assert_eq!(
        (status.code(), status.message()),
        (Code::PermissionDenied, "closed")
    );
}

#[tokio::test]
async fn layers_are_around_a_mounted_service_too() {
    let server = echo().intercept(|request| {
        assert!(
            request.extensions().get::<Peer>().is_none(),
            "another server's listener"
        );
        match request.metadata().get("token") {
            Some(_) => Ok(request),
            None => Err(Status::unauthenticated("no token")),
        }
    });
    let service = server.build().expect("fits").service();
    let router = axum::Router::new().route_service("/shapes.Shapes/{method}", service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let addr = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut client = Client::connect(&addr).await;
    assert_eq!(
        client.unary(item("a", 1)).await.expect_err("no token").code(),
        Code::Unauthenticated
    );
    let mut request = tonic::Request::new(item("a", 1));
    request
        .metadata_mut()
        .insert("token", "yes".parse().expect("ASCII"));
    client.unary(request).await.expect("OK");
}

#[tokio::test]
async fn requests_that_are_no_calls_get_what_a_layer_answers() {
    let server = || {
        let server = echo().cors(Cors::none()).layer(CorsLayer::permissive());
        server.build().expect("fits")
    };
    let preflight = http::Request::options("http://localhost/shapes.Shapes/Unary")
        .header("origin", "http://page")
        .header("access-control-request-method", "POST");
    let response = crate::http::send_to(server(), preflight).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let get = http::Request::get("http://localhost/").header("origin", "http://page");
    let response = crate::http::send_to(server(), get).await;
    assert_eq!(response.status(), 405);
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(body, "methods are called by POST\n");
    // An answer of the layer's own, 200 without a body, is no answer to a call.
    let server = echo().layer(layer_fn(|_| {
        service_fn(|_: Request<Body>| async { Ok::<_, BoxError>(Response::new(Body::empty())) })
    }));
    let status = status_of_unary(server).await;
    assert_eq!(status.code(), Code::Unknown, "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn layer_that_holds_its_thread_does_not_hold_its_connection() {
    // Two calls must wait here at the same time. One on the connection's own task would keep the other from being read.
    let both = Arc::new(Barrier::new(2));
    let server = echo().layer(MapRequestLayer::new(move |request: Request<Body>| {
        both.wait();
        request
    }));
    serving(server.build().expect("fits"), |client| async move {
        let (mut one, mut other) = (client.clone(), client);
        let calls = async { tokio::join!(one.unary(item("a", 1)), other.unary(item("b", 2))) };
        let (a, b) = timeout(HANG, calls).await.expect("both were read");
        a.and(b).expect("OK");
    })
    .await;
}
