//! Sessions: events, state, steps and their modifiers.

use std::time::{Duration, Instant};

use protod::RulesOptions;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::{Running, kinds};

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
async fn a_loop_with_two_names_goes_over_indexes_and_elements_or_keys_and_values() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    stream:
      - {each: "${request.names}", as: [i, name], when: i != 1, send: {string: "${name}", int32: "${i}"}}
      - each: "${request.by_number}"
        as: [n, point]
        do:
          - {each: "${request.counts}", as: [k, v], do: [{repeat: 1, send: {string: "${n}${point.name}${k}${v}${i}"}}]}
          - send: {int32: "${n}", point: {name: "${point.name}", opt: "${point.opt}"}}
      - {each: "${request.points}", as: [none, nothing], send: {}}
"#,
    )
    .await;
    let request = r#"{"names":["x","y","z"],"byNumber":{"10":{"name":"a"},"9":{"name":"b","opt":0}},
        "counts":{"q":2,"p":1}}"#;
    let outcome = server.call("List", &[request]).await;
    assert_eq!(
        outcome.messages,
        [
            r#"{"string":"x"}"#,
            r#"{"int32":2,"string":"z"}"#,
            r#"{"string":"9bp10"}"#,
            r#"{"string":"9bq20"}"#,
            r#"{"int32":9,"point":{"name":"b","opt":0}}"#,
            r#"{"string":"10ap10"}"#,
            r#"{"string":"10aq20"}"#,
            r#"{"int32":10,"point":{"name":"a"}}"#,
        ]
    );
}

#[tokio::test]
async fn variables_and_details_may_be_made_by_loops() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Chat
    session:
      state: {names: [], lengths: {}}
      message:
        - set:
            names: {each: "${request.names}", when: item != 'x', value: "<${item}>"}
            lengths: {each: "${request.names}", as: n, skip: 1, key: "${n}", value: {size: "${size(n)}"}}
        - send:
            names: "${state.names}"
            counts: {each: "${state.lengths}", as: [n, length], key: "${n}", value: "${length.size}"}
      half_close:
        - status:
            code: INVALID_ARGUMENT
            details: {each: "${state.names}", as: n, value: {error_info: {reason: "${n}"}}}
"#,
    )
    .await;
    let outcome = server.call("Chat", &[r#"{"names":["a","x","ccc"]}"#]).await;
    assert_eq!(
        outcome.messages,
        [r#"{"names":["<a>","<ccc>"],"counts":{"ccc":3,"x":1}}"#]
    );
    let details = outcome.status.get_error_details_vec();
    let reasons: Vec<&str> = details
        .iter()
        .map(|detail| match detail {
            tonic_types::ErrorDetail::ErrorInfo(info) => info.reason.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(reasons, ["<a>", "<ccc>"]);
}

#[tokio::test]
async fn every_round_of_a_loop_sends_its_own_message_and_each_event_its_own_request() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    stream:
      - {repeat: "${request.int32}", as: n, send: {string: "${request.string}", int32: "${request.int32 - n}"}}

  - method: kinds.Kinds/Chat
    session:
      message:
        - repeat: 2
          send: {string: "<${request.string}>", point: {name: "${request.string}", value: "${i}"}}
        - {each: "${request.names}", send: {names: ["${item}", "${request.string}"]}}
"#,
    )
    .await;
    // More than the transport accepts at once.
    let outcome = server.call("List", &[r#"{"string":"same","int32":5000}"#]).await;
    assert_eq!(outcome.messages.len(), 5000, "{:?}", outcome.status);
    for (message, left) in outcome.messages.iter().zip((1..=5000).rev()) {
        assert_eq!(*message, format!(r#"{{"int32":{left},"string":"same"}}"#));
    }

    let requests = [r#"{"string":"a","names":["x"]}"#, r#"{"string":"b"}"#, "{}"];
    let outcome = server.call("Chat", &requests).await;
    let expected = [
        r#"{"string":"<a>","point":{"name":"a"}}"#,
        r#"{"string":"<a>","point":{"name":"a","value":1}}"#,
        r#"{"names":["x","a"]}"#,
        r#"{"string":"<b>","point":{"name":"b"}}"#,
        r#"{"string":"<b>","point":{"name":"b","value":1}}"#,
        r#"{"string":"<>","point":{}}"#,
        r#"{"string":"<>","point":{"value":1}}"#,
    ];
    assert_eq!(outcome.messages, expected);
}

#[tokio::test]
async fn a_round_that_fails_ends_the_call_after_those_before_it() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/List
    stream:
      - {repeat: 5, as: n, send: {int32: "${request.int32 + n}"}}
"#,
    )
    .await;
    let outcome = server.call("List", &[r#"{"int32":2147483645}"#]).await;
    let sent = [2_147_483_645, 2_147_483_646, 2_147_483_647].map(|n| format!(r#"{{"int32":{n}}}"#));
    assert_eq!(outcome.messages, sent);
    assert_eq!(outcome.status.code(), Code::Internal);
    let message = outcome.status.message();
    assert!(message.contains("2147483648 does not fit int32"), "{message}");
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

const STORE: &str = r#"
rules:
  - method: kinds.Kinds/Unary
    when: request.bool
    session:
      message:
        - set: {store.count: "${has(store.count) ? store.count + 1 : 1}"}
        - send: {}
  - method: kinds.Kinds/Unary
    match: {text: get}
    session:
      message:
        - choose:
            - {when: request.string in store, do: [{send: {string: "${store[request.string]}"}}]}
            - do: [{status: {code: NOT_FOUND, message: "no ${request.string}"}}]
  - method: kinds.Kinds/Unary
    match: {text: put}
    session:
      message:
        - set: {"store[request.string]": "<${request.opt}>", store.last: "${request.string}"}
        - send: {string: "${store.last}", int32: "${size(store)}"}
  - method: kinds.Kinds/Unary
    match: {text: remove}
    session: {message: [{set: {"store[request.string]": null}}, {send: {}}]}
  - {method: kinds.Kinds/Unary, when: store.count == 320, reply: {string: all of them}}
  - {method: kinds.Kinds/Unary, reply: {string: "${store.count}"}}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_is_shared_and_loses_no_write() {
    let server = std::sync::Arc::new(Running::start(STORE).await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..320 {
        let server = std::sync::Arc::clone(&server);
        calls.spawn(async move { server.call("Unary", &[r#"{"bool":true}"#]).await.status.code() });
    }
    assert!(calls.join_all().await.iter().all(|code| *code == Code::Ok));
    assert_eq!(
        server.call("Unary", &["{}"]).await.messages,
        [r#"{"string":"all of them"}"#]
    );
}

#[tokio::test]
async fn the_store_keeps_values_under_names_that_the_request_gives() {
    let server = Running::start(STORE).await;
    let put = server
        .call("Unary", &[r#"{"text":"put","string":"k","opt":"v"}"#])
        .await;
    assert_eq!(put.messages, [r#"{"int32":2,"string":"k"}"#]);
    let get = [r#"{"text":"get","string":"k"}"#];
    assert_eq!(server.call("Unary", &get).await.messages, [r#"{"string":"<v>"}"#]);
    server.call("Unary", &[r#"{"text":"remove","string":"k"}"#]).await;
    let gone = server.call("Unary", &get).await.status;
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "no k"));
}

#[tokio::test]
async fn a_variable_that_grows_deeper_each_time_ends_its_call_and_not_the_server() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    match: {text: state}
    session:
      state: {x: []}
      message:
        - {repeat: 20000, do: [{set: {x: "${[state.x]}"}}]}
        - send: {}
  - method: kinds.Kinds/Unary
    match: {text: store}
    session:
      message:
        - {repeat: 20000, do: [{set: {store.x: "${{'x': has(store.x) ? store.x : 1}}"}}]}
        - send: {}
  - {method: kinds.Kinds/Unary, reply: {string: here}}
"#,
    )
    .await;
    for text in ["state", "store"] {
        let request = format!(r#"{{"text":"{text}"}}"#);
        let status = server.call("Unary", &[&request]).await.status;
        assert_eq!(status.code(), Code::Internal);
        let message = status.message();
        assert!(message.contains("nested more than 100 deep"), "{message}");
    }
    let here = server.call("Unary", &["{}"]).await.messages;
    assert_eq!(here, [r#"{"string":"here"}"#]);
}

#[tokio::test]
async fn a_seed_makes_random_values_the_same_again() {
    let yaml = "rules: [{method: kinds.Kinds/Unary, reply: {names: ['${uuid()}', '${uuid()}'], double: '${random()}'}}]";
    let mut answers = Vec::new();
    for seed in [7, 7, 8] {
        let server = Running::with(kinds(), &RulesOptions::default().seed(seed), yaml).await;
        let first = server.call("Unary", &["{}"]).await.messages;
        assert_ne!(
            first,
            server.call("Unary", &["{}"]).await.messages,
            "each call has values of its own"
        );
        answers.push(first);
    }
    assert_eq!(answers[0], answers[1]);
    assert_ne!(answers[0], answers[2]);
}
