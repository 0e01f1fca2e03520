//! Sessions: events, state, steps and their modifiers.

use std::time::{Duration, Instant};

use tonic::Code;

use crate::support::{Running, kinds, problems};

#[tokio::test]
async fn steps_repeat_iterate_choose_and_group() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    stream:
      - {repeat: 2, as: a, do: [{repeat: "${request.int32}", as: b, send: {string: "${a}.${b}"}}]}
      - {repeat: 4, when: i % 2 == 1, send: {int32: "${i}"}}
      - {each: "${request.names}", as: name, send: {string: "<${name}>"}}
      - {each: "${request.points}", send: {point: "${item}"}}
      - {repeat: 0, send: {string: never}}
      - choose:
          - {when: request.int32 > 5, do: [{send: {string: many}}]}
          - {when: request.int32 > 1, do: [{send: {string: some}}]}
          - do: [{send: {string: few}}]
      - {when: request.bool, do: [{send: {string: never}}]}
      - send: {string: end}
"#,
    )
    .await;
    let request = r#"{"int32":2,"names":["x","y"],"points":[{"value":1},{"value":2}]}"#;
    let outcome = server.call("List", &[request]).await;
    let strings = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| format!(r#"{{"string":"{text}"}}"#))
            .collect::<Vec<_>>()
    };
    let mut expected = strings(&["0.0", "0.1", "1.0", "1.1"]);
    expected.extend([r#"{"int32":1}"#.to_owned(), r#"{"int32":3}"#.to_owned()]);
    expected.extend(strings(&["<x>", "<y>"]));
    expected.extend([
        r#"{"point":{"value":1}}"#.to_owned(),
        r#"{"point":{"value":2}}"#.to_owned(),
    ]);
    expected.extend(strings(&["some", "end"]));
    assert_eq!(outcome.messages, expected);
}

#[tokio::test]
async fn values_of_one_set_change_together() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Chat
    session:
      state: {a: 1, b: 2, seen: []}
      message:
        - set: {a: "${state.b}", b: "${state.a}", seen: "${state.seen + [request.int32]}"}
        - send: {string: "${state.a} ${state.b}", numbers: "${state.seen}"}
"#,
    )
    .await;
    let outcome = server.call("Chat", &[r#"{"int32":7}"#, r#"{"int32":8}"#]).await;
    assert_eq!(
        outcome.messages,
        [
            r#"{"string":"2 1","numbers":[7]}"#,
            r#"{"string":"1 2","numbers":[7,8]}"#
        ]
    );
}

#[tokio::test]
async fn variables_count_up_and_down_to_where_an_int_ends() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Chat
    name: r
    session:
      state: {up: 9223372036854775806, down: 5, front: 0, other: 0}
      message:
        - set: {down: "${state.down - 7}"}
        - set: {front: "${3 + state.front}"}
        - set: {other: "${state.front + 1}"}
        - set: {up: "${state.up + 1}"}
        - send: {string: "${state.up} ${state.down} ${state.front} ${state.other}"}
"#,
    )
    .await;
    let outcome = server.call("Chat", &["{}", "{}"]).await;
    assert_eq!(outcome.messages, [r#"{"string":"9223372036854775807 -2 3 4"}"#]);
    let message = outcome.status.message();
    assert_eq!(message, "rule r: `set` of up: integer overflow in `+`");
}

#[tokio::test]
async fn a_variable_keeps_its_type_also_where_only_the_value_tells() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Chat
    name: r
    session: {state: {n: 0}, message: [{set: {n: "${request.any_json}"}}, {send: {int32: "${state.n}"}}]}
"#,
    )
    .await;
    let outcome = server.call("Chat", &[r#"{"anyJson":"x"}"#]).await;
    assert_eq!(outcome.status.message(), "rule r: `set` of n: x is not int");
}

#[tokio::test]
async fn half_close_reads_the_last_message_and_all_of_them() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Collect
    reply:
      string: "${request.string}"
      names: "${requests.map(r, r.string)}"
      int32: "${received}"
"#,
    )
    .await;
    let requests = [r#"{"string":"a"}"#, r#"{"string":"b"}"#, r#"{"string":"c"}"#];
    let outcome = server.call("Collect", &requests).await;
    assert_eq!(
        outcome.messages,
        [r#"{"int32":3,"string":"c","names":["a","b","c"]}"#]
    );
    assert_eq!(server.call("Collect", &[]).await.messages, ["{}"]);
}

#[tokio::test]
async fn waits_let_earlier_messages_through_and_every_pauses_between_rounds() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    stream:
      - {repeat: 3, every: 50ms, send: {int32: "${i}"}}
      - wait: "${request.duration}"
      - send: {string: late}
"#,
    )
    .await;
    let started = Instant::now();
    let mut call = server.open("List");
    call.send(r#"{"duration":"3600s"}"#);
    call.half_close();
    for _ in 0..3 {
        call.next().await.expect("a message");
    }
    assert!(
        started.elapsed() >= Duration::from_millis(100),
        "there are two pauses between three rounds"
    );
    drop(call);
    let outcome = server.call("List", &[r#"{"duration":"0.01s"}"#]).await;
    assert_eq!(outcome.messages.len(), 4);
}

const CHAT: &str = r#"
rules:
  - method: kinds.Kinds/Chat
    session:
      state: {user: "", count: 0}
      key: "${state.user}"
      open:
        - send: {string: "What is your name?"}
      message:
        - choose:
            - when: state.user == ""
              do:
                - set: {user: "${request.string}"}
                - send: {string: "Hello ${state.user}"}
            - when: request.string == "bye"
              do:
                - send: {string: "Bye ${state.user} after ${state.count}"}
                - status: {code: OK}
            - do:
                - set: {count: "${state.count + 1}"}
                - send: {string: "${state.count}: ${request.string}"}
      half_close:
        - send: {string: "You left"}
      timers:
        - {every: 100ms, do: [{when: state.user != "", send: {string: tick}}]}
      signals:
        drain: [{send: {string: closing}}, {status: {code: UNAVAILABLE, message: drained}}]
  - {method: kinds.Kinds/Unary, match: {string: all}, session: {message: [{signal: drain}, {send: {}}]}}
  - {method: kinds.Kinds/Unary, session: {message: [{signal: drain, key: "${request.string}"}, {send: {}}]}}
"#;

/// The next message that is not a tick.
async fn said(call: &mut crate::support::Conversation) -> String {
    loop {
        let message = call.next().await.expect("a message");
        if message != r#"{"string":"tick"}"# {
            return message;
        }
    }
}

#[tokio::test]
async fn a_chat_keeps_a_name_counts_ticks_and_ends_at_bye() {
    let server = Running::start(CHAT).await;
    let mut call = server.open("Chat");
    assert_eq!(said(&mut call).await, r#"{"string":"What is your name?"}"#);
    call.send(r#"{"string":"Ann"}"#);
    assert_eq!(said(&mut call).await, r#"{"string":"Hello Ann"}"#);
    for _ in 0..3 {
        assert_eq!(call.next().await.expect("a tick"), r#"{"string":"tick"}"#);
    }
    call.send(r#"{"string":"x"}"#);
    assert_eq!(said(&mut call).await, r#"{"string":"1: x"}"#);
    call.send(r#"{"string":"bye"}"#);
    assert_eq!(said(&mut call).await, r#"{"string":"Bye Ann after 1"}"#);
    assert_eq!(call.finish().await.status.code(), Code::Ok);
}

#[tokio::test]
async fn a_chat_is_ended_by_a_signal_for_it_or_for_all() {
    let server = Running::start(CHAT).await;
    let mut calls = Vec::new();
    for name in ["Ann", "Bob"] {
        let mut call = server.open("Chat");
        said(&mut call).await;
        call.send(&format!(r#"{{"string":"{name}"}}"#));
        said(&mut call).await;
        calls.push(call);
    }
    let [mut ann, mut bob] = <[_; 2]>::try_from(calls).unwrap_or_else(|_| panic!("there are two"));
    server.call("Unary", &[r#"{"string":"Bob"}"#]).await;
    assert_eq!(said(&mut bob).await, r#"{"string":"closing"}"#);
    assert_eq!(bob.finish().await.status.message(), "drained");
    ann.send(r#"{"string":"still here"}"#);
    assert_eq!(said(&mut ann).await, r#"{"string":"1: still here"}"#);
    server.call("Unary", &[r#"{"string":"all"}"#]).await;
    assert_eq!(said(&mut ann).await, r#"{"string":"closing"}"#);
    assert_eq!(ann.finish().await.status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_server_that_drains_signals_it_to_every_call_once() {
    let mut server = Running::start(CHAT).await;
    let mut call = server.open("Chat");
    said(&mut call).await;
    server.drain();
    assert_eq!(said(&mut call).await, r#"{"string":"closing"}"#);
    assert_eq!(call.finish().await.status.message(), "drained");

    let mut server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Chat
    session:
      state: {n: 0}
      open: [{send: {}}]
      message: [{send: {int32: "${state.n}"}}]
      signals: {drain: [{set: {n: "${state.n + 1}"}}, {send: {string: soon}}]}
"#,
    )
    .await;
    let mut call = server.open("Chat");
    assert_eq!(call.next().await.expect("a message"), "{}");
    server.drain();
    assert_eq!(call.next().await.expect("a message"), r#"{"string":"soon"}"#);
    for _ in 0..2 {
        call.send("{}");
        assert_eq!(call.next().await.expect("a message"), r#"{"int32":1}"#);
    }
    call.half_close();
    assert_eq!(call.finish().await.status.code(), Code::Ok);
}

#[tokio::test]
async fn half_close_ends_a_call_with_timers_where_the_client_streams() {
    let server = Running::start(CHAT).await;
    let mut call = server.open("Chat");
    call.half_close();
    let outcome = call.finish().await;
    assert_eq!(
        outcome.messages.last().expect("it said so"),
        r#"{"string":"You left"}"#
    );
    assert_eq!(outcome.status.code(), Code::Ok);
}

#[tokio::test]
async fn a_server_stream_with_timers_goes_on_until_a_step_ends_it() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    session:
      state: {n: 0}
      timers:
        - every: 10ms
          do:
            - set: {n: "${state.n + 1}"}
            - send: {int32: "${state.n}", string: "${request.string}"}
            - {when: state.n == 3, status: {code: OK}}
"#,
    )
    .await;
    let outcome = server.call("List", &[r#"{"string":"s"}"#]).await;
    let expected = [1, 2, 3].map(|n| format!(r#"{{"int32":{n},"string":"s"}}"#));
    assert_eq!(outcome.messages, expected);
    assert_eq!(outcome.status.code(), Code::Ok);
}

#[tokio::test]
async fn a_timer_before_the_request_does_not_lose_it() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    session:
      timers: [{every: 10ms, do: [{send: {string: tick}}]}]
      message: [{send: {string: "${request.string}"}}, {status: {code: OK}}]
"#,
    )
    .await;
    let mut call = server.open("List");
    for _ in 0..2 {
        assert_eq!(call.next().await.expect("a message"), r#"{"string":"tick"}"#);
    }
    call.send(r#"{"string":"here I am"}"#);
    // It has arrived, and a second one may still follow.
    for _ in 0..2 {
        assert_eq!(call.next().await.expect("a message"), r#"{"string":"tick"}"#);
    }
    call.half_close();
    let outcome = call.finish().await;
    assert_eq!(
        outcome.messages.last().expect("it was answered"),
        r#"{"string":"here I am"}"#
    );
    assert_eq!(outcome.status.code(), Code::Ok);
}

#[tokio::test]
async fn what_open_sends_does_not_wait_for_the_request() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    session:
      open: [{send: {string: welcome}}]
      message: [{send: {string: "${request.string}"}}]
"#,
    )
    .await;
    let mut call = server.open("List");
    assert_eq!(said(&mut call).await, r#"{"string":"welcome"}"#);
    call.send(r#"{"string":"Ann"}"#);
    call.half_close();
    assert_eq!(said(&mut call).await, r#"{"string":"Ann"}"#);
}

#[tokio::test]
async fn a_loop_that_only_counts_ends_at_its_deadline_and_keeps_nobody_waiting() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    session:
      state: {n: 0}
      message: [{send: {}}, {repeat: "${request.int64}", set: {n: "${state.n + 1}"}}]
  - method: kinds.Kinds/Unary
    reply: {}
"#,
    )
    .await;
    let mut call = server.open_with("List", &[("grpc-timeout", "200m")]);
    call.send(r#"{"int64":"9000000000000000000"}"#);
    call.half_close();
    assert_eq!(call.next().await.expect("a message"), "{}");
    assert_eq!(server.call("Unary", &["{}"]).await.status.code(), Code::Ok);
    assert_eq!(call.finish().await.status.code(), Code::DeadlineExceeded);
}

#[test]
fn a_key_that_is_no_text_is_a_problem() {
    for (key, found) in [("[a, b]", "a list"), ("{a: b}", "a mapping")] {
        let rule = format!(
            "rules:\n  - {{method: kinds.Kinds/Chat, session: {{key: {key}, signals: {{done: []}}}}}}\n"
        );
        let problem = problems(&kinds(), &rule);
        assert!(
            problem.contains(&format!("expected a text, found {found}")),
            "{problem}"
        );
    }
}
