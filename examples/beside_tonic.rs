//! A protod service beside a compiled one, on one port: tonic's router takes what it knows, and protod the rest.
//!
//! The compiled service here is tonic-health's; yours goes in its place.
//!
//! ```sh
//! cargo run --example beside_tonic
//! protod call localhost:9002 shop.Echo/Say -d '{"text": "hello"}'
//! protod call localhost:9002 grpc.health.v1.Health/Check
//! ```

#![expect(clippy::print_stderr, reason = "it says where it listens")]

use protod::{Message, Schema, Server};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = Schema::from_source(
        "echo.proto",
        r#"
        syntax = "proto3";
        package shop;
        message Text { string text = 1; }
        service Echo { rpc Say(Text) returns (Text); }
        "#,
    )?;
    let dynamic = Server::builder(schema)
        .unary("shop.Echo/Say", |text: Message| async move { Ok(text) })
        .build()?;
    let (reporter, compiled) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("shop.Echo", tonic_health::ServingStatus::NotServing)
        .await;

    let router = Routes::new(compiled)
        .into_axum_router()
        .fallback_service(dynamic.service());
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:9002".to_owned());
    let listener = TcpListener::bind(address).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    tonic::transport::Server::builder()
        .add_routes(Routes::from(router))
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await?;
    Ok(())
}
