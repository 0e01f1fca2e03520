//! What closures take besides the request: shared state, metadata, and types of one's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prost_reflect::DynamicMessage;
use protod::{Call, FromCall, Handler, Handlers, Message, Server, State};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};

use crate::support::{Running, collect, fields, item, schema, serving, stream_of};

#[derive(Clone)]
struct Greeting(&'static str);

type Counter = Arc<AtomicU64>;

/// The caller's name, without which nothing is answered.
struct User(String);

impl FromCall for User {
    async fn from_call(call: &mut Call) -> Result<Self, Status> {
        let name = call.metadata().get("user").and_then(|name| name.to_str().ok());
        let name = name
            .ok_or_else(|| Status::unauthenticated("who are you?"))?
            .to_owned();
        call.trailers_mut()
            .insert("greeted", "yes".parse().expect("it is ASCII"));
        Ok(Self(name))
    }
}

#[tokio::test]
async fn closures_of_every_shape_take_state_before_the_request() {
    let calls = Counter::default();
    let server =
        Server::builder(schema())
            .state(calls.clone())
            .state(Greeting("hello"))
            .unary(
                "shapes.Shapes/Unary",
                |State(calls): State<Counter>, State(greeting): State<Greeting>, _: Message| async move {
                    calls.fetch_add(1, Ordering::Relaxed);
                    Ok(item(greeting.0, 0))
                },
            )
            .server_streaming(
                "shapes.Shapes/Down",
                |State(calls): State<Counter>, request: Message, mut call: Call| async move {
                    calls.fetch_add(1, Ordering::Relaxed);
                    call.send(request).await
                },
            )
            .client_streaming(
                "shapes.Shapes/Up",
                |State(calls): State<Counter>, metadata: MetadataMap, mut call: Call| async move {
                    while call.recv().await?.is_some() {
                        calls.fetch_add(1, Ordering::Relaxed);
                    }
                    let name = metadata
                        .get("user")
                        .map_or(b"nobody".as_slice(), |name| name.as_bytes());
                    Ok(item(&String::from_utf8_lossy(name), 0))
                },
            )
            .bidi(
                "shapes.Shapes/Both",
                |State(greeting): State<Greeting>, mut call: Call| async move {
                    call.send(item(greeting.0, 0)).await
                },
            );
    serving(
        server.build().expect("all state is there"),
        |mut client| async move {
            let answer = client.unary(item("a", 1)).await.expect("an answer").into_inner();
            assert_eq!(fields(&answer).0, "hello");
            let answers = client.down(item("b", 1)).await.expect("a stream").into_inner();
            assert_eq!(collect(answers).await.expect("OK").len(), 1);
            let answer = client
                .up(stream_of(vec![item("c", 1); 3]))
                .await
                .expect("an answer")
                .into_inner();
            assert_eq!(fields(&answer).0, "nobody");
            let answers = client
                .both(stream_of(Vec::new()))
                .await
                .expect("a stream")
                .into_inner();
            assert_eq!(collect(answers).await.expect("OK"), [("hello".to_owned(), 0)]);
        },
    )
    .await;
    assert_eq!(calls.load(Ordering::Relaxed), 5);
}

struct Greeter;

impl Handler for Greeter {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let greeting = call.state::<Greeting>().map_or("no state", |greeting| greeting.0);
        call.recv().await?;
        call.send(item(greeting, i64::from(call.state::<Counter>().is_some())))
            .await
    }
}

#[tokio::test]
async fn a_handler_asks_its_call_for_state_and_a_reload_brings_its_own() {
    let server = Server::builder(schema())
        .state(Greeting("first"))
        .handler("shapes.Shapes/Unary", Greeter);
    let running = Running::start(server.build().expect("it fits")).await;
    let mut client = running.client().await;
    let answer = client.unary(item("", 0)).await.expect("an answer").into_inner();
    assert_eq!(fields(&answer), ("first".to_owned(), 0));

    let others = Handlers::new().state(Greeting("third")).state(Counter::default());
    let handlers = Handlers::new()
        .state(Greeting("second"))
        .handler("shapes.Shapes/Unary", Greeter)
        .and(others);
    running.server.reload(schema(), handlers).expect("it fits");
    let answer = client.unary(item("", 0)).await.expect("an answer").into_inner();
    assert_eq!(fields(&answer), ("third".to_owned(), 1));

    let handlers = Handlers::new().handler("shapes.Shapes/Unary", Greeter);
    running.server.reload(schema(), handlers).expect("it fits");
    let answer = client.unary(item("", 0)).await.expect("an answer").into_inner();
    assert_eq!(fields(&answer), ("no state".to_owned(), 0));
}

#[test]
fn state_that_is_not_there_is_told_when_the_server_is_built() {
    let closure = |State(_): State<Greeting>, request: Message| async move { Ok(request) };
    let error = Server::builder(schema())
        .unary("shapes.Shapes/Unary", closure)
        .build()
        .expect_err("there is no greeting");
    assert!(error.is_missing_state(), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("shapes.Shapes/Unary") && text.contains("::Greeting`"),
        "{text}"
    );
    assert!(text.contains("the server has no state"), "{text}");

    let error = Server::builder(schema())
        .state(Counter::default())
        .unary("shapes.Shapes/Unary", closure)
        .build()
        .expect_err("there is no greeting");
    assert!(error.to_string().contains("AtomicU64"), "{error}");

    let handlers = Handlers::new().bidi(
        "shapes.Shapes/Both",
        |State(_): State<Greeting>, _call: Call| async { Ok(()) },
    );
    let server = Server::builder(schema())
        .state(Greeting("hello"))
        .handlers(handlers);
    server
        .build()
        .expect("the server's state is that of all handlers");
}

#[tokio::test]
async fn a_type_of_ones_own_refuses_before_the_request_is_read() {
    let server = Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |User(name): User, _: DynamicMessage| async move { Ok(item(&name, 1)) },
        )
        .client_streaming(
            "shapes.Shapes/Up",
            |User(name): User, mut call: Call| async move {
                while call.recv().await?.is_some() {}
                Ok(item(&name, 1))
            },
        );
    serving(server.build().expect("it fits"), |mut client| async move {
        let status = client.unary(item("a", 1)).await.expect_err("no name was given");
        assert_eq!(
            (status.code(), status.message()),
            (Code::Unauthenticated, "who are you?")
        );
        let status = client
            .up(tokio_stream::pending())
            .await
            .expect_err("no name was given");
        assert_eq!(status.code(), Code::Unauthenticated);

        let mut request = Request::new(item("a", 1));
        request
            .metadata_mut()
            .insert("user", "ali".parse().expect("it is ASCII"));
        let answer = client.unary(request).await.expect("an answer");
        assert_eq!(answer.metadata().get("greeted").expect("it is there"), "yes");
        assert_eq!(fields(answer.get_ref()).0, "ali");
    })
    .await;
}
