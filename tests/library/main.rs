//! docs/library.md is correct: each of its blocks of Rust is the text of a file here, or of an example, where tests run it.
//!
//! Rust's own tests of documentation compile each block alone, so that it needs nothing that it does not show.

#![expect(
    clippy::print_stdout,
    clippy::result_large_err,
    clippy::unused_async,
    reason = "it is written as users write it"
)]

mod browsers;
mod client;
mod deadline;
mod details;
mod dynamic;
mod echo;
mod errors;
mod intercept;
mod metadata;
mod mount;
mod own_layer;
mod page;
mod pipes;
mod pool;
mod protocols;
mod reload;
mod rules;
mod rules_in_front;
mod schemas;
mod serve;
mod sessions;
mod settings;
mod streams;
mod testing;
mod token_layer;
mod user;
mod validation;
mod verified;

use protod::{Client, Handlers, Message, Schema, Server, ServerBuilder};
use tonic::Status;

/// The proto of the page.
const PROTO: &str = include_str!("till.proto");

fn schema() -> Schema {
    Schema::from_source("till.proto", PROTO).expect("it compiles")
}

/// Serves for as long as the test runs.
async fn serving(server: ServerBuilder) -> Client {
    let bound = server.build().expect("it fits").bind("127.0.0.1:0").await;
    let bound = bound.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    Client::builder(address)
        .schema(schema())
        .connect()
        .await
        .expect("it serves")
}

async fn serving_handlers(handlers: impl Into<Handlers>) -> Client {
    serving(Server::builder(schema()).handlers(handlers)).await
}

fn payment(json: &str) -> Message {
    let payment = schema().pool().get_message_by_name("till.Payment");
    Message::from_json(payment.expect("it is there"), json).expect("it fits")
}

/// Calls `till.Till/Pay`.
async fn pay(client: &Client, json: &str) -> Result<String, Status> {
    let pay = client.method("till.Till/Pay").expect("it is there");
    Ok(pay.unary(payment(json)).await?.message.to_json()?)
}

/// Calls a method with these requests, and gives all its responses.
async fn responses(client: &Client, method: &str, requests: &[&str]) -> Result<Vec<String>, Status> {
    let requests: Vec<Message> = requests.iter().map(|json| payment(json)).collect();
    let method = client.method(method).expect("it is there");
    let mut responses = method.call(tokio_stream::iter(requests)).await?;
    let mut texts = Vec::new();
    while let Some(message) = responses.message().await? {
        texts.push(message.to_json()?);
    }
    Ok(texts)
}
