//! Rules that do something and let the next one answer, and rules for many methods.

use std::time::{Duration, Instant};

use protod::{Call, Handler, Handlers, Message, Rules, Schema};
use tonic::{Code, Status};

use crate::support::{Outcome, Running, kinds, problems};

/// The values of a header, or of a trailer.
fn values(metadata: &tonic::metadata::MetadataMap, name: &str) -> Vec<String> {
    let values = metadata.get_all(name).iter();
    values
        .map(|value| value.to_str().expect("text").to_owned())
        .collect()
}

fn string(outcome: &Outcome) -> &str {
    outcome.messages.first().map_or("", String::as_str)
}

#[tokio::test]
async fn effects_of_all_rules_add_up_in_order() {
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/Unary, name: late, priority: -1, headers: {x-late: 1}, then: next}
  - {method: kinds.Kinds/Unary, name: all, priority: 2, headers: {x-a: [1, 2], x-b: first}, trailers: {y: 1}, then: next}
  - {method: kinds.Kinds/Unary, match: {int32: 7}, headers: {x-not: 1}, then: next}
  - {method: kinds.Kinds/Unary, headers: {x-b: "${request.string}", x-c: 3}, then: next}
  - {method: kinds.Kinds/Unary, name: answer, trailers: {y: "2", z: 3}, reply: {string: here}}
"#,
    )
    .await;
    let outcome = server.call("Unary", &[r#"{"string": "s"}"#]).await;
    assert_eq!(outcome.messages, [r#"{"string":"here"}"#]);
    assert_eq!(values(&outcome.headers, "protod-rule"), ["answer"]);
    assert_eq!(values(&outcome.headers, "x-a"), ["1", "2"]);
    assert_eq!(values(&outcome.headers, "x-b"), ["s"]);
    assert_eq!(values(&outcome.headers, "x-c"), ["3"]);
    assert_eq!(values(&outcome.trailers, "y"), ["2"]);
    assert_eq!(values(&outcome.trailers, "z"), ["3"]);
    for absent in ["x-not", "x-late"] {
        assert!(!outcome.headers.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn each_condition_decides_whether_a_rule_takes_effect() {
    let server = Running::start(
        r"
rules:
  - {method: kinds.Kinds/Unary, match: {int32: 1}, headers: {x-match: 1}, then: next}
  - {method: kinds.Kinds/Unary, when: request.int32 > 0, headers: {x-when: 1}, then: next}
  - {method: kinds.Kinds/Unary, times: 2, scope: request.int32, headers: {x-times: 1}, then: next}
  - {method: kinds.Kinds/Unary, reply: {}}
",
    )
    .await;
    for (int32, expected) in [
        (1, "x-match x-when x-times"),
        (2, "x-when x-times"),
        (1, "x-match x-when x-times"),
        (1, "x-match x-when"),
        (0, "x-times"),
        (2, "x-when x-times"),
        (2, "x-when"),
    ] {
        let outcome = server.call("Unary", &[&format!(r#"{{"int32": {int32}}}"#)]).await;
        let names = ["x-match", "x-when", "x-times"];
        let found: Vec<&str> = names
            .into_iter()
            .filter(|name| outcome.headers.contains_key(*name))
            .collect();
        assert_eq!(found.join(" "), expected, "{int32}");
    }
}

#[tokio::test]
async fn what_a_rule_sets_is_there_for_the_rules_after_it() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    set: {store.calls: "${has(store.calls) ? store.calls + 1 : 1}"}
    then: next
  - {method: kinds.Kinds/Unary, when: store.calls == 2, reply: {string: second}}
  - {method: kinds.Kinds/Unary, set: {store.seen: "${request.string}"}, reply: {string: "${store.calls} ${store.seen}"}}
  - {method: kinds.Kinds/List, set: {store.calls: 7}, status: {code: ABORTED, message: "${store.calls}"}}
"#,
    )
    .await;
    let mut said = Vec::new();
    for request in [r#"{"string": "a"}"#, r#"{"string": "b"}"#, r#"{"string": "c"}"#] {
        said.extend(server.call("Unary", &[request]).await.messages);
    }
    let expected = [
        r#"{"string":"1 a"}"#,
        r#"{"string":"second"}"#,
        r#"{"string":"3 c"}"#,
    ];
    assert_eq!(said, expected);
    let refused = server.call("List", &["{}"]).await;
    assert_eq!(refused.status.message(), "7");
    let outcome = server.call("Unary", &[r#"{"string": "d"}"#]).await;
    assert_eq!(string(&outcome), r#"{"string":"8 d"}"#);
}

#[tokio::test]
async fn sixty_four_calls_at_once_lose_no_count() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    set: {store.calls: "${has(store.calls) ? store.calls + 1 : 1}"}
    then: next
  - {method: kinds.Kinds/Unary, match: {bool: true}, reply: {int32: "${store.calls}"}}
  - {method: kinds.Kinds/Unary, times: 10, headers: {x-first: 1}, then: next}
  - {method: kinds.Kinds/Unary, reply: {}}
"#,
    )
    .await;
    let calls = (0..64).map(|_| server.call("Unary", &["{}"]));
    let outcomes = futures_util::future::join_all(calls).await;
    let first = outcomes
        .iter()
        .filter(|outcome| outcome.headers.contains_key("x-first"));
    assert_eq!(first.count(), 10);
    let counted = server.call("Unary", &[r#"{"bool": true}"#]).await;
    assert_eq!(string(&counted), r#"{"int32":65}"#);
}

#[tokio::test]
async fn a_call_that_no_rule_answers_is_refused_with_the_headers() {
    let server = Running::start(
        r#"
rules:
  - {method: "*/*", name: stamp, headers: {x-stamp: 1}, trailers: {y: 1}, then: next}
  - {method: kinds.Kinds/Unary, name: seven, match: {int32: 7}, reply: {}}
"#,
    )
    .await;
    let outcome = server.call("Unary", &["{}"]).await;
    assert_eq!(outcome.status.code(), Code::Unimplemented);
    assert_eq!(
        outcome.status.message(),
        "no rule of kinds.Kinds/Unary matched; the nearest is seven: int32 is unset, not 7"
    );
    assert_eq!(values(&outcome.headers, "x-stamp"), ["1"]);
    assert_eq!(values(&outcome.trailers, "y"), ["1"]);
    assert!(!outcome.headers.contains_key("protod-rule"));
    let outcome = server.call("List", &["{}"]).await;
    assert_eq!(outcome.status.message(), "no rule of kinds.Kinds/List matched");
}

#[tokio::test]
async fn a_call_of_any_shape_waits_no_longer_than_its_rules_need() {
    let server = Running::start(
        r#"
rules:
  - {method: "*/*", headers: {x-who: "${metadata['x-who']}"}, then: next}
  - method: kinds.Kinds/Chat
    session:
      open: [{send: {string: hello}}]
      message: [{send: {string: "${request.string}"}}]
  - method: kinds.Kinds/Collect
    reply: {int32: "${received}"}
"#,
    )
    .await;
    let mut chat = server.open_with("Chat", &[("x-who", "ann")]);
    assert_eq!(
        chat.next().await.expect("the server speaks first"),
        r#"{"string":"hello"}"#
    );
    chat.send(r#"{"string": "a"}"#);
    assert_eq!(chat.next().await.expect("an answer"), r#"{"string":"a"}"#);
    chat.half_close();
    assert_eq!(values(&chat.finish().await.headers, "x-who"), ["ann"]);
    let collected = server
        .call_with("Collect", &["{}", "{}"], &[("x-who", "bob")])
        .await;
    assert_eq!(collected.messages, [r#"{"int32":2}"#]);
    assert_eq!(values(&collected.headers, "x-who"), ["bob"]);
}

/// Sends everything back, after how many it was.
struct Echo;

impl Handler for Echo {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let mut all = Vec::new();
        while let Some(message) = call.recv().await? {
            all.push(message);
        }
        if !call.method().is_server_streaming() {
            all.drain(..all.len() - 1);
        }
        for message in all {
            call.send(message).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_rules_have_read_comes_again_for_the_handler_behind_them() {
    let schema = kinds();
    let rules = Rules::from_text(
        &schema,
        "f",
        r#"
rules:
  - {method: "*/Chat", match: {int32: 7}, reply: {string: seven}}
  - {method: "*/*", when: 'metadata["x-all"] == "1" && size(requests) > 8', status: {code: ABORTED}}
  - {method: "*/*", headers: {x-first: "${size(json(request))}"}, then: next}
"#,
    )
    .expect("it compiles");
    let handlers = Handlers::from(&rules).and(Handlers::new().fallback(Echo));
    let server = Running::of(schema, handlers).await;
    let long = format!(r#"{{"string":"{}"}}"#, "x".repeat(100_000));
    for method in ["Chat", "Unary", "List", "Collect"] {
        let streams = ["Chat", "Collect"].contains(&method);
        let requests: &[&str] = if streams {
            &[r#"{"string":"a"}"#, &long, r#"{"string":"c"}"#]
        } else {
            &[&long]
        };
        for all in ["0", "1"] {
            let outcome = server.call_with(method, requests, &[("x-all", all)]).await;
            assert_eq!(outcome.status.code(), Code::Ok, "{method}: {:?}", outcome.status);
            let expected = match method {
                "Collect" => &requests[2..],
                _ => requests,
            };
            assert!(outcome.messages == expected, "{method}, {all}");
        }
    }
    // Nothing came, so nothing comes again.
    let outcome = server.call("Chat", &[]).await;
    assert_eq!((outcome.status.code(), outcome.messages.len()), (Code::Ok, 0));
    // A client that goes on later is heard by the handler.
    let mut chat = server.open("Chat");
    chat.send(r#"{"string":"a"}"#);
    chat.send(r#"{"string":"b"}"#);
    chat.half_close();
    let outcome = chat.finish().await;
    assert_eq!(outcome.messages, [r#"{"string":"a"}"#, r#"{"string":"b"}"#]);
    let seven = server.call("Chat", &[r#"{"int32": 7}"#]).await;
    assert_eq!(seven.messages, [r#"{"string":"seven"}"#]);
}

/// Rules that name a method claim it; those that do not stand in front of what answers it without them.
#[tokio::test]
async fn rules_stand_in_front_of_the_handlers_that_they_do_not_replace() {
    let schema = kinds();
    let rules = Rules::from_text(
        &schema,
        "f",
        r#"
rules:
  - {method: "*/*", when: 'metadata["x-no"] == "1"', status: {code: UNAUTHENTICATED}}
  - {method: kinds.Kinds/*, headers: {x-stamp: 1}, then: next}
  - {method: kinds.Kinds/List, match: {int32: 7}, reply: {}}
"#,
    )
    .expect("it compiles");
    let said = |text: &'static str| {
        move |_: Message, call: Call| async move { call.message(&serde_json::json!({"string": text})) }
    };
    let handlers = Handlers::new()
        .unary("kinds.Kinds/Unary", said("from code"))
        .server_streaming("kinds.Kinds/List", |_: Message, _: Call| async { Ok(()) })
        .and(&rules)
        .and(
            Handlers::new().unary("kinds.Kinds/Wait", |_: Message, call: Call| async move {
                Ok(call.response())
            }),
        );
    let server = Running::of(schema, handlers).await;
    let outcome = server.call("Unary", &["{}"]).await;
    assert_eq!(string(&outcome), r#"{"string":"from code"}"#);
    assert_eq!(values(&outcome.headers, "x-stamp"), ["1"]);
    let refused = server.call_with("Unary", &["{}"], &[("x-no", "1")]).await;
    assert_eq!(refused.status.code(), Code::Unauthenticated);
    // A rule names it, and so replaces the handler.
    assert_eq!(
        server.call("List", &["{}"]).await.status.code(),
        Code::Unimplemented
    );
    // It was added after the rules, and so replaces them.
    let waited = server.call_with("Wait", &["{}"], &[("x-no", "1")]).await;
    assert_eq!(waited.status.code(), Code::Ok);
    assert!(!waited.headers.contains_key("x-stamp"));
}

#[tokio::test]
async fn a_delay_comes_before_the_answer_and_ends_with_the_call() {
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/Unary, match: {int32: 1}, delay: 30ms, reply: {string: late}}
  - {method: kinds.Kinds/Unary, match: {int32: 2}, delay: "${duration(request.string)}", status: {code: ABORTED}}
  - {method: kinds.Kinds/Unary, delay: 1h, then: next}
  - {method: kinds.Kinds/Unary, reply: {}}
  - {method: kinds.Kinds/Chat, delay: 30ms, session: {open: [{send: {string: late}}]}}
  - {method: kinds.Kinds/Collect, delay: 30ms, reply: {string: late}}
"#,
    )
    .await;
    let late = [r#"{"string":"late"}"#];
    for method in ["Unary", "Chat", "Collect"] {
        let begun = Instant::now();
        assert_eq!(server.call(method, &[r#"{"int32": 1}"#]).await.messages, late);
        assert!(begun.elapsed() >= Duration::from_millis(30), "{method}");
    }
    let begun = Instant::now();
    let refused = server.call("Unary", &[r#"{"int32": 2, "string": "30ms"}"#]).await;
    assert_eq!(refused.status.code(), Code::Aborted);
    assert!(begun.elapsed() >= Duration::from_millis(30));
    let expired = server
        .call_with("Unary", &["{}"], &[("grpc-timeout", "50m")])
        .await;
    // The client may see to its deadline first.
    let code = expired.status.code();
    assert!(
        [Code::DeadlineExceeded, Code::Cancelled].contains(&code),
        "{code:?}"
    );
}

#[tokio::test]
async fn a_star_leaves_the_services_of_the_server_alone() {
    let health = "syntax = \"proto3\"; package grpc.health.v1;
        message HealthCheckRequest { string service = 1; }
        message HealthCheckResponse { int32 status = 1; }
        service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }";
    let shop = "syntax = \"proto3\"; package shop; message M {} service Shop { rpc Get(M) returns (M); }";
    let builder = Schema::builder()
        .source("health.proto", health)
        .source("shop.proto", shop);
    let schema = builder
        .import("health.proto")
        .import("shop.proto")
        .build()
        .expect("it compiles");
    let rules = |method: &str| {
        let yaml = format!("rules: [{{method: '{method}', status: {{code: UNAUTHENTICATED}}}}]");
        Rules::from_text(&schema, "f", &yaml).expect("it compiles")
    };
    for (pattern, health) in [
        ("*/*", Code::Ok),
        ("*.*/*", Code::Ok),
        ("grpc.health.v1.Health/*", Code::Unauthenticated),
    ] {
        let server = Running::of(schema.clone(), &rules(pattern)).await;
        let checked = server.call("grpc.health.v1.Health/Check", &["{}"]).await;
        assert_eq!(checked.status.code(), health, "{pattern}");
        let got = server.call("shop.Shop/Get", &["{}"]).await.status.code();
        let refused = pattern.starts_with('*');
        assert_eq!(got == Code::Unauthenticated, refused, "{pattern}");
    }
}

/// A rule names the methods of its list, and so replaces their handlers; those that only a pattern of it stands for it does not.
#[tokio::test]
async fn a_list_of_methods_is_each_of_them_and_counts_for_all() {
    let schema = kinds();
    let yaml = r#"
rules:
  - {method: [kinds.Kinds/Unary, "*/Wai*", "*/Unary"], times: 3, status: {code: UNAVAILABLE}}
"#;
    let rules = Rules::from_text(&schema, "f", yaml).expect("it compiles");
    let code = |_: Message, call: Call| async move { Ok(call.response()) };
    let handlers = ["Unary", "Wait"]
        .iter()
        .fold(Handlers::new(), |handlers, method| {
            handlers.unary(format!("kinds.Kinds/{method}"), code)
        });
    let server = Running::of(schema, handlers.and(&rules)).await;
    let mut codes = Vec::new();
    for method in ["Unary", "Wait", "Collect", "Unary", "Unary", "Wait"] {
        codes.push(server.call(method, &["{}"]).await.status.code());
    }
    let (busy, unmatched) = (Code::Unavailable, Code::Unimplemented);
    assert_eq!(codes, [busy, busy, unmatched, busy, unmatched, Code::Ok]);
}

#[test]
fn what_is_wrong_in_a_list_of_methods_is_told_with_its_place() {
    for (method, expected) in [
        (
            "[]",
            "test.rules.yaml:1:18: a rule needs a method, and this list has none (hint: such as `[package.Service/Method]`; `*/*` stands for all methods)",
        ),
        (
            "[kinds.Kinds/Unary, kinds.Kinds/Lisst, 5]",
            "test.rules.yaml:1:38: there is no method `kinds.Kinds/Lisst` (hint: did you mean `kinds.Kinds/List`?)\n\
             test.rules.yaml:1:57: expected the name of a method, found a number (hint: such as `package.Service/Method`)",
        ),
        (
            "{a: b}",
            "test.rules.yaml:1:18: expected the name of a method, found a mapping (hint: such as `package.Service/Method`)",
        ),
    ] {
        let yaml = format!("rules: [{{method: {method}, reply: {{}}}}]");
        assert_eq!(problems(&kinds(), &yaml), expected);
    }
}

#[test]
fn what_does_not_fit_one_of_many_methods_is_told_with_it() {
    let schema = Schema::from_source(
        "a.proto",
        "syntax = \"proto3\"; package a;
         message A { string name = 1; } message B { string text = 1; }
         service S { rpc One(A) returns (A); rpc Two(A) returns (B); rpc Three(stream A) returns (B); }",
    )
    .expect("it compiles");
    for (rule, expected) in [
        (
            "method: a.S/*, reply: {text: x}",
            "f:1:33: the message a.A has no field `text` (for a.S/One) (hint: list the methods that have it: `method: [a.S/Three, a.S/Two]`)",
        ),
        (
            "method: a.S/*, reply: {name: x}",
            "f:1:33: the message a.B has no field `name` (for a.S/Three and 1 more) (hint: name the method that has it: `method: a.S/One`)",
        ),
        (
            "method: a.S/*, match: {nmae: x}, reply: {}",
            "f:1:33: the message a.A has no field `nmae` (hint: did you mean `name`?)",
        ),
        (
            "method: '*/Two', reply: {name: x}",
            "f:1:35: the message a.B has no field `name` (hint: there is only `text`)",
        ),
    ] {
        let found = problems_of(&schema, &format!("rules: [{{{rule}}}]"));
        assert_eq!(found, expected, "{rule}");
    }
}

fn problems_of(schema: &Schema, yaml: &str) -> String {
    problems(schema, yaml).replace("test.rules.yaml", "f")
}

#[test]
fn what_is_wrong_with_a_rule_that_passes_is_told() {
    for (rule, expected) in [
        (
            "delay: 1s",
            "1:9: a rule needs an outcome (hint: one of `reply`, `reply_file`, `sample`, `stream`, `session`, `status`, `answers`; or `then: next`, to let the next rule answer)",
        ),
        (
            "then: next",
            "1:37: this rule does nothing (hint: give it one of `validate`, `delay`, `state`, `set`, `append`, `put`, `delete`, `clear`, `log`, `headers`, `trailers`)",
        ),
        (
            "log: x, then: stop",
            "1:51: `then` has one value, `next` (hint: `then: next` lets the next rule that matches answer)",
        ),
        (
            "reply: {}, then: next",
            "1:48: a rule has one outcome: this one has `reply` and `then` (hint: leave out `then`, or with `reply` the next rule never answers)",
        ),
        (
            "set: {n: 1}, then: next",
            "1:43: there is no variable `n` (hint: `store.n` is shared by all calls; the variables of one call are declared in `state`)",
        ),
        (
            "delay: 200, then: next",
            "1:44: expected a duration such as 200ms or 1.5s, found a number (hint: put a unit after it: `200ms` or `200s`)",
        ),
    ] {
        let yaml = format!("rules: [{{method: kinds.Kinds/Unary, {rule}}}]");
        let found = problems_of(&kinds(), &yaml);
        assert_eq!(found, format!("f:{expected}"), "{rule}");
    }
}
