//! Why no rule matched, and the details of a status, told without what is not to be seen.

use protod::tonic::Code;
use protod::{Client, JournalOptions, Message, Rules, Schema, Server};

use super::support::Shop;

const PROTO: &str = r#"
    syntax = "proto2";
    package bank;
    message Order {
      optional string code = 1 [debug_redact = true];
      optional string account = 2;
      optional Card card = 3;
      repeated Card cards = 4;
      map<string, Card> by_name = 5;
      optional Card old_card = 6 [debug_redact = true];
      optional string kind = 7;
      extensions 100 to 200;
    }
    message Card { optional string number = 1 [debug_redact = true]; optional string owner = 2; optional int32 year = 3; }
    extend Order { optional string key = 100 [debug_redact = true]; }
    service Bank { rpc Pay(Order) returns (Order); }
"#;

/// The one rule of a method, and what the nearest is told to differ in for this request and this header.
async fn reason(expected: &str, request: &str, header: (&'static str, &str)) -> String {
    let schema = Schema::from_source("bank.proto", PROTO).expect("it compiles");
    let rules = format!("rules: [{{name: r, method: bank.Bank/Pay, {expected}, reply: {{}}}}]");
    let rules = Rules::from_text(&schema, "bank.rules.yaml", &rules);
    let rules = rules.unwrap_or_else(|error| panic!("{expected}: {error:?}"));
    let options = JournalOptions::default()
        .redact("account")
        .redact("by_name.value.owner")
        .redact("bank.Card.year")
        .redact("x-key");
    let server = Server::builder(schema.clone()).handlers(&rules).journal(options);
    let shop = Shop::of(server).await;
    let client = Client::builder(&shop.address)
        .schema(schema)
        .connect()
        .await
        .expect("it listens");
    let mut pay = client.method("bank.Bank/Pay").expect("it is one");
    let (name, value) = header;
    pay.metadata_mut().append(name, value.parse().expect("a value"));
    let request = Message::from_json(pay.input().clone(), request).expect("it fits");
    let refused = pay.unary(request).await.expect_err("nothing matches");
    assert_eq!(refused.code(), Code::Unimplemented, "{refused:?}");
    let call = shop.last();
    assert_eq!(call.unmatched_reason(), Some(refused.message()));
    assert_eq!(call.message(), refused.message());
    let start = "no rule of bank.Bank/Pay matched; the nearest is r: ";
    refused
        .message()
        .strip_prefix(start)
        .expect("it has one")
        .to_owned()
}

#[tokio::test]
async fn the_reason_shows_no_field_and_no_header_that_is_not_to_be_seen() {
    let other = ("x-other", "seen");
    let hidden = "is <redacted>";
    for (expected, request, header, told) in [
        (
            "match: {code: a}",
            r#"{"code":"secret"}"#,
            other,
            "code is <redacted>",
        ),
        (
            "match: {account: a}",
            r#"{"account":"secret"}"#,
            other,
            "account is <redacted>",
        ),
        (
            "match: {card: {number: a}}",
            r#"{"card":{"number":"secret"}}"#,
            other,
            "card.number is <redacted>",
        ),
        (
            "match: {card: {year: 7}}",
            r#"{"card":{"year":4711}}"#,
            other,
            "card.year is <redacted>",
        ),
        (
            "match: {old_card: {owner: a}}",
            r#"{"oldCard":{"owner":"secret"}}"#,
            other,
            "old_card.owner is <redacted>",
        ),
        (
            "match: {oldCard: {owner: a}}",
            r#"{"oldCard":{"owner":"secret"}}"#,
            other,
            hidden,
        ),
        (
            "match: {cards: [{number: a}]}",
            r#"{"cards":[{"number":"secret"}]}"#,
            other,
            "cards.number is <redacted>",
        ),
        (
            "match: {by_name: {k: {owner: a}}}",
            r#"{"byName":{"k":{"owner":"secret"}}}"#,
            other,
            hidden,
        ),
        (
            "match: {by_name: {k: {number: a}}}",
            r#"{"byName":{"k":{"number":"secret"}}}"#,
            other,
            hidden,
        ),
        (
            "match: {'[bank.key]': a}",
            r#"{"[bank.key]":"secret"}"#,
            other,
            hidden,
        ),
        (
            "metadata: {authorization: a}",
            "{}",
            ("authorization", "Bearer secret"),
            "metadata authorization is <redacted>",
        ),
        (
            "when: 'int(request.kind) > 1'",
            r#"{"kind":"secret"}"#,
            other,
            "`int(request.kind) > 1` failed",
        ),
        (
            "metadata: {cookie: a}",
            "{}",
            ("cookie", "secret"),
            "metadata cookie is <redacted>",
        ),
        (
            "metadata: {x-key: a}",
            "{}",
            ("x-key", "secret"),
            "metadata x-key is <redacted>",
        ),
    ] {
        let reason = reason(expected, request, header).await;
        assert!(reason.contains(told), "{expected}: {reason}");
        assert!(
            !reason.contains("secret") && !reason.contains("4711"),
            "{expected}: {reason}"
        );
    }
    // All else is shown.
    for (expected, request, header, told) in [
        (
            "match: {kind: a}",
            r#"{"kind":"tea","code":"secret"}"#,
            other,
            r#"kind is "tea", not "a""#,
        ),
        (
            "match: {code: secret, kind: a}",
            r#"{"kind":"tea","code":"secret"}"#,
            other,
            r#"kind is "tea", not "a""#,
        ),
        (
            "match: {cards: [{owner: a}]}",
            r#"{"cards":[{"owner":"tea"}]}"#,
            other,
            r#"cards[0].owner is "tea", not "a""#,
        ),
        (
            "metadata: {x-other: a}",
            "{}",
            other,
            r#"metadata x-other is "seen", not "a""#,
        ),
    ] {
        assert_eq!(reason(expected, request, header).await, told, "{expected}");
    }
}

#[tokio::test]
async fn details_of_a_status_show_no_field_that_is_not_to_be_seen() {
    let schema = Schema::from_source("bank.proto", PROTO).expect("it compiles");
    let rules = r#"rules: [{method: bank.Bank/Pay, status: {code: NOT_FOUND, details: [
        {"@type": bank.Order, code: secret, account: secret, kind: tea, cards: [{number: secret, owner: Ada}]},
        {"@type": google.rpc.ErrorInfo, reason: SOLD}]}}]"#;
    let rules = Rules::from_text(&schema, "bank.rules.yaml", rules);
    let rules = rules.unwrap_or_else(|error| panic!("{error:?}"));
    let options = JournalOptions::default().redact("bank.Order.account");
    let server = Server::builder(schema.clone()).handlers(&rules).journal(options);
    let shop = Shop::of(server).await;
    let client = Client::builder(&shop.address)
        .schema(schema)
        .connect()
        .await
        .expect("it listens");
    let pay = client.method("bank.Bank/Pay").expect("it is one");
    let request = Message::from_json(pay.input().clone(), "{}").expect("it fits");
    let refused = pay.unary(request).await.expect_err("that is the rule");
    let shown = String::from_utf8_lossy(refused.details())
        .matches("secret")
        .count();
    assert_eq!(shown, 3, "clients get all");
    let call = shop.last();
    let details = String::from_utf8_lossy(&call.details()).into_owned();
    assert!(!details.contains("secret"), "{details:?}");
    for seen in ["tea", "Ada", "SOLD"] {
        assert!(details.contains(seen), "{details:?}");
    }
}
