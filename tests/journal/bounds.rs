//! The journal takes no more memory than it may, whatever clients send.

use protod::client::{Codec, Protocol};
use protod::{JournalOptions, Message, RecordedCall};

use super::support::{Shop, builder, messages};

#[tokio::test]
async fn only_the_first_messages_of_a_call_are_kept_and_all_are_counted() {
    let shop = Shop::open().await;
    let client = shop.client().await;
    Shop::call(&client, "Watch", &[r#"{"count":10000}"#], &[])
        .await
        .1
        .expect("OK");
    let call = shop.last();
    assert_eq!(call.response_count(), 10_000);
    assert_eq!(call.messages().count(), JournalOptions::MAX_MESSAGES);
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(40_000));
    let requests = [long.as_str(); 5];
    Shop::call(&client, "Send", &requests, &[]).await.1.expect("OK");
    let call = shop.last();
    assert_eq!(call.request_count(), 5);
    let lengths: Vec<(usize, bool)> = call
        .messages()
        .map(|message| (message.encoded_len(), message.bytes().is_some()))
        .collect();
    // Of the first that has no room the length is kept, and those after it are counted.
    assert_eq!(lengths, [(40_004, true), (40_004, false)]);
}

#[tokio::test]
async fn many_calls_of_all_sizes_stay_within_the_size_and_the_newest_are_kept() {
    const SIZE: usize = 256 << 10;
    let shop = Shop::of(builder().journal(JournalOptions::default().size(SIZE))).await;
    let client = shop.client_of(Protocol::Connect, Codec::Proto).await;
    let method = client.method("shop.Shop/Buy").expect("it is one");
    for n in 0..1500_usize {
        let name = "x".repeat(n * 37 % 5000);
        let json = format!(r#"{{"name":"{name}","count":{n}}}"#);
        let order = Message::from_json(method.input().clone(), &json).expect("it fits");
        method.unary(order).await.expect_err("no rule");
        assert!(shop.journal().stats().bytes <= SIZE);
    }
    let stats = shop.journal().stats();
    assert_eq!(stats.recorded, 1500);
    assert!(stats.kept > 20 && stats.kept < 1500, "{stats:?}");
    let calls = shop.journal().calls();
    assert_eq!(calls.len() as u64, stats.kept);
    assert!(messages(calls.last().expect("some are kept"))[0].contains("1499"));
    assert!(calls.is_sorted_by_key(RecordedCall::id));
}

#[tokio::test]
async fn a_watch_that_is_slow_is_told_how_many_calls_it_has_missed() {
    let shop = Shop::of(builder().journal(JournalOptions::default().size(64 << 10))).await;
    let client = shop.client().await;
    let method = client.method("shop.Shop/Buy").expect("it is one");
    let mut watch = shop.journal().watch();
    let tea = Message::from_json(method.input().clone(), r#"{"name":"tea"}"#).expect("it fits");
    for _ in 0..2000 {
        method.unary(tea.clone()).await.expect("OK");
    }
    let mut seen = 0;
    let last = shop.last().id();
    while watch.next().await.id() < last {
        seen += 1;
    }
    let missed = watch.take_missed();
    assert!(missed > 0);
    assert_eq!(seen + 1 + missed, 2000);
    assert_eq!(watch.take_missed(), 0);
}
