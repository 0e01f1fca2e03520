//! Calls whose expressions cost much: they have their turns among others, and end where they cost too much.

use std::fmt::Write as _;
use std::time::Duration;

use protod::RulesOptions;
use tonic::Code;

use crate::support::{Outcome, Running, kinds};

/// So many numbers.
fn numbers(count: usize) -> String {
    let mut json = String::from(r#"{"numbers": ["#);
    for number in 0..count {
        write!(json, "{}{number}", if number == 0 { "" } else { "," }).expect("a String takes all");
    }
    json + "]}"
}

/// Asserts that the call of the rule `name` ended because it costs too much, and returns what the client is told.
fn assert_costs_too_much<'o>(outcome: &'o Outcome, name: &str, body: &str) -> &'o str {
    let message = outcome.status.message();
    assert_eq!(
        outcome.status.code(),
        Code::ResourceExhausted,
        "{body}: {message}"
    );
    assert!(
        message.contains(name) && message.contains("costs more"),
        "{body}: {message}"
    );
    message
}

fn assert_is_affordable(outcome: &Outcome, body: &str) {
    let status = &outcome.status;
    assert_ne!(status.code(), Code::ResourceExhausted, "{body}: {status:?}");
}

const COSTLY: &str = "request.numbers.all(x, request.numbers.exists_one(y, y == x))";

#[tokio::test]
async fn what_costs_too_much_ends_the_call_and_names_rule_and_place() {
    let fields = [
        (format!("when: \"{COSTLY}\"\n    reply: {{}}"), "its condition"),
        (
            format!("times: 1\n    scope: string({COSTLY})\n    reply: {{}}"),
            "`scope`",
        ),
        (
            format!("reply: {{bool: \"${{{COSTLY}}}\"}}"),
            "field kinds.All.bool",
        ),
        (
            format!("reply: {{string: \"is ${{{COSTLY}}}\"}}"),
            "field kinds.All.string",
        ),
        (
            "reply: {numbers: \"${request.numbers.map(x, request.numbers.filter(y, y < x).size())}\"}"
                .to_owned(),
            "field kinds.All.numbers",
        ),
        (
            format!("reply: {{}}\n    headers: {{x-a: \"${{{COSTLY}}}\"}}"),
            "`headers`: `x-a`",
        ),
        (
            format!("reply: {{}}\n    trailers: {{x-a: \"${{{COSTLY}}}\"}}"),
            "`trailers`: `x-a`",
        ),
        (
            format!("status: {{code: ABORTED, message: \"${{{COSTLY}}}\"}}"),
            "`status`: `message`",
        ),
    ];
    let steps = [
        (format!("when: \"{COSTLY}\"\n          send: {{}}"), "`when`"),
        (format!("set: {{flag: \"${{{COSTLY}}}\"}}"), "`set` of flag"),
        (
            format!("set: {{store.flag: \"${{{COSTLY}}}\"}}"),
            "`set` of store.flag",
        ),
        (
            "each: \"${request.numbers.map(x, request.numbers)}\"\n          send: {}".to_owned(),
            "`each`",
        ),
        (
            format!("repeat: \"${{{COSTLY} ? 1 : 2}}\"\n          send: {{}}"),
            "`repeat`",
        ),
        (format!("wait: \"${{{COSTLY} ? '1s' : '2s'}}\""), "1s"),
        (
            format!("repeat: 2\n          every: \"${{{COSTLY} ? '1s' : '2s'}}\"\n          send: {{}}"),
            "rule costly",
        ),
        (format!("signal: \"${{string({COSTLY})}}\""), "`signal`"),
        (
            format!("choose: [{{when: \"{COSTLY}\", do: [{{send: {{}}}}]}}, {{do: [{{send: {{}}}}]}}]"),
            "`when`",
        ),
    ];
    let steps = steps.into_iter().map(|(step, place)| {
        let session = format!(
            "session:\n      state: {{flag: false}}\n      half_close:\n        - {step}\n        - send: {{}}"
        );
        (session, place)
    });
    let state = (
        format!(
            "session:\n      state: {{n: 1}}\n      signals: {{drain: [{{send: {{}}}}]}}\n      key: \"${{string({COSTLY})}}\"\n      half_close: [{{send: {{}}}}, {{status: {{code: OK}}}}]"
        ),
        "",
    );
    let request = numbers(20_000);
    for (body, place) in fields.into_iter().chain(steps).chain([state]) {
        let rule = format!("rules:\n  - method: kinds.Kinds/List\n    name: costly\n    {body}\n");
        let server = Running::start(&rule).await;
        let outcome = server.call("List", &[&request]).await;
        if place.is_empty() {
            // Nobody raised a signal, so nothing asked for the key.
            assert_eq!(outcome.status.code(), Code::Ok, "{body}: {:?}", outcome.status);
            continue;
        }
        let message = assert_costs_too_much(&outcome, "costly", &body);
        assert!(place == "1s" || message.contains(place), "{body}: {message}");
        // The next call has a budget of its own.
        let outcome = server.call("List", &[&numbers(10)]).await;
        assert_is_affordable(&outcome, &body);
    }
}

#[tokio::test]
async fn an_explanation_that_costs_too_much_is_not_a_condition_that_failed() {
    let dear = "request.numbers.filter(x, request.numbers.exists_one(y, y == x)).size()";
    for (body, text) in [
        (format!("when: {dear} == 0"), "== 0` costs too much to explain"),
        (
            format!("times: 0\n    scope: string({dear})"),
            "its `scope` costs too much to explain",
        ),
    ] {
        let rule = format!("rules:\n  - method: kinds.Kinds/Unary\n    {body}\n    reply: {{}}\n");
        let server = Running::start(&rule).await;
        let outcome = server.call("Unary", &[&numbers(150)]).await;
        let message = outcome.status.message();
        assert_eq!(outcome.status.code(), Code::Unimplemented, "{message}");
        assert!(message.contains(text), "{message}");
    }
}

#[tokio::test]
async fn many_conditions_share_the_budget_of_their_message() {
    let mut rules = String::from("rules:\n");
    for rule in 0..500 {
        writeln!(
            rules,
            "  - {{method: kinds.Kinds/Unary, when: \"request.numbers.exists(x, x == -{rule} - 1)\", reply: {{}}}}"
        )
        .expect("a String takes all");
    }
    rules.push_str("  - {method: kinds.Kinds/Unary, reply: {string: last}}\n");
    let server = Running::start(&rules).await;
    let outcome = server.call("Unary", &[&numbers(300)]).await;
    assert_eq!(outcome.messages, [r#"{"string":"last"}"#], "{:?}", outcome.status);
    let outcome = server.call("Unary", &[&numbers(3000)]).await;
    assert_eq!(
        outcome.status.code(),
        Code::ResourceExhausted,
        "{:?}",
        outcome.status
    );
    assert!(
        outcome.status.message().contains("rule test.rules.yaml:"),
        "{:?}",
        outcome.status
    );
}

/// The whole answer, however often its steps were interrupted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_that_need_more_than_a_turn_run_once_and_in_order() {
    // Each about as much as a turn, or several.
    let sum = "request.numbers.filter(x, x < 10).size() + request.numbers.filter(x, x >= 10).size()";
    let rules = format!(
        r#"rules:
  - method: kinds.Kinds/List
    session:
      state: {{n: 0, all: []}}
      half_close:
        - set: {{all: "${{request.numbers.filter(x, x >= 0)}}"}}
        - repeat: 20
          as: round
          do:
            - set: {{n: "${{state.n + 1}}", store.n: "${{has(store.n) ? store.n + 1 : 1}}"}}
            - send: {{int32: "${{round}}", int64: "${{{sum}}}", uint32: "${{state.n}}"}}
        - repeat: 20
          as: round
          send: {{int32: "${{round}}", int64: "${{{sum}}}"}}
        - each: "${{request.numbers.filter(x, x < 20)}}"
          send: {{int32: "${{item}}", int64: "${{{sum}}}"}}
        - send: {{int32: "${{store.n}}", int64: "${{size(state.all)}}"}}
"#
    );
    for options in [
        RulesOptions::default(),
        RulesOptions::default().max_expression_cost(u64::MAX),
    ] {
        let server = Running::with(kinds(), &options, &rules).await;
        let outcome = server.call("List", &[&numbers(5000)]).await;
        assert_eq!(outcome.status.code(), Code::Ok, "{:?}", outcome.status);
        let message = |round: usize, more: &str| {
            let round = if round == 0 {
                String::new()
            } else {
                format!(r#""int32":{round},"#)
            };
            format!(r#"{{{round}"int64":"5000"{more}}}"#)
        };
        let mut expected: Vec<String> = (0..20)
            .map(|round| message(round, &format!(r#","uint32":{}"#, round + 1)))
            .collect();
        expected.extend((0..20).map(|round| message(round, "")));
        expected.extend((0..20).map(|round| message(round, "")));
        expected.push(message(20, ""));
        assert_eq!(outcome.messages, expected);
    }
}

#[tokio::test]
async fn a_limit_can_be_set_for_the_rules_of_a_server() {
    let rules = "rules: [{method: kinds.Kinds/Unary, reply: {bool: \"${request.numbers.all(x, x >= 0)}\"}}]";
    for (units, code) in [
        (1000, Code::ResourceExhausted),
        (100_000, Code::Ok),
        (u64::MAX, Code::Ok),
    ] {
        let options = RulesOptions::default().max_expression_cost(units);
        let server = Running::with(kinds(), &options, rules).await;
        let outcome = server.call("Unary", &[&numbers(1000)]).await;
        assert_eq!(outcome.status.code(), code, "{units}: {:?}", outcome.status);
    }
}

/// An endless loop that never waits ends with its call, and others are answered meanwhile.
#[tokio::test]
async fn a_loop_that_never_waits_lets_others_run() {
    let rules = r#"rules:
  - method: kinds.Kinds/List
    session:
      state: {n: 0}
      half_close: [{repeat: 1000000000, set: {n: "${request.numbers.filter(x, x > 1).size()}"}}]
  - {method: kinds.Kinds/Unary, reply: {string: here}}
"#;
    let server = Running::start(rules).await;
    let mut endless = server.open("List");
    endless.send(&numbers(3000));
    endless.half_close();
    for _ in 0..10 {
        let answer = tokio::time::timeout(Duration::from_secs(10), server.call("Unary", &["{}"])).await;
        assert_eq!(
            answer.expect("it has its turn").messages,
            [r#"{"string":"here"}"#]
        );
    }
}

#[tokio::test]
async fn a_request_that_is_costly_to_decode_matches_within_the_budget() {
    let rules = r"rules:
  - {method: kinds.Kinds/Unary, match: {points: [{name: a}]}, reply: {}}
  - {method: kinds.Kinds/Unary, reply: {string: last}}
";
    let server = Running::start(rules).await;
    let outcome = server.call("Unary", &[&numbers(10_000)]).await;
    assert_eq!(outcome.messages, [r#"{"string":"last"}"#]);
    let long = format!(r#"{{"string": "{}"}}"#, "a".repeat(2_000_000));
    let outcome = server.call("Unary", &[&long]).await;
    assert_eq!(outcome.messages, [r#"{"string":"last"}"#], "{:?}", outcome.status);
    let outcome = server.call("Unary", &[&numbers(600_000)]).await;
    assert_eq!(
        outcome.status.code(),
        Code::ResourceExhausted,
        "{:?}",
        outcome.status
    );
}

#[tokio::test]
async fn copies_of_a_request_cost_what_they_write() {
    let twenty = |value: &str| vec![format!("\"{value}\""); 20].join(", ");
    let twenty_points = vec!["\"${request.point}\""; 20].join(", ");
    let twenty_in_a_text = "${request.string} ".repeat(20);
    let bodies = [
        format!("reply: {{names: [{}]}}", twenty("${request.string}")),
        format!("reply: {{names: [{}]}}", twenty("${request.opt}")),
        format!("reply: {{names: [{}]}}", twenty("${request.point.name} and more")),
        format!("reply: {{names: [{}]}}", twenty("${request.names[0]}")),
        format!(
            "reply: {{names: \"${{[{}]}}\"}}",
            vec!["request.string"; 20].join(", ")
        ),
        format!("reply: {{points: [{twenty_points}]}}"),
        format!("reply: {{string: \"{twenty_in_a_text}\"}}"),
        format!(
            "reply: {{nested: {{nested: {{names: [{}]}}}}}}",
            twenty("${request.string}")
        ),
        "reply: {names: {each: \"${lists.range(20)}\", value: \"${request.string}\"}}".to_owned(),
        format!("sample: {{names: [{}]}}", twenty("${request.string}")),
        format!("status: {{code: ABORTED, details: [{{debug_info: {{detail: \"{twenty_in_a_text}\"}}}}]}}"),
        format!("stream: [{{send: {{names: [{}]}}}}]", twenty("${request.string}")),
    ];
    let request = |letters: usize| {
        let text = "a".repeat(letters);
        format!(
            r#"{{"string": "{text}", "opt": "{text}", "names": ["{text}"], "point": {{"name": "{text}"}}}}"#
        )
    };
    for body in bodies {
        let rule = format!("rules:\n  - method: kinds.Kinds/List\n    name: copying\n    {body}\n");
        let options = RulesOptions::default().max_expression_cost(20_000);
        let server = Running::with(kinds(), &options, &rule).await;
        let outcome = server.call("List", &[&request(100_000)]).await;
        assert_costs_too_much(&outcome, "copying", &body);
        let outcome = server.call("List", &[&request(1000)]).await;
        assert_is_affordable(&outcome, &body);
    }
}
