//! Requests that break the rules of their protos, with handlers in Rust, with rules, and on the command line.
//!
//! What the rules of `buf.validate` mean is held by its own conformance suite, which `scripts/conformance.sh` runs.

mod bounds;
mod command_line;
mod handlers;
mod mistakes;
mod page;
#[expect(dead_code, reason = "the other programs are for the tests of clients")]
#[path = "../support/mod.rs"]
mod program;
mod rules;
mod wire;

use protod::{Client, Message, Schema, Server, ServerBuilder, ValidationError, Validator};
use tokio::sync::oneshot;
use tonic::Status;

/// A shop whose protos have rules.
const SHOP: &str = include_str!("shop.proto");

fn shop() -> Schema {
    Schema::from_source("shop.proto", SHOP).expect("it compiles")
}

/// A server until this is dropped, and a client of it.
struct Running {
    client: Client,
    address: String,
    _stop: oneshot::Sender<()>,
}

impl Running {
    /// The client has the server's protos by reflection.
    async fn start(server: ServerBuilder) -> Self {
        Self::of(&server.build().expect("it fits")).await
    }

    async fn of(server: &Server) -> Self {
        let bound = server.bind("127.0.0.1:0").await.expect("a free port");
        let address = bound.local_addr().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
        Self {
            client: Client::connect(&address).await.expect("it listens"),
            address,
            _stop: stop,
        }
    }

    /// The responses to these requests, as JSON, and how the call ended.
    async fn call(&self, method: &str, requests: &[&str]) -> (Vec<String>, Status) {
        let method = self.client.method(method).expect("it is there");
        let requests: Vec<Message> = requests
            .iter()
            .map(|json| Message::from_json(method.input().clone(), json).expect("it fits"))
            .collect();
        let mut responses = match method.call(tokio_stream::iter(requests)).await {
            Ok(responses) => responses,
            Err(status) => return (Vec::new(), status),
        };
        let mut messages = Vec::new();
        loop {
            match responses.message().await {
                Ok(Some(message)) => messages.push(message.to_json().expect("it has JSON")),
                Ok(None) => return (messages, Status::ok("")),
                Err(status) => return (messages, status),
            }
        }
    }
}

/// The violations of a message of `name`, in order.
fn violations(schema: &Schema, name: &str, bytes: Vec<u8>) -> Vec<String> {
    match validate(schema, name, bytes) {
        Ok(()) => Vec::new(),
        Err(error) => error.violations().iter().map(ToString::to_string).collect(),
    }
}

fn validate(schema: &Schema, name: &str, bytes: Vec<u8>) -> Result<(), ValidationError> {
    let descriptor = schema.pool().get_message_by_name(name).expect("it is there");
    let message = Message::decode(schema, &descriptor, bytes).expect("it is well formed");
    let validator = Validator::new(schema, [descriptor]).expect("its rules compile");
    validator.validate(&message)
}
