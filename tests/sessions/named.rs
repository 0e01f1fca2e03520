//! Which session a call is of, in each protocol, and which calls are refused for it.

use protod::client::{Codec, Protocol};
use protod::tonic::{Code, Status};
use protod::{Call, Handler, SessionOptions};
use serde_json::json;

use super::support::{Desk, SESSION, refused, take};

/// Answers with the name of the session.
struct Naming;

impl Handler for Naming {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        call.recv().await?;
        let name = call.session().map_or("none", |session| session.name());
        call.send(call.message(&json!({ "text": name }))?).await
    }
}

async fn naming() -> Desk {
    Desk::with(|builder| builder.handler("desk.Desk/Take", Naming)).await
}

const OTHERS: [(Protocol, Codec); 5] = [
    (Protocol::Grpc, Codec::Proto),
    (Protocol::GrpcWeb, Codec::Proto),
    (Protocol::GrpcWebText, Codec::Json),
    (Protocol::Connect, Codec::Proto),
    (Protocol::Connect, Codec::Json),
];

#[tokio::test]
async fn a_call_is_of_the_session_that_its_metadata_or_its_baggage_names_in_each_protocol() {
    let desk = naming().await;
    let made = desk.session("checkout/7");
    for (header, value) in [
        (SESSION, "checkout/7"),
        ("baggage", "user=7,protod-session=checkout%2F7;hop=1"),
    ] {
        for (protocol, codec) in OTHERS {
            let client = desk.client_of(protocol, codec, &[(header, value)]).await;
            let answer = take(&client, "{}").await.expect("OK");
            assert_eq!(
                answer, r#"{"text":"checkout/7"}"#,
                "{header} by {protocol:?} {codec:?}"
            );
        }
        let answer = desk.rest(&format!("{header}: {value}"), "{}").await;
        assert!(answer.ends_with(r#"{"text":"checkout/7"}"#), "{header}: {answer}");
    }
    let answer = desk.rest("Grpc-Metadata-Protod-Session: checkout/7", "{}").await;
    assert!(answer.ends_with(r#"{"text":"checkout/7"}"#), "{answer}");
    assert_eq!(made.calls(), 13);
    let client = desk.client(&[("baggage", "user=7")]).await;
    assert_eq!(take(&client, "{}").await.expect("OK"), r#"{"text":"none"}"#);
    assert_eq!(made.calls(), 13);
}

#[tokio::test]
async fn a_call_of_a_session_that_is_not_there_is_refused_in_each_protocol() {
    let desk = naming().await;
    for (protocol, codec) in OTHERS {
        let client = desk.client_of(protocol, codec, &[(SESSION, "a")]).await;
        let text = r#"there is no session "a": it was never made, or it has ended"#;
        assert_eq!(
            refused(&client, "{}").await,
            (Code::FailedPrecondition, text.to_owned())
        );
        desk.session("a");
        take(&client, "{}").await.expect("OK");
        assert!(desk.server.sessions().end("a"));
        assert_eq!(
            refused(&client, "{}").await,
            (Code::FailedPrecondition, text.to_owned())
        );
    }
    let answer = desk.rest("protod-session: a", "{}").await;
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("there is no session"),
        "{answer}"
    );
}

#[tokio::test]
async fn names_that_can_be_no_session_are_refused_and_never_a_call_of_none() {
    let desk = naming().await;
    desk.session("a");
    let long = "x".repeat(10_000);
    let many: Vec<String> = (0..500).map(|n| format!("k{n}=v{n}")).collect();
    let many = many.join(",");
    for (headers, code, text) in [
        (vec![(SESSION, "")], Code::FailedPrecondition, r#"session """#),
        (vec![(SESSION, long.as_str())], Code::FailedPrecondition, "xxx…"),
        (vec![(SESSION, "A")], Code::FailedPrecondition, r#"session "A""#),
        (
            vec![(SESSION, "a"), (SESSION, "b")],
            Code::InvalidArgument,
            r#"two sessions, "a" and "b""#,
        ),
        (
            vec![("baggage", "protod-session=%00%ff")],
            Code::FailedPrecondition,
            "session",
        ),
        (
            vec![("baggage", "protod-session=a,protod-session=b")],
            Code::InvalidArgument,
            "two sessions",
        ),
        (
            vec![("baggage", &many), ("baggage", "protod-session=b")],
            Code::FailedPrecondition,
            r#"session "b""#,
        ),
    ] {
        let client = desk.client(&headers).await;
        let (found, message) = refused(&client, "{}").await;
        assert_eq!(found, code, "{headers:?}: {message}");
        assert!(message.contains(text) && message.len() < 1000, "{message}");
    }
    let client = desk.client(&[(SESSION, "a"), (SESSION, "a")]).await;
    assert_eq!(take(&client, "{}").await.expect("OK"), r#"{"text":"a"}"#);
}

#[tokio::test]
async fn a_server_without_sessions_does_not_look_for_them() {
    let desk = Desk::with(|builder| builder.max_sessions(0).handler("desk.Desk/Take", Naming)).await;
    desk.server
        .sessions()
        .create(SessionOptions::default())
        .expect_err("it has none");
    let client = desk
        .client(&[(SESSION, "a"), ("baggage", "protod-session=b")])
        .await;
    assert_eq!(take(&client, "{}").await.expect("OK"), r#"{"text":"none"}"#);
}
