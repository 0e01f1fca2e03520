//! When a rule is decided, and when what it says is read: not before everything is there that it reads.

use tonic::Code;

use crate::support::{Running, kinds, problems};

/// The codes of calls of a method, one after the other, each with its requests.
async fn codes(server: &Running, method: &str, calls: &[&[&str]]) -> Vec<Code> {
    let mut codes = Vec::new();
    for requests in calls {
        codes.push(server.call(method, requests).await.status.code());
    }
    codes
}

#[tokio::test]
async fn a_scope_is_read_from_the_request_that_it_counts() {
    let server = Running::start(
        r"
rules:
  - {method: kinds.Kinds/Unary, times: 2, scope: request.string, status: {code: UNAVAILABLE}}
  - {method: kinds.Kinds/List, times: 2, scope: request.string, status: {code: UNAVAILABLE}}
  - {method: kinds.Kinds/Collect, times: 2, scope: request.string, status: {code: UNAVAILABLE}}
  - {method: kinds.Kinds/Chat, times: 2, scope: request.string, status: {code: UNAVAILABLE}}
  - {method: kinds.Kinds/Unary, reply: {}}
  - {method: kinds.Kinds/List, reply: {}}
  - {method: kinds.Kinds/Collect, reply: {}}
  - {method: kinds.Kinds/Chat, session: {half_close: [{send: {}}]}}
",
    )
    .await;
    let (fails, succeeds) = (Code::Unavailable, Code::Ok);
    for method in ["Unary", "List", "Collect", "Chat"] {
        for scope in ["a", "b"] {
            let request = format!(r#"{{"string":"{method}{scope}"}}"#);
            let call: &[&str] = &[&request];
            let found = codes(&server, method, &[call, call, call]).await;
            assert_eq!(found, [fails, fails, succeeds], "{method} {scope}");
        }
    }
}

/// Whatever reads all messages waits for the last of them, wherever it is read.
#[tokio::test]
async fn a_rule_that_reads_how_many_messages_came_waits_for_the_last() {
    for rule in [
        "when: received > 1, status: {code: ABORTED}",
        "when: size(requests) > 1, status: {code: ABORTED}",
        "times: 1, scope: 'string(received)', when: received == 2, status: {code: ABORTED}",
        "times: 1, scope: 'string(size(requests))', when: 'requests[1].int32 == 1', status: {code: ABORTED}",
    ] {
        for method in ["Collect", "Chat"] {
            let yaml = format!(
                "rules: [{{method: kinds.Kinds/{method}, {rule}}}, {{method: kinds.Kinds/{method}, status: {{code: OUT_OF_RANGE}}}}]"
            );
            let server = Running::start(&yaml).await;
            let one = r#"{"int32":1}"#;
            let found = codes(&server, method, &[&[one], &[one, one], &[one]]).await;
            let expected = [Code::OutOfRange, Code::Aborted, Code::OutOfRange];
            assert_eq!(found, expected, "{method} {rule}");
        }
    }
    let yaml = "rules: [{method: kinds.Kinds/Unary, when: received == 1 && size(requests) == 1, reply: {string: one}}]";
    let server = Running::start(yaml).await;
    assert_eq!(
        server.call("Unary", &["{}"]).await.messages,
        [r#"{"string":"one"}"#]
    );
}

#[tokio::test]
async fn a_status_counts_the_messages_that_it_tells_of() {
    for (message, said) in [
        ("${received}", "2"),
        ("${size(requests)}", "2"),
        ("${request.int32}", "1"),
    ] {
        for key in [
            "status: {code: ABORTED, message: '@'}",
            "trailers: {x: '@'}, status: {code: ABORTED}",
        ] {
            let rule = key.replace('@', message);
            let server = Running::start(&format!("rules: [{{method: kinds.Kinds/Collect, {rule}}}]")).await;
            let outcome = server
                .call("Collect", &[r#"{"int32":1}"#, r#"{"int32":2}"#])
                .await;
            let found = match outcome.trailers.get("x") {
                Some(value) => value.to_str().expect("text"),
                None => outcome.status.message(),
            };
            assert_eq!(found, said, "{rule}");
        }
    }
    let yaml = "rules: [{method: kinds.Kinds/Unary, headers: {x: '${received}'}, status: {code: ABORTED, message: '${received}'}}]";
    let server = Running::start(yaml).await;
    let outcome = server.call("Unary", &["{}"]).await;
    assert_eq!(outcome.headers.get("x").expect("a header"), "1");
    assert_eq!(outcome.status.message(), "1");
}

#[tokio::test]
async fn a_timer_whose_pause_reads_the_request_begins_with_it() {
    for method in ["List", "Chat"] {
        let server = Running::start(&format!(
            r#"
rules:
  - method: kinds.Kinds/{method}
    session:
      timers:
        - after: "${{request.string}}"
          do: [{{send: {{string: "after ${{request.string}}"}}}}, {{status: {{code: OK}}}}]
"#
        ))
        .await;
        let mut call = server.open(method);
        call.send(r#"{"string":"1ms"}"#);
        if method == "List" {
            call.half_close();
        }
        let outcome = call.finish().await;
        assert_eq!(
            outcome.messages,
            [r#"{"string":"after 1ms"}"#],
            "{:?}",
            outcome.status
        );
    }
}

/// Before the first message there is no key: the signal for the key of an empty message is not for this call.
#[tokio::test]
async fn a_signal_with_a_key_does_not_reach_a_call_whose_key_is_not_known_yet() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Chat
    session:
      key: "${request.string}"
      open: [{send: {string: open}}]
      message: [{send: {string: "${request.string}"}}]
      signals: {end: [{status: {code: ABORTED}}]}
  - {method: kinds.Kinds/Unary, session: {message: [{signal: end, key: "${request.string}"}, {send: {}}]}}
"#,
    )
    .await;
    let mut call = server.open("Chat");
    call.next().await.expect("open");
    server.call("Unary", &["{}"]).await;
    call.send(r#"{"string":"a"}"#);
    assert_eq!(call.next().await.expect("it goes on"), r#"{"string":"a"}"#);
    server.call("Unary", &["{}"]).await;
    server.call("Unary", &[r#"{"string":"a"}"#]).await;
    assert_eq!(call.finish().await.status.code(), Code::Aborted);
}

#[test]
fn what_is_read_when_the_call_begins_cannot_read_messages() {
    for what in ["request.string", "requests[0].string", "string(received)"] {
        for part in [
            format!("headers: {{x: '${{{what}}}'}}, session: {{half_close: [{{send: {{}}}}]}}"),
            format!("trailers: {{x: '${{{what}}}'}}, session: {{half_close: [{{send: {{}}}}]}}"),
            format!("session: {{state: {{x: '${{{what}}}'}}, half_close: [{{send: {{}}}}]}}"),
            format!("session: {{open: [{{log: '${{{what}}}'}}], half_close: [{{send: {{}}}}]}}"),
        ] {
            let yaml = format!("rules: [{{method: kinds.Kinds/Chat, {part}}}]");
            let found = problems(&kinds(), &yaml);
            assert!(found.contains("there is no request here"), "{yaml}\n{found}");
            assert!(
                found.contains("when the call begins, before the first message"),
                "{found}"
            );
            assert!(found.starts_with("test.rules.yaml:1:"), "{found}");
        }
    }
}
