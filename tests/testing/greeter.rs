// tests/greeter.rs
use std::error::Error;

use protod::testing::TestServer;
use protod::{Message, Verify};

const GREET: &str = "greeter.Greeter/Greet";

/// Stands for the client that you test: it calls `server.address()`.
async fn greet(server: &TestServer, name: &str) -> Result<String, Box<dyn Error>> {
    let greet = server.client().await?.method(GREET)?;
    let request = format!(r#"{{"name": "{name}"}}"#);
    let request = Message::from_json(greet.input().clone(), &request)?;
    Ok(greet.unary(request).await?.message.to_json()?)
}

#[tokio::test]
async fn a_greeting() {
    let server = TestServer::load("tests/testing/api").unwrap();
    assert_eq!(greet(&server, "Ann").await.unwrap(), r#"{"text":"Hello, Ann"}"#);
    let of_ann = Verify::method(GREET).where_("request.name == 'Ann'");
    server.verify(of_ann.exactly(1)).await;
}

#[tokio::test]
async fn each_test_begins_anew() {
    let server = TestServer::load("tests/testing/api").unwrap();
    for text in ["Hello, Bob", "Hello again, Bob"] {
        let answer = greet(&server, "Bob").await.unwrap();
        assert_eq!(answer, format!(r#"{{"text":"{text}"}}"#));
    }
}
