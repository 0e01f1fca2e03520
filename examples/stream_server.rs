//! The tutorial's services as Rust closures with dynamic messages: no build.rs, no generated code.
//!
//! ```sh
//! cargo run --release --example stream_server
//! grpcurl -plaintext -d '{"pt":{"name":"gRPC Stream Client: List","value":2018}}' \
//!     localhost:9002 proto.StreamService/List
//! ```

use prost_reflect::{DynamicMessage, Value};
use protod::{Call, Message, Schema, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:9002".to_owned());

    let bound = server(Schema::load("proto")?)?.bind(&address).await?;
    tracing::info!("stream_server listening on {}", bound.local_addr());
    let stopped = async {
        tokio::signal::ctrl_c()
            .await
            .unwrap_or_else(|_| std::process::abort());
    };
    bound.serve_until(stopped).await?;
    Ok(())
}

fn server(schema: Schema) -> Result<Server, protod::Error> {
    Server::builder(schema)
        .unary(
            "proto.SearchService/Search",
            |request: DynamicMessage, call: Call| async move {
                let asked = request.get_field_by_name("request").expect("the proto has it");
                let mut response = call.response();
                let answer = format!("{} Server", asked.as_str().unwrap_or_default());
                response.set_field_by_name("response", Value::String(answer));
                Ok(response)
            },
        )
        .server_streaming(
            "proto.StreamService/List",
            |request: DynamicMessage, mut call: Call| async move {
                let (name, value) = point(&request);
                for n in 0..7 {
                    let response = response(&call, &name, value.wrapping_add(n));
                    call.send(response).await?;
                }
                Ok(())
            },
        )
        .client_streaming("proto.StreamService/Record", |mut call: Call| async move {
            while let Some(message) = call.recv().await? {
                log(message)?;
            }
            Ok(response(&call, "gRPC Stream Server: Record", 1))
        })
        .bidi("proto.StreamService/Route", |mut call: Call| async move {
            let mut n = 0;
            loop {
                let response = response(&call, "gPRC Stream Client: Route", n);
                call.send(response).await?;
                let Some(message) = call.recv().await? else {
                    return Ok(());
                };
                log(message)?;
                n += 1;
            }
        })
        .build()
}

/// Name and value of a message's `pt`.
fn point(message: &DynamicMessage) -> (String, i32) {
    let point = message.get_field_by_name("pt").expect("the proto has it");
    let point = point.as_message().expect("pt is a message");
    let name = point.get_field_by_name("name").expect("the proto has it");
    let value = point.get_field_by_name("value").expect("the proto has it");
    (
        name.as_str().unwrap_or_default().to_owned(),
        value.as_i32().unwrap_or_default(),
    )
}

/// A response whose `pt` has this name and value.
fn response(call: &Call, name: &str, value: i32) -> DynamicMessage {
    let mut response = call.response();
    let point = response.get_field_by_name_mut("pt").expect("the proto has it");
    let point = point.as_message_mut().expect("pt is a message");
    point.set_field_by_name("name", Value::String(name.to_owned()));
    point.set_field_by_name("value", Value::I32(value));
    response
}

fn log(message: Message) -> Result<(), tonic::Status> {
    let (name, value) = point(&message.into_dynamic()?);
    tracing::info!("stream.Recv pt.name: {name}, pt.value: {value}");
    Ok(())
}
