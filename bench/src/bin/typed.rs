//! The same services as Rust closures over types with serde's traits, which `--typed` measures.
//!
//! They are written as examples/typed.rs is, and the types have all fields that the twin's compiled ones have. Runtime,
//! allocator and log filter are the same as the twin's.
#![expect(clippy::print_stderr, reason = "the line that a script waits for")]

use std::borrow::Cow;

use prost_reflect::bytes::Bytes;
use protod::{Call, Message, Schema, Server, Typed};
use serde::{Deserialize, Serialize};
use tonic::Status;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Name and value. A name that an answer always has is not copied for it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Point {
    name: Cow<'static, str>,
    value: i32,
}

impl Point {
    fn new(name: impl Into<Cow<'static, str>>, value: i32) -> Self {
        let name = name.into();
        Self { name, value }
    }
}

/// A request or a response of proto.StreamService, and a response of List.
#[derive(Debug, Serialize, Deserialize)]
struct Stream {
    #[serde(default)]
    pt: Point,
}

#[derive(Debug, Deserialize)]
struct ListRequest {
    #[serde(default)]
    pt: Point,
    count: i64,
}

#[derive(Debug, Deserialize)]
struct SearchRequest {
    request: String,
}

#[derive(Debug, Serialize)]
struct SearchResponse {
    response: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Side {
    Unspecified,
    Buy,
    Sell,
}

#[derive(Debug, Serialize, Deserialize)]
struct Venue {
    code: String,
    country: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "the twin decodes all fields, too")]
struct Order {
    id: String,
    customer: String,
    account: String,
    symbol: String,
    side: Side,
    quantity: i64,
    price: f64,
    currency: String,
    priority: u32,
    all_or_none: bool,
    created_unix_ms: i64,
    expires_unix_ms: i64,
    venue: Option<Venue>,
    trader: String,
    desk: String,
    tags: Vec<String>,
    trace_id: u64,
    tick_offset: i32,
    weight: f32,
    note: String,
}

#[derive(Debug, Serialize)]
struct Receipt {
    order_id: String,
    symbol: String,
    side: Side,
    filled: i64,
    amount: f64,
    currency: String,
    venue: Option<Venue>,
    text: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Chunk {
    offset: i64,
    data: Bytes,
}

fn point(name: impl Into<Cow<'static, str>>, value: i32) -> Stream {
    Stream {
        pt: Point::new(name, value),
    }
}

fn log(request: &Stream) {
    let Point { name, value } = &request.pt;
    tracing::info!("stream.Recv pt.name: {name}, pt.value: {value}");
}

fn receipt(order: Order) -> Receipt {
    #[expect(clippy::cast_precision_loss, reason = "CEL's double() does the same")]
    let amount = order.price * order.quantity as f64;
    Receipt {
        text: format!("accepted {} {}", order.quantity, order.symbol),
        order_id: order.id,
        symbol: order.symbol,
        side: order.side,
        filled: order.quantity,
        amount,
        currency: order.currency,
        venue: order.venue,
    }
}

/// The offset after a chunk.
fn end_of(chunk: &Chunk) -> i64 {
    chunk.offset + i64::try_from(chunk.data.len()).expect("a message is smaller than 2^63")
}

async fn list(call: &mut Call<Message, Typed<Stream>>, request: Point, count: i32) -> Result<(), Status> {
    for n in 0..count {
        call.send(point(request.name.clone(), request.value + n)).await?;
    }
    Ok(())
}

fn server(schema: Schema) -> Result<Server, protod::Error> {
    Server::builder(schema)
        .unary(
            "proto.SearchService/Search",
            |Typed(request): Typed<SearchRequest>| async move {
                let response = request.request + " Server";
                Ok(Typed(SearchResponse { response }))
            },
        )
        .server_streaming(
            "proto.StreamService/List",
            |Typed(request): Typed<Stream>, mut call: Call<Message, Typed<Stream>>| async move {
                list(&mut call, request.pt, 7).await
            },
        )
        .client_streaming(
            "proto.StreamService/Record",
            |mut call: Call<Typed<Stream>>| async move {
                while let Some(request) = call.recv().await? {
                    log(&request);
                }
                Ok(Typed(point("gRPC Stream Server: Record", 1)))
            },
        )
        .bidi(
            "proto.StreamService/Route",
            |mut call: Call<Typed<Stream>, Typed<Stream>>| async move {
                let mut n = 0;
                loop {
                    call.send(point("gPRC Stream Client: Route", n)).await?;
                    let Some(request) = call.recv().await? else {
                        return Ok(());
                    };
                    log(&request);
                    n += 1;
                }
            },
        )
        .server_streaming(
            "bench.BenchService/List",
            |Typed(request): Typed<ListRequest>, mut call: Call<Message, Typed<Stream>>| async move {
                let count = i32::try_from(request.count).map_err(|_| Status::out_of_range("count"))?;
                list(&mut call, request.pt, count).await
            },
        )
        .bidi(
            "bench.BenchService/Trade",
            |mut call: Call<Typed<Order>, Typed<Receipt>>| async move {
                while let Some(order) = call.recv().await? {
                    call.send(receipt(order)).await?;
                }
                Ok(())
            },
        )
        .unary(
            "bench.BenchService/Place",
            |Typed(order): Typed<Order>| async move { Ok(Typed(receipt(order))) },
        )
        .bidi(
            "bench.BenchService/Echo",
            |mut call: Call<Typed<Chunk>, Typed<Chunk>>| async move {
                while let Some(mut chunk) = call.recv().await? {
                    chunk.offset = end_of(&chunk);
                    call.send(chunk).await?;
                }
                Ok(())
            },
        )
        .client_streaming(
            "bench.BenchService/Upload",
            |mut call: Call<Typed<Chunk>>| async move {
                let mut last = Chunk::default();
                while let Some(chunk) = call.recv().await? {
                    last.offset = end_of(&chunk);
                }
                Ok(Typed(last))
            },
        )
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    bench::log_to_stderr()?;

    let schema = Schema::builder().input("proto").input("bench/proto").build()?;
    let bound = server(schema)?.bind("127.0.0.1:0").await?;
    eprintln!("typed listening on {}", bound.local_addr());
    bound.serve().await?;
    Ok(())
}
