//! Calls in flight: messages are sent into them, and they are ended, by the library and by the admin service.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use protod::admin::Admin;
use protod::client::{Codec, Protocol, Responses};
use protod::tonic::{Code, Status};
use protod::{
    Call, Client, JournalOptions, Message, OpenCall, OpenCalls, RulesOptions, RulesState, Schema, Server,
    ServerBuilder,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

use crate::program::SOON;
use crate::support::post;

const PROTO: &str = r#"
    syntax = "proto3";
    package sea;
    import "google/api/annotations.proto";
    message Place { string name = 1; }
    message Wave { string label = 1; int64 height = 2; repeated string crests = 3; }
    service Sea {
      rpc Watch(Place) returns (stream Wave) { option (google.api.http) = { get: "/v1/waves/{name}" }; }
      rpc Drift(Place) returns (stream Wave);
      rpc Talk(stream Place) returns (stream Wave);
      rpc Gather(stream Place) returns (Wave);
      rpc Ask(Place) returns (Wave) { option (google.api.http) = { get: "/v1/asked/{name}" }; }
    }
"#;

/// Watch is answered by rules: nothing until a signal comes.
const RULES: &str = r#"
rules:
  - name: watching
    method: sea.Sea/Watch
    headers: {x-sea: north}
    trailers: {x-end: over}
    session:
      key: "${request.name}"
      signals:
        calm: [{send: {label: calm, height: 1}}]
        still: [{status: {code: OK}}]
"#;

fn schema() -> Schema {
    Schema::from_source("sea.proto", PROTO).unwrap_or_else(|error| panic!("{error:?}"))
}

/// Counts the handlers that there are.
#[derive(Debug, Clone, Default)]
struct Handlers(Arc<AtomicUsize>);

struct Handler(Arc<AtomicUsize>);

impl Handlers {
    fn begin(&self) -> Handler {
        self.0.fetch_add(1, Ordering::SeqCst);
        Handler(Arc::clone(&self.0))
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A server whose handlers wait for ever, but for that of Talk, which tells what it hears.
struct Sea {
    server: Server,
    address: String,
    /// Where the admin service is.
    admin: String,
    handlers: Handlers,
    state: RulesState,
}

impl Sea {
    async fn start() -> Self {
        Self::of(|server| server.journal(JournalOptions::default())).await
    }

    async fn of(with: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let schema = schema();
        let state = RulesState::new();
        let rules = RulesOptions::default()
            .state(&state)
            .from_text(&schema, "sea.rules.yaml", RULES);
        let rules = rules.unwrap_or_else(|error| panic!("{error:?}"));
        let handlers = Handlers::default();
        let (drift, gather, ask) = (handlers.clone(), handlers.clone(), handlers.clone());
        let server = Server::builder(schema)
            .handlers(&rules)
            .server_streaming("sea.Sea/Drift", move |_: Message, call: Call| {
                let handler = drift.begin();
                async move {
                    std::future::pending::<()>().await;
                    drop((handler, call));
                    Ok(())
                }
            })
            .bidi("sea.Sea/Talk", |mut call: Call| async move {
                while let Some(place) = call.recv().await? {
                    let wave = json!({ "label": place.to_dynamic()?.get_field_by_name("name").and_then(|name| name.as_str().map(str::to_owned)) });
                    call.send(call.message(&wave)?).await?;
                }
                Ok(())
            })
            .client_streaming("sea.Sea/Gather", move |call: Call| {
                let handler = gather.begin();
                async move {
                    std::future::pending::<()>().await;
                    drop(handler);
                    Ok(call.response())
                }
            })
            .unary("sea.Sea/Ask", move |_: Message, call: Call| {
                let handler = ask.begin();
                async move {
                    std::future::pending::<()>().await;
                    drop(handler);
                    Ok(call.response())
                }
            });
        let server = with(server).build().unwrap_or_else(|error| panic!("{error:?}"));
        let bound = server.bind("127.0.0.1:0").await.expect("a free port");
        let address = bound.local_addr().to_string();
        tokio::spawn(bound.serve());
        let admin = Admin::new(&server)
            .listen("127.0.0.1:0")
            .await
            .expect("a free port");
        let admin_address = admin.local_addr().to_string();
        tokio::spawn(admin.serve());
        Self {
            server,
            address,
            admin: admin_address,
            handlers,
            state,
        }
    }

    fn open(&self) -> OpenCalls {
        self.server.open_calls().expect("it keeps them")
    }

    /// The calls in flight once there are so many.
    async fn in_flight(&self, calls: usize) -> Vec<OpenCall> {
        eventually(|| Some(self.open().list()).filter(|open| open.len() == calls)).await
    }

    async fn client(&self) -> Client {
        self.client_of(Protocol::Grpc, Codec::Proto).await
    }

    async fn client_of(&self, protocol: Protocol, codec: Codec) -> Client {
        let client = Client::builder(&self.address).protocol(protocol).codec(codec);
        client.schema(schema()).connect().await.expect("it listens")
    }

    /// A call of a method with one request, whose responses have not begun.
    async fn begin(&self, client: &Client, method: &str) -> (OpenCall, Responding) {
        let before = self.open().list().len();
        let method = client.method(&format!("sea.Sea/{method}")).expect("it is one");
        let request = Message::from_json(method.input().clone(), r#"{"name": "north"}"#).expect("it fits");
        let responding = tokio::spawn(async move {
            let mut responses = method.call(tokio_stream::iter([request])).await?;
            responses.headers().await?;
            Ok(responses)
        });
        let call = self.in_flight(before + 1).await.pop().expect("one more");
        (call, Responding(responding))
    }

    /// Calls a method of the admin service as curl does; returns the code of HTTP and the answer.
    async fn ask(&self, method: &str, request: Value) -> (u16, Value) {
        let method = format!("protod.admin.v1.AdminService/{method}");
        let answer = post(&self.admin, &method, &[], &request.to_string()).await;
        (answer.code, serde_json::from_str(&answer.body).expect("JSON"))
    }
}

/// A call whose headers may not have come.
struct Responding(tokio::task::JoinHandle<Result<Responses, Status>>);

impl Responding {
    async fn responses(self) -> Result<Responses, Status> {
        timeout(SOON, self.0).await.expect("it begins").expect("no panic")
    }
}

/// What is there at some time soon.
async fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(SOON, looking).await.expect("it comes soon")
}

async fn next(responses: &mut Responses) -> Result<Option<String>, Status> {
    let message = timeout(SOON, responses.message()).await.expect("it comes");
    Ok(message?.map(|message| message.to_json().expect("it has a form")))
}

async fn label(responses: &mut Responses) -> String {
    let message = next(responses).await.expect("OK").expect("one more");
    let message: Value = serde_json::from_str(&message).expect("JSON");
    message["label"].as_str().unwrap_or_default().to_owned()
}

async fn send(call: &OpenCall, json: &str) -> Result<(), Status> {
    let message = call.message_from_json(json).expect("it fits");
    timeout(SOON, call.send(message)).await.expect("it is sent")
}

const PROTOCOLS: [(Protocol, Codec); 7] = [
    (Protocol::Grpc, Codec::Proto),
    (Protocol::GrpcWeb, Codec::Proto),
    (Protocol::GrpcWeb, Codec::Json),
    (Protocol::GrpcWebText, Codec::Proto),
    (Protocol::Connect, Codec::Proto),
    (Protocol::Connect, Codec::Json),
    (Protocol::Grpc, Codec::Json),
];

#[tokio::test]
async fn what_is_pushed_comes_by_each_protocol_with_the_headers_and_the_end_of_its_handler() {
    let sea = Sea::start().await;
    for (protocol, codec) in PROTOCOLS {
        let client = sea.client_of(protocol, codec).await;
        let (call, responding) = sea.begin(&client, "Watch").await;
        send(&call, r#"{"label": "pushed", "height": "9007199254740993"}"#)
            .await
            .expect("it is open");
        let mut responses = responding.responses().await.expect("it begins");
        let of = format!("{protocol:?} {codec:?}");
        let headers = responses.headers().await.expect("it has");
        assert!(headers.get("x-sea").is_some_and(|value| value == "north"), "{of}");
        assert_eq!(
            next(&mut responses).await.expect("OK").as_deref(),
            Some(r#"{"label":"pushed","height":"9007199254740993"}"#),
            "{of}"
        );
        assert_eq!(sea.state.signal("calm", Some("north")), 1);
        assert_eq!(label(&mut responses).await, "calm", "{of}");
        send(&call, r#"{"label": "last"}"#).await.expect("it is open");
        assert_eq!(sea.state.signal("still", None), 1);
        assert_eq!(label(&mut responses).await, "last", "{of}");
        assert_eq!(next(&mut responses).await.expect("OK"), None);
        let trailers = responses.trailers();
        assert!(trailers.get("x-end").is_some_and(|value| value == "over"), "{of}");
        let journal = sea.server.journal().expect("it keeps one");
        let recorded = journal.get(call.id()).expect("it is kept");
        let labels: Vec<String> = recorded
            .responses()
            .map(|message| message.to_message().expect("it is one").to_json().expect("JSON"))
            .collect();
        assert_eq!(
            labels,
            [
                r#"{"label":"pushed","height":"9007199254740993"}"#,
                r#"{"label":"calm","height":"1"}"#,
                r#"{"label":"last"}"#
            ]
        );
        assert_eq!(
            (recorded.response_count(), recorded.code()),
            (3, Code::Ok),
            "{of}"
        );
    }
}

#[tokio::test]
async fn what_is_pushed_into_a_stream_of_rest_is_an_element_a_line_or_an_event() {
    let sea = Sea::start().await;
    for (accept, expected) in [
        ("application/json", "[{\"label\":\"a\"}\n,{\"label\":\"b\"}\n]"),
        ("application/x-ndjson", "{\"label\":\"a\"}\n{\"label\":\"b\"}\n"),
        (
            "text/event-stream",
            "data: {\"label\":\"a\"}\n\ndata: {\"label\":\"b\"}\n\n",
        ),
    ] {
        let address = sea.address.clone();
        let reading = tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            let request = format!(
                "GET /v1/waves/north HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await.expect("it reads");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("it ends");
            answer
        });
        let call = sea.in_flight(1).await.remove(0);
        for label in ["a", "b"] {
            send(&call, &json!({ "label": label }).to_string())
                .await
                .expect("it is open");
        }
        call.end(Status::ok("")).await.expect("it is open");
        let answer = timeout(SOON, reading).await.expect("it ends").expect("no panic");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("x-sea: north"), "{answer}");
        let chunks = body.split("\r\n").skip(1).step_by(2);
        let body: String = chunks.collect();
        assert!(
            body.replace('\n', "")
                .starts_with(expected.replace('\n', "").as_str()),
            "{accept}: {body:?}"
        );
    }
}

#[tokio::test]
async fn a_thousand_pushes_and_the_messages_of_the_handler_keep_their_orders() {
    const EACH: usize = 1000;
    let sea = Sea::start().await;
    let method = sea.client().await.method("sea.Sea/Talk").expect("it is one");
    let (said, places) = mpsc::channel(1);
    let input = method.input().clone();
    let talking = tokio::spawn(async move {
        for number in 0..EACH {
            let place = json!({ "name": format!("h{number}") }).to_string();
            said.send(Message::from_json(input.clone(), &place).expect("it fits"))
                .await
                .expect("it is open");
        }
        said
    });
    let mut responses = method.bidi(ReceiverStream::new(places)).await.expect("it begins");
    let call = {
        let first = label(&mut responses).await;
        assert_eq!(first, "h0");
        sea.in_flight(1).await.remove(0)
    };
    let pushing = {
        let call = call.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                send(&call, &json!({ "label": format!("p{number}") }).to_string())
                    .await
                    .expect("it is open");
            }
        })
    };
    let (mut handled, mut pushed) = (1, 0);
    while handled < EACH || pushed < EACH {
        let label = label(&mut responses).await;
        let count = if label.starts_with('h') {
            &mut handled
        } else {
            &mut pushed
        };
        assert_eq!(label[1..].parse(), Ok(*count), "{label}");
        *count += 1;
    }
    pushing.await.expect("all were sent");
    drop(talking.await.expect("all were said"));
    assert_eq!(next(&mut responses).await.expect("OK"), None);
    let journal = sea.server.journal().expect("it keeps one");
    let recorded = journal.get(call.id()).expect("it is kept");
    assert_eq!(
        (recorded.request_count(), recorded.response_count()),
        (EACH as u64, 2 * EACH as u64)
    );
}

#[tokio::test]
async fn what_is_pushed_faster_than_it_is_read_waits_with_who_pushes_and_what_is_given_up_never_comes() {
    let sea = Sea::start().await;
    let client = sea.client().await;
    let (call, responding) = sea.begin(&client, "Drift").await;
    let large = "~".repeat(16 << 10);
    let wave = |number: usize| json!({ "label": number.to_string(), "crests": [large.clone()] }).to_string();
    send(&call, &wave(0)).await.expect("it is open");
    let mut responses = responding.responses().await.expect("it begins");
    let mut sent = 1;
    loop {
        let message = call.message_from_json(&wave(sent)).expect("it fits");
        // That it is not taken can only be seen by waiting.
        match timeout(Duration::from_millis(500), call.send(message)).await {
            Ok(taken) => taken.expect("it is open"),
            Err(_) => break,
        }
        sent += 1;
        assert!(sent < 10_000, "nobody reads, and all is taken");
    }
    // Another one waits, and is sent once there is room; the one that was given up is not.
    let waiting = {
        let (call, wave) = (call.clone(), wave(sent));
        tokio::spawn(async move { send(&call, &wave).await })
    };
    for number in 0..=sent {
        assert_eq!(label(&mut responses).await, number.to_string());
    }
    waiting.await.expect("no panic").expect("it is open");
    call.end(Status::ok("")).await.expect("it is open");
    assert_eq!(next(&mut responses).await.expect("OK"), None);
}

#[tokio::test]
async fn a_call_of_any_shape_is_ended_whatever_its_handler_does_and_all_of_it_is_gone() {
    let sea = Sea::start().await;
    for (protocol, codec) in PROTOCOLS {
        let client = sea.client_of(protocol, codec).await;
        for method in ["Ask", "Gather", "Drift", "Watch"] {
            let (call, responding) = sea.begin(&client, method).await;
            call.end(Status::not_found("no such place"))
                .await
                .expect("it is open");
            let of = format!("{protocol:?} {codec:?} {method}");
            // Whoever was told that it has ended finds it in the journal, and nothing of it elsewhere.
            assert!(sea.open().list().is_empty() && call.recorded().is_none(), "{of}");
            let recorded = sea
                .server
                .journal()
                .expect("it keeps one")
                .get(call.id())
                .expect("it is kept");
            assert_eq!(
                (recorded.code(), recorded.message()),
                (Code::NotFound, "no such place"),
                "{of}"
            );
            assert_eq!(sea.handlers.0.load(Ordering::SeqCst), 0, "{of}");
            let ended = match responding.responses().await {
                Ok(mut responses) => next(&mut responses).await.expect_err("it was ended"),
                Err(status) => status,
            };
            assert_eq!(
                (ended.code(), ended.message()),
                (Code::NotFound, "no such place"),
                "{of}"
            );
        }
    }
    eventually(|| (sea.server.calls_in_flight() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_call_whose_client_does_not_read_is_ended_too() {
    let sea = Sea::start().await;
    let client = sea.client().await;
    let (call, responding) = sea.begin(&client, "Drift").await;
    let large = json!({ "crests": vec!["~".repeat(1 << 20); 3] }).to_string();
    send(&call, &large).await.expect("it is open");
    let _unread = responding.responses().await.expect("it begins");
    timeout(SOON, call.end(Status::unavailable("gone")))
        .await
        .expect("it ends")
        .expect("it was open");
    assert_eq!(sea.handlers.0.load(Ordering::SeqCst), 0);
    let recorded = sea
        .server
        .journal()
        .expect("it keeps one")
        .get(call.id())
        .expect("it is kept");
    assert_eq!(recorded.code(), Code::Unavailable);
}

#[tokio::test]
async fn what_cannot_be_done_with_a_call_is_refused_with_the_reason() {
    let sea = Sea::start().await;
    let client = sea.client().await;
    for method in ["Ask", "Gather"] {
        let (call, responding) = sea.begin(&client, method).await;
        for refused in [send(&call, "{}").await, call.end(Status::ok("")).await] {
            let refused = refused.expect_err("it answers once");
            assert_eq!(refused.code(), Code::FailedPrecondition);
            assert!(
                refused
                    .message()
                    .contains(&format!("sea.Sea/{method} answers with one message")),
                "{refused}"
            );
        }
        call.end(Status::aborted("enough")).await.expect("it is open");
        drop(responding);
    }
    // One that its client leaves.
    let (call, responding) = sea.begin(&client, "Drift").await;
    responding.0.abort();
    eventually(|| call.recorded().is_none().then_some(())).await;
    let gone = [
        send(&call, "{}").await,
        call.end(Status::ok("")).await,
        sea.open().get(call.id()).map(drop),
    ];
    for refused in gone {
        let refused = refused.expect_err("it has ended");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains("has ended"), "{refused}");
    }
    for id in [0, 1_000_000] {
        assert_eq!(
            sea.open().get(id).expect_err("there was none").code(),
            Code::NotFound
        );
    }
    // One that ends while a message waits for it.
    let (call, responding) = sea.begin(&client, "Drift").await;
    send(
        &call,
        &json!({ "crests": vec!["~".repeat(1 << 20); 3] }).to_string(),
    )
    .await
    .expect("it is open");
    let _unread = responding.responses().await.expect("it begins");
    let waiting = {
        let call = call.clone();
        tokio::spawn(async move { send(&call, "{}").await })
    };
    call.end(Status::cancelled("over")).await.expect("it is open");
    let refused = waiting.await.expect("no panic").expect_err("it has ended");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
}

#[tokio::test]
async fn without_a_journal_the_calls_in_flight_are_known_if_they_are_asked_for() {
    let none = Sea::of(|server| server).await;
    assert!(none.server.open_calls().is_none());
    let (code, refused) = none.ask("ListOpen", json!({})).await;
    assert_eq!(code, 400, "{refused}");
    for layered in [false, true] {
        let sea = Sea::of(|server| {
            let server = server.keep_open_calls(true);
            if layered {
                server.layer(tower::layer::util::Identity::new())
            } else {
                server
            }
        })
        .await;
        assert!(sea.server.journal().is_none());
        let (call, responding) = sea.begin(&sea.client().await, "Watch").await;
        send(&call, r#"{"label": "pushed"}"#).await.expect("it is open");
        let mut responses = responding.responses().await.expect("it begins");
        assert_eq!(label(&mut responses).await, "pushed");
        let recorded = call.recorded().expect("it is open");
        assert_eq!(
            (recorded.rule(), recorded.method()),
            (Some("watching"), "sea.Sea/Watch")
        );
        assert_eq!((recorded.request_count(), recorded.response_count()), (1, 1));
        assert!(recorded.is_open() && recorded.messages().next().is_none());
        call.end(Status::data_loss("over")).await.expect("it is open");
        assert_eq!(
            next(&mut responses).await.expect_err("it was ended").code(),
            Code::DataLoss
        );
    }
}

#[tokio::test]
async fn headers_that_the_handler_has_begun_to_set_are_not_sent_without_what_follows() {
    let (proceed, wait) = tokio::sync::oneshot::channel::<()>();
    let wait = Arc::new(std::sync::Mutex::new(Some(wait)));
    let server = Server::builder(schema())
        .server_streaming("sea.Sea/Watch", move |_: Message, mut call: Call| {
            let wait = wait.lock().expect("no panic").take();
            async move {
                call.headers_mut()
                    .expect("not sent")
                    .insert("x-one", "1".parse().expect("a value"));
                wait.expect("one call").await.ok();
                call.headers_mut()
                    .expect("not sent")
                    .insert("x-two", "2".parse().expect("a value"));
                call.flush_headers();
                std::future::pending().await
            }
        })
        .keep_open_calls(true)
        .build()
        .expect("it is right");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let client = Client::builder(&address)
        .schema(schema())
        .connect()
        .await
        .expect("it listens");
    let method = client.method("sea.Sea/Watch").expect("it is one");
    let request = method.request();
    let responding = tokio::spawn(async move {
        let mut responses = method.server_streaming(request).await?;
        responses.headers().await?;
        Ok::<_, Status>(responses)
    });
    let open = server.open_calls().expect("it keeps them");
    let call = eventually(|| open.list().pop()).await;
    let sending = tokio::spawn(async move { send(&call, r#"{"label": "after"}"#).await });
    tokio::task::yield_now().await;
    proceed.send(()).expect("it waits");
    let mut responses = timeout(SOON, responding)
        .await
        .expect("it begins")
        .expect("no panic")
        .expect("OK");
    let headers = responses.headers().await.expect("they have come").clone();
    assert!(
        headers.contains_key("x-one") && headers.contains_key("x-two"),
        "{headers:?}"
    );
    assert_eq!(label(&mut responses).await, "after");
    sending.await.expect("no panic").expect("it is open");
}

#[tokio::test]
async fn the_admin_service_does_it_for_one_call_and_for_all_of_a_method() {
    let sea = Sea::start().await;
    let client = sea.client().await;
    let (first, responding) = sea.begin(&client, "Watch").await;
    let (second, responding_too) = sea.begin(&client, "Watch").await;
    let (other, _drifting) = sea.begin(&client, "Drift").await;
    let (_, open) = sea.ask("ListOpen", json!({})).await;
    assert_eq!(open["calls"].as_array().map(Vec::len), Some(3), "{open}");
    let (_, open) = sea.ask("ListOpen", json!({ "method": "sea.Sea/Watch" })).await;
    let ids: Vec<&Value> = open["calls"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|call| &call["id"])
        .collect();
    assert_eq!(
        ids,
        [&json!(first.id().to_string()), &json!(second.id().to_string())],
        "{open}"
    );
    assert!(
        open["calls"][0].get("code").is_none() && open["calls"][0]["rule"] == "watching",
        "{open}"
    );

    let sent = sea
        .ask(
            "Send",
            json!({ "id": first.id(), "json": { "label": "one", "height": 7 } }),
        )
        .await;
    assert_eq!(sent, (200, json!({ "calls": 1 })));
    let sent = sea
        .ask("Send", json!({ "method": "sea.Sea/Watch", "wire": "CgNhbGw=" }))
        .await;
    assert_eq!(sent, (200, json!({ "calls": 2 })));
    let signal = sea.ask("Signal", json!({ "name": "calm" })).await;
    assert_eq!(signal, (200, json!({ "calls": 2 })));
    let signal = sea.ask("Signal", json!({ "name": "calm", "key": "south" })).await;
    assert_eq!(
        signal,
        (200, json!({ "calls": 2 })),
        "they handle it, with another key"
    );
    assert_eq!(
        sea.ask("Signal", json!({ "name": "clam" })).await,
        (200, json!({}))
    );
    let (mut responses, mut responses_too) = (
        responding.responses().await.expect("OK"),
        responding_too.responses().await.expect("OK"),
    );
    assert_eq!(
        next(&mut responses).await.expect("OK").as_deref(),
        Some(r#"{"label":"one","height":"7"}"#)
    );
    for responses in [&mut responses, &mut responses_too] {
        assert_eq!(label(responses).await, "all");
        assert_eq!(label(responses).await, "calm");
    }
    for (request, code, words) in [
        (
            json!({ "id": first.id(), "json": { "crests": ["a", 7] } }),
            400,
            "crests[1]",
        ),
        (json!({ "id": first.id(), "json": { "labl": "a" } }), 400, "labl"),
        (json!({ "id": first.id(), "json": null }), 400, "null"),
        (json!({ "id": first.id(), "wire": "AAAA" }), 400, "malformed"),
        (
            json!({ "id": first.id(), "json": {}, "wire": "CgNhbGw=" }),
            400,
            "one form",
        ),
        (
            json!({ "id": first.id(), "method": "sea.Sea/Watch" }),
            400,
            "is enough",
        ),
        (json!({}), 400, "needs the id"),
        (json!({ "id": 999_999 }), 404, "no call 999999"),
        (json!({ "method": "sea.Sea/Wotch" }), 404, "sea.Sea/Watch"),
    ] {
        let (found, answer) = sea.ask("Send", request.clone()).await;
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(
            found == code && message.contains(words),
            "{request}: {found} {answer}"
        );
    }
    let (code, answer) = sea.ask("End", json!({ "id": first.id(), "code": "GONE" })).await;
    assert!(
        code == 400
            && answer["message"]
                .as_str()
                .is_some_and(|why| why.contains("NOT_FOUND")),
        "{answer}"
    );
    let ended = sea
        .ask(
            "End",
            json!({ "method": "sea.Sea/Watch", "code": "UNAVAILABLE", "message": "lost" }),
        )
        .await;
    assert_eq!(ended, (200, json!({ "calls": 2 })));
    for responses in [&mut responses, &mut responses_too] {
        let status = next(responses).await.expect_err("it was ended");
        assert_eq!((status.code(), status.message()), (Code::Unavailable, "lost"));
    }
    let (code, _) = sea.ask("End", json!({ "id": first.id() })).await;
    assert_eq!(code, 400, "it has ended");
    assert_eq!(
        sea.ask("End", json!({ "id": other.id() })).await,
        (200, json!({ "calls": 1 }))
    );
    assert_eq!(sea.ask("ListOpen", json!({})).await, (200, json!({})));
}
