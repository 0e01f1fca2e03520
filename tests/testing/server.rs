//! What the guide does not show: how a server ends, who can use it, and what is told of a test that fails.

use std::process::Command;

use protod::testing::TestServer;
use protod::{Message, Rules, Schema, Server, Verify};

pub(crate) const API: &str = "tests/testing/api";
pub(crate) const GREET: &str = "greeter.Greeter/Greet";

/// What is printed by a test of this program that fails.
pub(crate) fn printed_by(test: &str) -> String {
    let tests = std::env::current_exe().expect("it runs");
    let run = Command::new(tests).args(["--ignored", "--exact", test]).output();
    let run = run.expect("it starts");
    let printed = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(!run.status.success(), "{printed}");
    printed
}

async fn greet(server: &TestServer, name: &str) -> String {
    let client = server.client().await.expect("it listens");
    let greet = client.method(GREET).expect("it is there");
    let request = format!(r#"{{"name": "{name}"}}"#);
    let request = Message::from_json(greet.input().clone(), &request).expect("a request");
    let reply = greet.unary(request).await.expect("an answer");
    reply.message.to_json().expect("JSON")
}

#[tokio::test]
async fn a_server_stops_when_it_is_dropped_whoever_is_connected() {
    let server = TestServer::load(API).expect("it loads");
    let address = server.address().to_owned();
    let client = server.client().await.expect("it listens");
    drop(server);
    std::net::TcpStream::connect(address).expect_err("nobody listens");
    drop(client);
}

#[test]
fn a_server_needs_no_runtime_of_the_test_and_outlives_those_that_use_it() {
    let server = TestServer::load(API).expect("it loads");
    for expected in ["Hello, Ann", "Hello again, Ann"] {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let text = runtime.block_on(greet(&server, "Ann"));
        assert_eq!(text, format!(r#"{{"text":"{expected}"}}"#));
    }
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_server_that_was_built_is_served_as_it_is() {
    let schema = Schema::load(API).expect("it compiles");
    let rules = "rules: [{method: greeter.Greeter/Greet, reply: {text: built}}]";
    let rules = Rules::from_text(&schema, "greeter.rules.yaml", rules).expect("they load");
    let built = Server::builder(schema.clone()).handlers(&rules).build();
    let server = TestServer::start(built.expect("it is right")).expect("it starts");
    assert_eq!(greet(&server, "Ann").await, r#"{"text":"built"}"#);
    // It was built without a journal.
    assert!(server.calls().is_empty());
    let server = TestServer::serve(schema, &rules).expect("it starts");
    assert_eq!(greet(&server, "Ann").await, r#"{"text":"built"}"#);
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
#[should_panic(expected = "expected exactly 2 calls of greeter.Greeter/Greet")]
async fn a_verification_that_fails_says_what_was_expected() {
    let server = TestServer::load(API).expect("it loads");
    server.verify(Verify::method(GREET).exactly(2)).await;
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let error = TestServer::load("tests/testing/nothing").expect_err("there is nothing");
    assert!(error.to_string().contains("tests/testing/nothing"), "{error}");
}

#[test]
fn a_test_that_fails_shows_its_calls() {
    let printed = printed_by("fails::on_purpose");
    let calls = "greeter.Greeter/Greet OK by first\n  > {\"name\":\"Ann\"}\n  < {\"text\":\"Hello, Ann\"}\n";
    assert!(printed.contains(calls), "{printed}");
}
