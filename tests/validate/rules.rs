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

#[tokio::test]
async fn the_one_request_of_a_call_is_checked_before_a_rule_that_does_not_read_it_answers() {
    let running = running(
        r#"
rules:
  - {method: shop.Orders/Place, reply: {text: placed}}
  - {method: shop.Orders/Watch, when: '!("x" in metadata)', stream: [{send: {text: seen}}]}
"#,
    )
    .await;
    for (method, answer) in [("Place", r#"{"text":"placed"}"#), ("Watch", r#"{"text":"seen"}"#)] {
        let calls: [(&[&str], &str); 2] = [(&["{}"], REFUSED), (&[r#"{"count": 1}"#], answer)];
        expect(&running, method, &calls).await;
    }
}

#[tokio::test]
async fn an_error_that_needs_no_request_comes_before_validation() {
    for rule in [
        r"status: {code: NOT_FOUND}",
        r"metadata: {authorization: null}, status: {code: NOT_FOUND}",
        r"chance: 1, status: {code: NOT_FOUND}",
        r"answers: [{delay: 1ms, status: {code: NOT_FOUND}}, {log: again, status: {code: NOT_FOUND}}]",
        r"session: {open: [{trailers: {x: y}}, {status: {code: NOT_FOUND}}]}",
        r"validate: false, status: {code: NOT_FOUND}",
    ] {
        for method in ["Place", "Import", "Watch", "Chat"] {
            let rules = format!(
                "rules:\n  - {{method: shop.Orders/{method}, {rule}}}\n  - {{method: shop.Orders/{method}, sample: {{}}}}"
            );
            let running = running(&rules).await;
            for _ in 0..2 {
                expect(&running, method, &[(&["{}"], "NotFound ")]).await;
            }
        }
    }
}

#[tokio::test]
async fn an_error_comes_after_validation_if_its_rule_or_one_before_it_needs_the_request_or_asks_for_it() {
    for rules in [
        r"
  - {method: shop.Orders/Place, validate: true, status: {code: NOT_FOUND}}",
        r"
  - {method: shop.Orders/Place, match: {id: other}, reply: {}}
  - {method: shop.Orders/Place, status: {code: NOT_FOUND}}",
        r#"
  - {method: shop.Orders/Place, log: "${request.id}", then: next}
  - {method: shop.Orders/Place, status: {code: NOT_FOUND}}"#,
        r#"
  - {method: shop.Orders/Place, status: {code: NOT_FOUND, message: "${request.id}"}}"#,
        r"
  - {method: shop.Orders/Place, times: 1, scope: request.id, status: {code: NOT_FOUND}}",
        r"
  - method: shop.Orders/Place
    session: {message: [{status: {code: NOT_FOUND}}]}",
        r#"
  - method: shop.Orders/Place
    session: {open: [{when: '"x" in metadata', send: {}}, {when: '!("x" in metadata)', status: {code: NOT_FOUND}}]}"#,
        // What comes first in such a list is for valid requests, too: which one is due is known when the call counts.
        r"
  - {method: shop.Orders/Place, answers: [{status: {code: NOT_FOUND}}, {reply: {}}]}",
        // A request that has come is refused also by a rule that would not have needed it.
        r"
  - {method: shop.Orders/Place, match: {id: other}, validate: false, reply: {}}
  - {method: shop.Orders/Place, status: {code: NOT_FOUND}}",
    ] {
        let running = running(&format!("rules:{rules}")).await;
        let calls: [(&[&str], &str); 2] = [(&["{}"], REFUSED), (&[r#"{"count": 1}"#], "NotFound ")];
        expect(&running, "Place", &calls).await;
    }
}

#[tokio::test]
async fn rules_that_pass_a_call_on_take_effect_before_validation_if_they_need_no_request() {
    let running = running(
        r#"
rules:
  - {method: "*/*", set: {store.calls: "${has(store.calls) ? store.calls + 1 : 1}"}, then: next}
  - {method: shop.Orders/Place, match: {id: other}, reply: {}}
  - {method: shop.Orders/Place, reply: {text: "${string(store.calls)}"}}
"#,
    )
    .await;
    let calls: [(&[&str], &str); 3] = [
        (&["{}"], REFUSED),
        (&["{}"], REFUSED),
        (&[r#"{"count": 1}"#], r#"{"text":"3"}"#),
    ];
    expect(&running, "Place", &calls).await;
}

/// The request of the call is received between the condition and the answer.
#[tokio::test]
async fn a_condition_that_draws_a_number_draws_it_once_however_its_request_is_validated() {
    let running = running(
        r"
rules:
  - {method: shop.Orders/Place, when: random() < 0.5, reply: {text: first}}
  - {method: shop.Orders/Place, reply: {text: second}}
",
    )
    .await;
    let mut first = 0;
    for _ in 0..400 {
        let (messages, status) = running.call("shop.Orders/Place", &[r#"{"count": 1}"#]).await;
        assert_eq!(status.code(), Code::Ok, "{status:?}");
        first += usize::from(messages == [r#"{"text":"first"}"#]);
    }
    // Were it drawn twice, there would be 100 of them. Each side has six standard deviations of room.
    assert!((140..=260).contains(&first), "{first}");
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
