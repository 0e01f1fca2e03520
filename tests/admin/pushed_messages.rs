//! What becomes of messages that others send into a call: their protocol, their order, and what waits.

use std::sync::Arc;
use std::time::Duration;

use protod::tonic::{Code, Status};
use protod::{Call, Client, Message, Server};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

use crate::program::SOON;
use crate::sea::{PROTOCOLS, Sea, eventually, label, next, schema, send};

#[tokio::test]
async fn what_is_pushed_comes_by_each_protocol_with_the_headers_and_the_end_of_its_handler() {
    let sea = Sea::start().await;
    for (protocol, codec) in PROTOCOLS {
        let client = sea.client_of(protocol, codec).await;
        let (call, responding) = sea.begin(&client, "Watch").await;
        send(&call, r#"{"label": "pushed", "height": "9007199254740993"}"#)
            .await
            .expect("it is open");
        let mut responses = responding.responses().await.expect("it begins");
        let of = format!("{protocol:?} {codec:?}");
        let headers = responses.headers().await.expect("it has");
        assert!(headers.get("x-sea").is_some_and(|value| value == "north"), "{of}");
        assert_eq!(
            next(&mut responses).await.expect("OK").as_deref(),
            Some(r#"{"label":"pushed","height":"9007199254740993"}"#),
            "{of}"
        );
        assert_eq!(sea.state.signal("calm", Some("north")), 1);
        assert_eq!(label(&mut responses).await, "calm", "{of}");
        send(&call, r#"{"label": "last"}"#).await.expect("it is open");
        assert_eq!(sea.state.signal("still", None), 1);
        assert_eq!(label(&mut responses).await, "last", "{of}");
        assert_eq!(next(&mut responses).await.expect("OK"), None);
        let trailers = responses.trailers();
        assert!(trailers.get("x-end").is_some_and(|value| value == "over"), "{of}");
        let journal = sea.server.journal().expect("it keeps one");
        let recorded = journal.get(call.id()).expect("it is kept");
        let labels: Vec<String> = recorded
            .responses()
            .map(|message| message.to_message().expect("it is one").to_json().expect("JSON"))
            .collect();
        assert_eq!(
            labels,
            [
                r#"{"label":"pushed","height":"9007199254740993"}"#,
                r#"{"label":"calm","height":"1"}"#,
                r#"{"label":"last"}"#
            ]
        );
        assert_eq!(
            (recorded.response_count(), recorded.code()),
            (3, Code::Ok),
            "{of}"
        );
    }
}

#[tokio::test]
async fn what_is_pushed_into_a_stream_of_rest_is_an_element_a_line_or_an_event() {
    let sea = Sea::start().await;
    for (accept, expected) in [
        ("application/json", "[{\"label\":\"a\"}\n,{\"label\":\"b\"}\n]"),
        ("application/x-ndjson", "{\"label\":\"a\"}\n{\"label\":\"b\"}\n"),
        (
            "text/event-stream",
            "data: {\"label\":\"a\"}\n\ndata: {\"label\":\"b\"}\n\n",
        ),
    ] {
        let address = sea.address.clone();
        let reading = tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            let request = format!(
                "GET /v1/waves/north HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await.expect("it reads");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("it ends");
            answer
        });
        let call = sea.in_flight(1).await.remove(0);
        for label in ["a", "b"] {
            send(&call, &json!({ "label": label }).to_string())
                .await
                .expect("it is open");
        }
        call.end(Status::ok("")).await.expect("it is open");
        let answer = timeout(SOON, reading).await.expect("it ends").expect("no panic");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("x-sea: north"), "{answer}");
        let chunks = body.split("\r\n").skip(1).step_by(2);
        let body: String = chunks.collect();
        assert!(
            body.replace('\n', "")
                .starts_with(expected.replace('\n', "").as_str()),
            "{accept}: {body:?}"
        );
    }
}

#[tokio::test]
async fn a_thousand_pushes_and_the_messages_of_the_handler_keep_their_orders() {
    const EACH: usize = 1000;
    let sea = Sea::start().await;
    let method = sea.client().await.method("sea.Sea/Talk").expect("it is one");
    let (said, places) = mpsc::channel(1);
    let input = method.input().clone();
    let talking = tokio::spawn(async move {
        for number in 0..EACH {
            let place = json!({ "name": format!("h{number}") }).to_string();
            said.send(Message::from_json(input.clone(), &place).expect("it fits"))
                .await
                .expect("it is open");
        }
        said
    });
    let mut responses = method.bidi(ReceiverStream::new(places)).await.expect("it begins");
    let call = {
        let first = label(&mut responses).await;
        assert_eq!(first, "h0");
        sea.in_flight(1).await.remove(0)
    };
    let pushing = {
        let call = call.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                send(&call, &json!({ "label": format!("p{number}") }).to_string())
                    .await
                    .expect("it is open");
            }
        })
    };
    let (mut handled, mut pushed) = (1, 0);
    while handled < EACH || pushed < EACH {
        let label = label(&mut responses).await;
        let count = if label.starts_with('h') {
            &mut handled
        } else {
            &mut pushed
        };
        assert_eq!(label[1..].parse(), Ok(*count), "{label}");
        *count += 1;
    }
    pushing.await.expect("all were sent");
    drop(talking.await.expect("all were said"));
    assert_eq!(next(&mut responses).await.expect("OK"), None);
    let journal = sea.server.journal().expect("it keeps one");
    let recorded = journal.get(call.id()).expect("it is kept");
    assert_eq!(
        (recorded.request_count(), recorded.response_count()),
        (EACH as u64, 2 * EACH as u64)
    );
}

#[tokio::test]
async fn what_is_pushed_faster_than_it_is_read_waits_with_who_pushes_and_what_is_given_up_never_comes() {
    let sea = Sea::start().await;
    let client = sea.client().await;
    let (call, responding) = sea.begin(&client, "Drift").await;
    let large = "~".repeat(16 << 10);
    let wave = |number: usize| json!({ "label": number.to_string(), "crests": [large.clone()] }).to_string();
    send(&call, &wave(0)).await.expect("it is open");
    let mut responses = responding.responses().await.expect("it begins");
    let mut sent = 1;
    loop {
        let message = call.message_from_json(&wave(sent)).expect("it fits");
        // That it is not taken can only be seen by waiting.
        match timeout(Duration::from_millis(500), call.send(message)).await {
            Ok(taken) => taken.expect("it is open"),
            Err(_) => break,
        }
        sent += 1;
        assert!(sent < 10_000, "nobody reads, and all is taken");
    }
    // Another one waits, and is sent once there is room; the one that was given up is not.
    let waiting = {
        let (call, wave) = (call.clone(), wave(sent));
        tokio::spawn(async move { send(&call, &wave).await })
    };
    for number in 0..=sent {
        assert_eq!(label(&mut responses).await, number.to_string());
    }
    waiting.await.expect("no panic").expect("it is open");
    call.end(Status::ok("")).await.expect("it is open");
    assert_eq!(next(&mut responses).await.expect("OK"), None);
}

#[tokio::test]
async fn headers_that_the_handler_has_begun_to_set_are_not_sent_without_what_follows() {
    let (proceed, wait) = tokio::sync::oneshot::channel::<()>();
    let wait = Arc::new(std::sync::Mutex::new(Some(wait)));
    let server = Server::builder(schema())
        .server_streaming("sea.Sea/Watch", move |_: Message, mut call: Call| {
            let wait = wait.lock().expect("no panic").take();
            async move {
                call.headers_mut()
                    .expect("not sent")
                    .insert("x-one", "1".parse().expect("a value"));
                wait.expect("one call").await.ok();
                call.headers_mut()
                    .expect("not sent")
                    .insert("x-two", "2".parse().expect("a value"));
                call.flush_headers();
                std::future::pending().await
            }
        })
        .keep_open_calls(true)
        .build()
        .expect("it is right");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let client = Client::builder(&address)
        .schema(schema())
        .connect()
        .await
        .expect("it listens");
    let method = client.method("sea.Sea/Watch").expect("it is one");
    let request = method.request();
    let responding = tokio::spawn(async move {
        let mut responses = method.server_streaming(request).await?;
        responses.headers().await?;
        Ok::<_, Status>(responses)
    });
    let open = server.open_calls().expect("it keeps them");
    let call = eventually(|| open.list().pop()).await;
    let sending = tokio::spawn(async move { send(&call, r#"{"label": "after"}"#).await });
    tokio::task::yield_now().await;
    proceed.send(()).expect("it waits");
    let mut responses = timeout(SOON, responding)
        .await
        .expect("it begins")
        .expect("no panic")
        .expect("OK");
    let headers = responses.headers().await.expect("they have come").clone();
    assert!(
        headers.contains_key("x-one") && headers.contains_key("x-two"),
        "{headers:?}"
    );
    assert_eq!(label(&mut responses).await, "after");
    sending.await.expect("no panic").expect("it is open");
}
