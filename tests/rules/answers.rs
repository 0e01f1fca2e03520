//! Several answers in turn, and how many calls a rule has answered.

use protod::{RulesOptions, RulesState};
use tonic::Code;

use crate::support::{Running, kinds, problems};

/// What a server says to a call: the `string` or `int32` of its messages, or the message of its status.
async fn said(server: &Running, request: &str, metadata: &[(&str, &str)]) -> String {
    let outcome = server.call_with("Unary", &[request], metadata).await;
    match outcome.messages.first() {
        Some(message) => {
            let message: serde_json::Value = serde_json::from_str(message).expect("it is JSON");
            let said = message.get("string").or(message.get("int32"));
            said.map_or_else(String::new, |said| said.to_string().replace('"', ""))
        }
        None => outcome.status.message().to_owned(),
    }
}

#[tokio::test]
async fn after_the_last_answer_comes_what_the_rule_says() {
    const TURNS: &str =
        "answers: [{reply: {string: a}}, {status: {code: ABORTED, message: b}}, {reply: {string: c}}]";
    for (after, expected) in [
        ("", "a b c c c c c"),
        (", after: stay", "a b c c c c c"),
        (", after: cycle", "a b c a b c a"),
        (", after: next", "a b c z z z z"),
        (", after: cycle, times: 5", "a b c a b z z"),
        (", after: next, times: 2", "a b z z z z z"),
        (", after: next, times: 9", "a b c z z z z"),
    ] {
        let server = Running::start(&format!(
            "rules:\n  - {{method: kinds.Kinds/Unary, {TURNS}{after}}}\n  - {{method: kinds.Kinds/Unary, reply: {{string: z}}}}\n"
        ))
        .await;
        let mut answers = Vec::new();
        for _ in 0..7 {
            answers.push(said(&server, "{}", &[]).await);
        }
        assert_eq!(answers.join(" "), expected, "{after}");
    }
}

#[tokio::test]
async fn turns_are_counted_per_scope_and_only_for_calls_that_match() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    match: {bool: true}
    scope: metadata["x-id"]
    answers: [{reply: {string: one}}, {reply: {string: two}}]
  - {method: kinds.Kinds/Unary, reply: {string: other}}
"#,
    )
    .await;
    let (yes, no) = (r#"{"bool": true}"#, "{}");
    for (id, request, expected) in [
        ("a", yes, "one"),
        ("b", no, "other"),
        ("b", yes, "one"),
        ("a", yes, "two"),
        ("a", yes, "two"),
        ("b", yes, "two"),
    ] {
        assert_eq!(said(&server, request, &[("x-id", id)]).await, expected, "{id}");
    }
}

#[tokio::test]
async fn sixty_four_calls_at_once_take_all_turns_equally_often() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    match: {bool: true}
    answers: [{reply: {string: a}}, {reply: {string: b}}, {reply: {string: c}}, {reply: {string: d}}]
    after: cycle
  - method: kinds.Kinds/Unary
    answers: [{reply: {string: first}}, {reply: {string: second}}]
    after: next
  - {method: kinds.Kinds/Unary, reply: {int32: "${call.count}"}}
"#,
    )
    .await;
    let calls = (0..64).map(|_| said(&server, r#"{"bool": true}"#, &[]));
    let mut answers = futures_util::future::join_all(calls).await;
    answers.sort();
    assert_eq!(
        answers.concat(),
        ["a", "b", "c", "d"].map(|turn| turn.repeat(16)).concat()
    );

    let calls = (0..64).map(|_| said(&server, "{}", &[]));
    let answers = futures_util::future::join_all(calls).await;
    let mut numbers: Vec<u32> = answers.iter().filter_map(|answer| answer.parse().ok()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=62).collect::<Vec<_>>());
    for turn in ["first", "second"] {
        assert_eq!(
            answers.iter().filter(|answer| *answer == turn).count(),
            1,
            "{turn}"
        );
    }
}

#[tokio::test]
async fn each_answer_has_all_that_an_answer_can_have() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    headers: {x-rule: "${call.count}", x-both: rule}
    set: {store.rule: "${call.count}"}
    answers:
      - {set: {store.turn: one}, headers: {x-both: one}, trailers: {y: 1}, delay: 5ms, reply: {string: "${store.turn} ${store.rule}"}}
      - {log: second, status: {code: "${request.int32}", message: "${store.turn} ${store.rule}"}}
      - session: {state: {n: 2}, message: [{set: {n: "${state.n + call.count}"}}, {send: {int32: "${state.n}"}}]}
  - method: kinds.Kinds/List
    answers:
      - stream: [{repeat: 2, send: {int32: "${i}"}}]
      - reply: {string: alone}
      - status: {code: NOT_FOUND, message: gone}
  - method: kinds.Kinds/Collect
    answers:
      - status: {code: UNAVAILABLE, message: at once}
      - reply: {int32: "${received}"}
      - session: {half_close: [{send: {int32: "${received + 10}"}}]}
  - method: kinds.Kinds/Chat
    answers:
      - session: {open: [{send: {string: hello}}, {status: {code: OK}}]}
      - session: {message: [{send: {string: "${request.string}"}}]}
"#,
    )
    .await;
    let first = server.call("Unary", &["{}"]).await;
    assert_eq!(first.messages, [r#"{"string":"one 1"}"#]);
    let header = |name| {
        first
            .headers
            .get(name)
            .expect("it is set")
            .to_str()
            .expect("text")
    };
    assert_eq!((header("x-rule"), header("x-both")), ("1", "one"));
    assert_eq!(first.trailers.get("y").expect("it is set"), "1");
    let second = server.call("Unary", &[r#"{"int32": 5}"#]).await;
    assert_eq!(
        (second.status.code(), second.status.message()),
        (Code::NotFound, "one 2")
    );
    assert_eq!(second.headers.get("x-both").expect("it is set"), "rule");
    assert_eq!(said(&server, "{}", &[]).await, "5");

    let numbers = [r"{}", r#"{"int32":1}"#];
    assert_eq!(server.call("List", &["{}"]).await.messages, numbers);
    assert_eq!(
        server.call("List", &["{}"]).await.messages,
        [r#"{"string":"alone"}"#]
    );
    assert_eq!(server.call("List", &["{}"]).await.status.message(), "gone");

    // A status comes before the client has sent anything.
    let refused = server.open("Collect").finish().await;
    assert_eq!(refused.status.message(), "at once");
    assert_eq!(
        server.call("Collect", &["{}", "{}"]).await.messages,
        [r#"{"int32":2}"#]
    );
    assert_eq!(
        server.call("Collect", &["{}", "{}"]).await.messages,
        [r#"{"int32":12}"#]
    );

    assert_eq!(
        server.open("Chat").finish().await.messages,
        [r#"{"string":"hello"}"#]
    );
    let echo = r#"{"string":"a"}"#;
    assert_eq!(server.call("Chat", &[echo, echo]).await.messages, [echo, echo]);
}

#[tokio::test]
async fn call_count_is_that_of_the_rule_that_reads_it() {
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/*, headers: {x-all: "${call.count}"}, then: next}
  - method: kinds.Kinds/Unary
    match: {bool: true}
    scope: request.string
    reply: {int32: "${call.count}"}
  - method: kinds.Kinds/Unary
    reply: {int32: "${100 + call.count}"}
  - method: kinds.Kinds/List
    stream: [{when: call.count > 1, send: {string: again}}]
"#,
    )
    .await;
    for (method, request, all, expected) in [
        ("Unary", r#"{"bool": true, "string": "a"}"#, "1", r#"{"int32":1}"#),
        ("Unary", r#"{"bool": true, "string": "a"}"#, "2", r#"{"int32":2}"#),
        ("Unary", r#"{"bool": true, "string": "b"}"#, "3", r#"{"int32":1}"#),
        ("Unary", "{}", "4", r#"{"int32":101}"#),
        ("List", "{}", "5", ""),
        ("List", "{}", "6", r#"{"string":"again"}"#),
        ("Unary", "{}", "7", r#"{"int32":102}"#),
    ] {
        let outcome = server.call(method, &[request]).await;
        assert_eq!(outcome.messages.concat(), expected, "{all}");
        assert_eq!(outcome.headers.get("x-all").expect("it is set"), all);
    }
}

#[tokio::test]
async fn a_reload_goes_on_with_the_next_turn() {
    let state = RulesState::new();
    let options = RulesOptions::default().state(&state);
    let named = |third: &str| {
        format!(
            "rules:\n  - {{method: kinds.Kinds/Unary, name: turns, answers: [{{reply: {{string: a}}}}, {{reply: {{string: b}}}}, {{reply: {{string: {third}}}}}]}}\n  - {{method: kinds.Kinds/Unary, reply: {{string: z}}}}\n"
        )
    };
    let server = Running::with(kinds(), &options, &named("c")).await;
    assert_eq!(said(&server, "{}", &[]).await, "a");
    // One that does not load changes nothing.
    options
        .from_text(&kinds(), "test.rules.yaml", &named("[c]"))
        .expect_err("it does not fit");
    let server = Running::with(kinds(), &options, &named("edited")).await;
    assert_eq!(said(&server, "{}", &[]).await, "b");
    assert_eq!(said(&server, "{}", &[]).await, "edited");
}

#[test]
fn what_is_wrong_with_answers_is_told() {
    for (rule, expected) in [
        (
            "answers: []",
            "46: expected a list of answers, found an empty one (hint: such as `answers: [{status: {code: UNAVAILABLE}}, {reply: {}}]`)",
        ),
        (
            "answers: {reply: {}}",
            "46: expected a list of answers, found a mapping (hint: such as `answers: [{status: {code: UNAVAILABLE}}, {reply: {}}]`)",
        ),
        (
            "answers: [{headers: {x: 1}}]",
            "47: an answer needs an outcome (hint: one of `reply`, `reply_file`, `sample`, `stream`, `session`, `status`)",
        ),
        (
            "answers: [{reply: {}, status: {code: OK}}]",
            "59: an answer has one outcome: this one has `reply` and `status`",
        ),
        (
            "answers: [{reply: {}, times: 2}]",
            "59: unknown key `times` in an answer",
        ),
        (
            "answers: [{reply: {strin: a}}, {reply: {strin: b}}]",
            "56: the message kinds.All has no field `strin` (hint: did you mean `string`?)\ntest.rules.yaml:1:77: the message kinds.All has no field `strin` (hint: did you mean `string`?)",
        ),
        (
            "answers: [{reply: {}}], reply: {}",
            "61: a rule has one outcome: this one has `answers` and `reply`",
        ),
        (
            "answers: [{reply: {}}], after: cicle",
            "68: `after` cannot be `cicle` (hint: did you mean `cycle`?)",
        ),
        ("reply: {}, after: cycle", "48: `after` goes with `answers`"),
        (
            "reply: {}, scope: call.peer",
            "55: `scope` goes with `times`, `answers` or `call.count`",
        ),
        (
            "when: call.count > 2, reply: {}",
            "48: `call.count` is not known here (hint: it counts the calls that a rule answers, so it is known only when the rule has matched; for every so many calls there are `times` and `answers`)",
        ),
        (
            "log: '${call.counts}', reply: {}",
            "50: `call` has no `counts` (hint: it has method, peer, id, count)",
        ),
    ] {
        let yaml = format!("rules: [{{method: kinds.Kinds/Unary, {rule}}}]");
        let found = problems(&kinds(), &yaml);
        let found = found.replacen("test.rules.yaml:1:", "", 1);
        assert!(found.starts_with(expected), "{rule}\n{found}\n{expected}");
    }
}
