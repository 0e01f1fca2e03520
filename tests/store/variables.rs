//! Variables that servers share.

use std::collections::HashSet;
use std::time::Instant;

use tokio::task::JoinSet;
use tonic::Code;

use crate::broker::Brokers;
use crate::replicas::{LONG, Replica, eventually};

const RULES: &str = r#"
rules:
  - method: kinds.Kinds/Unary
    match: {string: count}
    state: {n: "${has(store.n) ? store.n + 1 : 1}"}
    set: {store.n: "${state.n}", store.twice: "${2 * state.n}"}
    reply: {int32: "${state.n}"}
  - {method: kinds.Kinds/Unary, match: {string: both}, reply: {int32: "${store.n}", int64: "${store.twice}"}}
  - method: kinds.Kinds/Unary
    match: {string: put}
    set: {"store.all[request.names[0]]": "${request}"}
    reply: {string: stored}
  - method: kinds.Kinds/Unary
    match: {string: get}
    when: request.names[0] in store.all
    reply: "${store.all[request.names[0]]}"
  - {method: kinds.Kinds/Unary, match: {string: get}, status: {code: NOT_FOUND}}
  - method: kinds.Kinds/Unary
    match: {string: paint}
    set: {"store.all[request.names[0]].colour": COLOUR_BLUE}
    reply: "${store.all[request.names[0]]}"
  - {method: kinds.Kinds/Unary, match: {string: drop}, set: {"store.all[request.names[0]]": null}, reply: {string: dropped}}
  - method: kinds.Kinds/Unary
    match: {string: kinds}
    set:
      store.kinds: {true: yes, 7: "${-7}", u: "${7u}", d: 1.5, b: "${b'\x00\xff'}", t: "${timestamp('2026-01-31T12:00:00Z')}", l: [1, [two]], e: "${request.colour}", m: {}}
      store.kinds.length: "${duration('90m')}"
    reply: {string: stored}
  - {method: kinds.Kinds/Unary, match: {string: shown}, reply: {string: "${json(store.kinds)}"}}
  - {method: kinds.Kinds/Unary, match: {string: wrong}, set: {store.n: 0, store.twice.x: 1}, reply: {}}
  - {method: kinds.Kinds/Unary, match: {string: other}, reply: {string: other}}
"#;

fn count() -> &'static str {
    r#"{"string": "count"}"#
}

/// Counts on all servers at once, and returns the answers that came.
async fn counted(replicas: &[Replica], calls: usize) -> Vec<String> {
    let mut calling = JoinSet::new();
    for n in 0..calls {
        let mut call = replicas[n % replicas.len()].server.open("Unary");
        call.send(count());
        call.half_close();
        calling.spawn(call.finish());
    }
    let mut answers = Vec::new();
    while let Some(outcome) = calling.join_next().await {
        let outcome = outcome.expect("it does not panic");
        match outcome.messages.into_iter().next() {
            Some(answer) => answers.push(answer),
            None => assert_eq!(outcome.status.code(), Code::Unavailable, "{:?}", outcome.status),
        }
    }
    answers
}

/// What both variables are that are set together, as a server has them when it reaches the broker.
async fn both(replica: &Replica) -> (i64, i64) {
    let began = Instant::now();
    let mut text = replica.text(r#"{"string": "both"}"#).await;
    while text == "Unavailable" {
        assert!(began.elapsed() < LONG, "the broker is not reached");
        text = replica.text(r#"{"string": "both"}"#).await;
    }
    let value: serde_json::Value = serde_json::from_str(&text).expect(&text);
    let twice = value["int64"]
        .as_str()
        .map(|number| number.parse().expect("a number"));
    (
        value["int32"].as_i64().unwrap_or_default(),
        twice.unwrap_or_default(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_lost_however_many_servers_make_them_at_once() {
    let brokers = Brokers::three();
    let replicas = Replica::three(&brokers, RULES).await;
    let answers = counted(&replicas, 60).await;
    let numbers: HashSet<String> = (1..=60).map(|n| format!(r#"{{"int32":{n}}}"#)).collect();
    assert_eq!(answers.into_iter().collect::<HashSet<_>>(), numbers);
    for replica in &replicas {
        assert_eq!(both(replica).await, (60, 120));
        let outcome = replica.server.call("Unary", &[r#"{"string": "wrong"}"#]).await;
        assert_eq!(outcome.status.code(), Code::Internal, "one of two cannot be set");
        assert_eq!(both(replica).await, (60, 120), "and so none is");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_has_answered_each_other_knows_at_once() {
    let brokers = Brokers::three();
    let replicas = Replica::three(&brokers, RULES).await;
    for n in 0..30 {
        let (writing, reading) = (&replicas[n % 3], &replicas[(n + 1) % 3]);
        let [put, get, paint, drop] = ["put", "get", "paint", "drop"].map(|what| {
            format!(r#"{{"string": "{what}", "names": ["{n}"], "point": {{"name": "p", "value": {n}}}, "colour": "COLOUR_RED"}}"#)
        });
        assert_eq!(writing.text(&put).await, r#"{"string":"stored"}"#);
        let got = reading.text(&get).await;
        assert!(got.contains("COLOUR_RED") && got.contains(r#""names""#), "{got}");
        assert!(reading.text(&paint).await.contains("COLOUR_BLUE"));
        assert!(writing.text(&get).await.contains("COLOUR_BLUE"));
        assert_eq!(writing.text(&drop).await, r#"{"string":"dropped"}"#);
        assert_eq!(reading.text(&get).await, "NotFound");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_later_has_values_of_all_kinds() {
    let brokers = Brokers::one();
    let one = Replica::start(&brokers, RULES).await;
    let request = r#"{"string": "kinds", "colour": "COLOUR_RED"}"#;
    assert_eq!(one.text(request).await, r#"{"string":"stored"}"#);
    let shown = one.text(r#"{"string": "shown"}"#).await;
    assert!(
        shown.contains("COLOUR_RED") && shown.contains("2026-01-31T12:00:00Z"),
        "{shown}"
    );
    let other = Replica::start(&brokers, RULES).await;
    assert_eq!(other.text(r#"{"string": "shown"}"#).await, shown);
    drop(one);
    let third = Replica::start(&brokers, RULES).await;
    assert_eq!(third.text(r#"{"string": "shown"}"#).await, shown);
    third.state.clear_store();
    for replica in [&other, &third] {
        eventually("an empty store", || async {
            replica.text(r#"{"string": "shown"}"#).await == "Internal"
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_broker_only_rules_of_the_store_are_unavailable() {
    let mut brokers = Brokers::one();
    brokers.kill(0);
    let replica = Replica::start_without(&brokers.url(), RULES).await;
    let other = "rules:\n  - {method: kinds.Kinds/Unary, reply: {string: other}}\n";
    let without = Replica::start_without(&brokers.url(), other).await;
    assert_eq!(without.text("{}").await, r#"{"string":"other"}"#);
    let outcome = replica.server.call("Unary", &[count()]).await;
    assert_eq!(outcome.status.code(), Code::Unavailable);
    assert_eq!(
        outcome.status.message(),
        "the store that servers share cannot be reached"
    );
    brokers.start_again(0);
    for n in 1..3 {
        replica.await_connected(true).await;
        assert_eq!(replica.text(count()).await, format!(r#"{{"int32":{n}}}"#));
        brokers.kill(0);
        replica.await_connected(false).await;
        assert_eq!(replica.text(count()).await, "Unavailable");
        brokers.start_again(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_answered_is_lost_while_brokers_of_the_cluster_are() {
    let mut brokers = Brokers::three();
    let replicas = Replica::three(&brokers, RULES).await;
    let mut answers = counted(&replicas, 12).await;
    for n in 0..3 {
        brokers.kill(n);
        answers.extend(counted(&replicas, 12).await);
        brokers.start_again(n);
    }
    answers.extend(counted(&replicas, 12).await);
    let different: HashSet<&String> = answers.iter().collect();
    assert_eq!(different.len(), answers.len(), "each was counted once");
    assert!(answers.len() > 12, "some were counted: {answers:?}");
    let (n, twice) = both(&replicas[0]).await;
    assert!(usize::try_from(n).is_ok_and(|n| n >= answers.len()));
    assert_eq!(twice, 2 * n);
    for replica in &replicas {
        assert_eq!(both(replica).await, (n, twice));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_do_not_stay_for_ever_and_who_was_away_has_them_all() {
    let mut brokers = Brokers::one();
    let url = brokers.url();
    let one = Replica::start(&brokers, RULES).await;
    let away = Replica::start(&brokers, RULES).await;
    assert_eq!(one.text(count()).await, r#"{"int32":1}"#);
    assert_eq!(both(&away).await, (1, 2));
    drop(away);
    // Each is more than a change, and all together are more than a snapshot is made after.
    let large = "x".repeat(300_000);
    let mut changes = 1;
    while brokers.messages("protod-variables") >= changes {
        let put = format!(
            r#"{{"string": "put", "names": ["{}"], "text": "{large}"}}"#,
            changes % 3
        );
        assert_eq!(one.text(&put).await, r#"{"string":"stored"}"#);
        changes += 1;
        assert!(changes < 200, "all changes are kept");
    }
    let other = Replica::start(&brokers, RULES).await;
    assert_eq!(both(&other).await, (1, 2));
    for n in 0..3 {
        let got = other
            .text(&format!(r#"{{"string": "get", "names": ["{n}"]}}"#))
            .await;
        assert!(got.contains(&large), "{n}");
    }
    // And over a restart of all of them.
    drop((one, other));
    brokers.kill(0);
    brokers.start_again(0);
    let last = Replica::start_without(&url, RULES).await;
    last.await_connected(true).await;
    assert_eq!(both(&last).await, (1, 2));
    assert_eq!(last.text(count()).await, r#"{"int32":2}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_broker_does_not_take_is_refused() {
    let brokers = Brokers::one();
    let replica = Replica::start(&brokers, RULES).await;
    let put = format!(
        r#"{{"string": "put", "names": ["a"], "text": "{}"}}"#,
        "x".repeat(1_100_000)
    );
    let outcome = replica.server.call("Unary", &[&put]).await;
    assert_eq!(
        outcome.status.code(),
        Code::ResourceExhausted,
        "{:?}",
        outcome.status
    );
    assert_eq!(
        replica.text(r#"{"string": "get", "names": ["a"]}"#).await,
        "NotFound"
    );
    assert_eq!(replica.text(count()).await, r#"{"int32":1}"#);
}
