//! What a client under test has called.

use std::time::Duration;

use protod::{CallFilter, Client, Handlers, JournalOptions, Message, Schema, Server, Verify};

/// What a test is about: it says things, in a task of its own.
async fn greet(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    let say = client.method("Echo/Say")?;
    for text in ["hello", "goodbye"] {
        let text = Message::from_json(say.input().clone(), &format!(r#"{{"text": "{text}"}}"#))?;
        say.unary(text).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_greeter_says_hello_and_then_goodbye() -> Result<(), Box<dyn std::error::Error>> {
    let schema = Schema::from_source(
        "echo.proto",
        r#"
        syntax = "proto3";
        message Text { string text = 1; }
        service Echo { rpc Say(Text) returns (Text); }
        "#,
    )?;
    let handlers = Handlers::new().unary("Echo/Say", |text: Message| async move { Ok(text) });
    let server = Server::builder(schema)
        .handlers(handlers)
        .journal(JournalOptions::default())
        .build()?;
    let bound = server.bind("127.0.0.1:0").await?;
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let client = Client::connect(&address).await?;
    tokio::spawn(async move { greet(client).await.expect("it can be greeted") });

    let said = |text: &str| CallFilter::method("Echo/Say").where_(format!("request.text == '{text}'"));
    let both = Verify::in_order([said("hello"), said("goodbye")]);
    server.verify(both.within(Duration::from_secs(5))).await?;
    server.verify(Verify::method("Echo/Say").exactly(2)).await?;

    for call in server.journal().expect("it keeps one").calls() {
        let request = call.requests().next().and_then(|request| request.to_message());
        println!("{} {:?} {request:?}", call.method(), call.code());
    }
    Ok(())
}
