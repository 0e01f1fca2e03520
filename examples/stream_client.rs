//! The tutorial's client with dynamic messages: no build.rs, no generated code, and the protos from the server.
//!
//! ```sh
//! cargo run --release --bin protod -- serve    # or: cargo run --release --example stream_server
//! cargo run --release --example stream_client
//! ```

#![expect(clippy::print_stdout, reason = "it prints what the tutorial's client prints")]

use std::error::Error;

use prost_reflect::{DynamicMessage, Value};
use protod::{Client, Message};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:9002".to_owned());
    let client = Client::connect(&address).await?;
    list(&client).await?;
    record(&client).await?;
    route(&client).await
}

/// One request, a stream of responses.
async fn list(client: &Client) -> Result<(), Box<dyn Error>> {
    let list = client.method("proto.StreamService/List")?;
    let request = point(list.request(), "gRPC Stream Client: List");
    let mut responses = list.server_streaming(request).await?;
    while let Some(response) = responses.message().await? {
        print(response)?;
    }
    Ok(())
}

/// A stream of requests, one response at its end.
async fn record(client: &Client) -> Result<(), Box<dyn Error>> {
    let record = client.method("proto.StreamService/Record")?;
    let request = point(record.request(), "gRPC Stream Client: Record");
    let reply = record
        .client_streaming(tokio_stream::iter(vec![request; 6]))
        .await?;
    print(reply.message)
}

/// Requests and responses in turn.
async fn route(client: &Client) -> Result<(), Box<dyn Error>> {
    let route = client.method("proto.StreamService/Route")?;
    let (requests, receiver) = mpsc::channel(1);
    let mut responses = route.bidi(ReceiverStream::new(receiver)).await?;
    for _ in 0..=6 {
        requests
            .send(point(route.request(), "gRPC Stream Client: Route"))
            .await?;
        match responses.message().await? {
            Some(response) => print(response)?,
            None => break,
        }
    }
    drop(requests);
    // The server sends first, so it answers the last request too. The tutorial's client does not read that; dropping the
    // call here would cancel it before the server has read the request.
    while responses.message().await?.is_some() {}
    Ok(())
}

/// Fills in a request.
fn point(mut request: DynamicMessage, name: &str) -> DynamicMessage {
    let pt = request
        .get_field_by_name_mut("pt")
        .and_then(Value::as_message_mut)
        .expect("the proto has it");
    pt.set_field_by_name("name", Value::String(name.to_owned()));
    pt.set_field_by_name("value", Value::I32(2018));
    request
}

fn print(response: Message) -> Result<(), Box<dyn Error>> {
    let response = response.into_dynamic()?;
    let pt = response.get_field_by_name("pt").expect("the proto has it");
    let pt = pt.as_message().expect("it is a message");
    let name = pt.get_field_by_name("name").expect("the proto has it");
    let value = pt.get_field_by_name("value").expect("the proto has it");
    println!(
        "resp: pj.name: {}, pt.value: {}",
        name.as_str().unwrap_or_default(),
        value.as_i32().unwrap_or_default()
    );
    Ok(())
}
