//! A shop that keeps a journal, its rules, and clients of each protocol.

use std::time::Duration;

use protod::client::{Codec, Protocol};
use protod::tonic::Status;
use protod::{
    Client, Journal, JournalOptions, Message, OpenCall, RecordedCall, Rules, Schema, Server, ServerBuilder,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough that only a hang gets there.
pub(crate) const HANG: Duration = Duration::from_secs(20);

pub(crate) const PROTO: &str = r#"
    syntax = "proto3";
    package shop;
    import "google/api/annotations.proto";
    message Order { string name = 1; int32 count = 2; Card card = 3; }
    message Card { string number = 1 [debug_redact = true]; string owner = 2; }
    message Receipt { string text = 1; int32 price = 2; }
    service Shop {
      rpc Buy(Order) returns (Receipt) { option (google.api.http) = { post: "/v1/orders" body: "*" }; }
      rpc Watch(Order) returns (stream Receipt);
      rpc Send(stream Order) returns (Receipt);
      rpc Talk(stream Order) returns (stream Receipt);
      rpc Idle(Order) returns (Receipt);
    }
"#;

const RULES: &str = r#"
rules:
  - name: tea
    method: shop.Shop/Buy
    match: {name: tea}
    headers: {x-till: "1"}
    trailers: {x-took: 1ms}
    reply: {text: "${request.name}", price: "${request.count}"}
  - name: none left
    method: shop.Shop/Buy
    match: {name: cake}
    trailers: {x-reason: sold}
    status: {code: NOT_FOUND, message: none is left}
  - name: watching
    method: shop.Shop/Watch
    stream:
      - repeat: "${request.count}"
        as: n
        send: {price: "${n}"}
  - name: sending
    method: shop.Shop/Send
    session: {half_close: [{send: {price: "${received}"}}]}
  - name: talking
    method: shop.Shop/Talk
    session: {message: [{send: {text: "${request.name}"}}]}
"#;

pub(crate) fn schema() -> Schema {
    Schema::from_source("shop.proto", PROTO).unwrap_or_else(|error| panic!("{error:?}"))
}

pub(crate) fn builder() -> ServerBuilder {
    let schema = schema();
    let rules = Rules::from_text(&schema, "shop.rules.yaml", RULES);
    let rules = rules.unwrap_or_else(|error| panic!("{error:?}"));
    Server::builder(schema)
        .handlers(&rules)
        .journal(JournalOptions::default())
}

/// A server that runs as long as the test.
pub(crate) struct Shop {
    pub(crate) server: Server,
    pub(crate) address: String,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::of(builder()).await
    }

    pub(crate) async fn of(builder: ServerBuilder) -> Self {
        let server = builder.build().unwrap_or_else(|error| panic!("{error:?}"));
        let bound = server.bind("127.0.0.1:0").await.expect("a free port");
        let address = bound.local_addr().to_string();
        tokio::spawn(bound.serve());
        Self { server, address }
    }

    pub(crate) fn journal(&self) -> Journal {
        self.server.journal().expect("it keeps one")
    }

    /// The calls in flight.
    pub(crate) fn in_flight(&self) -> Vec<RecordedCall> {
        let open = self.server.open_calls().expect("it keeps them");
        open.list().iter().filter_map(OpenCall::recorded).collect()
    }

    /// The last call that has ended.
    pub(crate) fn last(&self) -> RecordedCall {
        self.journal()
            .newest(1, |_| true)
            .pop()
            .expect("a call has ended")
    }

    pub(crate) async fn client(&self) -> Client {
        self.client_of(Protocol::Grpc, Codec::Proto).await
    }

    pub(crate) async fn client_of(&self, protocol: Protocol, codec: Codec) -> Client {
        let client = Client::builder(&self.address)
            .protocol(protocol)
            .codec(codec)
            .schema(schema());
        client.connect().await.expect("it listens")
    }

    /// Sends requests as JSON with metadata, and returns the responses as JSON.
    pub(crate) async fn call(
        client: &Client,
        method: &str,
        requests: &[&str],
        metadata: &[(&'static str, &str)],
    ) -> (Vec<String>, Result<(), Status>) {
        let mut method = client.method(&format!("shop.Shop/{method}")).expect("it is one");
        for (name, value) in metadata {
            method
                .metadata_mut()
                .append(*name, value.parse().expect("a value"));
        }
        let input = method.input().clone();
        let message = |json: &&str| Message::from_json(input.clone(), json).expect("it fits");
        let requests: Vec<Message> = requests.iter().map(message).collect();
        let mut found = Vec::new();
        let called = async {
            let mut responses = method.call(tokio_stream::iter(requests)).await?;
            while let Some(message) = responses.message().await? {
                found.push(message.to_json().expect("it has a form"));
            }
            Ok(())
        };
        let result = timeout(HANG, called).await.expect("it ends");
        (found, result)
    }

    pub(crate) async fn buy(&self, json: &str) -> Result<String, Status> {
        let client = self.client().await;
        let (mut found, result) = Self::call(&client, "Buy", &[json], &[]).await;
        result.map(|()| found.pop().unwrap_or_default())
    }

    /// What the server answers to a request by HTTP/1.1, to its end.
    pub(crate) async fn http(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        let length = body.len();
        let request = format!(
            "{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        timeout(HANG, read).await.expect("it ends").expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Headers as text.
pub(crate) fn headers(headers: impl Iterator<Item = (bytes::Bytes, bytes::Bytes)>) -> Vec<String> {
    headers
        .map(|(name, value)| {
            format!(
                "{}: {}",
                String::from_utf8_lossy(&name),
                String::from_utf8_lossy(&value)
            )
        })
        .collect()
}

/// The messages of a call as `> JSON` and `< JSON`.
pub(crate) fn messages(call: &RecordedCall) -> Vec<String> {
    call.messages()
        .map(|message| {
            let arrow = match message.direction() {
                protod::journal::Direction::Request => '>',
                _ => '<',
            };
            let json = message
                .to_message()
                .map(|message| message.to_json().expect("it has a form"));
            format!("{arrow} {}", json.as_deref().unwrap_or("-"))
        })
        .collect()
}
