//! A test that fails, for another that looks at what is printed then.

use protod::Message;
use protod::testing::TestServer;

#[tokio::test]
#[ignore = "it fails on purpose: another test runs it"]
async fn on_purpose() {
    let server = TestServer::load("tests/testing/api").expect("it loads");
    let client = server.client().await.expect("it listens");
    let greet = client.method("greeter.Greeter/Greet").expect("it is there");
    let request = Message::from_json(greet.input().clone(), r#"{"name": "Ann"}"#);
    greet.unary(request.expect("a request")).await.expect("an answer");
    panic!("on purpose");
}
