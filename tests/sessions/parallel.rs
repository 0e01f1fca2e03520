//! Sessions whose calls run at the same time: none sees the calls of another, or what they leave behind.

use std::time::Duration;

use protod::{CallFilter, Client, Message, RecordedCall, Session, Verify};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::support::{Desk, HANG, SESSION, refused, take};

const CALLS: u64 = 1000;

/// Takes that many tickets at the same time, half of them by `times` and half by the store.
async fn take_all(client: Client, name: &str) {
    let mut tasks = JoinSet::new();
    for n in 0..CALLS {
        let client = client.clone();
        let kind = if n % 2 == 0 { "times" } else { "store" };
        let ask = format!(r#"{{"kind":"{kind}","name":"{name}"}}"#);
        tasks.spawn(async move { take(&client, &ask).await.expect("OK") });
    }
    let mut answers = Vec::new();
    while let Some(answer) = timeout(HANG, tasks.join_next()).await.expect("they end") {
        answers.push(answer.expect("no panic"));
    }
    let count = |text: &str| answers.iter().filter(|answer| answer.contains(text)).count() as u64;
    assert_eq!((count("first"), count("later")), (1, CALLS / 2 - 1), "{name}");
    // Each number once: no call of another session has counted in between.
    let mut numbers: Vec<u64> = answers.iter().filter_map(|answer| number(answer)).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(1..=CALLS / 2), "{name}");
}

fn number(answer: &str) -> Option<u64> {
    answer
        .strip_prefix(r#"{"number":"#)?
        .strip_suffix('}')?
        .parse()
        .ok()
}

fn of(session: &Session) -> CallFilter {
    CallFilter::method("desk.Desk/Take").session(session)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sessions_with_a_thousand_parallel_calls_each_never_see_one_another() {
    let desk = Desk::open().await;
    let sessions = [desk.session("one"), desk.session("other")];
    let mut running = JoinSet::new();
    for session in &sessions {
        let name = session.name().to_owned();
        let client = desk.client(&[(SESSION, &name)]).await;
        running.spawn(async move { take_all(client, &name).await });
    }
    // They are verified while they run, each by itself.
    for session in &sessions {
        let server = desk.server.clone();
        let own = of(session);
        let strange = of(session).where_(format!("request.name != '{}'", session.name()));
        running.spawn(async move {
            server
                .verify(Verify::calls(own).at_least(CALLS).within(HANG))
                .await
                .expect("they come");
            server
                .verify(Verify::calls(strange).never())
                .await
                .expect("none is another's");
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("as it must be");
    }
    let journal = desk.server.journal().expect("it keeps one");
    assert_eq!(journal.calls().len() as u64, 2 * CALLS);
    for session in &sessions {
        assert_eq!(session.calls(), CALLS);
        desk.server
            .verify(Verify::calls(of(session)).exactly(CALLS))
            .await
            .expect("verified");
        let calls = journal.find(&of(session), usize::MAX).expect("it compiles");
        assert_eq!(calls.len() as u64, CALLS);
        assert!(calls.iter().all(|call| call.session() == Some(session.name())));
        let named = CallFilter::all().where_(format!("call.session == '{}'", session.name()));
        assert_eq!(
            journal.find(&named, usize::MAX).expect("it compiles").len() as u64,
            CALLS
        );
    }
}

#[tokio::test]
async fn a_verification_that_fails_shows_no_call_of_another_session() {
    let desk = Desk::open().await;
    let (one, _other) = (desk.session("one"), desk.session("other"));
    for headers in [&[][..], &[(SESSION, "other")]] {
        take(&desk.client(headers).await, r#"{"kind":"turn"}"#)
            .await
            .expect("OK");
    }
    let failed = desk
        .server
        .verify(Verify::calls(of(&one)))
        .await
        .expect_err("none came");
    assert_eq!(
        failed.to_string(),
        "expected at least 1 call of desk.Desk/Take of session one, and none came\nno other call has come"
    );
    take(&desk.client(&[(SESSION, "one")]).await, r#"{"kind":"turn"}"#)
        .await
        .expect("OK");
    let twice = Verify::calls(of(&one))
        .exactly(2)
        .within(Duration::from_millis(1));
    let failed = desk.server.verify(twice).await.expect_err("one came");
    assert_eq!(failed.found(), 1);
}

#[tokio::test]
async fn the_journal_has_the_session_of_calls_that_nothing_answered_too() {
    let desk = Desk::open().await;
    let session = desk.session("one");
    let client = desk.client(&[(SESSION, "one")]).await;
    refused(&client, r#"{"kind":"?"}"#).await;
    assert_eq!(desk.last().session(), Some("one"));
    let answer = desk.rest(&format!("{SESSION}: one"), r#"{"kind":"turn"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(desk.last().session(), Some("one"));
    // The schema of the server has no such method.
    let other = protod::Schema::from_source(
        "other.proto",
        r#"syntax = "proto3"; message M {} service Other { rpc Do(M) returns (M); }"#,
    );
    let mut method = Client::builder(&desk.address)
        .schema(other.expect("it compiles"))
        .connect()
        .await
        .expect("it listens")
        .method("Other/Do")
        .expect("it is one");
    method
        .metadata_mut()
        .insert(SESSION, "one".parse().expect("a value"));
    let empty = Message::from_json(method.input().clone(), "{}").expect("it fits");
    method.unary(empty.clone()).await.expect_err("there is none");
    let call = desk.last();
    assert_eq!((call.method(), call.session()), ("Other/Do", Some("one")));
    let unmatched = CallFilter::all().session(&session).where_("!call.matched");
    let journal = desk.server.journal().expect("it keeps one");
    assert_eq!(journal.find(&unmatched, 10).expect("it compiles").len(), 2);
    assert!(desk.server.sessions().end("one"));
    method.unary(empty).await.expect_err("it has ended");
    assert_eq!(desk.last().session(), None);
}

#[tokio::test]
async fn the_calls_of_one_session_are_forgotten_without_the_others() {
    let desk = Desk::open().await;
    let (one, other) = (desk.session("one"), desk.session("other"));
    let clients = [
        desk.client(&[]).await,
        desk.client(&[(SESSION, "one")]).await,
        desk.client(&[(SESSION, "other")]).await,
    ];
    let journal = desk.server.journal().expect("it keeps one");
    let ask = async || {
        for client in &clients {
            take(client, r#"{"kind":"turn"}"#).await.expect("OK");
        }
    };
    let seen = || -> Vec<String> {
        let name = |call: &RecordedCall| call.session().unwrap_or("none").to_owned();
        journal.calls().iter().map(name).collect()
    };
    ask().await;
    let forgotten = journal.find(&of(&one), 1).expect("it compiles")[0].id();
    journal.clear_of(Some(&one));
    assert_eq!(seen(), ["none", "other"]);
    assert!(journal.get(forgotten).is_none());
    desk.server
        .verify(Verify::calls(of(&one)).never())
        .await
        .expect("none is left");
    ask().await;
    assert_eq!(seen(), ["none", "other", "none", "one", "other"]);
    journal.clear_of(None);
    assert_eq!(seen(), ["other", "one", "other"]);
    desk.server
        .verify(Verify::calls(of(&one)).exactly(1))
        .await
        .expect("one is left");
    desk.server
        .verify(Verify::calls(of(&other)).exactly(2))
        .await
        .expect("two are left");
    for _ in 0..1000 {
        take(&clients[1], r#"{"kind":"turn"}"#).await.expect("OK");
        journal.clear_of(Some(&one));
        journal.clear_of(Some(&one));
    }
    assert_eq!(seen(), ["other", "other"]);
    journal.clear();
    ask().await;
    assert_eq!(seen(), ["none", "one", "other"]);
}

#[tokio::test]
async fn the_calls_of_a_session_that_has_ended_are_not_those_of_the_next_of_its_name() {
    let desk = Desk::open().await;
    let ended = desk.session("one");
    let client = desk.client(&[(SESSION, "one")]).await;
    take(&client, r#"{"kind":"turn"}"#).await.expect("OK");
    assert!(desk.server.sessions().end("one"));
    let new = desk.session("one");
    desk.server
        .verify(Verify::calls(of(&new)).never())
        .await
        .expect("it has had none");
    desk.server
        .verify(Verify::calls(of(&ended)).exactly(1))
        .await
        .expect("that had one");
}
