//! A server whose calls wait, with its admin service: the scene of the tests that steer calls in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use protod::admin::Admin;
use protod::client::{Codec, Protocol, Responses};
use protod::tonic::Status;
use protod::{
    Call, Client, JournalOptions, Message, OpenCall, OpenCalls, RulesOptions, RulesState, Schema, Server,
    ServerBuilder,
};
use serde_json::{Value, json};
use tokio::time::timeout;

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

pub(crate) fn schema() -> Schema {
    Schema::from_source("sea.proto", PROTO).unwrap_or_else(|error| panic!("{error:?}"))
}

/// Counts the handlers that there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handlers(pub(crate) Arc<AtomicUsize>);

pub(crate) struct Handler(Arc<AtomicUsize>);

impl Handlers {
    pub(crate) fn begin(&self) -> Handler {
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
pub(crate) struct Sea {
    pub(crate) server: Server,
    pub(crate) address: String,
    /// Where the admin service is.
    pub(crate) admin: String,
    pub(crate) handlers: Handlers,
    pub(crate) state: RulesState,
}

impl Sea {
    pub(crate) async fn start() -> Self {
        Self::of(|server| server.journal(JournalOptions::default())).await
    }

    pub(crate) async fn of(with: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
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

    pub(crate) fn open(&self) -> OpenCalls {
        self.server.open_calls().expect("it keeps them")
    }

    /// The calls in flight once there are so many.
    pub(crate) async fn in_flight(&self, calls: usize) -> Vec<OpenCall> {
        eventually(|| Some(self.open().list()).filter(|open| open.len() == calls)).await
    }

    pub(crate) async fn client(&self) -> Client {
        self.client_of(Protocol::Grpc, Codec::Proto).await
    }

    pub(crate) async fn client_of(&self, protocol: Protocol, codec: Codec) -> Client {
        let client = Client::builder(&self.address).protocol(protocol).codec(codec);
        client.schema(schema()).connect().await.expect("it listens")
    }

    /// A call of a method with one request, whose responses have not begun.
    pub(crate) async fn begin(&self, client: &Client, method: &str) -> (OpenCall, Responding) {
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
    pub(crate) async fn ask(&self, method: &str, request: Value) -> (u16, Value) {
        let method = format!("protod.admin.v1.AdminService/{method}");
        let answer = post(&self.admin, &method, &[], &request.to_string()).await;
        (answer.code, serde_json::from_str(&answer.body).expect("JSON"))
    }
}

/// A call whose headers may not have come.
pub(crate) struct Responding(pub(crate) tokio::task::JoinHandle<Result<Responses, Status>>);

impl Responding {
    pub(crate) async fn responses(self) -> Result<Responses, Status> {
        timeout(SOON, self.0).await.expect("it begins").expect("no panic")
    }
}

/// What is there at some time soon.
pub(crate) async fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
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

pub(crate) async fn next(responses: &mut Responses) -> Result<Option<String>, Status> {
    let message = timeout(SOON, responses.message()).await.expect("it comes");
    Ok(message?.map(|message| message.to_json().expect("it has a form")))
}

pub(crate) async fn label(responses: &mut Responses) -> String {
    let message = next(responses).await.expect("OK").expect("one more");
    let message: Value = serde_json::from_str(&message).expect("JSON");
    message["label"].as_str().unwrap_or_default().to_owned()
}

pub(crate) async fn send(call: &OpenCall, json: &str) -> Result<(), Status> {
    let message = call.message_from_json(json).expect("it fits");
    timeout(SOON, call.send(message)).await.expect("it is sent")
}

pub(crate) const PROTOCOLS: [(Protocol, Codec); 7] = [
    (Protocol::Grpc, Codec::Proto),
    (Protocol::GrpcWeb, Codec::Proto),
    (Protocol::GrpcWeb, Codec::Json),
    (Protocol::GrpcWebText, Codec::Proto),
    (Protocol::Connect, Codec::Proto),
    (Protocol::Connect, Codec::Json),
    (Protocol::Grpc, Codec::Json),
];
