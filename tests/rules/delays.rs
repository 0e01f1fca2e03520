//! Durations that are drawn anew each time.

use std::time::{Duration, Instant};

use protod::RulesOptions;

use crate::support::{Running, kinds, problems};

#[tokio::test]
async fn drawn_delays_are_waited_for_at_each_place() {
    let server = Running::with(
        kinds(),
        &RulesOptions::default().seed(1),
        r"
rules:
  - {method: kinds.Kinds/Unary, match: {int32: 1}, delay: {min: 20ms, max: 30ms}, reply: {}}
  - {method: kinds.Kinds/Unary, match: {int32: 2}, delay: {mean: 25ms, deviation: 1ms}, reply: {}}
  - {method: kinds.Kinds/Unary, match: {int32: 3}, delay: {median: 25ms, sigma: 0.01}, reply: {}}
  - {method: kinds.Kinds/Unary, match: {int32: 4}, delay: {p0: 20ms, p100: 30ms}, reply: {}}
  - {method: kinds.Kinds/List, stream: [{wait: {min: 10ms, max: 20ms}}, {repeat: 2, every: {p0: 10ms}, send: {}}]}
  - method: kinds.Kinds/Chat
    session: {timers: [{every: {min: 10ms, max: 20ms}, do: [{send: {}}, {status: {code: OK}}]}]}
",
    )
    .await;
    for (method, request) in [
        ("Unary", r#"{"int32": 1}"#),
        ("Unary", r#"{"int32": 2}"#),
        ("Unary", r#"{"int32": 3}"#),
        ("Unary", r#"{"int32": 4}"#),
        ("List", "{}"),
    ] {
        let begun = Instant::now();
        let outcome = server.call(method, &[request]).await;
        assert!(!outcome.messages.is_empty(), "{request}: {:?}", outcome.status);
        assert!(begun.elapsed() >= Duration::from_millis(20), "{request}");
    }
    let mut chat = server.open("Chat");
    let begun = Instant::now();
    chat.next().await.expect("a timer runs");
    assert!(begun.elapsed() >= Duration::from_millis(10));
}

#[test]
fn durations_that_cannot_be_drawn_are_told() {
    const KEYS: &str = "these keys do not say how durations are spread";
    const FORMS: &str = "these keys do not say how durations are spread (hint: drawn durations are `{min, max}`, `{mean, deviation}`, `{median, sigma}`, or percentiles such as `{p50: 20ms, p99: 1s}`)";
    for (delay, expected) in [
        ("{}", format!("44: {FORMS}")),
        ("{min: 1ms}", format!("45: {KEYS} (hint: add `max: …` beside `min`)")),
        ("{min: 1ms, mean: 1ms}", format!("44: {FORMS}")),
        ("{min: 1ms, max: 2ms, p50: 1ms}", format!("44: {FORMS}")),
        ("{p50: 1ms, p101: 2ms}", "55: there is no percentile `p101` (hint: percentiles go from `p0` to `p100`)".to_owned()),
        ("{max: 1ms, min: 2ms}", "60: `min` is longer than `max` (hint: swap the two)".to_owned()),
        (
            "{min: 5, max: 6ms}",
            "50: expected a duration such as 200ms or 1.5s, found a number (hint: put a unit after it: `5ms` or `5s`)"
                .to_owned(),
        ),
        (
            "{min: '${request.string}', max: 6ms}",
            "50: a drawn duration is made of constants (hint: the whole value can be one `${…}`)".to_owned(),
        ),
        (
            "{median: 1ms, sigma: -1}",
            "65: `sigma` is a number from 0 to 10, such as 0.5 (hint: 0 is always the median; 0.5 is twice as long for one in twelve)".to_owned(),
        ),
        (
            "{p50: 2ms, p90: 1ms}",
            "50: `p50` is longer than `p90` (hint: what more calls take is longer: percentiles go up)".to_owned(),
        ),
        (
            "{p50: 2ms, p50.0: 3ms}",
            "55: `p50` and `p50.0` are the same (hint: leave one of them out)".to_owned(),
        ),
    ] {
        let yaml = format!("rules: [{{method: kinds.Kinds/Unary, delay: {delay}, reply: {{}}}}]");
        let found = problems(&kinds(), &yaml);
        assert_eq!(found, format!("test.rules.yaml:1:{expected}"), "{delay}");
    }
}

/// The transport holds it back where the client does not read, and it ends with the call.
#[tokio::test]
async fn every_alone_repeats_until_the_call_ends() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    match: {int32: 1}
    stream:
      - {every: 1ms, as: n, when: n % 2 == 0, send: {int32: "${n}"}}
  - method: kinds.Kinds/List
    stream:
      - every: 1ns
        do: [{send: {int32: "${i}"}}, {when: i == 200, status: {code: ABORTED}}]
  - method: kinds.Kinds/Unary
    session: {message: [{every: 1h, send: {}}]}
"#,
    )
    .await;
    let mut call = server.open("List");
    call.send(r#"{"int32": 1}"#);
    call.half_close();
    for n in [0, 2, 4] {
        let expected = if n == 0 {
            "{}".to_owned()
        } else {
            format!(r#"{{"int32":{n}}}"#)
        };
        assert_eq!(call.next().await.expect("it goes on"), expected);
    }
    drop(call);

    let outcome = server.call("List", &["{}"]).await;
    assert_eq!(
        (outcome.messages.len(), outcome.status.code()),
        (201, tonic::Code::Aborted)
    );
}

/// Only a call can show it, so the call says what is wrong, and where.
#[tokio::test]
async fn a_duration_that_is_none_is_told_with_its_key_and_its_value() {
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/Unary, match: {int32: 1}, delay: "${duration(string(request.int32 - 6) + 's')}", reply: {}}
  - {method: kinds.Kinds/Unary, match: {int32: 2}, delay: "${request.string + '5 parsecs'}", reply: {}}
  - {method: kinds.Kinds/Unary, match: {int32: 3}, delay: "${metadata['x-delay']}", reply: {}}
  - {method: kinds.Kinds/List, stream: [{repeat: 2, every: "${duration(string(request.int32) + 's')}", send: {}}]}
"#,
    )
    .await;
    for (method, request, expected) in [
        (
            "Unary",
            r#"{"int32": 1}"#,
            "`delay`: -5s (negative) is not a duration such as 200ms or 1.5s",
        ),
        (
            "Unary",
            r#"{"int32": 2}"#,
            "`delay`: \"5 parsecs\" is not a duration such as 200ms or 1.5s",
        ),
        (
            "Unary",
            r#"{"int32": 3}"#,
            "`delay`: the client has sent no metadata x-delay",
        ),
        (
            "List",
            r#"{"int32": -1}"#,
            "`every`: -1s (negative) is not a duration such as 200ms or 1.5s",
        ),
    ] {
        let outcome = server.call(method, &[request]).await;
        let said = outcome.status.message();
        assert!(said.ends_with(expected), "{said}");
    }
}
