//! What rules keep for the calls of a session: how often they have answered, the store, collections, signals.

use protod::{Client, Message, Responses, Session};
use tokio::time::timeout;

use super::support::{Desk, HANG, SESSION, take};

/// What the rules answer to the same questions, whose answers depend on those before.
async fn answers(client: &Client) -> Vec<String> {
    let mut answers = Vec::new();
    for ask in [
        r#"{"kind":"times"}"#,
        r#"{"kind":"times"}"#,
        r#"{"kind":"turn"}"#,
        r#"{"kind":"turn"}"#,
        r#"{"kind":"scope","name":"a"}"#,
        r#"{"kind":"scope","name":"b"}"#,
        r#"{"kind":"scope","name":"a"}"#,
        r#"{"kind":"store"}"#,
        r#"{"kind":"store"}"#,
    ] {
        answers.push(take(client, ask).await.expect("OK"));
    }
    answers
}

const FRESH: [&str; 9] = [
    r#"{"text":"first"}"#,
    r#"{"text":"later"}"#,
    r#"{"text":"one"}"#,
    r#"{"text":"two"}"#,
    r#"{"number":1}"#,
    r#"{"number":1}"#,
    r#"{"number":2}"#,
    r#"{"number":1}"#,
    r#"{"number":2}"#,
];

#[tokio::test]
async fn rules_begin_anew_in_each_session_and_calls_of_none_are_by_themselves() {
    let desk = Desk::open().await;
    let (one, other) = (desk.session("one"), desk.session("other"));
    for headers in [
        &[][..],
        &[(SESSION, "one")],
        &[("baggage", "protod-session=other")],
    ] {
        let client = desk.client(headers).await;
        assert_eq!(answers(&client).await, FRESH, "{headers:?}");
        assert_eq!(
            take(&client, r#"{"kind":"store"}"#).await.expect("OK"),
            r#"{"number":3}"#
        );
        for number in 1..=2 {
            let kept = take(&client, r#"{"kind":"keep"}"#).await.expect("OK");
            assert_eq!(kept, format!(r#"{{"number":{number}}}"#), "{headers:?}");
        }
    }
    assert_eq!((one.calls(), other.calls()), (12, 12));
    // One that has ended leaves nothing to the next of its name.
    drop(one);
    assert!(desk.server.sessions().end("one"));
    desk.session("one");
    let client = desk.client(&[(SESSION, "one")]).await;
    assert_eq!(answers(&client).await, FRESH);
    assert_eq!(
        take(&client, r#"{"kind":"keep"}"#).await.expect("OK"),
        r#"{"number":1}"#
    );
}

#[tokio::test]
async fn what_a_session_has_left_behind_is_forgotten_without_the_others() {
    let desk = Desk::open().await;
    let (one, other) = (desk.session("one"), desk.session("other"));
    let clients = [
        desk.client(&[]).await,
        desk.client(&[(SESSION, "one")]).await,
        desk.client(&[(SESSION, "other")]).await,
    ];
    for client in &clients {
        answers(client).await;
    }
    let state = desk.rules.state().of_session(&one);
    state.clear_counters();
    state.clear_store();
    assert_eq!(answers(&clients[1]).await, FRESH);
    let later = r#"{"text":"later"}"#;
    for client in [&clients[0], &clients[2]] {
        assert_eq!(take(client, r#"{"kind":"times"}"#).await.expect("OK"), later);
        assert_eq!(
            take(client, r#"{"kind":"store"}"#).await.expect("OK"),
            r#"{"number":3}"#
        );
    }
    desk.rules.state().clear_counters();
    assert_eq!(
        take(&clients[0], r#"{"kind":"times"}"#).await.expect("OK"),
        r#"{"text":"first"}"#
    );
    assert_eq!(take(&clients[2], r#"{"kind":"times"}"#).await.expect("OK"), later);
    drop(other);
}

#[tokio::test]
async fn rules_are_listed_with_how_often_all_calls_and_those_of_a_session_chose_them() {
    let desk = Desk::open().await;
    let (one, other) = (desk.session("one"), desk.session("other"));
    let ask = r#"{"kind":"turn"}"#;
    for (headers, calls) in [(&[][..], 1), (&[(SESSION, "one")], 2), (&[(SESSION, "other")], 4)] {
        let client = desk.client(headers).await;
        for _ in 0..calls {
            take(&client, ask).await.expect("OK");
        }
    }
    let hits = |session: Option<&Session>| {
        let rules = session.map_or_else(|| desk.rules.list(), |session| desk.rules.list_of(session));
        assert_eq!(rules.len(), 8);
        let rule = rules.into_iter().find(|rule| rule.name == "in turn");
        rule.expect("it is one").hits
    };
    assert_eq!([hits(None), hits(Some(&one)), hits(Some(&other))], [7, 2, 4]);
    desk.rules.state().of_session(&one).clear_counters();
    assert_eq!([hits(None), hits(Some(&one)), hits(Some(&other))], [7, 0, 4]);
}

async fn wait(client: &Client) -> Responses {
    let method = client.method("desk.Desk/Wait").expect("it is one");
    let ask = Message::from_json(method.input().clone(), "{}").expect("it fits");
    let mut responses = method.server_streaming(ask).await.expect("it begins");
    assert_eq!(
        next(&mut responses).await.as_deref(),
        Some(r#"{"text":"waiting"}"#)
    );
    responses
}

/// The next response as JSON; `None` at the end.
async fn next(responses: &mut Responses) -> Option<String> {
    let message = timeout(HANG, responses.message()).await.expect("it comes");
    message
        .expect("OK")
        .map(|message| message.to_json().expect("it has a form"))
}

#[tokio::test]
async fn signals_are_heard_in_the_session_in_which_they_are_raised() {
    let desk = Desk::open().await;
    let one = desk.session("one");
    desk.session("other");
    let none = desk.client(&[]).await;
    let in_one = desk.client(&[(SESSION, "one")]).await;
    let in_other = desk.client(&[(SESSION, "other")]).await;
    let (mut waits, mut waits_in_one, mut waits_in_other) =
        (wait(&none).await, wait(&in_one).await, wait(&in_other).await);
    let heard = r#"{"text":"heard"}"#;
    take(&in_one, r#"{"kind":"signal"}"#).await.expect("OK");
    assert_eq!(next(&mut waits_in_one).await.as_deref(), Some(heard));
    assert_eq!(next(&mut waits_in_one).await, None);
    // The others still listen: each hears only one signal before it ends.
    assert_eq!(desk.rules.state().of_session(&one).signal("next", None), 0);
    take(&in_other, r#"{"kind":"signal"}"#).await.expect("OK");
    assert_eq!(next(&mut waits_in_other).await.as_deref(), Some(heard));
    assert_eq!(desk.rules.state().signal("next", None), 1);
    assert_eq!(next(&mut waits).await.as_deref(), Some(heard));
}

#[tokio::test]
async fn calls_in_flight_keep_their_session_when_it_ends_and_nobody_else_has_it() {
    let desk = Desk::open().await;
    let ended = desk.session("a");
    let client = desk.client(&[(SESSION, "a")]).await;
    take(&client, r#"{"kind":"times"}"#).await.expect("OK");
    let mut waits = wait(&client).await;
    assert!(desk.server.sessions().end("a"));
    take(&client, "{}").await.expect_err("it has ended");
    desk.session("a");
    // Those of the new one hear and see nothing of it.
    take(&client, r#"{"kind":"signal"}"#).await.expect("OK");
    assert_eq!(
        take(&client, r#"{"kind":"times"}"#).await.expect("OK"),
        r#"{"text":"first"}"#
    );
    assert_eq!(desk.rules.state().of_session(&ended).signal("next", None), 1);
    assert_eq!(next(&mut waits).await.as_deref(), Some(r#"{"text":"heard"}"#));
    assert_eq!(next(&mut waits).await, None);
}

#[tokio::test]
async fn a_session_counts_on_over_a_reload_and_a_rule_that_was_gone_begins_anew() {
    let mut desk = Desk::open().await;
    let session = desk.session("one");
    let client = desk.client(&[(SESSION, "one")]).await;
    assert_eq!(answers(&client).await, FRESH);
    let later = r#"{"text":"later"}"#;
    let times = r#"{"kind":"times"}"#;
    desk.reload(true);
    assert_eq!(take(&client, times).await.expect("OK"), later);
    desk.reload(false);
    take(&client, times).await.expect_err("no rule");
    desk.reload(true);
    assert_eq!(take(&client, times).await.expect("OK"), r#"{"text":"first"}"#);
    drop(session);
}
