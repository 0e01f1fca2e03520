//! A swap from code: new protos and new handlers for a server that runs.
//!
//! ```sh
//! cargo run --example swap
//! ```

#![expect(clippy::print_stdout, reason = "it shows what its calls get")]

use std::error::Error;

use protod::{Client, Handlers, Message, Schema, Server};

const FIRST: &str = r#"
    syntax = "proto3";
    package till;
    message Money { int64 pence = 1; }
    service Till { rpc Pay(Money) returns (Money); }
"#;

const SECOND: &str = r#"
    syntax = "proto3";
    package till;
    message Money { int64 pence = 1; string currency = 2; }
    service Till { rpc Pay(Money) returns (Money); rpc Refund(Money) returns (Money); }
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder(Schema::from_source("till.proto", FIRST)?)
        .unary("till.Till/Pay", |payment: Message| async move { Ok(payment) })
        .build()?;
    let bound = server.bind("127.0.0.1:0").await?;
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    describe(&address).await?;

    // Both are checked before anything changes. Calls in flight finish with what they began with.
    let handlers = || Handlers::new().unary("till.Till/Pay", |payment: Message| async move { Ok(payment) });
    let refund = |_: Message, call: protod::Call| async move { Ok(call.response()) };
    let second = Schema::from_source("till.proto", SECOND)?;
    server.reload(second.clone(), handlers().unary("till.Till/Refund", refund))?;
    describe(&address).await?;

    // What does not fit is refused, and the server goes on with what it has.
    let refused = server.reload(second, handlers().unary("till.Till/Refnd", refund));
    println!("{}", refused.expect_err("there is no such method"));
    describe(&address).await
}

/// Prints what a client finds by reflection.
async fn describe(address: &str) -> Result<(), Box<dyn Error>> {
    let client = Client::connect(address).await?;
    for method in client
        .schema()
        .methods()
        .iter()
        .filter(|method| method.service() == "till.Till")
    {
        let fields: Vec<String> = method
            .input()
            .fields()
            .map(|field| field.name().to_owned())
            .collect();
        println!("{}({})", method.name(), fields.join(", "));
    }
    Ok(())
}
