//! Counters that servers share.

use std::collections::HashMap;

use tokio::task::JoinSet;

use crate::broker::Brokers;
use crate::replicas::{Replica, eventually};

const RULES: &str = r#"
rules:
  - {name: first, method: kinds.Kinds/Unary, match: {string: times}, times: 2, reply: {string: first}}
  - {method: kinds.Kinds/Unary, match: {string: times}, reply: {string: rest}}
  - name: in turn
    method: kinds.Kinds/Unary
    match: {string: turn}
    answers: [{reply: {string: one}}, {reply: {string: two}}, {reply: {string: three}}]
    after: cycle
  - {name: each, method: kinds.Kinds/Unary, match: {string: each}, times: 1, scope: "request.names[0]", reply: {string: new}}
  - {method: kinds.Kinds/Unary, match: {string: each}, reply: {string: old}}
  - {name: number, method: kinds.Kinds/Unary, match: {string: count}, reply: {int32: "${call.count}"}}
  - {method: kinds.Kinds/Unary, reply: {string: other}}
"#;

/// Calls with a request from all servers at once, and returns how often each answer came.
async fn all(replicas: &[Replica], calls: usize, request: &str) -> HashMap<String, usize> {
    let mut calling = JoinSet::new();
    for n in 0..calls {
        let call = replicas[n % replicas.len()].server.open("Unary");
        call.send(request);
        calling.spawn(async move {
            let mut call = call;
            call.half_close();
            let outcome = call.finish().await;
            let failed = || format!("{:?}", outcome.status.code());
            outcome.messages.first().cloned().unwrap_or_else(failed)
        });
    }
    let mut answers = HashMap::new();
    while let Some(answer) = calling.join_next().await {
        *answers.entry(answer.expect("it does not panic")).or_default() += 1;
    }
    answers
}

fn said(text: &str) -> String {
    format!(r#"{{"string":"{text}"}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_answers_as_often_as_it_may_on_all_servers_together() {
    let brokers = Brokers::three();
    let replicas = Replica::three(&brokers, RULES).await;
    let answers = all(&replicas, 150, r#"{"string": "times"}"#).await;
    assert_eq!(answers, HashMap::from([(said("first"), 2), (said("rest"), 148)]));
    let answers = all(&replicas, 150, r#"{"string": "turn"}"#).await;
    let each = ["one", "two", "three"].map(|text| (said(text), 50));
    assert_eq!(answers, HashMap::from(each));
    let answers = all(&replicas, 60, r#"{"string": "count"}"#).await;
    let numbers: HashMap<String, usize> = (1..=60).map(|n| (format!(r#"{{"int32":{n}}}"#), 1)).collect();
    assert_eq!(answers, numbers);
    for name in ["a", "b.*", "ü "] {
        let request = format!(r#"{{"string": "each", "names": ["{name}"]}}"#);
        let answers = all(&replicas, 30, &request).await;
        assert_eq!(answers, HashMap::from([(said("new"), 1), (said("old"), 29)]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_later_counts_on_and_all_begin_anew_together() {
    let brokers = Brokers::one();
    let one = Replica::start(&brokers, RULES).await;
    assert_eq!(one.text(r#"{"string": "times"}"#).await, said("first"));
    let other = Replica::start(&brokers, RULES).await;
    let replicas = [one, other];
    let answers = all(&replicas, 20, r#"{"string": "times"}"#).await;
    assert_eq!(answers, HashMap::from([(said("first"), 1), (said("rest"), 19)]));
    replicas[1].state.clear_counters();
    for replica in &replicas {
        // Both hear of it, and each takes one of two.
        eventually("a new count", || async {
            replica.text(r#"{"string": "times"}"#).await == said("first")
        })
        .await;
    }
    let answers = all(&replicas, 20, r#"{"string": "times"}"#).await;
    assert_eq!(answers, HashMap::from([(said("rest"), 20)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_broker_only_rules_with_answers_left_are_unavailable() {
    let mut brokers = Brokers::one();
    let replica = Replica::start(&brokers, RULES).await;
    for answer in ["first", "first", "rest"] {
        assert_eq!(replica.text(r#"{"string": "times"}"#).await, said(answer));
    }
    brokers.kill(0);
    replica.await_connected(false).await;
    assert_eq!(
        replica.text(r#"{"string": "times"}"#).await,
        said("rest"),
        "all is used up"
    );
    assert_eq!(replica.text("{}").await, said("other"));
    let outcome = replica.server.call("Unary", &[r#"{"string": "turn"}"#]).await;
    assert_eq!(outcome.status.code(), tonic::Code::Unavailable);
    assert_eq!(
        outcome.status.message(),
        "the store that servers share cannot be reached"
    );
    brokers.start_again(0);
    replica.await_connected(true).await;
    assert_eq!(replica.text(r#"{"string": "turn"}"#).await, said("one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_given_twice_while_a_broker_of_the_cluster_is_lost() {
    let mut brokers = Brokers::three();
    let replicas = Replica::three(&brokers, RULES).await;
    let request = r#"{"string": "count"}"#;
    let mut answers = all(&replicas, 30, request).await;
    for n in 0..3 {
        brokers.kill(n);
        answers.extend(all(&replicas, 30, request).await);
        brokers.start_again(n);
    }
    answers.remove("Unavailable");
    assert!(answers.len() > 30, "some were counted meanwhile: {answers:?}");
    assert!(answers.values().all(|times| *times == 1), "{answers:?}");
}
