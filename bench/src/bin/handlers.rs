//! The same services as Rust closures over DynamicMessage, which `--handlers` measures.
//!
//! Fields are read and set by name, as in examples/stream_server.rs, which always logs and does not have the bench's own
//! service. Runtime, allocator and log filter are the same as the twin's.
#![expect(clippy::print_stderr, reason = "the line that a script waits for")]

use std::borrow::Cow;

use prost_reflect::{DynamicMessage, Value};
use protod::{Call, Schema, Server};
use tonic::Status;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FIELD: &str = "the proto has it";

fn get<'a>(message: &'a DynamicMessage, field: &str) -> Cow<'a, Value> {
    message.get_field_by_name(field).expect(FIELD)
}

fn text(message: &DynamicMessage, field: &str) -> String {
    get(message, field).as_str().unwrap_or_default().to_owned()
}

fn number(message: &DynamicMessage, field: &str) -> i64 {
    get(message, field).as_i64().unwrap_or_default()
}

/// Name and value of a message's `pt`.
fn point(message: &DynamicMessage) -> (String, i32) {
    let point = get(message, "pt");
    let point = point.as_message().expect("pt is a message");
    (
        text(point, "name"),
        get(point, "value").as_i32().unwrap_or_default(),
    )
}

/// A response whose `pt` has this name and value.
fn response(call: &Call, name: &str, value: i32) -> DynamicMessage {
    let mut response = call.response();
    let point = response.get_field_by_name_mut("pt").expect(FIELD);
    let point = point.as_message_mut().expect("pt is a message");
    point.set_field_by_name("name", Value::String(name.to_owned()));
    point.set_field_by_name("value", Value::I32(value));
    response
}

fn log(message: &DynamicMessage) {
    let (name, value) = point(message);
    tracing::info!("stream.Recv pt.name: {name}, pt.value: {value}");
}

fn receipt(call: &Call, order: &DynamicMessage) -> DynamicMessage {
    let mut receipt = call.response();
    let quantity = number(order, "quantity");
    #[expect(clippy::cast_precision_loss, reason = "CEL's double() does the same")]
    let amount = get(order, "price").as_f64().unwrap_or_default() * quantity as f64;
    for (to, from) in [
        ("order_id", "id"),
        ("symbol", "symbol"),
        ("side", "side"),
        ("currency", "currency"),
    ] {
        receipt.set_field_by_name(to, get(order, from).into_owned());
    }
    if order.has_field_by_name("venue") {
        receipt.set_field_by_name("venue", get(order, "venue").into_owned());
    }
    receipt.set_field_by_name("filled", Value::I64(quantity));
    receipt.set_field_by_name("amount", Value::F64(amount));
    let text = format!("accepted {quantity} {}", text(order, "symbol"));
    receipt.set_field_by_name("text", Value::String(text));
    receipt
}

/// The offset after a chunk.
fn end_of(chunk: &DynamicMessage) -> i64 {
    let length = get(chunk, "data")
        .as_bytes()
        .map_or(0, prost_reflect::bytes::Bytes::len);
    number(chunk, "offset") + i64::try_from(length).expect("a message is smaller than 2^63")
}

async fn list(call: &mut Call, request: &DynamicMessage, count: i32) -> Result<(), Status> {
    let (name, value) = point(request);
    for n in 0..count {
        let response = response(call, &name, value + n);
        call.send(response).await?;
    }
    Ok(())
}

fn server(schema: Schema) -> Result<Server, protod::Error> {
    Server::builder(schema)
        .unary(
            "proto.SearchService/Search",
            |request: DynamicMessage, call: Call| async move {
                let mut response = call.response();
                response.set_field_by_name("response", Value::String(text(&request, "request") + " Server"));
                Ok(response)
            },
        )
        .server_streaming(
            "proto.StreamService/List",
            |request: DynamicMessage, mut call: Call| async move { list(&mut call, &request, 7).await },
        )
        .client_streaming("proto.StreamService/Record", |mut call: Call| async move {
            while let Some(message) = call.recv().await? {
                log(&message.into_dynamic()?);
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
                log(&message.into_dynamic()?);
                n += 1;
            }
        })
        .server_streaming(
            "bench.BenchService/List",
            |request: DynamicMessage, mut call: Call| async move {
                let count =
                    i32::try_from(number(&request, "count")).map_err(|_| Status::out_of_range("count"))?;
                list(&mut call, &request, count).await
            },
        )
        .bidi("bench.BenchService/Trade", |mut call: Call| async move {
            while let Some(order) = call.recv().await? {
                let receipt = receipt(&call, &order.into_dynamic()?);
                call.send(receipt).await?;
            }
            Ok(())
        })
        .unary(
            "bench.BenchService/Place",
            |order: DynamicMessage, call: Call| async move { Ok(receipt(&call, &order)) },
        )
        .bidi("bench.BenchService/Echo", |mut call: Call| async move {
            while let Some(chunk) = call.recv().await? {
                let mut chunk = chunk.into_dynamic()?;
                let end = end_of(&chunk);
                chunk.set_field_by_name("offset", Value::I64(end));
                call.send(chunk).await?;
            }
            Ok(())
        })
        .client_streaming("bench.BenchService/Upload", |mut call: Call| async move {
            let mut offset = 0;
            while let Some(chunk) = call.recv().await? {
                offset = end_of(&chunk.into_dynamic()?);
            }
            let mut response = call.response();
            response.set_field_by_name("offset", Value::I64(offset));
            Ok(response)
        })
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    bench::log_to_stderr()?;

    let schema = Schema::builder().input("proto").input("bench/proto").build()?;
    let bound = server(schema)?.bind("127.0.0.1:0").await?;
    eprintln!("handlers listening on {}", bound.local_addr());
    bound.serve().await?;
    Ok(())
}
