//! The client that connectrpc's conformance runner tests: protod's `Client`, with protos that it reads when it starts.
//!
//! The runner writes a `ClientCompatRequest` on stdin for each call, and reads a `ClientCompatResponse` from stdout, in
//! any order. Both are prefixed with their length, four bytes, big-endian. The one argument is the folder of
//! `connectrpc/conformance/v1`.

mod call;
#[path = "../suite/mod.rs"]
mod suite;

use std::error::Error;
use std::io;
use std::sync::Arc;

use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use protod::Schema;
use suite::{Fields as _, new_message, read_prefixed, write_prefixed};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many calls are made at the same time.
const CALLS: usize = 16;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let schema = suite::load("client_compat.proto")?;
    let places = Arc::new(Semaphore::new(CALLS));
    let mut calls = JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned().await?;
        let request = match tokio::task::spawn_blocking(|| read_prefixed(&mut io::stdin().lock())).await? {
            Ok(request) => request,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error.into()),
        };
        let schema = schema.clone();
        calls.spawn(async move {
            let response = answer(&schema, &request).await;
            write_prefixed(&mut io::stdout().lock(), &response.encode_to_vec()).expect("the runner reads it");
            drop(place);
        });
    }
    calls.join_all().await;
    Ok(())
}

/// Makes the call that a `ClientCompatRequest` describes.
async fn answer(schema: &Schema, request: &[u8]) -> DynamicMessage {
    let mut asked = new_message(schema.pool(), "ClientCompatRequest");
    asked.merge(request).expect("the runner writes its own message");
    let mut response = new_message(schema.pool(), "ClientCompatResponse");
    response.set_field_by_name("test_name", asked.value("test_name"));
    match call::call(schema, &asked).await {
        Ok(result) => response.set_field_by_name("response", Value::Message(result)),
        Err(error) => {
            let mut result = new_message(schema.pool(), "ClientErrorResult");
            result.set_field_by_name("message", Value::String(error.to_string()));
            response.set_field_by_name("error", Value::Message(result));
        }
    }
    response
}
