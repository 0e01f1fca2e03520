//! A counter of tickets whose answers depend on the calls before, and clients of each protocol.

use std::time::Duration;

use protod::client::{Codec, Protocol};
use protod::tonic::metadata::MetadataMap;
use protod::tonic::{Code, Status};
use protod::{
    Client, Handlers, JournalOptions, Message, RecordedCall, Rules, RulesOptions, Schema, Server,
    ServerBuilder, Session, SessionOptions,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough that only a hang gets there.
pub(crate) const HANG: Duration = Duration::from_mins(1);

/// The header that names the session of a call.
pub(crate) const SESSION: &str = "protod-session";

const PROTO: &str = r#"
    syntax = "proto3";
    package desk;
    import "google/api/annotations.proto";
    message Ask { string kind = 1; string name = 2; }
    message Ticket { string text = 1; int32 number = 2; }
    service Desk {
      rpc Take(Ask) returns (Ticket) { option (google.api.http) = { post: "/v1/tickets" body: "*" }; }
      rpc Wait(Ask) returns (stream Ticket);
    }
"#;

const RULES: &str = r#"
collections: {tickets: desk.Ticket}
rules:
  - name: first
    method: desk.Desk/Take
    match: {kind: times}
    times: 1
    reply: {text: first}
  - name: later
    method: desk.Desk/Take
    match: {kind: times}
    reply: {text: later}
  - name: in turn
    method: desk.Desk/Take
    match: {kind: turn}
    answers:
      - reply: {text: one}
      - reply: {text: two}
  - name: scoped
    method: desk.Desk/Take
    match: {kind: scope}
    scope: request.name
    reply: {number: "${call.count}"}
  - name: stored
    method: desk.Desk/Take
    match: {kind: store}
    state: {n: "${has(store.n) ? store.n + 1 : 1}"}
    set: {store.n: "${state.n}"}
    reply: {number: "${state.n}"}
  - name: kept
    method: desk.Desk/Take
    match: {kind: keep}
    append: {tickets: {text: "${request.name}"}}
    reply: {number: "${collection.tickets.count()}"}
  - name: called
    method: desk.Desk/Take
    match: {kind: signal}
    session: {half_close: [{signal: next}, {send: {text: raised}}]}
  - name: waiting
    method: desk.Desk/Wait
    session:
      open: [{send: {text: waiting}}]
      signals:
        next: [{send: {text: heard}}, {status: {code: OK}}]
"#;

pub(crate) fn schema() -> Schema {
    Schema::from_source("desk.proto", PROTO).unwrap_or_else(|error| panic!("{error:?}"))
}

/// A server that runs as long as the test.
pub(crate) struct Desk {
    pub(crate) server: Server,
    pub(crate) rules: Rules,
    pub(crate) address: String,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(set: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let schema = schema();
        let rules = Rules::from_text(&schema, "desk.rules.yaml", RULES);
        let rules = rules.unwrap_or_else(|error| panic!("{error:?}"));
        let builder = Server::builder(schema).handlers(&rules);
        let builder = set(builder.journal(JournalOptions::default()));
        let server = builder.build().unwrap_or_else(|error| panic!("{error:?}"));
        let bound = server.bind("127.0.0.1:0").await.expect("a free port");
        let address = bound.local_addr().to_string();
        tokio::spawn(bound.serve());
        Self {
            server,
            rules,
            address,
        }
    }

    /// Serves the rules anew, or none.
    pub(crate) fn reload(&mut self, rules: bool) {
        let options = RulesOptions::default().state(self.rules.state());
        let text = if rules { RULES } else { "rules: []" };
        let rules = options.from_text(&schema(), "desk.rules.yaml", text);
        let rules = rules.unwrap_or_else(|error| panic!("{error:?}"));
        let reloaded = self.server.reload(schema(), Handlers::from(&rules));
        reloaded.unwrap_or_else(|error| panic!("{error:?}"));
        self.rules = rules;
    }

    pub(crate) fn session(&self, name: &str) -> Session {
        let made = self
            .server
            .sessions()
            .create(SessionOptions::default().name(name));
        made.expect("there is room")
    }

    /// The last call that has ended.
    pub(crate) fn last(&self) -> RecordedCall {
        let journal = self.server.journal().expect("it keeps one");
        journal.newest(1, |_| true).pop().expect("a call has ended")
    }

    pub(crate) async fn client(&self, metadata: &[(&'static str, &str)]) -> Client {
        self.client_of(Protocol::Grpc, Codec::Proto, metadata).await
    }

    pub(crate) async fn client_of(
        &self,
        protocol: Protocol,
        codec: Codec,
        metadata: &[(&'static str, &str)],
    ) -> Client {
        let mut map = MetadataMap::new();
        for (name, value) in metadata {
            map.append(*name, value.parse().expect("a value"));
        }
        let client = Client::builder(&self.address).protocol(protocol).codec(codec);
        let client = client.schema(schema()).metadata(map).connect();
        client.await.expect("it listens")
    }

    /// What the server answers to a request by REST, to its end.
    pub(crate) async fn rest(&self, header: &str, json: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        let length = json.len();
        let request = format!(
            "POST /v1/tickets HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             {header}\r\ncontent-length: {length}\r\n\r\n{json}"
        );
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        timeout(HANG, read).await.expect("it ends").expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Takes a ticket, and returns it as JSON.
pub(crate) async fn take(client: &Client, ask: &str) -> Result<String, Status> {
    let method = client.method("desk.Desk/Take").expect("it is one");
    let ask = Message::from_json(method.input().clone(), ask).expect("it fits");
    let called = timeout(HANG, method.unary(ask)).await.expect("it ends");
    called.map(|reply| reply.message.to_json().expect("it has a form"))
}

/// How taking a ticket fails.
pub(crate) async fn refused(client: &Client, ask: &str) -> (Code, String) {
    let status = take(client, ask).await.expect_err("it is refused");
    (status.code(), status.message().to_owned())
}
