//! Answers that no sound server gives: each ends the call with a status, and costs no more than its limit.

use std::error::Error as _;
use std::time::Duration;

use protod::client::{ClientMethod, Codec, ConnectFault, HttpVersion, Protocol};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tonic::{Code, Status};

use super::Way;
use crate::servers::{SOON, item, schema};

/// A server over HTTP/1.1 that gives every request this answer, and hangs up.
async fn answering(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one").to_string();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = Vec::new();
                // The head is enough to know that it asks.
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    if socket.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                // The client may have seen enough before.
                let _ = socket.write_all(&answer).await;
                let _ = socket.shutdown().await;
                while socket.read_buf(&mut request).await.unwrap_or(0) > 0 {}
            });
        }
    });
    address
}

fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status} Whatever\r\n{headers}\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn envelope(flags: u8, contents: &[u8]) -> Vec<u8> {
    let mut envelope = vec![flags];
    envelope.extend_from_slice(&u32::try_from(contents.len()).expect("short").to_be_bytes());
    envelope.extend_from_slice(contents);
    envelope
}

fn gzip(contents: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(contents).expect("in memory");
    encoder.finish().expect("in memory")
}

/// How a call ends that is answered so. Its limit is 10,000 bytes.
async fn ends(protocol: Protocol, codec: Codec, method: &str, answer: Vec<u8>) -> Status {
    let way = Way {
        protocol,
        codec,
        http_version: HttpVersion::Http1,
    };
    let address = answering(answer).await;
    let client = way
        .builder(&address)
        .max_receive_size(10_000)
        .connect()
        .await
        .expect("it listens");
    let method = client
        .method(&format!("shapes.Shapes/{method}"))
        .expect("it is there");
    timeout(SOON, last(&method))
        .await
        .expect("an end")
        .expect_err("a failure")
}

async fn last(method: &ClientMethod) -> Result<(), Status> {
    let mut responses = method.call(tokio_stream::once(item("one", 1))).await?;
    while responses.message().await?.is_some() {}
    Ok(())
}

#[tokio::test]
async fn a_whole_message_that_is_wrong_ends_the_call() {
    const PROTO: &str = "content-type: application/proto\r\n";
    let bomb = gzip(&vec![0; 50_000_000]);
    let chunked = format!("{PROTO}transfer-encoding: chunked\r\n");
    let json = "content-type: application/json\r\n";
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for (what, codec, answer, code, words) in [
        (
            "too large",
            Codec::Proto,
            response(200, PROTO, &vec![0; 20_000]),
            Code::ResourceExhausted,
            "10000 bytes",
        ),
        (
            "too large when it is decompressed",
            Codec::Proto,
            response(200, &format!("{PROTO}content-encoding: gzip\r\n"), &bomb[..9_000]),
            Code::ResourceExhausted,
            "10000 bytes",
        ),
        (
            "not compressed as it says",
            Codec::Proto,
            response(200, &format!("{PROTO}content-encoding: zstd\r\n"), b"plain"),
            Code::Internal,
            "does not decompress",
        ),
        (
            "compressed in a way that is not known",
            Codec::Proto,
            response(200, &format!("{PROTO}content-encoding: br\r\n"), b"x"),
            Code::Internal,
            "\"br\"",
        ),
        (
            "no message",
            Codec::Proto,
            response(200, PROTO, b"\xff\xff"),
            Code::Internal,
            "",
        ),
        (
            "no JSON",
            Codec::Json,
            response(200, json, b"<html>"),
            Code::Internal,
            "cannot be read",
        ),
        (
            "JSON without end",
            Codec::Json,
            response(200, json, deep.as_bytes()),
            Code::Internal,
            "cannot be read",
        ),
        (
            "another codec",
            Codec::Proto,
            response(200, json, b"{}"),
            Code::Internal,
            "application/json",
        ),
        (
            "cut",
            Codec::Proto,
            response(200, &format!("{PROTO}content-length: 100\r\n"), b"\x0a"),
            Code::Unavailable,
            "the connection broke",
        ),
        (
            "cut within a chunk",
            Codec::Proto,
            response(200, &chunked, b"10\r\nabc"),
            Code::Unavailable,
            "the connection broke",
        ),
        (
            "a chunk without a length",
            Codec::Proto,
            response(200, &chunked, b"zz\r\nabc"),
            Code::Unavailable,
            "",
        ),
        (
            "nothing at all",
            Codec::Proto,
            Vec::new(),
            Code::Unavailable,
            "the connection broke",
        ),
    ] {
        let status = ends(Protocol::Connect, codec, "Unary", answer).await;
        assert_eq!(status.code(), code, "{what}: {status:?}");
        assert!(status.message().contains(words), "{what}: {status:?}");
    }
}

#[tokio::test]
async fn an_envelope_that_is_wrong_ends_the_call() {
    const STREAM: &str = "content-type: application/connect+proto\r\n";
    const WEB: &str = "content-type: application/grpc-web+proto\r\n";
    const GZIP: &str = "connect-content-encoding: gzip\r\n";
    let bomb = envelope(1, &gzip(&vec![0; 5_000_000]));
    let end_bomb = envelope(3, &gzip(&vec![b' '; 5_000_000]));
    let too_long = [&[0][..], &u32::MAX.to_be_bytes()].concat();
    let end_too_long = [&[2][..], &u32::MAX.to_be_bytes()].concat();
    let trailers_too_long = [&[0x80][..], &u32::MAX.to_be_bytes()].concat();
    let many = (0..40_000)
        .map(|number| format!("a{number}: b\r\n"))
        .collect::<Vec<_>>()
        .concat();
    for (what, headers, body, code, words) in [
        (
            "longer than the limit",
            STREAM.to_owned(),
            too_long.clone(),
            Code::ResourceExhausted,
            "4294967295",
        ),
        (
            "a long end",
            STREAM.to_owned(),
            end_too_long,
            Code::ResourceExhausted,
            "1048576",
        ),
        (
            "an unknown flag",
            STREAM.to_owned(),
            envelope(0x40, b""),
            Code::Internal,
            "0x40",
        ),
        (
            "another protocol's flag",
            STREAM.to_owned(),
            envelope(0x80, b""),
            Code::Internal,
            "0x80",
        ),
        (
            "no end",
            STREAM.to_owned(),
            envelope(0, b""),
            Code::Internal,
            "does not say how",
        ),
        (
            "cut",
            STREAM.to_owned(),
            b"\0\0\0\0\x09abc".to_vec(),
            Code::Internal,
            "within a message",
        ),
        (
            "compressed, in no way",
            STREAM.to_owned(),
            envelope(1, b"x"),
            Code::Internal,
            "no compression",
        ),
        (
            "a large message",
            format!("{STREAM}{GZIP}"),
            bomb,
            Code::ResourceExhausted,
            "10000 bytes",
        ),
        (
            "a large end",
            format!("{STREAM}{GZIP}"),
            end_bomb,
            Code::ResourceExhausted,
            "1048576 bytes",
        ),
        (
            "an end without JSON",
            STREAM.to_owned(),
            envelope(2, b"bye"),
            Code::Internal,
            "an end in JSON",
        ),
        (
            "longer than the limit",
            WEB.to_owned(),
            too_long,
            Code::ResourceExhausted,
            "4294967295",
        ),
        (
            "long trailers",
            WEB.to_owned(),
            trailers_too_long,
            Code::ResourceExhausted,
            "1048576",
        ),
        (
            "no trailers",
            WEB.to_owned(),
            envelope(0, b""),
            Code::Internal,
            "does not say how",
        ),
        (
            "no status",
            WEB.to_owned(),
            envelope(0x80, b"x: y\r\n"),
            Code::Unknown,
            "no grpc-status",
        ),
        (
            "no headers",
            WEB.to_owned(),
            envelope(0x80, b"x\0y"),
            Code::Internal,
            "not lines",
        ),
        (
            "many trailers",
            WEB.to_owned(),
            envelope(0x80, many.as_bytes()),
            Code::Internal,
            "too many",
        ),
        (
            "Connect's flag",
            WEB.to_owned(),
            envelope(2, b"{}"),
            Code::Internal,
            "0x02",
        ),
    ] {
        let protocol = if headers.starts_with(STREAM) {
            Protocol::Connect
        } else {
            Protocol::GrpcWeb
        };
        let status = ends(protocol, Codec::Proto, "Down", response(200, &headers, &body)).await;
        assert_eq!(status.code(), code, "{what}: {status:?}");
        assert!(status.message().contains(words), "{what}: {status:?}");
    }
    let text = "content-type: application/grpc-web-text\r\n";
    for body in ["!!!!", "AAAA", "A"] {
        let status = ends(
            Protocol::GrpcWebText,
            Codec::Proto,
            "Down",
            response(200, text, body.as_bytes()),
        )
        .await;
        assert_eq!(status.code(), Code::Internal, "{body}: {status:?}");
    }
}

#[tokio::test]
async fn an_answer_in_another_protocol_is_told_with_its_words() {
    const HTML: &str = "content-type: text/html\r\n";
    let page = b"<html><title>404 Not Found</title><p>nginx</p></html>";
    let endless = vec![b'{'; 3_000_000];
    for (protocol, name) in [
        (Protocol::Connect, "Connect"),
        (Protocol::GrpcWeb, "gRPC-Web"),
        (Protocol::GrpcWebText, "gRPC-Web"),
    ] {
        for (answer, code, words) in [
            (
                response(404, HTML, page),
                Code::Unimplemented,
                "HTTP 404 Not Found, text/html, \"404 Not Found nginx\"",
            ),
            (
                response(200, HTML, page),
                Code::Unknown,
                "HTTP 200 OK, text/html, \"404 Not Found nginx\"",
            ),
            (
                response(503, "", b"busy"),
                Code::Unavailable,
                "HTTP 503 Service Unavailable, \"busy\"",
            ),
            (
                response(200, "content-type: application/grpc\r\n", b""),
                Code::Unknown,
                "HTTP 200 OK, application/grpc",
            ),
            (
                response(500, "content-type: application/json\r\n", &endless),
                Code::Unknown,
                "HTTP 500",
            ),
            (
                b"220 mail.test ESMTP\r\n".to_vec(),
                Code::Unavailable,
                "it cannot be read as HTTP",
            ),
        ] {
            let status = ends(protocol, Codec::Proto, "Unary", answer).await;
            assert_eq!(status.code(), code, "{status:?}");
            let told = format!("the answer is not {name}: {words}");
            assert!(status.message().starts_with(&told), "{told}: {status:?}");
            assert_eq!(
                ConnectFault::of(status.source().expect("its cause")),
                Some(ConnectFault::NotTheProtocol)
            );
        }
    }
}

/// The body of an error is read for its code, and no further than it may be long.
#[tokio::test]
async fn an_error_in_json_is_read_whatever_it_leaves_out() {
    let json = "content-type: application/json\r\n";
    let zipped = format!("{json}content-encoding: gzip\r\n");
    let error = br#"{"code": "aborted", "message": "oops", "more": [1]}"#;
    for (status, headers, body, code, message) in [
        (409, json, &error[..], Code::Aborted, "oops"),
        (409, &zipped, &gzip(error)[..], Code::Aborted, "oops"),
        (
            401,
            json,
            br#"{"message": "who?"}"#,
            Code::Unauthenticated,
            "who?",
        ),
        (503, json, br#"{"code": "made_up"}"#, Code::Unavailable, ""),
    ] {
        let answer = response(status, &format!("{headers}trailer-x-a: 1\r\n"), body);
        let status = ends(Protocol::Connect, Codec::Proto, "Unary", answer).await;
        assert_eq!((status.code(), status.message()), (code, message));
        assert_eq!(status.metadata().get("x-a").expect("it came"), "1");
    }
}

/// A server that keeps its connection open is not waited for when its call has ended.
#[tokio::test]
async fn a_call_has_ended_when_its_end_has_come() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one").to_string();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut body = envelope(0, b"");
        body.extend(envelope(2, b"{}"));
        let headers = "content-type: application/connect+proto\r\n";
        socket
            .write_all(&response(200, headers, &body))
            .await
            .expect("the client reads");
        std::future::pending::<()>().await;
    });
    let way = Way {
        protocol: Protocol::Connect,
        codec: Codec::Proto,
        http_version: HttpVersion::Http1,
    };
    let client = way
        .builder(&address)
        .schema(schema())
        .connect_timeout(Duration::from_secs(5))
        .connect()
        .await;
    let down = client
        .expect("it listens")
        .method("shapes.Shapes/Down")
        .expect("it is there");
    timeout(SOON, last(&down))
        .await
        .expect("an end")
        .expect("a clean one");
}
