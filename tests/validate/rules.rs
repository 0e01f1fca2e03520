//! `validate: false` on rules, and rules that are chosen by what is in a request.

use protod::{Rules, Sampler, Server};
use tonic::Code;

use crate::{Running, shop};

async fn running(rules: &str) -> Running {
    let schema = shop();
    let rules =
        Rules::from_text(&schema, "shop.rules.yaml", rules).unwrap_or_else(|error| panic!("{error:?}"));
    let server = Server::builder(schema)
        .handlers(&rules)
        .fallback(Sampler::default());
    Running::start(server.validate(true)).await
}

/// What calls of a method end with: the messages, or the code and message.
async fn expect(running: &Running, method: &str, calls: &[(&[&str], &str)]) {
    for (requests, expected) in calls {
        let (messages, status) = running.call(&format!("shop.Orders/{method}"), requests).await;
        let got = match status.code() {
            Code::Ok => messages.join(" "),
            code => format!("{code:?} {}", status.message()),
        };
        assert_eq!(got, *expected, "{method} {requests:?}");
    }
}

const REFUSED: &str = "InvalidArgument count: must be greater than 0 [int32.gt]";

#[tokio::test]
async fn the_rule_that_takes_a_call_says_whether_its_requests_are_checked() {
    let running = running(
        "
rules:
  - method: shop.Orders/Place
    match: {id: any}
    validate: false
    reply: {text: taken}
  - method: shop.Orders/Place
    match: {id: checked}
    validate: true
    reply: {text: checked}
  - method: shop.Orders/Place
    match: {id: default}
    reply: {text: default}
",
    )
    .await;
    let calls: [(&[&str], &str); 6] = [
        (&[r#"{"id": "any"}"#], r#"{"text":"taken"}"#),
        (&[r#"{"id": "checked"}"#], REFUSED),
        (&[r#"{"id": "checked", "count": 1}"#], r#"{"text":"checked"}"#),
        (&[r#"{"id": "default"}"#], REFUSED),
        (&[r#"{"id": "default", "count": 1}"#], r#"{"text":"default"}"#),
        // A request that no rule takes is for the samples, which do not see it.
        (&[r#"{"id": "other"}"#], REFUSED),
    ];
    expect(&running, "Place", &calls).await;
}

/// Such a rule has decided before the request comes, were it not checked.
#[tokio::test]
async fn the_one_request_of_a_call_is_checked_before_a_rule_that_does_not_read_it() {
    let running = running(
        r#"
rules:
  - {method: shop.Orders/Place, status: {code: NOT_FOUND}}
  - {method: shop.Orders/Watch, when: '"x" in metadata', reply: {}}
  - {method: shop.Orders/Watch, status: {code: NOT_FOUND}}
"#,
    )
    .await;
    for method in ["Place", "Watch"] {
        let calls: [(&[&str], &str); 2] = [(&["{}"], REFUSED), (&[r#"{"count": 1}"#], "NotFound ")];
        expect(&running, method, &calls).await;
    }
}

#[tokio::test]
async fn a_call_that_is_refused_does_not_count_as_answered() {
    let running = running(
        "
rules:
  - method: shop.Orders/Place
    times: 1
    reply: {text: first}
  - method: shop.Orders/Place
    validate: false
    reply: {text: later}
",
    )
    .await;
    let calls: [(&[&str], &str); 4] = [
        (&["{}"], REFUSED),
        (&[r#"{"count": 1}"#], r#"{"text":"first"}"#),
        (&[r#"{"count": 1}"#], r#"{"text":"later"}"#),
        (&["{}"], r#"{"text":"later"}"#),
    ];
    expect(&running, "Place", &calls).await;
}

#[tokio::test]
async fn every_message_of_a_stream_is_checked_whenever_its_rule_is_chosen() {
    let running = running(
        r#"
rules:
  - method: shop.Orders/Chat
    match: {id: free}
    validate: false
    session: {message: [{send: {text: "${string(request.count)}"}}]}
  - method: shop.Orders/Chat
    session: {message: [{send: {text: "${string(request.count)}"}}]}
  - method: shop.Orders/Import
    when: requests.exists(r, r.id == "free")
    validate: false
    reply: {text: "${string(size(requests))}"}
  - method: shop.Orders/Import
    reply: {text: "${string(request.count)}"}
"#,
    )
    .await;
    let one = r#"{"count": 1}"#;
    let chats: [(&[&str], &str); 3] = [
        (&[one, one], r#"{"text":"1"} {"text":"1"}"#),
        (&[one, "{}"], REFUSED),
        (&[r#"{"id": "free"}"#, "{}"], r#"{"text":"0"} {"text":"0"}"#),
    ];
    expect(&running, "Chat", &chats).await;
    let imports: [(&[&str], &str); 3] = [
        (&[one, one], r#"{"text":"1"}"#),
        (&[one, "{}", one], REFUSED),
        (&["{}", r#"{"id": "free"}"#], r#"{"text":"2"}"#),
    ];
    expect(&running, "Import", &imports).await;
}

#[tokio::test]
async fn a_rule_that_passes_the_call_on_says_it_for_the_rules_after_it() {
    let running = running(
        r#"
rules:
  - {method: "shop.Orders/*", match: {id: free}, validate: false, then: next}
  - {method: shop.Orders/Place, match: {id: free, count: 5}, validate: true, reply: {text: checked}}
  - {method: shop.Orders/Place, reply: {text: taken}}
  - {method: shop.Orders/Import, when: size(requests) > 1, validate: false, then: next}
"#,
    )
    .await;
    let free = r#"{"id": "free"}"#;
    let places: [(&[&str], &str); 4] = [
        (&["{}"], REFUSED),
        (&[free], r#"{"text":"taken"}"#),
        (
            &[r#"{"id": "free", "count": 5, "prices": [-1]}"#],
            "InvalidArgument prices[0]: must be greater than or equal to 0 [int32.gte]",
        ),
        (&[r#"{"id": "free", "count": 5}"#], r#"{"text":"checked"}"#),
    ];
    expect(&running, "Place", &places).await;
    // Behind the rules there are samples, which see what the rules let through.
    for (method, requests, is_taken) in [
        ("Watch", &["{}"][..], false),
        ("Watch", &[free], true),
        ("Chat", &["{}"], false),
        ("Chat", &[free, "{}"], true),
        ("Import", &["{}"], false),
        ("Import", &["{}", "{}"], true),
    ] {
        let (_, status) = running.call(&format!("shop.Orders/{method}"), requests).await;
        let code = if is_taken { Code::Ok } else { Code::InvalidArgument };
        assert_eq!(status.code(), code, "{method} {requests:?}: {status:?}");
    }
}

#[test]
fn validate_is_true_or_false() {
    let rules = "rules: [{method: shop.Orders/Place, validate: sometimes, reply: {}}]";
    let error = Rules::from_text(&shop(), "shop.rules.yaml", rules).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`validate` is true or false, found a string"),
        "{error}"
    );
}
