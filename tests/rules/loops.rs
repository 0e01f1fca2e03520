//! Loops of steps and of templates, by calls.

use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::Running;

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
