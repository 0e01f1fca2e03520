//! gRPC-Web: gRPC's messages, and its trailers in the body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Answer, Running, envelope, envelopes, post, shapes};

/// `Item{name: "a"}` in protobuf.
const ITEM: &[u8] = b"\x0a\x01a";

fn call(method: &str, content_type: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let headers = format!("content-type: application/{content_type}\r\n{headers}");
    post(&format!("/shapes.Shapes/{method}"), &headers, body)
}

/// Padding may stand within a text, as each piece has its own.
fn decoded(answer: &Answer) -> Vec<u8> {
    let text = answer.text();
    let groups = text.as_bytes().chunks(4);
    groups
        .flat_map(|group| STANDARD.decode(group).expect("base64"))
        .collect()
}

#[tokio::test]
async fn trailers_are_the_last_envelope_of_the_body() {
    let server = Running::start(shapes()).await;
    let ok = (0x80, "grpc-status: 0\r\n".to_owned());
    let item = (0, "\x0a\x01a".to_owned());
    for (given, answered) in [
        ("grpc-web", "grpc-web+proto"),
        ("grpc-web+proto", "grpc-web+proto"),
        ("grpc-web-text", "grpc-web-text+proto"),
        ("grpc-web-text+proto", "grpc-web-text+proto"),
    ] {
        let is_text = given.contains("text");
        let body = envelope(0, ITEM);
        let body = if is_text {
            STANDARD.encode(body).into_bytes()
        } else {
            body
        };
        let read = |answer: &Answer| {
            envelopes(&if is_text {
                decoded(answer)
            } else {
                answer.body.clone()
            })
        };
        let answer = server.ask(&call("Unary", given, "", &body)).await;
        assert_eq!(answer.code, 200);
        assert_eq!(answer.header("content-type"), format!("application/{answered}"));
        assert_eq!(read(&answer), [item.clone(), ok.clone()]);
        let answer = server.ask(&call("Down", given, "", &body)).await;
        assert_eq!(read(&answer), [item.clone(), item.clone(), ok.clone()]);
        let answer = server.ask(&call("Fail", given, "", &body)).await;
        assert_eq!((answer.code, answer.header("x-head").as_str()), (200, "1"));
        let [(0x80, trailers)] = &read(&answer)[..] else {
            panic!("{answer:?}")
        };
        let mut lines: Vec<&str> = trailers.lines().collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "grpc-message: no%20%22such%22%20thing",
                "grpc-status: 5",
                "x-trail: 2"
            ]
        );
        let answer = server.ask(&call("None", given, "", &body)).await;
        let read = read(&answer);
        assert!(read[0].1.contains("grpc-status: 12\r\n"), "{read:?}");
    }
}

#[tokio::test]
async fn json_and_deadlines_are_as_in_grpc() {
    let server = Running::start(shapes()).await;
    let answer = server
        .ask(&call(
            "Unary",
            "grpc-web+json",
            "",
            &envelope(0, b"{\"value\": \"7\"}"),
        ))
        .await;
    assert_eq!(answer.header("content-type"), "application/grpc-web+json");
    assert_eq!(envelopes(&answer.body)[0], (0, "{\"value\":\"7\"}".to_owned()));
    let answer = server
        .ask(&call(
            "Unary",
            "grpc-web",
            "grpc-timeout: 0n\r\n",
            &envelope(0, ITEM),
        ))
        .await;
    assert!(
        envelopes(&answer.body)[0].1.contains("grpc-status: 4\r\n"),
        "{answer:?}"
    );
    let answer = server
        .ask(&call(
            "Unary",
            "grpc-web",
            "grpc-encoding: br\r\n",
            &envelope(0, ITEM),
        ))
        .await;
    assert!(
        envelopes(&answer.body)[0].1.contains("grpc-status: 12\r\n"),
        "{answer:?}"
    );
    assert_eq!(
        answer.header("grpc-accept-encoding"),
        "zstd,gzip,deflate,identity"
    );
}

#[tokio::test]
async fn a_text_that_is_not_base64_is_refused() {
    let server = Running::start(shapes()).await;
    for body in ["AAAAAA!=", "AAAAA", "===="] {
        let answer = server
            .ask(&call("Unary", "grpc-web-text", "", body.as_bytes()))
            .await;
        let read = envelopes(&decoded(&answer));
        assert!(read[0].1.contains("grpc-status: 13\r\n"), "{body}: {read:?}");
    }
}
