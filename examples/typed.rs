//! Typed handlers without code generation: enums, optional fields, maps, oneofs and times, for every shape of method.
//!
//! ```sh
//! cargo run --example typed
//! protod call localhost:9002 shop.Orders/Place -d '{"id": "a", "placed": "2026-11-28T10:00:00Z", "card": "1234", "items": {"tea": 2}}'
//! protod call localhost:9002 shop.Orders/Follow -d '{"id": "a"}'
//! ```
//!
//! A misspelt field, or one of a wrong kind, fails when the server is built.

#![expect(clippy::print_stderr, reason = "it says where it listens")]

use std::collections::BTreeMap;
use std::time::SystemTime;

use protod::{Call, Schema, Server, Typed};
use serde::{Deserialize, Serialize};
use tonic::Status;

const PROTO: &str = r#"
    syntax = "proto3";
    package shop;
    import "google/protobuf/timestamp.proto";

    service Orders {
      rpc Place(Order) returns (Progress);
      rpc Follow(Order) returns (stream Progress);
      rpc PlaceAll(stream Order) returns (Progress);
      rpc Negotiate(stream Order) returns (stream Progress);
    }
    message Order {
      string id = 1;
      google.protobuf.Timestamp placed = 2;
      optional string note = 3;
      map<string, int32> items = 4;
      oneof paid_by { string card = 5; int64 cash = 6; }
    }
    message Progress { string id = 1; Stage stage = 2; string text = 3; int32 items = 4; }
    enum Stage { RECEIVED = 0; PACKED = 1; SENT = 2; }
"#;

#[derive(Deserialize)]
struct Order {
    id: String,
    /// A message, which the client may leave out.
    placed: Option<SystemTime>,
    /// An optional field.
    note: Option<String>,
    items: BTreeMap<String, i32>,
    /// The oneof of this name.
    paid_by: Option<PaidBy>,
}

#[derive(Deserialize)]
enum PaidBy {
    Card(String),
    Cash(i64),
}

#[derive(Serialize)]
struct Progress {
    id: String,
    stage: Stage,
    text: String,
    items: i32,
}

#[derive(Clone, Copy, Serialize)]
enum Stage {
    Received,
    Packed,
    Sent,
}

/// What a call whose client streams orders receives and sends.
type Orders = Call<Typed<Order>, Typed<Progress>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder(Schema::from_source("orders.proto", PROTO)?)
        .unary("shop.Orders/Place", |Typed(order): Typed<Order>| async move {
            Ok(Typed(order.received()?))
        })
        .server_streaming("shop.Orders/Follow", follow)
        .client_streaming("shop.Orders/PlaceAll", place_all)
        .bidi("shop.Orders/Negotiate", negotiate)
        .build()?;
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:9002".to_owned());
    let bound = server.bind(&address).await?;
    eprintln!("listening on {}", bound.local_addr());
    bound.serve().await?;
    Ok(())
}

/// One request, and a response for each stage.
async fn follow(Typed(order): Typed<Order>, mut call: Orders) -> Result<(), Status> {
    for stage in [Stage::Received, Stage::Packed, Stage::Sent] {
        let progress = Progress {
            stage,
            ..order.received()?
        };
        call.send(progress).await?;
    }
    Ok(())
}

/// Orders until the client ends its stream, and one response.
async fn place_all(mut call: Orders) -> Result<Typed<Progress>, Status> {
    let (mut ids, mut items) = (Vec::new(), 0);
    while let Some(order) = call.recv().await? {
        items += order.received()?.items;
        ids.push(order.id);
    }
    let id = ids.join(", ");
    let (stage, text) = (Stage::Received, format!("{} orders", ids.len()));
    Ok(Typed(Progress {
        id,
        stage,
        text,
        items,
    }))
}

/// A response for each order, until one is good.
async fn negotiate(mut call: Orders) -> Result<(), Status> {
    while let Some(order) = call.recv().await? {
        match order.received() {
            Ok(progress) => return call.send(progress).await,
            Err(status) => {
                let (stage, text) = (Stage::Received, status.message().to_owned());
                call.send(Progress {
                    id: order.id,
                    stage,
                    text,
                    items: 0,
                })
                .await?;
            }
        }
    }
    Err(Status::cancelled("no order was good"))
}

impl Order {
    fn received(&self) -> Result<Progress, Status> {
        if self.items.is_empty() {
            return Err(Status::invalid_argument("an order needs an item"));
        }
        let paid = match &self.paid_by {
            Some(PaidBy::Card(number)) => format!("by card {number}"),
            Some(PaidBy::Cash(pence)) => format!("with {pence}p"),
            None => "later".to_owned(),
        };
        let note = self.note.as_deref().unwrap_or("no note");
        let when = if self.placed.is_some() { "dated" } else { "undated" };
        Ok(Progress {
            id: self.id.clone(),
            stage: Stage::Received,
            text: format!("{when}, paid {paid}, {note}"),
            items: self.items.values().sum(),
        })
    }
}
