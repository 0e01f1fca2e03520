//! A server that is cut off from the others, with the broker that led all streams: what it answers, and what comes of it.

use crate::broker::Brokers;
use crate::broker::network::Network;
use crate::replicas::{Replica, eventually};

const RULES: &str = r#"
collections: {kept: kinds.All}
rules:
  - method: kinds.Kinds/Unary
    match: {string: count}
    state: {n: "${has(store.n) ? store.n + 1 : 1}"}
    set: {store.n: "${state.n}"}
    reply: {int32: "${state.n}"}
  - {method: kinds.Kinds/Unary, match: {string: counted}, reply: {int32: "${has(store.n) ? store.n : 0}"}}
  - {method: kinds.Kinds/Unary, match: {string: add}, append: {kept: "${request}"}, reply: {string: added}}
  - {method: kinds.Kinds/Unary, match: {string: added}, reply: {int32: "${collection.kept.count()}"}}
  - {name: twice, method: kinds.Kinds/Unary, match: {string: twice}, times: 2, reply: {string: one of two}}
  - {method: kinds.Kinds/Unary, match: {string: twice}, reply: {string: later}}
  - {method: kinds.Kinds/Unary, match: {string: ring}, session: {message: [{signal: bell}, {send: {string: rung}}]}}
  - {method: kinds.Kinds/Unary, reply: {string: other}}
  - method: kinds.Kinds/Chat
    session: {message: [{send: {string: waits}}], signals: {bell: [{send: {string: woken}}]}}
"#;

/// What they share is kept in these streams.
const STREAMS: [&str; 3] = ["protod-variables", "protod-counts", "protod-collection-kept"];

/// A call that says only what it asks for.
async fn ask(replica: &Replica, what: &str) -> String {
    replica.text(&format!(r#"{{"string": "{what}"}}"#)).await
}

fn number(n: i32) -> String {
    match n {
        0 => "{}".to_owned(),
        _ => format!(r#"{{"int32":{n}}}"#),
    }
}

fn said(text: &str) -> String {
    format!(r#"{{"string":"{text}"}}"#)
}

/// The number in an answer, if it is one.
fn number_of(answer: &str) -> Option<i32> {
    answer
        .strip_prefix(r#"{"int32":"#)?
        .strip_suffix('}')?
        .parse()
        .ok()
}

/// Calls until it is done. What was `UNAVAILABLE` may have been done, too.
async fn await_done(replica: &Replica, change: &str) {
    eventually(change, || async { ask(replica, change).await != "Unavailable" }).await;
}

/// Waits until a call is answered so.
async fn await_answer(replica: &Replica, what: &str, answer: &str) {
    eventually(answer, || async { ask(replica, what).await == answer }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_cut_off_answers_nothing_old_and_follows_when_it_is_back() {
    let network = Network::new();
    let brokers = Brokers::three_in(&network);
    let many = Replica::start_at(&brokers.url_for(&network, "many"), RULES).await;
    let few = Replica::start_at(&brokers.url_of_for(0, &network, "few"), RULES).await;
    for (replica, n) in [(&many, 1), (&few, 2)] {
        assert_eq!(ask(replica, "count").await, number(n));
        assert_eq!(ask(replica, "add").await, said("added"));
    }
    assert_eq!(ask(&many, "twice").await, said("one of two"));
    for stream in STREAMS {
        brokers.let_lead(0, stream);
    }
    await_answer(&few, "counted", &number(2)).await;
    await_answer(&few, "added", &number(2)).await;
    network.cut_off(&["broker-0", "few"]);

    // The others have to find out that their leaders are gone.
    for change in ["count", "add"] {
        await_done(&many, change).await;
    }
    for read in ["counted", "added"] {
        assert!(number_of(&ask(&many, read).await) >= Some(3), "{read}");
        // Its own broker leads on, for all that it knows, and does not have what was stored since.
        assert_eq!(ask(&few, read).await, "Unavailable", "{read}");
    }
    for what in ["count", "add", "twice"] {
        assert_eq!(ask(&few, what).await, "Unavailable", "{what}");
    }
    assert_eq!(ask(&few, "").await, said("other"));
    // What was asked for in vain may have been done as soon as that was possible, and only once.
    network.heal();
    let mut twice = ask(&many, "twice").await;
    while twice == "Unavailable" {
        twice = ask(&many, "twice").await;
    }
    assert!([said("one of two"), said("later")].contains(&twice), "{twice}");
    for replica in [&few, &many] {
        await_answer(replica, "twice", &said("later")).await;
    }
    for (change, read) in [("count", "counted"), ("add", "added")] {
        await_done(&few, change).await;
        eventually("the same on both", || async {
            let (here, there) = (ask(&few, read).await, ask(&many, read).await);
            number_of(&here) >= Some(4) && here == there
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_cut_off_while_all_begin_anew_does_so_when_it_is_back() {
    let network = Network::new();
    let brokers = Brokers::three_in(&network);
    let many = Replica::start_at(&brokers.url_for(&network, "many"), RULES).await;
    let few = Replica::start_at(&brokers.url_for(&network, "few"), RULES).await;
    for replica in [&many, &few] {
        assert_eq!(ask(replica, "twice").await, said("one of two"));
    }
    assert_eq!(ask(&few, "twice").await, said("later"));
    assert_eq!(ask(&few, "count").await, number(1));
    network.cut_off(&["few"]);
    many.state.clear_counters();
    many.state.clear_store();
    await_answer(&many, "counted", &number(0)).await;
    await_answer(&many, "twice", &said("one of two")).await;
    assert_eq!(ask(&few, "counted").await, "Unavailable");
    network.heal();
    await_answer(&few, "counted", &number(0)).await;
    await_answer(&few, "twice", &said("one of two")).await;
    assert_eq!(ask(&many, "twice").await, said("later"));
    assert_eq!(ask(&many, "count").await, number(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_has_waited_through_a_cut_hears_signals_again() {
    let network = Network::new();
    let brokers = Brokers::three_in(&network);
    let many = Replica::start_at(&brokers.url_for(&network, "many"), RULES).await;
    let few = Replica::start_at(&brokers.url_for(&network, "few"), RULES).await;
    let mut waiting = few.server.open("Chat");
    waiting.send("{}");
    assert_eq!(waiting.next().await.expect("an answer"), said("waits"));
    network.cut_off(&["few"]);
    few.await_connected(false).await;
    assert_eq!(ask(&few, "ring").await, "Unavailable");
    assert_eq!(ask(&many, "ring").await, said("rung"));
    network.heal();
    few.await_connected(true).await;
    // What was raised while nobody could hear it is lost.
    let woken = tokio::spawn(async move { waiting.next().await });
    eventually("a signal", || async {
        assert_eq!(ask(&many, "ring").await, said("rung"));
        woken.is_finished()
    })
    .await;
    let woken = woken.await.expect("it does not panic");
    assert_eq!(woken.expect("a signal"), said("woken"));
}
