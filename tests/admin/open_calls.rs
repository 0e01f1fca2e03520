//! Calls in flight: which there are, that they can be ended, and what cannot be done with them, by the library and by the service.

use std::sync::atomic::Ordering;

use protod::tonic::{Code, Status};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::program::SOON;
use crate::sea::{PROTOCOLS, Sea, eventually, label, next, send};

#[tokio::test]
async fn a_call_of_any_shape_is_ended_whatever_its_handler_does_and_all_of_it_is_gone() {
    let sea = Sea::start().await;
    for (protocol, codec) in PROTOCOLS {
        let client = sea.client_of(protocol, codec).await;
        for method in ["Ask", "Gather", "Drift", "Watch"] {
            let (call, responding) = sea.begin(&client, method).await;
            call.end(Status::not_found("no such place"))
                .await
                .expect("it is open");
            let of = format!("{protocol:?} {codec:?} {method}");
            // Whoever was told that it has ended finds it in the journal, and nothing of it elsewhere.
            assert!(sea.open().list().is_empty() && call.recorded().is_none(), "{of}");
            let recorded = sea
                .server
                .journal()
                .expect("it keeps one")
                .get(call.id())
                .expect("it is kept");
            assert_eq!(
                (recorded.code(), recorded.message()),
                (Code::NotFound, "no such place"),
                "{of}"
            );
            assert_eq!(sea.handlers.0.load(Ordering::SeqCst), 0, "{of}");
            let ended = match responding.responses().await {
                Ok(mut responses) => next(&mut responses).await.expect_err("it was ended"),
                Err(status) => status,
            };
            assert_eq!(
                (ended.code(), ended.message()),
                (Code::NotFound, "no such place"),
                "{of}"
            );
        }
    }
    eventually(|| (sea.server.calls_in_flight() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_call_whose_client_does_not_read_is_ended_too() {
    let sea = Sea::start().await;
    let client = sea.client().await;
    let (call, responding) = sea.begin(&client, "Drift").await;
    let large = json!({ "crests": vec!["~".repeat(1 << 20); 3] }).to_string();
    send(&call, &large).await.expect("it is open");
    let _unread = responding.responses().await.expect("it begins");
    timeout(SOON, call.end(Status::unavailable("gone")))
        .await
        .expect("it ends")
        .expect("it was open");
    assert_eq!(sea.handlers.0.load(Ordering::SeqCst), 0);
    let recorded = sea
        .server
        .journal()
        .expect("it keeps one")
        .get(call.id())
        .expect("it is kept");
    assert_eq!(recorded.code(), Code::Unavailable);
}

#[tokio::test]
async fn what_cannot_be_done_with_a_call_is_refused_with_the_reason() {
    let sea = Sea::start().await;
    let client = sea.client().await;
    for method in ["Ask", "Gather"] {
        let (call, responding) = sea.begin(&client, method).await;
        for refused in [send(&call, "{}").await, call.end(Status::ok("")).await] {
            let refused = refused.expect_err("it answers once");
            assert_eq!(refused.code(), Code::FailedPrecondition);
            assert!(
                refused
                    .message()
                    .contains(&format!("sea.Sea/{method} answers with one message")),
                "{refused}"
            );
        }
        call.end(Status::aborted("enough")).await.expect("it is open");
        drop(responding);
    }
    // One that its client leaves.
    let (call, responding) = sea.begin(&client, "Drift").await;
    responding.0.abort();
    eventually(|| call.recorded().is_none().then_some(())).await;
    let gone = [
        send(&call, "{}").await,
        call.end(Status::ok("")).await,
        sea.open().get(call.id()).map(drop),
    ];
    for refused in gone {
        let refused = refused.expect_err("it has ended");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains("has ended"), "{refused}");
    }
    for id in [0, 1_000_000] {
        assert_eq!(
            sea.open().get(id).expect_err("there was none").code(),
            Code::NotFound
        );
    }
    // One that ends while a message waits for it.
    let (call, responding) = sea.begin(&client, "Drift").await;
    send(
        &call,
        &json!({ "crests": vec!["~".repeat(1 << 20); 3] }).to_string(),
    )
    .await
    .expect("it is open");
    let _unread = responding.responses().await.expect("it begins");
    let waiting = {
        let call = call.clone();
        tokio::spawn(async move { send(&call, "{}").await })
    };
    call.end(Status::cancelled("over")).await.expect("it is open");
    let refused = waiting.await.expect("no panic").expect_err("it has ended");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
}

#[tokio::test]
async fn without_a_journal_the_calls_in_flight_are_known_if_they_are_asked_for() {
    let none = Sea::of(|server| server).await;
    assert!(none.server.open_calls().is_none());
    let (code, refused) = none.ask("ListOpen", json!({})).await;
    assert_eq!(code, 400, "{refused}");
    for layered in [false, true] {
        let sea = Sea::of(|server| {
            let server = server.keep_open_calls(true);
            if layered {
                server.layer(tower::layer::util::Identity::new())
            } else {
                server
            }
        })
        .await;
        assert!(sea.server.journal().is_none());
        let (call, responding) = sea.begin(&sea.client().await, "Watch").await;
        send(&call, r#"{"label": "pushed"}"#).await.expect("it is open");
        let mut responses = responding.responses().await.expect("it begins");
        assert_eq!(label(&mut responses).await, "pushed");
        let recorded = call.recorded().expect("it is open");
        assert_eq!(
            (recorded.rule(), recorded.method()),
            (Some("watching"), "sea.Sea/Watch")
        );
        assert_eq!((recorded.request_count(), recorded.response_count()), (1, 1));
        assert!(recorded.is_open() && recorded.messages().next().is_none());
        call.end(Status::data_loss("over")).await.expect("it is open");
        assert_eq!(
            next(&mut responses).await.expect_err("it was ended").code(),
            Code::DataLoss
        );
    }
}

#[tokio::test]
async fn the_admin_service_does_it_for_one_call_and_for_all_of_a_method() {
    let sea = Sea::start().await;
    let client = sea.client().await;
    let (first, responding) = sea.begin(&client, "Watch").await;
    let (second, responding_too) = sea.begin(&client, "Watch").await;
    let (other, _drifting) = sea.begin(&client, "Drift").await;
    let (_, open) = sea.ask("ListOpen", json!({})).await;
    assert_eq!(open["calls"].as_array().map(Vec::len), Some(3), "{open}");
    let (_, open) = sea.ask("ListOpen", json!({ "method": "sea.Sea/Watch" })).await;
    let ids: Vec<&Value> = open["calls"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|call| &call["id"])
        .collect();
    assert_eq!(
        ids,
        [&json!(first.id().to_string()), &json!(second.id().to_string())],
        "{open}"
    );
    assert!(
        open["calls"][0].get("code").is_none() && open["calls"][0]["rule"] == "watching",
        "{open}"
    );

    let sent = sea
        .ask(
            "Send",
            json!({ "id": first.id(), "json": { "label": "one", "height": 7 } }),
        )
        .await;
    assert_eq!(sent, (200, json!({ "calls": 1 })));
    let sent = sea
        .ask("Send", json!({ "method": "sea.Sea/Watch", "wire": "CgNhbGw=" }))
        .await;
    assert_eq!(sent, (200, json!({ "calls": 2 })));
    let signal = sea.ask("Signal", json!({ "name": "calm" })).await;
    assert_eq!(signal, (200, json!({ "calls": 2 })));
    let signal = sea.ask("Signal", json!({ "name": "calm", "key": "south" })).await;
    assert_eq!(
        signal,
        (200, json!({ "calls": 2 })),
        "they handle it, with another key"
    );
    assert_eq!(
        sea.ask("Signal", json!({ "name": "clam" })).await,
        (200, json!({}))
    );
    let (mut responses, mut responses_too) = (
        responding.responses().await.expect("OK"),
        responding_too.responses().await.expect("OK"),
    );
    assert_eq!(
        next(&mut responses).await.expect("OK").as_deref(),
        Some(r#"{"label":"one","height":"7"}"#)
    );
    for responses in [&mut responses, &mut responses_too] {
        assert_eq!(label(responses).await, "all");
        assert_eq!(label(responses).await, "calm");
    }
    for (request, code, words) in [
        (
            json!({ "id": first.id(), "json": { "crests": ["a", 7] } }),
            400,
            "crests[1]",
        ),
        (json!({ "id": first.id(), "json": { "labl": "a" } }), 400, "labl"),
        (json!({ "id": first.id(), "json": null }), 400, "null"),
        (json!({ "id": first.id(), "wire": "AAAA" }), 400, "malformed"),
        (
            json!({ "id": first.id(), "json": {}, "wire": "CgNhbGw=" }),
            400,
            "one form",
        ),
        (
            json!({ "id": first.id(), "method": "sea.Sea/Watch" }),
            400,
            "is enough",
        ),
        (json!({}), 400, "needs the id"),
        (json!({ "id": 999_999 }), 404, "no call 999999"),
        (json!({ "method": "sea.Sea/Wotch" }), 404, "sea.Sea/Watch"),
    ] {
        let (found, answer) = sea.ask("Send", request.clone()).await;
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(
            found == code && message.contains(words),
            "{request}: {found} {answer}"
        );
    }
    let (code, answer) = sea.ask("End", json!({ "id": first.id(), "code": "GONE" })).await;
    assert!(
        code == 400
            && answer["message"]
                .as_str()
                .is_some_and(|why| why.contains("NOT_FOUND")),
        "{answer}"
    );
    let ended = sea
        .ask(
            "End",
            json!({ "method": "sea.Sea/Watch", "code": "UNAVAILABLE", "message": "lost" }),
        )
        .await;
    assert_eq!(ended, (200, json!({ "calls": 2 })));
    for responses in [&mut responses, &mut responses_too] {
        let status = next(responses).await.expect_err("it was ended");
        assert_eq!((status.code(), status.message()), (Code::Unavailable, "lost"));
    }
    let (code, _) = sea.ask("End", json!({ "id": first.id() })).await;
    assert_eq!(code, 400, "it has ended");
    assert_eq!(
        sea.ask("End", json!({ "id": other.id() })).await,
        (200, json!({ "calls": 1 }))
    );
    assert_eq!(sea.ask("ListOpen", json!({})).await, (200, json!({})));
}
