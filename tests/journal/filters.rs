//! Which calls a filter means, and what is said of one that is wrong.

use protod::{CallFilter, Error};

use super::support::Shop;

/// A shop with a few calls.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    let client = shop.client().await;
    for (method, request) in [
        (
            "Buy",
            r#"{"name":"tea","count":3,"card":{"number":"4111","owner":"Ada"}}"#,
        ),
        ("Buy", r#"{"name":"tea","count":1}"#),
        ("Buy", r#"{"name":"cake"}"#),
        ("Buy", r#"{"name":"coffee"}"#),
        ("Watch", r#"{"count":4}"#),
    ] {
        drop(Shop::call(&client, method, &[request], &[("x-user", "ada"), ("x-user", "b")]).await);
    }
    shop
}

#[tokio::test]
async fn conditions_mean_the_calls_of_which_they_hold() {
    let shop = shop().await;
    let of = |condition: &str| CallFilter::all().where_(condition);
    for (condition, expected) in [
        ("true", 5),
        ("call.method == 'shop.Shop/Buy'", 4),
        ("call.service == 'shop.Shop' && call.method.endsWith('/Watch')", 1),
        ("call.method == 'shop.Shop/Buy' && request.name == 'tea'", 2),
        ("request.name == 'tea'", 2),
        ("request.count > 1", 2),
        ("call.code == 'NOT_FOUND'", 1),
        ("call.code == 5", 1),
        ("!call.matched", 1),
        ("call.rule == 'tea' && response.price == 3", 1),
        ("size(responses) == 4 && responses.exists(r, r.price == 3)", 1),
        ("call.response_count == 4", 1),
        ("call.protocol == 'grpc' && call.peer.startsWith('127.0.0.1:')", 5),
        ("call.duration < duration('1m') && call.start <= now", 5),
        ("call.headers['x-user'] == 'ada, b'", 5),
        ("metadata['x-user'] == 'ada, b'", 5),
        ("call.response_headers['x-till'] == '1'", 2),
        ("call.trailers['x-took'] == '1ms'", 2),
        ("call.id > 3", 2),
        // What is not to be seen cannot be asked for.
        ("request.card.number == '4111'", 0),
        ("request.card.owner == 'Ada'", 1),
        // A field that the messages of other methods do not have is no error there.
        ("request.text == 'tea' || response.text == 'tea'", 2),
    ] {
        let found = shop.journal().find(&of(condition), 100);
        let found = found.unwrap_or_else(|error| panic!("{condition}: {error:?}"));
        assert_eq!(found.len(), expected, "{condition}");
    }
    let newest = shop
        .journal()
        .find(&of("request.name == 'tea'"), 1)
        .expect("it compiles");
    assert_eq!(newest.len(), 1);
    assert_eq!(
        newest[0]
            .requests()
            .next()
            .and_then(|tea| tea.to_message()?.to_json().ok())
            .as_deref(),
        Some(r#"{"name":"tea","count":1}"#)
    );
}

#[tokio::test]
async fn with_a_method_messages_have_its_types() {
    let shop = shop().await;
    let buy = || CallFilter::method("shop.Shop/Buy");
    for (condition, expected) in [
        ("request.name == 'tea'", 2),
        ("request.count == 0", 2),
        ("has(request.card)", 1),
        ("requests.all(r, r.name != '')", 4),
        ("response.text == 'tea'", 2),
    ] {
        let found = shop.journal().find(&buy().where_(condition), 100);
        assert_eq!(found.expect("it compiles").len(), expected, "{condition}");
    }
    let both = buy().where_("request.name == 'tea'").where_("request.count == 3");
    assert_eq!(shop.journal().find(&both, 100).expect("it compiles").len(), 1);
}

#[tokio::test]
async fn a_filter_that_is_wrong_says_where_and_what_to_do() {
    let shop = Shop::open().await;
    let error = |filter: CallFilter| shop.journal().find(&filter, 1).expect_err("it is wrong");
    let shown = |error: &Error| format!("{error:?}");
    for (filter, words) in [
        (
            CallFilter::method("shop.Shop/Buyy"),
            "did you mean shop.Shop/Buy?",
        ),
        (
            CallFilter::method("shop.Shop/Buy").where_("request.nam == 'tea'"),
            "did you mean `name`?",
        ),
        (
            CallFilter::all().where_("call.cod == 'OK'"),
            "did you mean `code`?",
        ),
        (CallFilter::all().where_("call.code == 'NOTFOUND'"), "NOT_FOUND"),
        (CallFilter::all().where_("request.name"), ""),
        (
            CallFilter::all().where_("call.method"),
            "a condition is a bool, this is string",
        ),
        (CallFilter::all().where_("call.method =="), "condition:1:"),
    ] {
        if words.is_empty() {
            shop.journal().find(&filter, 1).expect("only a value tells");
            continue;
        }
        let error = error(filter);
        assert!(error.is_condition() || error.is_unknown_name());
        assert!(shown(&error).contains(words), "{error:?}");
    }
}
