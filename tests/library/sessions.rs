//! Calls of tests that run in parallel, kept apart.

use std::time::Duration;

use protod::{Client, JournalOptions, Message, Rules, Schema, Server, SessionOptions, Verify};

#[tokio::test]
async fn each_session_has_a_first_call_of_its_own() -> Result<(), Box<dyn std::error::Error>> {
    let schema = Schema::from_source(
        "echo.proto",
        r#"
        syntax = "proto3";
        message Text { string text = 1; }
        service Echo { rpc Say(Text) returns (Text); }
        "#,
    )?;
    let rules = r"
rules:
  - {method: Echo/Say, times: 1, reply: {text: first}}
  - {method: Echo/Say, reply: {text: later}}
";
    let rules = Rules::from_text(&schema, "echo.rules.yaml", rules)?;
    let server = Server::builder(schema).handlers(&rules);
    let server = server.journal(JournalOptions::default()).build()?;
    let bound = server.bind("127.0.0.1:0").await?;
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());

    for name in ["one", "two"] {
        let options = SessionOptions::default().name(name).ttl(Duration::from_mins(1));
        let session = server.sessions().create(options)?;
        let client = Client::connect(&address).await?;
        let mut say = client.method("Echo/Say")?;
        say.metadata_mut().insert("protod-session", name.parse()?);
        let hello = Message::from_json(say.input().clone(), r#"{"text": "hello"}"#)?;
        let answer = say.unary(hello).await?;
        assert_eq!(answer.message.to_json()?, r#"{"text":"first"}"#);

        let said = Verify::method("Echo/Say").session(&session);
        server.verify(said.exactly(1)).await?;
        server.sessions().end(name);
    }
    Ok(())
}
