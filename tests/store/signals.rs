//! Signals that servers share.

use tonic::Code;

use crate::broker::Brokers;
use crate::replicas::{Replica, eventually};
use crate::rules::Conversation;

const RULES: &str = r#"
rules:
  - method: kinds.Kinds/Chat
    session:
      state: {name: ""}
      key: "${state.name}"
      message:
        - set: {name: "${request.string}"}
        - send: {string: "I am ${state.name}"}
      signals:
        closing: [{send: {string: we close}}]
  - {method: kinds.Kinds/Unary, match: {string: all}, session: {message: [{signal: closing}, {send: {string: told}}]}}
  - {method: kinds.Kinds/Unary, match: {string: large}, session: {message: [{signal: closing, key: "${repeat('x', 70000)}"}, {send: {}}]}}
  - {method: kinds.Kinds/Unary, session: {message: [{signal: closing, key: "${request.string}"}, {send: {string: told}}]}}
"#;

const CLOSED: &str = r#"{"string":"we close"}"#;

/// Begins a chat of that name, which listens when this returns.
async fn chat(replica: &Replica, name: &str) -> Conversation {
    let mut chat = replica.server.open("Chat");
    chat.send(&format!(r#"{{"string": "{name}"}}"#));
    let hello = chat.next().await.expect("an answer");
    assert_eq!(hello, format!(r#"{{"string":"I am {name}"}}"#));
    chat
}

/// Waits until the servers hear each other: what is not heard yet is lost, as `tune in` is until then.
async fn await_heard(replicas: &[Replica]) {
    for from in replicas {
        for to in replicas {
            let mut listener = chat(to, "tuning").await;
            let heard = tokio::spawn(async move { listener.next().await });
            eventually("a signal", || async {
                from.state.signal("closing", Some("tuning"));
                heard.is_finished()
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_reaches_the_calls_of_all_servers_once() {
    let brokers = Brokers::three();
    let replicas = Replica::three(&brokers, RULES).await;
    await_heard(&replicas).await;
    for raising in &replicas {
        let mut ann = Vec::new();
        let mut bob = Vec::new();
        for replica in &replicas {
            ann.push(chat(replica, "ann").await);
            bob.push(chat(replica, "bob").await);
        }
        assert_eq!(raising.text(r#"{"string": "ann"}"#).await, r#"{"string":"told"}"#);
        for chat in &mut ann {
            assert_eq!(chat.next().await.expect("a signal"), CLOSED);
        }
        assert_eq!(raising.text(r#"{"string": "all"}"#).await, r#"{"string":"told"}"#);
        for mut chat in ann.into_iter().chain(bob) {
            assert_eq!(chat.next().await.expect("a signal"), CLOSED);
            chat.half_close();
            let rest = chat.finish().await;
            assert_eq!(
                (rest.status.code(), rest.messages.len()),
                (Code::Ok, 0),
                "it was heard once"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_need_the_broker_and_nothing_else_does() {
    let mut brokers = Brokers::one();
    brokers.kill(0);
    let replica = Replica::start_without(&brokers.url(), RULES).await;
    let mut listener = chat(&replica, "ann").await;
    for _ in 0..2 {
        assert_eq!(replica.text(r#"{"string": "ann"}"#).await, "Unavailable");
        brokers.start_again(0);
        replica.await_connected(true).await;
        assert_eq!(replica.text(r#"{"string": "ann"}"#).await, r#"{"string":"told"}"#);
        // The one before, which was refused, reached nobody.
        assert_eq!(listener.next().await.expect("a signal"), CLOSED);
        assert_eq!(replica.text(r#"{"string": "large"}"#).await, "ResourceExhausted");
        brokers.kill(0);
        replica.await_connected(false).await;
    }
    drop(listener);
}
