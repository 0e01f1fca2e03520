//! Which rule answers.

use protod::{Rules, RulesOptions, RulesState, Schema};
use tonic::Code;

use crate::support::{Running, kinds};

/// The `string` of the one answer.
async fn said(server: &Running, request: &str) -> String {
    let outcome = server.call("Unary", &[request]).await;
    match outcome.messages.as_slice() {
        [only] => only.clone(),
        _ => outcome.status.message().to_owned(),
    }
}

#[tokio::test]
async fn match_compares_listed_fields_only() {
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/Unary, match: {point: {name: a, value: 1}}, reply: {string: nested}}
  - {method: kinds.Kinds/Unary, match: {names: [x, y]}, reply: {string: list}}
  - {method: kinds.Kinds/Unary, match: {counts: {k: 2}}, reply: {string: map}}
  - {method: kinds.Kinds/Unary, match: {colour: COLOUR_BLUE}, reply: {string: enum}}
  - {method: kinds.Kinds/Unary, match: {bytes: AP8}, reply: {string: bytes}}
  - {method: kinds.Kinds/Unary, match: {int64: "9007199254740993"}, reply: {string: exact}}
  - {method: kinds.Kinds/Unary, match: {duration: 1.5s}, reply: {string: duration}}
  - {method: kinds.Kinds/Unary, match: {any: {"@type": kinds.Point, name: z}}, reply: {string: any}}
  - {method: kinds.Kinds/Unary, match: {struct: {k: [1, {x: true}]}}, reply: {string: struct}}
  - {method: kinds.Kinds/Unary, match: {points: [{value: 1}, {}]}, reply: {string: points}}
  - {method: kinds.Kinds/Unary, match: {double: .nan}, reply: {string: nan}}
  - {method: kinds.Kinds/Unary, match: {int64_value: 5}, reply: {string: wrapper}}
  - {method: kinds.Kinds/Unary, match: {opt: null, bool: true}, reply: {string: unset}}
  - {method: kinds.Kinds/Unary, match: {opt: "", bool: true}, reply: {string: empty}}
  - {method: kinds.Kinds/Unary, match: {string: "", int32: 0, colour: 0}, reply: {string: zero}}
"#,
    )
    .await;
    for (request, expected) in [
        (
            r#"{"point":{"name":"a","value":1,"opt":4},"string":"s"}"#,
            "nested",
        ),
        (r#"{"names":["x","y"],"string":"s"}"#, "list"),
        (r#"{"counts":{"k":2,"l":3},"string":"s"}"#, "map"),
        (r#"{"colour":"COLOUR_BLUE"}"#, "enum"),
        (r#"{"bytes":"AP8="}"#, "bytes"),
        (r#"{"int64":"9007199254740993"}"#, "exact"),
        (r#"{"duration":"1.500s","string":"s"}"#, "duration"),
        (
            r#"{"any":{"@type":"x/kinds.Point","name":"z","value":3},"string":"s"}"#,
            "any",
        ),
        (r#"{"struct":{"k":[1,{"x":true,"y":1}]},"string":"s"}"#, "struct"),
        (
            r#"{"points":[{"value":1,"name":"n"},{"value":5}],"string":"s"}"#,
            "points",
        ),
        (r#"{"double":"NaN"}"#, "nan"),
        (r#"{"int64Value":"5","string":"s"}"#, "wrapper"),
        (r#"{"bool":true}"#, "unset"),
        (r#"{"bool":true,"opt":""}"#, "empty"),
        (r#"{"double":1}"#, "zero"),
        (r#"{"names":["x"]}"#, "zero"),
    ] {
        assert_eq!(
            said(&server, request).await,
            format!(r#"{{"string":"{expected}"}}"#),
            "{request}"
        );
    }
}

/// It has few bytes, which do not count as elements of the request.
#[tokio::test]
async fn an_any_that_holds_very_many_elements_is_not_looked_into() {
    let server = Running::start(
        r#"rules: [{method: kinds.Kinds/Unary, match: {any: {"@type": kinds.All, int32: 5}}, reply: {}}]"#,
    )
    .await;
    let matches = |points: usize| {
        let points = vec!["{}"; points].join(",");
        format!(r#"{{"any":{{"@type":"x/kinds.All","int32":5,"points":[{points}]}}}}"#)
    };
    let outcome = server.call("Unary", &[&matches(1000)]).await;
    assert_eq!(outcome.status.code(), Code::Ok);
    let outcome = server.call("Unary", &[&matches(1 << 20)]).await;
    assert_eq!(outcome.status.code(), Code::ResourceExhausted);
    let why = "its condition: it costs more than evaluations may cost";
    assert!(outcome.status.message().contains(why), "{}", outcome.status);
}

#[tokio::test]
async fn the_first_in_order_answers_and_priority_goes_before_place() {
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/Unary, match: {int32: 1}, reply: {string: first}}
  - {method: kinds.Kinds/Unary, match: {string: x}, reply: {string: second}}
  - {method: kinds.Kinds/Unary, when: "request.int32 > 1", reply: {string: third}}
  - {method: kinds.Kinds/Unary, priority: -1, reply: {string: last}}
  - {method: kinds.Kinds/Unary, priority: 5, match: {string: urgent}, reply: {string: urgent}}
"#,
    )
    .await;
    for (request, expected) in [
        (r#"{"int32":1,"string":"x"}"#, "first"),
        (r#"{"int32":2,"string":"x"}"#, "second"),
        (r#"{"int32":2}"#, "third"),
        ("{}", "last"),
        (r#"{"int32":1,"string":"urgent"}"#, "urgent"),
    ] {
        assert_eq!(
            said(&server, request).await,
            format!(r#"{{"string":"{expected}"}}"#),
            "{request}"
        );
    }
}

#[tokio::test]
async fn a_star_stands_for_all_methods_of_a_service() {
    let schema = Schema::from_source("stream.proto", include_str!("../../proto/stream.proto"));
    let yaml = "rules: [{method: proto.StreamService/*, match: {pt: {value: 1}}, status: {code: ABORTED}}]";
    let server = Running::with(schema.expect("it compiles"), &RulesOptions::default(), yaml).await;
    for method in ["List", "Record", "Route"] {
        let outcome = server.call(method, &[r#"{"pt":{"value":1}}"#]).await;
        assert_eq!(outcome.status.code(), Code::Aborted, "{method}");
    }
}

#[tokio::test]
async fn metadata_alone_decides_before_a_message_comes() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Chat
    when: metadata["x-user"] == "ann"
    session: {open: [{send: {string: hello ann}}]}
  - method: kinds.Kinds/Chat
    session: {open: [{send: {string: who}}]}
"#,
    )
    .await;
    let mut call = server.open_with("Chat", &[("x-user", "ann")]);
    assert_eq!(call.next().await.expect("a message"), r#"{"string":"hello ann"}"#);
    // Without the header the look-up fails: an error in a condition is no match.
    let mut call = server.open("Chat");
    assert_eq!(call.next().await.expect("a message"), r#"{"string":"who"}"#);
}

#[tokio::test]
async fn a_condition_on_all_requests_waits_for_half_close_and_then_replays_them() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Collect
    when: size(requests) > 2
    session:
      state: {sum: 0}
      message: [{set: {sum: "${state.sum + request.int32}"}}]
      half_close: [{send: {int32: "${state.sum}", string: "last ${request.int32} of ${received}"}}]
  - method: kinds.Kinds/Collect
    match: {int32: 5}
    reply: {string: began with five}
  - method: kinds.Kinds/Collect
    reply: {string: few}
"#,
    )
    .await;
    let numbers = [r#"{"int32":5}"#, r#"{"int32":6}"#, r#"{"int32":7}"#];
    let outcome = server.call("Collect", &numbers).await;
    assert_eq!(outcome.messages, [r#"{"int32":18,"string":"last 7 of 3"}"#]);
    assert_eq!(
        server.call("Collect", &numbers[..2]).await.messages,
        [r#"{"string":"began with five"}"#]
    );
    assert_eq!(
        server.call("Collect", &numbers[1..]).await.messages,
        [r#"{"string":"few"}"#]
    );
    assert_eq!(
        server.call("Collect", &[]).await.messages,
        [r#"{"string":"few"}"#]
    );
}

#[tokio::test]
async fn nothing_matched_says_which_rule_came_nearest_and_what_differed() {
    let server = Running::start(
        r"
rules:
  - {method: kinds.Kinds/Unary, name: far, match: {string: x}, reply: {}}
  - {method: kinds.Kinds/Unary, name: near, match: {int32: 5, point: {name: p}}, reply: {}}
  - {method: kinds.Kinds/Unary, name: cel, when: request.int64 > 3, reply: {}}
",
    )
    .await;
    let outcome = server
        .call("Unary", &[r#"{"int32":5,"point":{"name":"q"}}"#])
        .await;
    assert_eq!(outcome.status.code(), Code::Unimplemented);
    assert_eq!(
        outcome.status.message(),
        r#"no rule of kinds.Kinds/Unary matched; the nearest is near: point.name is "q", not "p""#
    );
    let outcome = server.call("Unary", &["{}"]).await;
    assert_eq!(
        outcome.status.message(),
        r#"no rule of kinds.Kinds/Unary matched; the nearest is far: string is unset, not "x""#
    );

    // A status is sent in a header, and clients limit its length.
    let long = format!(r#"{{"string":"{}"}}"#, "long".repeat(10_000));
    let outcome = server.call("Unary", &[&long]).await;
    let message = outcome.status.message();
    assert!(message.len() < 1000, "{message}");
    assert!(message.ends_with(r#"…, not "x""#), "{message}");
}

const TWICE: &str = r#"
rules:
  - method: kinds.Kinds/Unary
    name: flaky
    times: 2
    scope: metadata["x-test-id"]
    status:
      code: UNAVAILABLE
      details: [{retry_info: {retry_delay: 0.1s}}]
  - method: kinds.Kinds/Unary
    reply: {string: fine}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn times_are_counted_exactly_under_many_clients_at_once() {
    let server = std::sync::Arc::new(Running::start(TWICE).await);
    let mut calls = tokio::task::JoinSet::new();
    for call in 0..64 * 5 {
        let server = std::sync::Arc::clone(&server);
        calls.spawn(async move {
            let id = format!("t{}", call % 64);
            server
                .call_with("Unary", &["{}"], &[("x-test-id", &id)])
                .await
                .status
                .code()
        });
    }
    let codes = calls.join_all().await;
    assert_eq!(
        codes.iter().filter(|code| **code == Code::Unavailable).count(),
        64 * 2
    );
    assert_eq!(codes.iter().filter(|code| **code == Code::Ok).count(), 64 * 3);
}

#[tokio::test]
async fn counters_outlive_a_reload_that_is_given_their_state() {
    let state = RulesState::new();
    let options = RulesOptions::default().state(&state);
    for expected in [Code::Unavailable, Code::Unavailable, Code::Ok] {
        let server = Running::with(kinds(), &options, TWICE).await;
        let outcome = server.call_with("Unary", &["{}"], &[("x-test-id", "a")]).await;
        assert_eq!(outcome.status.code(), expected);
    }
}

/// Loads `rules` with that state, calls them with `{}` this many times, and returns the answers.
async fn answers(options: &RulesOptions, rules: &[&str], calls: usize) -> Vec<String> {
    let yaml = format!("rules:\n{}", rules.concat());
    let server = Running::with(kinds(), options, &yaml).await;
    let mut answers = Vec::new();
    for _ in 0..calls {
        answers.push(said(&server, "{}").await);
    }
    answers
}

#[tokio::test]
async fn an_unnamed_rule_keeps_its_count_wherever_it_stands() {
    const LIMITED: &str = "  - {method: kinds.Kinds/Unary, times: 2, reply: {string: limited}}\n";
    const NEW: &str = "  - {method: kinds.Kinds/Unary, times: 2, reply: {string: new}}\n";
    const LAST: &str = "  - {method: kinds.Kinds/Unary, reply: {string: last}}\n";
    let [limited, new, last] = ["limited", "new", "last"].map(|text| format!(r#"{{"string":"{text}"}}"#));
    let options = RulesOptions::default().state(&RulesState::new());
    assert_eq!(answers(&options, &[LIMITED, LAST], 1).await, [&*limited]);
    // The new rule is where the old one was, and neither takes the other's count.
    let inserted = answers(&options, &[NEW, LIMITED, LAST], 5).await;
    assert_eq!(inserted, [&*new, &new, &limited, &last, &last]);
    // An edited rule is another rule.
    let edited = LIMITED.replace("times: 2", "times: 1");
    let edited = answers(&options, &[NEW, &edited, LAST], 2).await;
    assert_eq!(edited, [&*limited, &last]);
}

#[tokio::test]
async fn equal_unnamed_rules_count_apart() {
    const ONCE: &str = "  - {method: kinds.Kinds/Unary, times: 1, reply: {string: once}}\n";
    let options = RulesOptions::default().state(&RulesState::new());
    let once = r#"{"string":"once"}"#;
    assert_eq!(answers(&options, &[ONCE, ONCE], 1).await, [once]);
    let reloaded = answers(&options, &[ONCE, ONCE], 2).await;
    assert_eq!(reloaded[0], once);
    assert!(
        reloaded[1].contains("no rule of kinds.Kinds/Unary matched"),
        "{reloaded:?}"
    );
}

#[tokio::test]
async fn a_load_that_fails_loses_no_count() {
    const LIMITED: &str = "rules:\n  - {method: kinds.Kinds/Unary, times: 1, reply: {string: limited}}\n";
    let options = RulesOptions::default().state(&RulesState::new());
    let server = Running::with(kinds(), &options, LIMITED).await;
    assert_eq!(said(&server, "{}").await, r#"{"string":"limited"}"#);
    drop(server);
    for _ in 0..3 {
        options
            .from_text(
                &kinds(),
                "test.rules.yaml",
                "rules: [{method: kinds.Kinds/Unary}]",
            )
            .expect_err("it has no outcome");
    }
    let server = Running::with(kinds(), &options, LIMITED).await;
    assert!(said(&server, "{}").await.contains("has answered as often"));
}

#[tokio::test]
async fn rules_of_the_same_name_in_two_files_count_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = kinds();
    for file in ["a", "b"] {
        let rules = format!(
            "rules: [{{method: kinds.Kinds/Unary, name: once, times: 1, match: {{string: {file}}}, reply: {{}}}}]"
        );
        std::fs::write(folder.path().join(format!("{file}.rules.yaml")), rules).expect("written");
    }
    let rules = Rules::load(&schema, &[folder.path().to_owned()]).expect("they load");
    let server = Running::of(schema, &rules).await;
    for (request, expected) in [
        ("a", Code::Ok),
        ("b", Code::Ok),
        ("a", Code::Unimplemented),
        ("b", Code::Unimplemented),
    ] {
        let request = format!(r#"{{"string":"{request}"}}"#);
        let outcome = server.call("Unary", &[&request]).await;
        assert_eq!(outcome.status.code(), expected, "{request}");
    }
}

#[tokio::test]
async fn ten_thousand_rules_answer_as_their_order_says() {
    use std::fmt::Write as _;
    let mut yaml = "rules:\n".to_owned();
    for n in 0..10_000 {
        let match_ = if n % 2 == 0 {
            format!("{{string: s{n}}}")
        } else {
            format!("{{string: s{}, int32: 1}}", n - 1)
        };
        writeln!(
            yaml,
            "  - {{method: kinds.Kinds/Unary, match: {match_}, reply: {{int32: {n}}}}}"
        )
        .expect("a string");
        if n == 5000 {
            yaml.push_str(
                "  - {method: kinds.Kinds/Unary, when: 'request.int64 == 7', reply: {int32: -1}}\n",
            );
        }
    }
    let server = Running::start(&yaml).await;
    for (request, expected) in [
        (r#"{"string":"s8"}"#, r#"{"int32":8}"#),
        (r#"{"string":"s8","int32":1}"#, r#"{"int32":8}"#),
        (r#"{"string":"s9998"}"#, r#"{"int32":9998}"#),
        (r#"{"string":"s9998","int64":"7"}"#, r#"{"int32":-1}"#),
        (r#"{"string":"s4998","int64":"7"}"#, r#"{"int32":4998}"#),
    ] {
        assert_eq!(said(&server, request).await, expected, "{request}");
    }
    assert!(
        said(&server, "{}")
            .await
            .contains("no rule of kinds.Kinds/Unary matched")
    );
}

#[tokio::test]
async fn conditions_in_cel_are_found_by_their_literals_too() {
    use std::fmt::Write as _;
    let mut yaml = "rules:\n".to_owned();
    for n in 0..3000 {
        let when = match n % 3 {
            0 => format!("request.string == 's{n}'"),
            1 => format!("request.point.value == {n} && request.bool"),
            _ => format!("'s{}' == request.string && request.int32 > 0", n - 2),
        };
        writeln!(
            yaml,
            "  - {{method: kinds.Kinds/Unary, when: \"{when}\", reply: {{int32: {n}}}}}"
        )
        .expect("a string");
    }
    yaml.push_str(
        "  - {method: kinds.Kinds/Unary, when: 'request.point.value == 0', reply: {string: zero}}\n",
    );
    let server = Running::start(&yaml).await;
    for (request, expected) in [
        (r#"{"string":"s9"}"#, r#"{"int32":9}"#),
        (r#"{"string":"s9","int32":1}"#, r#"{"int32":9}"#),
        (r#"{"point":{"value":10},"bool":true}"#, r#"{"int32":10}"#),
        (
            r#"{"point":{"value":10},"bool":true,"string":"s9"}"#,
            r#"{"int32":9}"#,
        ),
        (
            r#"{"point":{"value":10},"bool":true,"string":"s12"}"#,
            r#"{"int32":10}"#,
        ),
        ("{}", r#"{"string":"zero"}"#),
    ] {
        assert_eq!(said(&server, request).await, expected, "{request}");
    }
}

#[tokio::test]
async fn the_rule_that_answered_is_named_in_a_header() {
    let yaml = "rules: [{method: kinds.Kinds/Unary, name: 'grüße 100%', reply: {}}]";
    let server = Running::start(yaml).await;
    let outcome = server.call("Unary", &["{}"]).await;
    assert_eq!(
        outcome.headers.get("protod-rule").expect("the header"),
        "gr%C3%BC%C3%9Fe 100%25"
    );
    let server = Running::with(kinds(), &RulesOptions::default().rule_header(false), yaml).await;
    assert!(
        server
            .call("Unary", &["{}"])
            .await
            .headers
            .get("protod-rule")
            .is_none()
    );
}
