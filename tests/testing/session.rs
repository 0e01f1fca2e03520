//! What the guide does not show of sessions: what is apart, how one ends, and what is told of a test that fails.

use protod::testing::{TestServer, TestSession};
use protod::tonic::{Code, Status};
use protod::{CallFilter, Client, Message, Schema, Server, SessionError, Verify};

use crate::server::{API, GREET, printed_by};

async fn greet(client: &Client, name: &str) -> Result<String, Status> {
    let greet = client.method(GREET).expect("it is there");
    let request = format!(r#"{{"name": "{name}"}}"#);
    let request = Message::from_json(greet.input().clone(), &request).expect("a request");
    let reply = greet.unary(request).await?;
    Ok(reply.message.to_json().expect("JSON"))
}

async fn client(session: &TestSession<'_>) -> Client {
    session.client().await.expect("it listens")
}

#[tokio::test]
async fn sessions_of_one_server_count_and_verify_their_own_calls_and_no_others() {
    let server = TestServer::load(API).expect("it loads");
    let (one, two) = (server.session(), server.session());
    let (one, two) = (one.expect("there is room"), two.expect("there is room"));
    assert_eq!(one.address(), server.address());
    let (of_one, of_two) = (client(&one).await, client(&two).await);
    let of_none = server.client().await.expect("it listens");
    for expected in ["Hello, Ann", "Hello again, Ann"] {
        let text = format!(r#"{{"text":"{expected}"}}"#);
        for client in [&of_one, &of_two, &of_none] {
            assert_eq!(greet(client, "Ann").await.expect("an answer"), text);
        }
    }
    greet(&of_two, "Bob").await.expect("an answer");
    one.verify(Verify::method(GREET).exactly(2)).await;
    two.verify(Verify::method(GREET).exactly(3)).await;
    two.verify(Verify::method(GREET).where_("request.name == 'Bob'"))
        .await;
    one.verify(Verify::method(GREET).where_("request.name == 'Bob'").never())
        .await;
    let said = |name: &str| CallFilter::method(GREET).where_(format!("request.name == '{name}'"));
    two.verify(Verify::in_order([said("Ann"), said("Bob")])).await;
    server.verify(Verify::method(GREET).exactly(7)).await;
    for (session, calls) in [(&one, 2), (&two, 3)] {
        let of_session = session.calls();
        assert_eq!(of_session.len(), calls);
        let mut names = of_session.iter().map(|call| call.session());
        assert!(names.all(|name| name == Some(session.name())));
    }
    assert_eq!(server.calls().len(), 7);
}

#[tokio::test]
#[should_panic(expected = "calls in this order")]
async fn calls_of_another_session_are_not_in_the_order_of_this_one() {
    let server = TestServer::load(API).expect("it loads");
    let (one, two) = (server.session(), server.session());
    let (one, two) = (one.expect("there is room"), two.expect("there is room"));
    let (of_one, of_two) = (client(&one).await, client(&two).await);
    greet(&of_one, "Ann").await.expect("an answer");
    greet(&of_two, "Bob").await.expect("an answer");
    let said = |name: &str| CallFilter::method(GREET).where_(format!("request.name == '{name}'"));
    let both = || Verify::in_order([said("Ann"), said("Bob")]);
    server.verify(both()).await;
    one.verify(both()).await;
}

#[tokio::test]
async fn a_session_ends_when_it_is_dropped_and_its_calls_are_refused_from_then_on() {
    let server = TestServer::load(API).expect("it loads");
    let session = server.session().expect("there is room");
    let client = client(&session).await;
    greet(&client, "Ann").await.expect("an answer");
    drop(session);
    let refused = greet(&client, "Ann").await.expect_err("it has ended");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    assert!(server.server().sessions().list().is_empty());
}

/// A rule that greets everybody with a text.
fn greeting(text: &str) -> String {
    format!("rules:\n  - name: own\n    method: {GREET}\n    reply: {{text: {text}}}\n")
}

#[tokio::test]
async fn rules_that_a_test_puts_for_its_session_answer_no_other_and_go_with_it() {
    let server = TestServer::load(API).expect("it loads");
    let (one, two) = (server.session(), server.session());
    let (one, two) = (one.expect("there is room"), two.expect("there is room"));
    let (of_one, of_two) = (client(&one).await, client(&two).await);
    let of_none = server.client().await.expect("it listens");
    one.put_rules(&greeting("one")).await;
    two.put_rules(&greeting("two")).await;
    for (client, text) in [(&of_one, "one"), (&of_two, "two"), (&of_none, "Hello, Ann")] {
        let text = format!(r#"{{"text":"{text}"}}"#);
        assert_eq!(greet(client, "Ann").await.expect("an answer"), text);
    }
    one.put_rules(&greeting("in front")).await;
    assert_eq!(
        greet(&of_one, "Ann").await.expect("an answer"),
        r#"{"text":"in front"}"#
    );
    assert_eq!(one.calls().last().and_then(|call| call.rule()), Some("own"));
    drop(one);
    assert_eq!(
        greet(&of_two, "Ann").await.expect("an answer"),
        r#"{"text":"two"}"#
    );
}

#[tokio::test]
async fn rules_can_be_put_for_a_session_of_a_server_without_rules_or_journal() {
    let schema = Schema::load(API).expect("it compiles");
    let server = TestServer::start(Server::builder(schema).build().expect("it is right"));
    let server = server.expect("it starts");
    let session = server.session().expect("there is room");
    let (own, of_none) = (client(&session).await, server.client().await.expect("it listens"));
    let before = greet(&of_none, "Ann").await.expect_err("nothing answers");
    session.put_rules(&greeting("own")).await;
    assert_eq!(greet(&own, "Ann").await.expect("an answer"), r#"{"text":"own"}"#);
    let after = greet(&of_none, "Ann").await.expect_err("nothing answers");
    assert_eq!((after.code(), after.message()), (before.code(), before.message()));
}

#[tokio::test]
#[should_panic(expected = "put-1:4:5: unknown key `repyl` in a rule")]
async fn a_test_whose_rules_are_wrong_fails_with_their_problems() {
    let server = TestServer::load(API).expect("it loads");
    let session = server.session().expect("there is room");
    session.put_rules(&greeting("x").replace("reply", "repyl")).await;
}

#[test]
fn a_server_that_takes_no_more_sessions_says_so() {
    let schema = Schema::load(API).expect("it compiles");
    let built = Server::builder(schema).max_sessions(1).build();
    let server = TestServer::start(built.expect("it is right")).expect("it starts");
    let session = server.session().expect("there is room");
    let error = server.session().expect_err("there is no room");
    assert_eq!(error, SessionError::TooMany(1));
    // It was built without a journal.
    assert!(session.calls().is_empty());
    drop(session);
    server.session().expect("there is room again");
}

#[test]
fn a_test_that_fails_in_a_session_shows_the_calls_of_that_and_no_others() {
    let printed = printed_by("fails::in_a_session");
    let calls = "the calls of the test session:\ngreeter.Greeter/Greet OK by first\n  > {\"name\":\"Ann\"}\n  \
                 < {\"text\":\"Hello, Ann\"}\n";
    assert!(printed.contains(calls), "{printed}");
    assert!(!printed.contains("Bob"), "{printed}");
}
