//! `state` beside an answer: variables of the call that are computed with what `set` sets.

use std::collections::BTreeSet;

use protod::RulesOptions;
use tonic::Code;

use crate::support::{Running, kinds, problems};

#[tokio::test]
async fn each_variable_reads_those_before_it_and_all_that_comes_after_reads_it() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    state: {n: "${request.int32 + 1}", text: "n is ${state.n}"}
    set: {"store.seen[state.n]": "${state.text}"}
    log: "${state.text}"
    headers: {x-n: "${state.n}"}
    reply: {string: "${state.text}", int32: "${state.n}", opt: "${store.seen[state.n]}"}
  - method: kinds.Kinds/List
    state: {id: "${uuid()}"}
    stream: [{repeat: 2, send: {string: "${state.id}"}}]
  - method: kinds.Kinds/Collect
    state: {all: "${size(requests)}"}
    status: {code: ABORTED, message: "${state.all} of ${received}"}
"#,
    )
    .await;
    let outcome = server.call("Unary", &[r#"{"int32":4}"#]).await;
    assert_eq!(
        outcome.messages,
        [r#"{"int32":5,"string":"n is 5","opt":"n is 5"}"#]
    );
    assert_eq!(outcome.headers.get("x-n").expect("a header"), "5");
    let ids = server.call("List", &["{}"]).await.messages;
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
    let outcome = server.call("Collect", &["{}", "{}"]).await;
    assert_eq!(
        (outcome.status.code(), outcome.status.message()),
        (Code::Aborted, "2 of 2")
    );
}

/// No other call writes to the store between the variables and the `set`.
#[tokio::test]
async fn a_number_that_counts_up_is_given_once() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    state: {n: "${has(store.n) ? store.n + 1 : 1}"}
    set: {store.n: "${state.n}", "store.made[state.n]": "${request.string}"}
    reply: {int32: "${state.n}", string: "${store.made[state.n]}"}
"#,
    )
    .await;
    let requests: Vec<String> = (0..64).map(|i| format!(r#"{{"string":"{i}"}}"#)).collect();
    let requests: Vec<[&str; 1]> = requests.iter().map(|request| [request.as_str()]).collect();
    let calls = requests.iter().map(|request| server.call("Unary", request));
    let outcomes = futures_util::future::join_all(calls).await;
    let mut numbers = BTreeSet::new();
    for (outcome, i) in outcomes.into_iter().zip(0..) {
        let answer: serde_json::Value = serde_json::from_str(&outcome.messages[0]).expect("JSON");
        assert_eq!(answer["string"], i.to_string(), "{answer}");
        numbers.insert(answer["int32"].as_i64().expect("a number"));
    }
    assert_eq!(numbers, (1..=64).collect());
}

#[tokio::test]
async fn rules_that_pass_a_call_on_and_answers_in_turn_have_variables_of_their_own() {
    let server = Running::with(
        kinds(),
        &RulesOptions::default(),
        r#"
rules:
  - method: "*/*"
    state: {a: "${'one'}", b: 2}
    headers: {x-a: "${state.a} ${state.b}"}
    then: next
  - method: kinds.Kinds/Unary
    state: {shared: "${request.string}!"}
    answers:
      - {state: {own: "${state.shared}!"}, reply: {string: "${state.own}"}}
      - {status: {code: ABORTED, message: "${state.shared}"}}
  - method: kinds.Kinds/Chat
    session: {state: {c: 3}, message: [{set: {c: "${state.c + 1}"}}, {send: {int32: "${state.c}"}}]}
"#,
    )
    .await;
    let outcome = server.call("Unary", &[r#"{"string":"x"}"#]).await;
    assert_eq!(outcome.messages, [r#"{"string":"x!!"}"#]);
    assert_eq!(outcome.headers.get("x-a").expect("a header"), "one 2");
    let outcome = server.call("Unary", &[r#"{"string":"y"}"#]).await;
    assert_eq!(
        (outcome.status.code(), outcome.status.message()),
        (Code::Aborted, "y!")
    );
    let outcome = server.call("Chat", &["{}", "{}"]).await;
    assert_eq!(outcome.messages, [r#"{"int32":4}"#, r#"{"int32":5}"#]);
}

#[test]
fn what_is_wrong_with_variables_is_told_with_its_place() {
    for (rule, expected) in [
        (
            "state: {a-b: 1}, reply: {}",
            "45: `a-b` cannot be a variable: letters, digits and `_` can (hint: write `a_b`)",
        ),
        (
            "state: [a], reply: {}",
            "44: expected variables and their values, found a list (hint: such as `{id: \"${uuid()}\"}`)",
        ),
        (
            "delay: \"${state.d}\", state: {d: 5ms}, reply: {}",
            "53: there is no variable `d` in state",
        ),
        (
            "state: {a: \"${state.b}\", b: 1}, reply: {}",
            "57: there is no variable `b` in state",
        ),
        (
            "state: {a: 1}, answers: [{state: {a: 2}, reply: {}}]",
            "71: there is a variable `a` already (hint: give one of them another name)",
        ),
        (
            "state: {a: 1}, session: {message: [{send: {}}]}",
            "37: a session has a `state` of its own (hint: put it into the `session`)",
        ),
    ] {
        let yaml = format!("rules: [{{method: kinds.Kinds/Unary, {rule}}}]");
        let found = problems(&kinds(), &yaml);
        assert_eq!(found, format!("test.rules.yaml:1:{expected}"), "{rule}");
    }
}
