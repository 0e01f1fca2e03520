//! What handlers share, and a layer that refuses calls without a token.
//!
//! ```sh
//! cargo run --example state_and_layer
//! protod call localhost:9002 grpc.health.v1.Health/Check
//! protod call localhost:9002 till.Till/Pay -H 'authorization: Bearer sesame' -d '{"pence": 250}'
//! ```

#![expect(clippy::print_stderr, reason = "it says where it listens")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use http::{Request, Response};
use protod::{Schema, Server, State, Typed};
use serde::{Deserialize, Serialize};
use tonic::Status;
use tonic::body::Body;
use tower_http::validate_request::ValidateRequestHeaderLayer;

/// In the place of a pool of database connections: cheap to clone, and all clones are the same.
#[derive(Clone, Default)]
struct Pool(Arc<AtomicI64>);

#[derive(Deserialize)]
struct Payment {
    pence: i64,
}

#[derive(Serialize)]
struct Receipt {
    total: i64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = Schema::from_source(
        "till.proto",
        r#"
        syntax = "proto3";
        package till;
        service Till { rpc Pay(Payment) returns (Receipt); }
        message Payment { int64 pence = 1; }
        message Receipt { int64 total = 1; }
        "#,
    )?;
    let server = Server::builder(schema)
        .state(Pool::default())
        .unary("till.Till/Pay", pay)
        .layer(ValidateRequestHeaderLayer::custom(check_token))
        .build()?;
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:9002".to_owned());
    let bound = server.bind(&address).await?;
    eprintln!("listening on {}", bound.local_addr());
    bound.serve().await?;
    Ok(())
}

async fn pay(State(pool): State<Pool>, Typed(payment): Typed<Payment>) -> Result<Typed<Receipt>, Status> {
    let before = pool.0.fetch_add(payment.pence, Ordering::Relaxed);
    let total = before + payment.pence;
    Ok(Typed(Receipt { total }))
}

/// Lets health checks pass, and what has the token. `protod call` asks by reflection, and sends its headers there too.
#[expect(clippy::result_large_err, reason = "tower-http takes the response itself")]
fn check_token(request: &mut Request<Body>) -> Result<(), Response<Body>> {
    let is_health = request.uri().path().starts_with("/grpc.health.v1.Health/");
    let token = request.headers().get("authorization");
    if is_health || token.is_some_and(|token| token == "Bearer sesame") {
        return Ok(());
    }
    Err(Status::unauthenticated("send the token of this till").into_http())
}
