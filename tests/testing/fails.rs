//! Tests that fail, for others that look at what is printed then.

use std::sync::LazyLock;

use protod::testing::TestServer;
use protod::{Client, Message};

use crate::server::{API, GREET};

/// Is not dropped, and so prints nothing.
static SHARED: LazyLock<TestServer> = LazyLock::new(|| TestServer::load(API).expect("it loads"));

async fn greet(client: &Client, name: &str) {
    let greet = client.method(GREET).expect("it is there");
    let request = format!(r#"{{"name": "{name}"}}"#);
    let request = Message::from_json(greet.input().clone(), &request).expect("a request");
    greet.unary(request).await.expect("an answer");
}

#[tokio::test]
#[ignore = "it fails on purpose: another test runs it"]
async fn on_purpose() {
    let server = TestServer::load(API).expect("it loads");
    greet(&server.client().await.expect("it listens"), "Ann").await;
    panic!("on purpose");
}

#[tokio::test]
#[ignore = "it fails on purpose: another test runs it"]
async fn in_a_session() {
    let (session, other) = (SHARED.session(), SHARED.session());
    let (session, other) = (session.expect("there is room"), other.expect("there is room"));
    greet(&session.client().await.expect("it listens"), "Ann").await;
    greet(&other.client().await.expect("it listens"), "Bob").await;
    // Not by the panic.
    drop(other);
    panic!("on purpose");
}
