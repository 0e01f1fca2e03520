//! What the journal shows of a call, in each protocol and however it ends.

use std::time::{Duration, SystemTime};

use protod::client::{Codec, Protocol};
use protod::tonic::{Code, Status};
use protod::{Call, JournalOptions, Message, RecordedCall, Server};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::support::{Shop, builder, headers, messages, schema};

#[tokio::test]
async fn a_call_is_there_with_all_that_came_and_went_when_its_client_has_the_answer() {
    let shop = Shop::open().await;
    for (protocol, codec, name) in [
        (Protocol::Grpc, Codec::Proto, "grpc"),
        (Protocol::Grpc, Codec::Json, "grpc"),
        (Protocol::GrpcWeb, Codec::Proto, "grpc-web"),
        (Protocol::GrpcWebText, Codec::Json, "grpc-web"),
        (Protocol::Connect, Codec::Proto, "connect"),
        (Protocol::Connect, Codec::Json, "connect"),
    ] {
        let client = shop.client_of(protocol, codec).await;
        let before = SystemTime::now();
        let tea = r#"{"name":"tea","count":3}"#;
        let (found, result) = Shop::call(&client, "Buy", &[tea], &[("x-ask", "me")]).await;
        result.expect("OK");
        assert_eq!(found, [r#"{"text":"tea","price":3}"#]);
        // At once: nothing waits here.
        let call = shop.last();
        assert_eq!(call.method(), "shop.Shop/Buy");
        assert_eq!(
            (call.protocol(), call.code(), call.message()),
            (name, Code::Ok, "")
        );
        assert_eq!(
            (call.rule(), call.is_unmatched(), call.generation()),
            (Some("tea"), false, 0)
        );
        assert!(call.peer().is_some_and(|peer| peer.starts_with("127.0.0.1:")));
        assert!(before <= call.start() && call.start() <= SystemTime::now());
        assert!(call.duration().is_some_and(|time| time > Duration::ZERO));
        assert!(!call.is_open());
        assert_eq!(
            messages(&call),
            [format!("> {tea}"), r#"< {"text":"tea","price":3}"#.to_owned()],
            "{protocol:?} {codec:?}"
        );
        assert_eq!((call.request_count(), call.response_count()), (1, 1));
        assert!(call.request_bytes() > 0 && call.response_bytes() > 0);
        assert!(headers(call.request_headers()).contains(&"x-ask: me".to_owned()));
        let response = headers(call.response_headers());
        assert!(response.contains(&"x-till: 1".to_owned()), "{response:?}");
        assert!(response.contains(&"protod-rule: tea".to_owned()), "{response:?}");
        assert_eq!(headers(call.trailers()), ["x-took: 1ms"]);
    }
}

#[tokio::test]
async fn of_many_calls_at_once_on_one_connection_each_is_there_when_its_client_has_the_answer() {
    const CALLS: usize = 100;
    let shop = Shop::open().await;
    let client = shop.client().await;
    let journal = shop.journal();
    let calls = (1..=CALLS).map(|n| {
        let (client, journal) = (&client, &journal);
        async move {
            // Some end with an error, and some with messages of their own.
            let (method, order) = match n % 3 {
                0 => ("Buy", format!(r#"{{"name":"tea","count":{n}}}"#)),
                1 => ("Buy", format!(r#"{{"name":"cake","count":{n}}}"#)),
                _ => ("Watch", format!(r#"{{"name":"tea","count":{n}}}"#)),
            };
            let (_, result) = Shop::call(client, method, &[&order], &[]).await;
            let code = result.map_or_else(|status| status.code(), |()| Code::Ok);
            let sent = format!("> {order}");
            let found = journal.newest(CALLS, |call| messages(call).first() == Some(&sent));
            let [call] = &found[..] else {
                panic!("{order} is there {} times", found.len());
            };
            assert_eq!(
                (call.method(), call.code()),
                (&*format!("shop.Shop/{method}"), code)
            );
            assert!(!call.is_open() && call.duration().is_some());
        }
    });
    futures_util::future::join_all(calls).await;
    assert_eq!(journal.stats().recorded, CALLS as u64);
}

#[tokio::test]
async fn streams_have_all_their_messages_in_the_order_in_which_they_came_and_went() {
    let shop = Shop::open().await;
    for protocol in [Protocol::Grpc, Protocol::GrpcWeb, Protocol::Connect] {
        let client = shop.client_of(protocol, Codec::Proto).await;
        let (a, b) = (r#"{"name":"a"}"#, r#"{"name":"b"}"#);
        for (method, requests, expected) in [
            (
                "Watch",
                vec![r#"{"count":3}"#],
                vec![r#"> {"count":3}"#, "< {}", r#"< {"price":1}"#, r#"< {"price":2}"#],
            ),
            (
                "Send",
                vec![a, b],
                vec![r#"> {"name":"a"}"#, r#"> {"name":"b"}"#, r#"< {"price":2}"#],
            ),
            (
                "Talk",
                vec![a, b],
                vec![
                    r#"> {"name":"a"}"#,
                    r#"< {"text":"a"}"#,
                    r#"> {"name":"b"}"#,
                    r#"< {"text":"b"}"#,
                ],
            ),
        ] {
            Shop::call(&client, method, &requests, &[]).await.1.expect("OK");
            let call = shop.last();
            assert_eq!(call.method(), format!("shop.Shop/{method}"));
            assert_eq!(messages(&call), expected, "{protocol:?} {method}");
            let times: Vec<Duration> = call.messages().map(|message| message.at()).collect();
            assert!(times.is_sorted() && times.last() <= call.duration().as_ref());
            assert_eq!(call.request_count(), requests.len() as u64);
        }
    }
}

#[tokio::test]
async fn a_call_by_rest_has_the_name_of_its_method() {
    let shop = Shop::open().await;
    let head = "POST /v1/orders HTTP/1.1\r\ncontent-type: application/json\r\nauthorization: Bearer secret";
    let answer = shop.http(head, r#"{"name":"tea","count":2}"#).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let call = shop.last();
    assert_eq!((call.protocol(), call.method()), ("rest", "shop.Shop/Buy"));
    assert_eq!(
        messages(&call),
        [r#"> {"name":"tea","count":2}"#, r#"< {"text":"tea","price":2}"#]
    );
    let answer = shop.http(head, r#"{"name":"cake"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert_eq!(
        (shop.last().code(), shop.last().rule()),
        (Code::NotFound, Some("none left"))
    );
}

#[tokio::test]
async fn however_a_call_ends_the_journal_says_what_its_client_was_told() {
    let shop = Shop::open().await;
    for protocol in [Protocol::Grpc, Protocol::GrpcWeb, Protocol::Connect] {
        let client = shop.client_of(protocol, Codec::Proto).await;
        for (method, request, code, rule, unmatched, text) in [
            (
                "Buy",
                r#"{"name":"cake"}"#,
                Code::NotFound,
                Some("none left"),
                false,
                "none is left",
            ),
            (
                "Buy",
                r#"{"name":"coffee"}"#,
                Code::Unimplemented,
                None,
                true,
                "no rule of shop.Shop/Buy matched",
            ),
            (
                "Idle",
                "{}",
                Code::Unimplemented,
                None,
                true,
                "nothing answers shop.Shop/Idle",
            ),
        ] {
            let (_, result) = Shop::call(&client, method, &[request], &[]).await;
            let status = result.expect_err("it fails");
            let call = shop.last();
            assert_eq!(call.method(), format!("shop.Shop/{method}"));
            assert_eq!(
                (call.code(), call.rule(), call.is_unmatched()),
                (code, rule, unmatched)
            );
            assert_eq!((call.code(), call.message()), (status.code(), status.message()));
            assert!(call.message().contains(text), "{}", call.message());
        }
        assert!(
            headers(shop.journal().newest(3, |_| true)[0].trailers()).contains(&"x-reason: sold".to_owned()),
            "{protocol:?}"
        );
    }
}

#[tokio::test]
async fn what_is_refused_before_it_has_a_handler_is_there_too() {
    let shop = Shop::of(builder().max_calls(0)).await;
    let refused = shop.buy(r#"{"name":"tea"}"#).await.expect_err("there is no room");
    let call = shop.last();
    assert_eq!((call.code(), call.message()), (refused.code(), refused.message()));
    assert_eq!(call.method(), "shop.Shop/Buy");
    let answer = shop
        .http(
            "POST /shop.Shop/Nothing HTTP/1.1\r\ncontent-type: application/grpc-web",
            "",
        )
        .await;
    assert!(answer.contains("12"), "{answer}");
    let call = shop.last();
    assert_eq!(
        (call.method(), call.code(), call.is_unmatched()),
        ("shop.Shop/Nothing", Code::Unimplemented, true)
    );
    assert!(call.descriptor().is_none());
}

#[tokio::test]
async fn calls_in_flight_are_listed_and_move_to_the_others_when_they_end() {
    let shop = Shop::open().await;
    let client = shop.client().await;
    let method = client.method("shop.Shop/Talk").expect("it is one");
    let order = |name: &str| {
        Message::from_json(method.input().clone(), &format!(r#"{{"name":"{name}"}}"#)).expect("it fits")
    };
    let (send, requests) = mpsc::channel(1);
    send.send(order("a")).await.expect("open");
    let mut responses = method
        .bidi(ReceiverStream::new(requests))
        .await
        .expect("it begins");
    assert!(responses.message().await.expect("OK").is_some());
    let open = shop.in_flight();
    assert_eq!(open.len(), 1);
    let (call, id) = (&open[0], open[0].id());
    assert!(call.is_open() && call.duration().is_none());
    assert_eq!(messages(call), [r#"> {"name":"a"}"#, r#"< {"text":"a"}"#]);
    assert!(shop.journal().calls().is_empty());
    assert!(shop.journal().get(id).is_some_and(|call| call.is_open()));
    send.send(order("b")).await.expect("open");
    assert!(responses.message().await.expect("OK").is_some());
    drop(send);
    assert!(responses.message().await.expect("OK").is_none());
    assert!(shop.in_flight().is_empty());
    let call = shop.journal().get(id).expect("it is kept");
    assert_eq!(
        (call.is_open(), call.code(), call.request_count()),
        (false, Code::Ok, 2)
    );
    assert_eq!(call.id(), shop.last().id());
    assert!(shop.journal().get(id + 1).is_none());
}

#[tokio::test]
async fn a_call_that_its_client_cancels_is_seen_to_end() {
    let shop = Shop::open().await;
    let mut watch = shop.journal().watch();
    let client = shop.client().await;
    let method = client.method("shop.Shop/Talk").expect("it is one");
    let (send, requests) = mpsc::channel::<Message>(1);
    send.send(Message::from_json(method.input().clone(), "{}").expect("it fits"))
        .await
        .expect("open");
    let mut responses = method
        .bidi(ReceiverStream::new(requests))
        .await
        .expect("it begins");
    assert!(responses.message().await.expect("OK").is_some());
    drop(responses);
    let call = tokio::time::timeout(super::support::HANG, watch.next())
        .await
        .expect("it ends");
    assert_eq!((call.code(), call.method()), (Code::Cancelled, "shop.Shop/Talk"));
    drop(send);
}

#[tokio::test]
async fn layers_do_not_hide_what_the_client_was_told() {
    let refuse = |request: protod::tonic::Request<()>| match request.metadata().get("x-token") {
        Some(_) => Ok(request),
        None => Err(Status::unauthenticated("send a token")),
    };
    let shop = Shop::of(builder().intercept(refuse)).await;
    for protocol in [Protocol::Grpc, Protocol::GrpcWeb, Protocol::Connect] {
        let client = shop.client_of(protocol, Codec::Proto).await;
        let tea = r#"{"name":"tea"}"#;
        Shop::call(&client, "Buy", &[tea], &[])
            .await
            .1
            .expect_err("no token");
        let call = shop.last();
        assert_eq!(
            (call.code(), call.message(), call.rule()),
            (Code::Unauthenticated, "send a token", None)
        );
        Shop::call(&client, "Buy", &[tea], &[("x-token", "t")])
            .await
            .1
            .expect("OK");
        let call = shop.last();
        assert_eq!(
            (call.code(), call.rule(), call.method()),
            (Code::Ok, Some("tea"), "shop.Shop/Buy")
        );
        assert_eq!(messages(&call), [r#"> {"name":"tea"}"#, r#"< {"text":"tea"}"#]);
    }
}

#[tokio::test]
async fn closures_are_recorded_as_rules_are() {
    let server = Server::builder(schema())
        .journal(JournalOptions::default())
        .unary("shop.Shop/Buy", |_: Message, call: Call| async move {
            assert!(call.id() > 0);
            Ok(call.response())
        });
    let shop = Shop::of(server).await;
    shop.buy(r#"{"name":"tea"}"#).await.expect("OK");
    assert_eq!(messages(&shop.last()), [r#"> {"name":"tea"}"#, "< {}"]);
    assert_eq!(shop.last().rule(), None);
}

#[tokio::test]
async fn a_reload_is_another_generation_and_the_calls_before_it_stay() {
    let shop = Shop::open().await;
    shop.buy(r#"{"name":"tea"}"#).await.expect("OK");
    let answer = |_: Message, call: Call| async move { Ok(call.response()) };
    let handlers = protod::Handlers::new().unary("shop.Shop/Buy", answer);
    shop.server.reload(schema(), handlers).expect("it fits");
    shop.buy(r#"{"name":"tea"}"#).await.expect("OK");
    let generations: Vec<u64> = shop
        .journal()
        .calls()
        .iter()
        .map(RecordedCall::generation)
        .collect();
    assert_eq!(generations, [0, 1]);
    shop.journal().clear();
    assert!(shop.journal().calls().is_empty());
    assert_eq!(shop.journal().stats().recorded, 2);
}

#[tokio::test]
async fn secrets_are_never_shown() {
    let options = JournalOptions::default()
        .redact("X-Api-Key")
        .redact("shop.Order.count");
    let shop = Shop::of(builder().journal(options)).await;
    let client = shop.client().await;
    let secrets = [
        ("authorization", "Bearer secret"),
        ("cookie", "secret"),
        ("proxy-authorization", "secret"),
        ("x-api-key", "secret"),
        ("x-other", "seen"),
    ];
    let tea = r#"{"name":"tea","count":7,"card":{"number":"4111","owner":"Ada"}}"#;
    Shop::call(&client, "Buy", &[tea], &secrets).await.1.expect("OK");
    let call = shop.last();
    let shown = headers(call.request_headers());
    for (name, _) in &secrets[..4] {
        assert!(shown.contains(&format!("{name}: <redacted>")), "{shown:?}");
    }
    assert!(shown.contains(&"x-other: seen".to_owned()));
    assert_eq!(
        messages(&call)[0],
        r#"> {"name":"tea","card":{"number":"<redacted>","owner":"Ada"}}"#
    );
    let bytes = call
        .requests()
        .next()
        .and_then(|request| request.bytes().cloned())
        .expect("they are kept");
    assert!(!bytes.windows(4).any(|part| part == b"4111"));
}

#[tokio::test]
async fn no_journal_is_kept_unless_it_is_asked_for() {
    let server = Server::builder(schema()).build().expect("it fits");
    assert!(server.journal().is_none());
}
