//! Requests of HTTP/1.1 that ask to go on in HTTP/2: `Upgrade: h2c`.

use crate::support::{Running, Wire, json, post, shapes};

/// RFC 7540 section 3.2, as curl's `--http2` and Java's `HttpClient` ask for it.
const H2C: &str =
    "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n";

/// The next frame of HTTP/2 with this type, its flags and its payload. Others are passed over.
async fn frame_of(wire: &mut Wire, kind: u8) -> (u32, u8, Vec<u8>) {
    loop {
        let header = wire.exactly(9).await;
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let payload = wire.exactly(length as usize).await;
        assert_ne!(header[3], 7, "GOAWAY: {}", String::from_utf8_lossy(&payload));
        if header[3] == kind {
            let stream = u32::from_be_bytes([header[5], header[6], header[7], header[8]]);
            return (stream, header[4], payload);
        }
    }
}

/// What a client begins HTTP/2 with: the preface, and settings.
const BEGIN: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64";
const DATA: u8 = 0;

#[tokio::test]
async fn a_request_that_asks_for_h2c_is_answered_in_http2_and_so_are_those_behind_it() {
    let server = Running::start(shapes()).await;
    for (content_type, body, answer) in [
        (
            "application/json",
            &b"{\"name\": \"a\"}"[..],
            &b"{\"name\":\"a\"}"[..],
        ),
        (
            "application/grpc",
            b"\0\0\0\0\x03\x0a\x01a",
            b"\0\0\0\0\x03\x0a\x01a",
        ),
    ] {
        let mut wire = server.open().await;
        // Any request may ask, not only the first.
        wire.send(&json("Unary", "{}")).await;
        assert_eq!(wire.answer().await.text(), "{}");

        let headers = format!("content-type: {content_type}\r\nte: trailers\r\n{H2C}");
        wire.send(&post("/shapes.Shapes/Unary", &headers, body)).await;
        let head = wire.head().await;
        assert_eq!(head.code, 101);
        assert_eq!(head.header("upgrade"), "h2c");
        wire.send(BEGIN).await;
        let (stream, _, data) = frame_of(&mut wire, DATA).await;
        assert_eq!((stream, &data[..]), (1, answer), "{content_type}");

        // The next stream of the client's own, with the fields of HPACK as they are written without tables.
        let mut block = Vec::new();
        for (name, value) in [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "test"),
            (":path", "/shapes.Shapes/Unary"),
            ("content-type", content_type),
        ] {
            block.extend(
                [
                    &[0, name.len() as u8],
                    name.as_bytes(),
                    &[value.len() as u8],
                    value.as_bytes(),
                ]
                .concat(),
            );
        }
        let frames = [
            &[0, 0, block.len() as u8, 1, 4, 0, 0, 0, 3][..],
            &block,
            &[0, 0, body.len() as u8, 0, 1, 0, 0, 0, 3],
            body,
        ];
        wire.send(&frames.concat()).await;
        let (stream, _, data) = frame_of(&mut wire, DATA).await;
        assert_eq!((stream, &data[..]), (3, answer), "{content_type}");
    }
}

/// RFC 9110 section 7.8: a server may ignore it.
#[tokio::test]
async fn an_upgrade_that_cannot_be_is_answered_in_http1() {
    let server = Running::start(shapes()).await;
    let large = format!("{{\"name\": \"{}\"}}", "a".repeat(65 << 10));
    let mut wire = server.open().await;
    for (headers, body) in [
        (H2C.replace("h2c", "websocket"), "{}"),
        (H2C.replace("AAMA", "?"), "{}"),
        (H2C.to_owned(), &large),
    ] {
        let headers = format!("content-type: application/json\r\n{headers}");
        wire.send(&post("/shapes.Shapes/Unary", &headers, body.as_bytes()))
            .await;
        let answer = wire.answer().await;
        assert_eq!(answer.code, 200, "{}", answer.text());
    }
}
