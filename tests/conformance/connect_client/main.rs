//! The client that connectrpc's conformance runner tests: protod's `Client`, with protos that it reads when it starts.
//!
//! The runner writes a `ClientCompatRequest` on stdin for each call, and reads a `ClientCompatResponse` from stdout, in
//! any order. Both are prefixed with their length, four bytes, big-endian. The one argument is the folder of
//! `connectrpc/conformance/v1`.

mod call;
#[path = "../connect/fields.rs"]
mod fields;
#[path = "../connect/metadata.rs"]
mod metadata;
#[path = "../connect/prefixed.rs"]
mod prefixed;

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

use fields::Fields as _;
use prefixed::{read_prefixed, write_prefixed};
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use protod::Schema;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many calls are made at the same time.
const CALLS: usize = 16;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("the folder of the protos is missing")?;
    let schema = Schema::builder()
        .input(Path::new(&folder).join("connectrpc/conformance/v1/service.proto"))
        .input(Path::new(&folder).join("connectrpc/conformance/v1/client_compat.proto"))
        .import_path(&folder)
        .build()?;
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

/// A message of the suite.
fn new_message(schema: &Schema, name: &str) -> DynamicMessage {
    let name = format!("connectrpc.conformance.v1.{name}");
    let descriptor = schema.pool().get_message_by_name(&name);
    DynamicMessage::new(descriptor.expect("the protos have it"))
}

/// Makes the call that a `ClientCompatRequest` describes.
async fn answer(schema: &Schema, request: &[u8]) -> DynamicMessage {
    let mut asked = new_message(schema, "ClientCompatRequest");
    asked.merge(request).expect("the runner writes its own message");
    let mut response = new_message(schema, "ClientCompatResponse");
    response.set_field_by_name("test_name", asked.value("test_name"));
    match call::call(schema, &asked).await {
        Ok(result) => response.set_field_by_name("response", Value::Message(result)),
        Err(error) => {
            let mut result = new_message(schema, "ClientErrorResult");
            result.set_field_by_name("message", Value::String(error.to_string()));
            response.set_field_by_name("error", Value::Message(result));
        }
    }
    response
}
