//! What rules answer with: messages, statuses, details, metadata.

use prost_types::Any;
use protod::RulesOptions;
use tonic::Code;
use tonic::metadata::MetadataMap;
use tonic_types::StatusExt as _;

use crate::support::Running;

#[tokio::test]
async fn a_status_has_code_message_and_details() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    status:
      code: "${request.string}"
      message: "no ${request.int32}"
      details:
        - error_info: {reason: R, domain: "d${request.int32}", metadata: {k: "${request.string}"}}
        - bad_request: {field_violations: [{field: int32, description: too small}]}
        - retry_info: {retry_delay: 1.5s}
        - quota_failure: {violations: [{subject: s, description: d}]}
        - precondition_failure: {violations: [{type: t, subject: s, description: d}]}
        - resource_info: {resource_type: t, resource_name: n, owner: o, description: d}
        - help: {links: [{description: d, url: u}]}
        - localized_message: {locale: de, message: hallo}
        - debug_info: {stack_entries: [a, b], detail: d}
        - {"@type": type.googleapis.com/kinds.Point, name: own, value: "${request.int32}"}
"#,
    )
    .await;
    let outcome = server
        .call("Unary", &[r#"{"string":"NOT_FOUND","int32":5}"#])
        .await;
    let status = outcome.status;
    assert_eq!((status.code(), status.message()), (Code::NotFound, "no 5"));
    let info = status.get_details_error_info().expect("error_info");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("R", "d5"));
    assert_eq!(info.metadata["k"], "NOT_FOUND");
    assert_eq!(
        status
            .get_details_bad_request()
            .expect("bad_request")
            .field_violations[0]
            .field,
        "int32"
    );
    let delay = status.get_details_retry_info().expect("retry_info").retry_delay;
    assert_eq!(delay, Some(std::time::Duration::from_millis(1500)));
    assert_eq!(
        status
            .get_details_quota_failure()
            .expect("quota_failure")
            .violations[0]
            .subject,
        "s"
    );
    assert_eq!(
        status
            .get_details_precondition_failure()
            .expect("precondition")
            .violations[0]
            .r#type,
        "t"
    );
    assert_eq!(
        status.get_details_resource_info().expect("resource_info").owner,
        "o"
    );
    assert_eq!(status.get_details_help().expect("help").links[0].url, "u");
    assert_eq!(
        status.get_details_localized_message().expect("localized").message,
        "hallo"
    );
    assert_eq!(
        status.get_details_debug_info().expect("debug_info").stack_entries,
        ["a", "b"]
    );
    let whole: tonic_types::Status = prost::Message::decode(status.details()).expect("a google.rpc.Status");
    assert_eq!((whole.code, whole.message.as_str()), (5, "no 5"));
    let Any { type_url, value } = &whole.details[9];
    assert_eq!(type_url, "type.googleapis.com/kinds.Point");
    assert_eq!(value.as_slice(), b"\x0a\x03own\x10\x05");
}

#[tokio::test]
async fn a_status_ends_a_call_of_any_shape_at_any_moment() {
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/Collect, when: '"now" in metadata', status: {code: 7, message: at once}}
  - method: kinds.Kinds/Collect
    session: {message: [{when: request.int32 == 2, status: {code: ABORTED}}], half_close: [{send: {}}]}
  - method: kinds.Kinds/Chat
    session: {message: [{send: "${request}"}, {when: request.int32 == 2, status: {code: OK}}]}
  - method: kinds.Kinds/List
    stream: [{send: {int32: 1}}, {status: {code: DATA_LOSS, message: after one}}, {send: {int32: 2}}]
"#,
    )
    .await;
    let mut call = server.open_with("Collect", &[("now", "1")]);
    assert_eq!(
        call.next().await.expect_err("it ends before a message").code(),
        Code::PermissionDenied
    );
    let two = [r#"{"int32":1}"#, r#"{"int32":2}"#, r#"{"int32":3}"#];
    assert_eq!(server.call("Collect", &two).await.status.code(), Code::Aborted);
    let outcome = server.call("Chat", &two).await;
    assert_eq!((outcome.messages.len(), outcome.status.code()), (2, Code::Ok));
    let outcome = server.call("List", &["{}"]).await;
    assert_eq!(outcome.messages, [r#"{"int32":1}"#]);
    assert_eq!(
        (outcome.status.code(), outcome.status.message()),
        (Code::DataLoss, "after one")
    );
}

#[tokio::test]
async fn headers_and_trailers_are_templates_and_binary_ones_base64() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Unary
    when: request.bool
    headers: {x-name: "<${request.string}>", x-many: [a, b], x-bin: AP8=, x-dyn-bin: "${request.bytes}"}
    trailers: {x-count: "${request.int32}"}
    reply: {}
  - method: kinds.Kinds/Unary
    headers: {x-early: "yes"}
    trailers: {x-late: "yes"}
    status: {code: INTERNAL}
"#,
    )
    .await;
    let outcome = server
        .call(
            "Unary",
            &[r#"{"bool":true,"string":"s","int32":7,"bytes":"/w=="}"#],
        )
        .await;
    let (headers, trailers) = (outcome.headers, outcome.trailers);
    assert_eq!(headers.get("x-name").expect("a header"), "<s>");
    assert_eq!(headers.get_all("x-many").iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(
        headers
            .get_bin("x-bin")
            .expect("a header")
            .to_bytes()
            .expect("base64")
            .as_ref(),
        [0, 255]
    );
    assert_eq!(
        headers
            .get_bin("x-dyn-bin")
            .expect("a header")
            .to_bytes()
            .expect("base64")
            .as_ref(),
        [255]
    );
    assert_eq!(trailers.get("x-count").expect("a trailer"), "7");
    let outcome = server.call("Unary", &["{}"]).await;
    assert_eq!(outcome.status.code(), Code::Internal);
    assert_eq!(outcome.headers.get("x-early").expect("a header"), "yes");
    assert_eq!(outcome.trailers.get("x-late").expect("a trailer"), "yes");
}

/// A client retries a call only if its failure comes as trailers alone, so the name of the rule must not make headers.
#[tokio::test]
async fn a_failing_call_sends_headers_if_its_rule_sets_any_and_trailers_only_if_not() {
    let server = Running::start(
        r#"
rules:
  - {method: kinds.Kinds/Unary, match: {int32: 1}, name: r, headers: {x-id: a}, trailers: {x-code: b}, status: {code: 9}}
  - {method: kinds.Kinds/Unary, match: {int32: 2}, name: r2, headers: {x-id: [], x-none: []}, status: {code: 9}}
  - {method: kinds.Kinds/Unary, name: r3, trailers: {grpc-retry-pushback-ms: 10}, status: {code: UNAVAILABLE}}
  - method: kinds.Kinds/Chat
    name: s
    session: {message: [{headers: {x-id: "${request.string}"}}, {when: request.bool, status: {code: 9}}]}
"#,
    )
    .await;
    let named = |map: &MetadataMap| -> Vec<String> {
        let mut names: Vec<_> = map
            .as_ref()
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        names.retain(|name| !name.starts_with("date") && !name.starts_with("content-type"));
        names.sort();
        names
    };
    let outcome = server.call("Unary", &[r#"{"int32":1}"#]).await;
    assert_eq!(named(&outcome.headers), [r#"protod-rule="r""#, r#"x-id="a""#]);
    assert_eq!(named(&outcome.trailers), [r#"x-code="b""#]);
    let outcome = server.call("Unary", &[r#"{"int32":2}"#]).await;
    assert_eq!(named(&outcome.headers), [""; 0]);
    assert_eq!(named(&outcome.trailers), [r#"protod-rule="r2""#]);
    let outcome = server.call("Unary", &["{}"]).await;
    assert_eq!(named(&outcome.headers), [""; 0]);
    assert_eq!(
        named(&outcome.trailers),
        [r#"grpc-retry-pushback-ms="10""#, r#"protod-rule="r3""#]
    );
    let two = [r#"{"string":"a"}"#, r#"{"string":"b","bool":true}"#];
    let outcome = server.call("Chat", &two).await;
    assert_eq!(named(&outcome.headers), [r#"protod-rule="s""#, r#"x-id="b""#]);
    assert_eq!(
        (named(&outcome.trailers).len(), outcome.status.code()),
        (0, Code::FailedPrecondition)
    );
}

#[tokio::test]
async fn headers_can_be_flushed_before_the_first_message_and_not_set_after_it() {
    let server = Running::start(
        r#"
rules:
  - method: kinds.Kinds/Chat
    session:
      open: [{headers: {x-a: "1"}}, {when: call.id >= 0, flush: headers}]
      message: [{choose: [{when: request.bool, do: [{headers: {x-b: "2"}}]}, {do: [{send: {}}]}]}]
"#,
    )
    .await;
    let mut call = server.open("Chat");
    call.send("{}");
    call.next().await.expect("a message");
    call.send(r#"{"bool":true}"#);
    let outcome = call.finish().await;
    assert_eq!(outcome.headers.get("x-a").expect("flushed"), "1");
    assert_eq!(outcome.status.code(), Code::Internal);
    assert_eq!(
        outcome.status.message(),
        "rule test.rules.yaml:3: `headers`: they are sent already; what comes after a message goes into `trailers`"
    );
}

#[tokio::test]
async fn a_value_that_does_not_fit_ends_the_call_and_names_rule_field_and_value() {
    let yaml = "rules: [{method: kinds.Kinds/Unary, name: r, reply: {int32: '${request.int64}'}}]";
    let server = Running::start(yaml).await;
    let outcome = server.call("Unary", &[r#"{"int64":"3000000000"}"#]).await;
    assert_eq!(outcome.status.code(), Code::Internal);
    assert_eq!(
        outcome.status.message(),
        "rule r: field kinds.All.int32: 3000000000 does not fit int32"
    );
    assert_eq!(
        server.call("Unary", &[r#"{"int64":"3"}"#]).await.messages,
        [r#"{"int32":3}"#]
    );
}

#[tokio::test]
async fn well_known_types_can_be_whole_messages() {
    let yaml = "rules: [{method: kinds.Kinds/Wait, reply: 1.5s}]";
    let server = Running::start(yaml).await;
    assert_eq!(server.call("Wait", &["{}"]).await.messages, ["\"1.500s\""]);
}

/// Old clients may leave out a required field, and no library here checks that.
#[tokio::test]
async fn a_required_field_is_not_missed_in_what_comes_or_is_copied() {
    let schema = protod::Schema::from_source(
        "old.proto",
        r#"syntax = "proto2"; package old; message Old { required string id = 1; optional int32 size = 2; }
           service Olds { rpc Unary(Old) returns (Old); }"#,
    );
    let yaml = "rules: [{method: old.Olds/Unary, match: {size: 7}, reply: '${request}'}]";
    let server = Running::with(schema.expect("it compiles"), &RulesOptions::default(), yaml).await;
    assert_eq!(
        server.call("Unary", &[r#"{"size":7}"#]).await.messages,
        [r#"{"size":7}"#]
    );
}
