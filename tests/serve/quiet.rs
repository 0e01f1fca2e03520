//! What any call can cause is not logged for every call.

use protod::Client;

use crate::folder::folder;
use crate::program::Server;

const PROTO: &str = r#"syntax = "proto3"; package p; message Text { string text = 1; int32 n = 2; }
    service S { rpc Unary(Text) returns (Text); }"#;

/// Calls a server of these rules `calls` times, and returns the lines that it logged of its rules.
async fn logged(rules: &str, calls: usize) -> Vec<String> {
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", rules)]);
    let server = Server::start(&[folder.path().to_str().expect("UTF-8")]).await;
    let client = Client::builder(server.address())
        .connect()
        .await
        .expect("it listens");
    let method = client.method("p.S/Unary").expect("it is there");
    for _ in 0..calls {
        method
            .unary(method.request())
            .await
            .expect("the last rule answers");
    }
    let (_, log) = server.stop().await;
    log.into_iter()
        .filter(|line| line.contains("protod::rules") || line.contains("condition"))
        .collect()
}

#[tokio::test]
async fn metadata_that_is_absent_is_no_warning() {
    let rules = r#"
rules:
  - {method: p.S/Unary, when: 'metadata["x-role"] == "admin"', reply: {text: admin}}
  - {method: p.S/Unary, when: 'metadata.role == "admin" && request.n == 1', reply: {text: admin}}
  - {method: p.S/Unary, when: 'metadata["x-" + string(request.n)] == "admin"', reply: {text: admin}}
  - {method: p.S/Unary, times: 1, scope: 'metadata["x-test"]', reply: {text: test}}
  - {method: p.S/Unary, reply: {text: nobody}}
"#;
    assert_eq!(logged(rules, 20).await, [""; 0]);
}

#[tokio::test]
async fn a_condition_that_fails_is_said_once_for_its_rule() {
    let rules = r"
rules:
  - {method: p.S/Unary, name: first, when: 1 / request.n == 1, reply: {}}
  - {method: p.S/*, name: second, when: 2 / request.n == 1, reply: {}}
  - {method: p.S/Unary, reply: {text: nobody}}
";
    let log = logged(rules, 20).await;
    assert_eq!(log.len(), 2, "{log:?}");
    for (line, rule) in log.iter().zip(["first", "second"]) {
        assert!(line.contains("a condition failed: no match"), "{line}");
        assert!(line.contains(rule), "{line}");
    }
}
