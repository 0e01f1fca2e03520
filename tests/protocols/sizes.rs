//! The largest message that is sent, in each protocol and codec.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use protod::Server;
use tower::ServiceExt as _;

use crate::support::{envelope, shapes};

const LIMIT: usize = 100;

/// What a call is answered with, headers and trailers included.
async fn ask(server: &Server, content_type: &str, is_compressed: bool, message: &[u8]) -> String {
    let is_stream = content_type.starts_with("connect+");
    let is_bare = matches!(content_type, "json" | "proto");
    let message = if is_compressed {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(message).expect("memory");
        encoder.finish().expect("memory")
    } else {
        message.to_vec()
    };
    let body = if is_bare {
        message
    } else {
        envelope(is_compressed.into(), &message)
    };
    let method = if is_stream { "Down" } else { "Unary" };
    let mut request = Request::post(format!("http://test/shapes.Shapes/{method}"))
        .header("content-type", format!("application/{content_type}"));
    if is_compressed {
        let before = match (is_bare, is_stream) {
            (true, _) => "",
            (_, true) => "connect-",
            _ => "grpc-",
        };
        let content = if before == "grpc-" { "" } else { "content-" };
        request = request
            .header(format!("{before}{content}encoding"), "gzip")
            .header(format!("{before}accept-encoding"), "gzip");
    }
    let request = request.body(Full::new(Bytes::from(body))).expect("a request");
    let response = server.service().oneshot(request).await.expect("infallible");
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("a body");
    let trailers = body.trailers().cloned();
    let body = body.to_bytes();
    format!(
        "{} {:?} {} {trailers:?}",
        head.status,
        head.headers,
        String::from_utf8_lossy(&body)
    )
}

/// What is sent is what counts: JSON is longer than the message that it stands for.
#[tokio::test]
async fn an_answer_in_json_is_held_to_the_limit_as_it_is_sent() {
    let server = shapes().max_send_size(LIMIT).build().expect("fits");
    let json = |length: usize| format!("{{\"data\":\"{}\"}}", "AAAA".repeat(length / 3));
    let proto = |length: usize| {
        [
            &[0x22, u8::try_from(length).expect("short")],
            &vec![0; length][..],
        ]
        .concat()
    };
    let (fits, too_long) = (60, 72);
    assert!(json(fits).len() <= LIMIT && json(too_long).len() > LIMIT);
    assert!(proto(too_long).len() <= LIMIT);
    for is_compressed in [false, true] {
        for content_type in ["json", "connect+json", "grpc+json", "grpc-web+json"] {
            let told = ask(&server, content_type, is_compressed, json(fits).as_bytes()).await;
            assert!(!told.contains("larger than the limit"), "{content_type}: {told}");
            let told = ask(&server, content_type, is_compressed, json(too_long).as_bytes()).await;
            let why = told.contains("larger than the limit of 100 bytes")
                || told.contains("larger%20than%20the%20limit%20of%20100%20bytes");
            assert!(why, "{content_type}: {told}");
        }
        for content_type in ["proto", "connect+proto", "grpc", "grpc-web"] {
            let told = ask(&server, content_type, is_compressed, &proto(too_long)).await;
            assert!(
                told.starts_with("200 OK") && !told.contains("larger"),
                "{content_type}: {told}"
            );
        }
    }
}
