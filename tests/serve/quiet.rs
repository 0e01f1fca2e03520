//! What any call can cause is not logged for every call.

use protod::{Client, Message};
use tonic::metadata::MetadataMap;

use crate::folder::folder;
use crate::program::Server;

const PROTO: &str = r#"syntax = "proto3"; package p; message Text { string text = 1; int32 n = 2; }
    service S { rpc Unary(Text) returns (Text); }"#;

/// Calls a server of these rules `calls` times, however it answers, and returns the lines that it logged of its rules.
async fn logged(rules: &str, calls: usize) -> Vec<String> {
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", rules)]);
    let server = Server::start(&[folder.path().to_str().expect("UTF-8")]).await;
    let client = Client::builder(server.address())
        .connect()
        .await
        .expect("it listens");
    let method = client.method("p.S/Unary").expect("it is there");
    for _ in 0..calls {
        drop(method.unary(method.request()).await);
    }
    let (_, log) = server.stop().await;
    log.into_iter()
        .filter(|line| {
            ["protod::rules", "condition", "a rule failed"]
                .iter()
                .any(|part| line.contains(part))
        })
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
async fn metadata_that_is_absent_does_not_hold_in_the_conditions_of_steps_and_loops() {
    let rules = r#"
rules:
  - method: p.S/Unary
    session:
      half_close:
        - {when: "metadata['x-role'] == 'admin'", log: "protod::rules: not for everybody"}
        - choose:
            - {when: "metadata['x-role'] == 'admin'", do: [{send: {text: admin}}]}
            - {when: "metadata['x-role'] == 'user'", do: [{send: {text: other}}]}
            - do: [{send: {text: nobody, list: {each: "${[1, 2]}", when: "metadata['x-role'] == string(item)", value: a}}}]
"#;
    let proto = PROTO.replace("int32 n = 2;", "int32 n = 2; repeated string list = 3;");
    let folder = folder([("a.proto", &*proto), ("a.rules.yaml", rules)]);
    let server = Server::start(&[folder.path().to_str().expect("UTF-8")]).await;
    let client = Client::builder(server.address())
        .connect()
        .await
        .expect("it listens");
    let method = client.method("p.S/Unary").expect("it is there");
    let answer = method.unary(method.request()).await.expect("no condition fails");
    assert_eq!(answer.message.to_json().expect("JSON"), r#"{"text":"nobody"}"#);
    let (_, log) = server.stop().await;
    assert!(
        !log.iter()
            .any(|line| line.contains("WARN") || line.contains("protod::rules")),
        "{log:?}"
    );
}

#[tokio::test]
async fn what_a_client_sends_stays_in_one_line_of_the_log_and_in_its_field() {
    let rules = r#"
rules:
  - method: p.S/Unary
    name: two words
    log: "${request.text}"
    status: {code: ABORTED, message: "${request.text}"}
"#;
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", rules)]);
    let path = folder.path().to_str().expect("UTF-8");
    let server = Server::start(&["--log-calls", path]).await;
    let client = Client::builder(server.address())
        .connect()
        .await
        .expect("it listens");
    let method = client.method("p.S/Unary").expect("it is there");
    let text = r#"{"text": "one\n2026-01-01T00:00:00Z ERROR two\r\u0000\u009b31m\u2028three é \" code=OK"}"#;
    let request = Message::from_json(method.input().clone(), text).expect("it fits");
    method.unary(request).await.expect_err("the rule says so");
    let (_, log) = server.stop().await;
    let lines: Vec<&String> = log.iter().filter(|line| line.contains("three")).collect();
    assert_eq!(lines.len(), 2, "{log:#?}");
    let told = r"one\n2026-01-01T00:00:00Z ERROR two\r\u{0}\u{9b}31m\u{2028}three é ";
    assert!(
        lines[0].contains("INFO") && lines[0].ends_with(&format!("{told}\" code=OK")),
        "{log:#?}"
    );
    assert!(
        lines[1].contains(
            &format!(r#"error="{told}\" code=OK""#)
                .replace("\\u{0}", "\\0")
                .replace("é \"", "é \\\"")
        ),
        "{log:#?}"
    );
    assert!(lines[1].contains(r#"rule="two words" code=ABORTED"#), "{log:#?}");
    let begins =
        |line: &String| line.contains(" INFO ") || line.contains(" WARN ") || line.starts_with("protod ");
    assert!(
        log.iter().skip_while(|line| !line.contains("three")).all(begins),
        "{log:#?}"
    );
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
    for (line, (rule, place)) in log
        .iter()
        .zip([("first", "a.rules.yaml:3:44"), ("second", "a.rules.yaml:4:41")])
    {
        assert!(line.contains("a condition failed: no match"), "{line}");
        assert!(line.contains(rule) && line.contains(place), "{line}");
    }
}

#[tokio::test]
async fn a_condition_that_fails_is_told_once_a_call_however_often_the_choice_begins_again() {
    // It takes more than a turn has, and is decided in a lane.
    let dear = "lists.range(30000 + request.n).exists(x, x < 0)";
    let rules = format!(
        r#"
rules:
  - {{method: p.S/Unary, when: "metadata['x-a'] == 'a'", reply: {{}}}}
  - {{method: p.S/Unary, times: 1, scope: "metadata['x-b']", reply: {{}}}}
  - {{method: p.S/Unary, when: "{dear}", reply: {{}}}}
  - {{method: p.S/Unary, when: "metadata['x-c'] == 'c'", reply: {{}}}}
  - {{method: p.S/Unary, when: "{dear} || {dear}", reply: {{}}}}
  - {{method: p.S/Unary, reply: {{text: nobody}}}}
"#
    );
    let folder = folder([("a.proto", PROTO), ("a.rules.yaml", &rules)]);
    let path = folder.path().to_str().expect("UTF-8");
    let server = Server::start(&["--log", "warn,protod::rules=debug", path]).await;
    let client = Client::builder(server.address())
        .connect()
        .await
        .expect("it listens");
    let method = client.method("p.S/Unary").expect("it is there");
    for _ in 0..10 {
        method.unary(method.request()).await.expect("a rule answers");
    }
    let (_, log) = server.stop().await;
    let told = |text: &str| log.iter().filter(|line| line.contains(text)).count();
    assert_eq!(
        ["metadata x-a", "metadata x-b", "metadata x-c"].map(told),
        [10; 3],
        "{log:#?}"
    );
}

#[tokio::test]
async fn a_rule_that_fails_is_logged_with_its_place_and_its_field_a_few_times() {
    let rules = r#"
rules:
  - method: p.S/Unary
    name: mine
    when: request.text == ""
    set: {store.n: "${has(store.n) ? store.n + 1 : 0}"}
    reply:
      text: ok
      n: "${store.n < 2 ? 3000000000 + store.n : store.n / request.n}"
"#;
    let log = logged(rules, 20).await;
    assert_eq!(log.len(), 10, "{log:?}");
    for line in &log[..2] {
        assert!(line.contains("a rule failed"), "{line}");
        assert!(
            line.contains("mine") && line.contains("a.rules.yaml:9:13"),
            "{line}"
        );
        assert!(
            line.contains("field p.Text.n: a value does not fit int32"),
            "{line}"
        );
    }
    assert!(log[9].contains("division by zero"), "{}", log[9]);
}

/// A value may be of a field that is redacted, wherever it comes from: in the log is what failed, and where. The client, who has sent it,
/// is told all.
#[tokio::test]
async fn what_failed_is_logged_without_the_values_of_the_call() {
    const SECRET: &str = "4111-1111";
    let conditions = [
        "int(request.text) == 1",
        "{'a': 1}[request.text] == 1",
        "[1][request.n] == 1",
        "timestamp(request.text) == now",
        "'a'.matches(request.text + '(')",
        "int(metadata.authorization) == 1",
        "request.text.substring(request.n) == ''",
        "timestamp(0).getHours(request.text) == 1",
        "lists.range(-request.n).size() == 1",
    ];
    let answers = [
        "reply: {n: '${int(request.text)}'}",
        "reply: {n: '${3000000000 + request.n}'}",
        "reply: {list: {each: '${dyn(request.text)}', value: a}}",
        "reply: {map: {a: '${3000000000 + request.n}'}}",
        "set: {store.a: '${{request.text: 1}[string(request.n)]}'}, reply: {}",
        "set: {'store[request.text].a': 1}, log: '${int(request.text)}', reply: {}",
        "delay: '${request.text}', reply: {}",
        "status: {code: '${request.text}'}",
        "status: {code: ABORTED, message: '${json(int(request.text))}'}",
        "headers: {x: '${string(int(request.text))}'}, reply: {}",
        "trailers: {x: '${string(duration(metadata.authorization))}'}, reply: {}",
        "session: {half_close: [{repeat: '${dyn(request.text)}', do: [{log: a}]}, {send: {}}]}",
        "session: {half_close: [{signal: a, key: '${string(int(request.text))}'}, {send: {}}]}",
        "session: {half_close: [{when: \"int(request.text) == 1\", log: a}, {send: {}}]}",
        "session: {state: {a: \"${int(metadata.authorization)}\"}, half_close: [{send: {}}]}",
    ];
    let proto = PROTO.replace(
        "int32 n = 2;",
        "int32 n = 2; repeated string list = 3; map<string, int32> map = 4;",
    );
    let rules = conditions
        .iter()
        .map(|condition| format!("when: {condition:?}, reply: {{}}"))
        .chain(answers.map(str::to_owned));
    for rule in rules {
        let is_condition = rule.starts_with("when");
        let rules = format!("rules:\n  - {{method: p.S/Unary, {rule}}}\n");
        let folder = folder([("a.proto", &*proto), ("a.rules.yaml", &*rules)]);
        let server = Server::start(&[folder.path().to_str().expect("UTF-8")]).await;
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", SECRET.parse().expect("ASCII"));
        let client = Client::builder(server.address())
            .metadata(metadata)
            .connect()
            .await;
        let method = client
            .expect("it listens")
            .method("p.S/Unary")
            .expect("it is there");
        let request = format!(r#"{{"text": "{SECRET}", "n": 42424242}}"#);
        let request = Message::from_json(method.input().clone(), &request).expect("it fits");
        let status = method.unary(request).await.expect_err("it fails");
        let (_, log) = server.stop().await;
        let told = if is_condition {
            "a condition failed"
        } else {
            "a rule failed"
        };
        assert!(
            log.iter().any(|line| line.contains(told)),
            "{rule}: {status}: {log:#?}"
        );
        let is_quoted = |text: &str| text.contains("4111") || text.contains("42424242");
        assert!(!log.iter().any(|line| is_quoted(line)), "{rule}: {log:#?}");
        if rule.starts_with("reply: {n: ") {
            assert!(
                status.message().contains(SECRET) || status.message().contains("3042424242"),
                "{status}"
            );
        }
    }
}

#[tokio::test]
async fn steps_that_fail_are_logged_with_their_own_places() {
    let rules = r"
rules:
  - method: p.S/Unary
    session:
      message:
        - log: fine
        - set:
            store.list: [1]
        - set:
            store.list.x: 2
        - send: {}
";
    let log = logged(rules, 1).await;
    let failed: Vec<&String> = log.iter().filter(|line| line.contains("a rule failed")).collect();
    assert_eq!(failed.len(), 1, "{log:?}");
    assert!(failed[0].contains("a.rules.yaml:10:13"), "{}", failed[0]);
    let rules = r"
rules:
  - method: p.S/Unary
    stream:
      - when: request.n == 1
        send: {}
";
    let log = logged(rules, 1).await;
    assert!(log[0].contains("it answered OK without a message"), "{log:?}");
    assert!(log[0].contains("a.rules.yaml:3:5"), "{log:?}");
}
