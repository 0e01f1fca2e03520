// tests/shared.rs
use std::error::Error;
use std::sync::LazyLock;

use protod::testing::{TestServer, TestSession};
use protod::{Message, Verify};

const GREET: &str = "greeter.Greeter/Greet";

static SERVER: LazyLock<TestServer> =
    LazyLock::new(|| TestServer::load("tests/testing/api").expect("it loads"));

/// Stands for the client that you test: it calls `session.address()`, with `session.name()` as the metadata `protod-session`.
async fn greet(session: &TestSession<'_>, name: &str) -> Result<String, Box<dyn Error>> {
    let greet = session.client().await?.method(GREET)?;
    let request = format!(r#"{{"name": "{name}"}}"#);
    let request = Message::from_json(greet.input().clone(), &request)?;
    Ok(greet.unary(request).await?.message.to_json()?)
}

#[tokio::test]
async fn a_greeting() {
    let session = SERVER.session().unwrap();
    assert_eq!(greet(&session, "Ann").await.unwrap(), r#"{"text":"Hello, Ann"}"#);
    session.verify(Verify::method(GREET).exactly(1)).await;
}

#[tokio::test]
async fn each_test_begins_anew() {
    let session = SERVER.session().unwrap();
    for text in ["Hello, Bob", "Hello again, Bob"] {
        let answer = greet(&session, "Bob").await.unwrap();
        assert_eq!(answer, format!(r#"{{"text":"{text}"}}"#));
    }
    session.verify(Verify::method(GREET).exactly(2)).await;
}

#[tokio::test]
async fn a_refusal() {
    let session = SERVER.session().unwrap();
    session
        .put_rules(
            "rules: [{method: greeter.Greeter/Greet, status: {code: UNAVAILABLE, message: try later}}]",
        )
        .await;
    let refused = greet(&session, "Ann").await.unwrap_err();
    assert!(refused.to_string().contains("try later"));
}
