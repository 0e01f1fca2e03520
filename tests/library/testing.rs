//! A test that starts a server on a free port and calls it.

use protod::{Client, Handlers, Message, Schema, Server, Typed};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Text {
    text: String,
}

/// Serves for as long as the test runs.
async fn client_of(schema: Schema, handlers: Handlers) -> Result<Client, protod::Error> {
    let server = Server::builder(schema).handlers(handlers).build()?;
    let bound = server.bind("127.0.0.1:0").await?;
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    Client::connect(&address).await
}

#[tokio::test]
async fn what_is_said_is_echoed() -> Result<(), Box<dyn std::error::Error>> {
    let schema = Schema::from_source(
        "echo.proto",
        r#"
        syntax = "proto3";
        message Text { string text = 1; }
        service Echo { rpc Say(Text) returns (Text); }
        "#,
    )?;
    let handlers = Handlers::new().unary("Echo/Say", |text: Message| async move { Ok(text) });
    let client = client_of(schema, handlers).await?;

    let hello = Typed(Text {
        text: "hello".to_owned(),
    });
    let reply = client.method("Echo/Say")?.unary(hello).await?;
    assert_eq!(reply.parse::<Text>()?.text, "hello");
    Ok(())
}
