//! What the server tells of a call: the span that its handler runs in, and the line at its end.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use protod::{Call, CallField, Message, Sampler, Server, ServerBuilder};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status};
use tower::ServiceExt as _;
use tower::timeout::TimeoutLayer;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::http::{post, send_over, send_to};
use crate::support::{Running, collect, dynamic_item, item, schema, stream_of};

/// Long enough that only a hang gets there.
const HANG: Duration = Duration::from_secs(20);

/// The fields of a span or of a line.
#[derive(Debug, Clone, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    /// A field's value; empty if there is none.
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// `code error` of a call.
    fn outcome(&self) -> String {
        format!("{} {}", self.get("code"), self.get("error"))
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").expect("a text takes everything");
        self.0.insert(field.name(), text);
    }
}

/// Collects what is told of calls, and the lines of handlers, while it lives, on this thread.
#[derive(Clone, Default)]
struct Told {
    /// Notified of each line and each span.
    more: Arc<Notify>,
    /// The spans that were closed.
    spans: Arc<Mutex<Vec<Fields>>>,
    lines: Arc<Mutex<Vec<(Level, Fields)>>>,
    /// The lines of handlers that are in a span, with its method.
    of_handlers: Arc<Mutex<Vec<String>>>,
}

impl Told {
    fn listen(level: LevelFilter) -> (Self, DefaultGuard) {
        let told = Self::default();
        let subscriber = tracing_subscriber::registry().with(level).with(told.clone());
        (told, tracing::subscriber::set_default(subscriber))
    }

    /// Waits for the next line.
    async fn line(&self) -> (Level, Fields) {
        self.next_of(&self.lines).await
    }

    /// Waits for the next span to close.
    async fn span(&self) -> Fields {
        self.next_of(&self.spans).await
    }

    async fn next_of<T>(&self, told: &Mutex<Vec<T>>) -> T {
        let next = async {
            loop {
                let more = self.more.notified();
                let next = told.lock().expect("no panic").pop();
                match next {
                    Some(next) => return next,
                    None => more.await,
                }
            }
        };
        timeout(HANG, next).await.expect("the call has ended")
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> tracing_subscriber::Layer<S> for Told {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() == "protod::call" {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            let span = context.span(id).expect("it is new");
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("it is open");
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        match event.metadata().target() {
            "protod::call" => {
                assert!(context.event_scope(event).is_none(), "its span says the same");
                let line = (*event.metadata().level(), fields);
                self.lines.lock().expect("no panic").push(line);
                self.more.notify_waiters();
            }
            "handler" => {
                if let Some(span) = context.event_span(event) {
                    let extensions = span.extensions();
                    let of_span: &Fields = extensions.get().expect("it is protod's");
                    let line = format!("{} in {}", fields.get("message"), of_span.get("method"));
                    self.of_handlers.lock().expect("no panic").push(line);
                }
            }
            _ => {}
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).expect("it closes now");
        if let Some(fields) = span.extensions().get::<Fields>() {
            self.spans.lock().expect("no panic").push(fields.clone());
            self.more.notify_waiters();
        }
    }
}

fn server() -> ServerBuilder {
    Server::builder(schema())
        .unary(
            "shapes.Shapes/Unary",
            |request: Message, _call: Call| async move {
                let name = crate::support::fields(&request).0;
                match name.as_str() {
                    "fail" => Err(Status::not_found("no such item")),
                    "panic" => panic!("as it was asked to"),
                    "wait" => pending().await,
                    _ => {
                        tokio::task::yield_now().await;
                        tracing::info!(target: "handler", "answers");
                        Ok(request)
                    }
                }
            },
        )
        .server_streaming(
            "shapes.Shapes/Down",
            |request: Message, mut call: Call| async move {
                for _ in 0..2 {
                    call.send(request.clone()).await?;
                }
                pending().await
            },
        )
        .client_streaming("shapes.Shapes/Up", |mut call: Call| async move {
            while call.recv().await?.is_some() {}
            Ok(dynamic_item("all", 1))
        })
}

/// What to ask for, and how the call ends then.
const ENDINGS: [(&str, &str); 3] = [
    ("ok", "OK "),
    ("fail", "NOT_FOUND no such item"),
    ("panic", "INTERNAL the handler panicked"),
];

#[tokio::test]
async fn a_function_that_writes_calls_gets_what_the_log_would() {
    let (told, _guard) = Told::listen(LevelFilter::INFO);
    let (lines, mut written) = mpsc::unbounded_channel();
    let by_function = server().write_calls(move |line| {
        assert!(line.time() <= SystemTime::now());
        let mut fields: BTreeMap<_, _> = line
            .fields()
            .map(|(name, value)| match value {
                CallField::Text(text) => (name, text.to_owned()),
                other => (name, format!("{other:?}")),
            })
            .collect();
        fields.insert("message", line.message().to_owned());
        lines.send(fields).expect("somebody listens");
    });
    let by_function = Running::start(by_function.build().expect("fits")).await;
    let by_tracing = Running::start(server().log_calls(true).build().expect("fits")).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (name, _) in ENDINGS {
        for running in [&by_tracing, &by_function] {
            let mut request = Request::new(item(name, 1));
            let parent = format!("00-{trace}-00f067aa0ba902b7-01");
            let metadata = request.metadata_mut();
            metadata.insert("traceparent", parent.parse().expect("ASCII"));
            // That it fails is seen in the line.
            let _ = running.client().await.unary(request).await;
        }
        let (_, Fields(mut logged)) = told.line().await;
        let line = timeout(HANG, written.recv()).await.expect("the call has ended");
        let mut line = line.expect("it is written");
        assert_eq!(line["trace_id"], trace);
        for differs in ["elapsed", "peer"] {
            let (here, there) = (logged.remove(differs), line.remove(differs));
            assert!(here.is_some() && there.is_some(), "{differs}");
        }
        assert_eq!(line, logged);
    }
    assert!(
        told.lines.lock().expect("no panic").is_empty(),
        "and nothing twice"
    );
}

#[tokio::test]
async fn each_call_is_a_span_with_its_method_peer_code_and_time() {
    let (told, _guard) = Told::listen(LevelFilter::DEBUG);
    let running = Running::start(server().build().expect("fits")).await;
    let mut client = running.client().await;
    client.unary(item("ok", 1)).await.expect("OK");
    let span = told.span().await;
    assert_eq!(span.get("method"), "shapes.Shapes/Unary");
    assert_eq!(span.get("code"), "OK");
    assert!(span.get("peer").starts_with("127.0.0.1:"), "{span:?}");
    assert!(span.get("elapsed").ends_with('s'), "{span:?}");
    assert_eq!(
        *told.of_handlers.lock().expect("no panic"),
        ["answers in shapes.Shapes/Unary"]
    );

    client.unary(item("fail", 1)).await.expect_err("it fails");
    assert_eq!(told.span().await.get("code"), "NOT_FOUND");
    client.unary(item("panic", 1)).await.expect_err("it panics");
    assert_eq!(told.span().await.get("code"), "INTERNAL");
    let mut down = client.down(item("a", 1)).await.expect("headers").into_inner();
    assert!(down.message().await.expect("OK").is_some());
    drop(down);
    assert_eq!(told.span().await.get("code"), "CANCELLED");
    // The lines are at debug too.
    let lines = told.lines.lock().expect("no panic");
    assert!(lines.iter().all(|(level, _)| *level == Level::DEBUG), "{lines:?}");
}

#[tokio::test]
async fn nothing_is_told_of_calls_at_info_unless_it_is_asked_for() {
    let (told, _guard) = Told::listen(LevelFilter::INFO);
    let running = Running::start(server().build().expect("fits")).await;
    let mut client = running.client().await;
    for (name, _) in ENDINGS {
        drop(client.unary(item(name, 1)).await);
    }
    assert!(told.lines.lock().expect("no panic").is_empty());
    assert!(told.spans.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn line_of_a_call_has_its_outcome_and_what_was_sent() {
    let (told, _guard) = Told::listen(LevelFilter::INFO);
    let running = Running::start(server().log_calls(true).build().expect("fits")).await;
    let mut client = running.client().await;
    for (name, expected) in ENDINGS {
        drop(client.unary(item(name, 1)).await);
        let (level, line) = told.line().await;
        assert_eq!(level, Level::INFO);
        assert_eq!(line.outcome(), expected, "{line:?}");
        assert_eq!(line.get("method"), "shapes.Shapes/Unary");
        assert!(line.get("peer").starts_with("127.0.0.1:"), "{line:?}");
        assert!(line.get("elapsed").ends_with('s'), "{line:?}");
        assert_eq!(line.get("requests"), "1");
    }
    client.unary(item("ok", 1)).await.expect("OK");
    let (_, line) = told.line().await;
    // The prefix of 5 bytes, the name, and the value.
    let size = (5 + 4 + 2).to_string();
    assert_eq!(
        (
            line.get("request_bytes"),
            line.get("responses"),
            line.get("response_bytes")
        ),
        (&*size, "1", &*size)
    );

    let three = stream_of(vec![item("c", 3); 3]);
    client.up(three).await.expect("OK");
    let (_, line) = told.line().await;
    assert_eq!(
        (
            line.outcome().as_str(),
            line.get("requests"),
            line.get("responses")
        ),
        ("OK ", "3", "1")
    );

    let mut down = client.down(item("a", 1)).await.expect("headers").into_inner();
    for _ in 0..2 {
        assert!(down.message().await.expect("OK").is_some());
    }
    drop(down);
    let (_, line) = told.line().await;
    let cancelled = "CANCELLED the client cancelled the call, or its connection was lost";
    assert_eq!((line.outcome().as_str(), line.get("responses")), (cancelled, "2"));

    let (send, requests) = mpsc::channel(1);
    send.send(item("half", 1)).await.expect("open");
    let upload = tokio::spawn(async move { client.up(ReceiverStream::new(requests)).await });
    send.send(item("half", 2)).await.expect("the first one was taken");
    // With the client goes its connection.
    upload.abort();
    let (_, line) = told.line().await;
    assert_eq!(line.get("code"), "CANCELLED", "{line:?}");

    let server = server()
        .log_calls(true)
        .default_deadline(Duration::from_millis(50));
    let running = Running::start(server.build().expect("fits")).await;
    let mut client = running.client().await;
    client.unary(item("wait", 1)).await.expect_err("too late");
    let (_, line) = told.line().await;
    assert_eq!(line.outcome(), "DEADLINE_EXCEEDED the deadline has passed");
}

#[tokio::test]
async fn what_is_refused_before_a_handler_is_told_too() {
    let (told, _guard) = Told::listen(LevelFilter::INFO);
    let full = || server().max_calls(0).log_calls(true).build().expect("fits");
    let grpc = |path| post(path).header("content-type", "application/grpc");
    let table = [
        (
            grpc("/shapes.Shapes/Unary"),
            "RESOURCE_EXHAUSTED the server has 0 calls",
        ),
        (
            grpc("/shapes.Shapes/Nothing"),
            "UNIMPLEMENTED the service shapes.Shapes has no method",
        ),
        (
            grpc("/shapes.Shapes/Both"),
            "UNIMPLEMENTED nothing answers shapes.Shapes/Both",
        ),
    ];
    for (request, expected) in table {
        send_to(full(), request).await;
        let (level, line) = told.line().await;
        assert_eq!(level, Level::INFO);
        assert!(line.outcome().starts_with(expected), "{line:?}");
        assert!(line.get("method").starts_with("shapes.Shapes/"), "{line:?}");
    }
    let no_grpc = post("/shapes.Shapes/Unary").header("content-type", "text/plain");
    send_to(full(), no_grpc).await;
    let (_, line) = told.line().await;
    assert_eq!(
        (line.get("path"), line.get("status")),
        ("/shapes.Shapes/Unary", "415")
    );
}

#[tokio::test]
async fn what_layers_tell_the_client_is_told() {
    let (told, _guard) = Told::listen(LevelFilter::INFO);
    let layered = |patience| {
        let layered = server()
            .layer(TimeoutLayer::new(patience))
            .intercept(|request| match request.metadata().get("token") {
                Some(_) => Ok(request),
                None => Err(Status::unauthenticated("no token")),
            })
            .log_calls(true);
        Running::start(layered.build().expect("fits"))
    };
    let (patient, hurried) = (layered(HANG).await, layered(Duration::from_millis(50)).await);
    let mut client = patient.client().await;
    let with_token = |name| {
        let mut request = Request::new(item(name, 1));
        request
            .metadata_mut()
            .insert("token", "yes".parse().expect("ASCII"));
        request
    };
    client.unary(item("ok", 1)).await.expect_err("no token");
    let (_, line) = told.line().await;
    assert_eq!(line.outcome(), "UNAUTHENTICATED no token");
    let mut of_hurried = hurried.client().await;
    of_hurried
        .unary(with_token("wait"))
        .await
        .expect_err("the layer ends it");
    let (_, line) = told.line().await;
    assert_eq!(line.get("code"), "DEADLINE_EXCEEDED", "{line:?}");
    assert_eq!(line.get("requests"), "1", "the handler had it");
    client.unary(with_token("ok")).await.expect("OK");
    let (_, line) = told.line().await;
    assert_eq!((line.outcome().as_str(), line.get("responses")), ("OK ", "1"));
    let mut down = client.down(with_token("a")).await.expect("headers").into_inner();
    assert!(down.message().await.expect("OK").is_some());
    drop(down);
    let (_, line) = told.line().await;
    assert_eq!(line.get("code"), "CANCELLED", "{line:?}");
    assert!(told.lines.lock().expect("no panic").is_empty(), "one line a call");
}

#[tokio::test]
async fn the_protocol_is_told_and_what_layers_tell_the_client_in_each() {
    let (told, _guard) = Told::listen(LevelFilter::INFO);
    let call = |content_type: &str| post("/shapes.Shapes/Up").header("content-type", content_type);
    let forms = [
        ("application/grpc", "grpc"),
        ("application/grpc-web", "grpc-web"),
        ("application/grpc-web-text", "grpc-web"),
        ("application/connect+proto", "connect"),
    ];
    let plain = Running::start(server().log_calls(true).build().expect("fits")).await;
    for (content_type, protocol) in forms
        .iter()
        .filter(|(content_type, _)| !content_type.contains("text"))
    {
        let response = send_over(&plain.addr, call(content_type)).await;
        response.into_body().collect().await.expect("a body");
        let (_, line) = told.line().await;
        assert_eq!(
            (line.get("protocol"), line.get("requests")),
            (*protocol, "1"),
            "{line:?}"
        );
    }
    let refusing = server()
        .intercept(|_| Err(Status::unauthenticated("no token")))
        .log_calls(true);
    let refusing = Running::start(refusing.build().expect("fits")).await;
    for (content_type, protocol) in forms.into_iter().chain([("application/proto", "connect")]) {
        let response = send_over(&refusing.addr, call(content_type)).await;
        response.into_body().collect().await.expect("a body");
        let (_, line) = told.line().await;
        assert_eq!(
            (line.get("protocol"), line.outcome().as_str()),
            (protocol, "UNAUTHENTICATED no token")
        );
    }
}

#[tokio::test]
async fn bytes_of_a_message_that_is_the_whole_body_are_those_of_the_body() {
    let (told, _guard) = Told::listen(LevelFilter::INFO);
    let server = server().log_calls(true).build().expect("fits");
    for (content_type, body) in [
        ("application/json", &b"{\"name\":\"ok\"}"[..]),
        ("application/proto", b"\x0a\x02ok"),
        ("application/proto", b""),
    ] {
        let request = post("/shapes.Shapes/Unary")
            .header("content-type", content_type)
            .body(Full::new(Bytes::from_static(body)));
        let response = server.service().oneshot(request.expect("a request")).await;
        let answer = response.expect("infallible").into_body().collect().await;
        assert_eq!(answer.expect("a body").to_bytes(), body);
        let (_, line) = told.line().await;
        let length = body.len().to_string();
        assert_eq!(
            (line.get("request_bytes"), line.get("response_bytes")),
            (&*length, &*length),
            "{line:?}"
        );
    }
}

#[tokio::test]
async fn calls_that_get_samples_are_told_a_few_times() {
    let (told, _guard) = Told::listen(LevelFilter::INFO);
    let sampling = Server::builder(schema()).fallback(Sampler::default());
    let running = Running::start(sampling.build().expect("fits")).await;
    let mut client = running.client().await;
    for _ in 0..30 {
        client.unary(item("a", 1)).await.expect("a sample");
    }
    let both = client.both(stream_of(vec![item("c", 3)])).await.expect("headers");
    collect(both.into_inner()).await.expect("samples");
    let lines = told.lines.lock().expect("no panic");
    let of = |method: &str| {
        lines
            .iter()
            .filter(|(_, line)| line.get("method").ends_with(method))
            .count()
    };
    assert_eq!((of("Unary"), of("Both")), (10, 1));
    let (level, line) = &lines[0];
    assert_eq!(
        (*level, line.get("message"), line.outcome().as_str()),
        (Level::INFO, "no rule answered a call", "OK ")
    );
}
