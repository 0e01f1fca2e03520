//! Bodies of any bytes: they end with a status or with OK, in bounded memory, and nothing panics.

use std::sync::Arc;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use proptest::prelude::*;
use tokio_stream::StreamExt as _;
use tonic::Status;

use super::responses::{HttpResponses, MessageDecoder};
use crate::protocol::{Codec, DecodedText, Encoding, Form, Protocol};
use crate::schema::{Method, Schema};

const LIMIT: usize = 100;

fn method() -> Arc<Method> {
    let schema = Schema::from_source(
        "echo.proto",
        r#"syntax = "proto3"; message Text { string text = 1; } service Echo { rpc Say(Text) returns (stream Text); }"#,
    );
    let schema = schema.expect("the source compiles");
    Arc::clone(schema.method("Echo/Say").expect("it is there"))
}

/// Reads a body of these pieces to its end: how many messages came, and whether it ended well.
async fn read(
    method: &Arc<Method>,
    form: Form,
    encoding: Option<Encoding>,
    pieces: Vec<Bytes>,
) -> (usize, bool) {
    let frames = tokio_stream::iter(pieces).map(|piece| Ok::<_, Status>(Frame::data(piece)));
    let body = StreamBody::new(frames);
    let body = match form.protocol {
        Protocol::GrpcWebText => DecodedText::new(body).boxed_unsync(),
        _ => body.boxed_unsync(),
    };
    let decoder = MessageDecoder {
        form,
        encoding,
        method: Arc::clone(method),
        max_size: LIMIT,
    };
    let mut responses = HttpResponses::new(body, decoder, None);
    let mut messages = 0;
    loop {
        match responses.message().await {
            Ok(Some(message)) => {
                assert!(message.encoded_len() <= LIMIT);
                messages += 1;
            }
            ended => {
                // It has ended for good.
                assert!(matches!(responses.message().await, Ok(None)));
                return (messages, ended.is_ok());
            }
        }
    }
}

/// Bytes that look like envelopes more often than chance would have it.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let flags = prop_oneof![
        Just(0_u8),
        Just(1),
        Just(2),
        Just(3),
        Just(0x80),
        Just(0x81),
        any::<u8>()
    ];
    let contents = prop_oneof![
        Just(b"\x0a\x01x".to_vec()),
        Just(b"{}".to_vec()),
        Just(br#"{"error":{"code":"aborted"}}"#.to_vec()),
        Just(b"grpc-status: 0\r\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..120),
    ];
    let envelope = (flags, contents, -1_i64..=1).prop_map(|(flags, contents, off)| {
        let length = (contents.len() as i64 + off.pow(3)).max(0) as u32;
        [&[flags][..], &length.to_be_bytes(), &contents].concat()
    });
    let piece = prop_oneof![9 => envelope, 1 => prop::collection::vec(any::<u8>(), 0..20)];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_body_of_any_bytes_ends_the_same_however_it_is_cut(body in body(), size in 1_usize..40) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let method = method();
        for protocol in [
            Protocol::Grpc,
            Protocol::GrpcWeb,
            Protocol::GrpcWebText,
            Protocol::ConnectUnary,
            Protocol::ConnectStream,
        ] {
            for codec in [Codec::Proto, Codec::Json] {
                for encoding in [None, Some(Encoding::Gzip)] {
                    let form = Form { protocol, codec };
                    let sent = protocol.dress(body.clone().into());
                    let cut = sent.chunks(size).map(Bytes::copy_from_slice).collect();
                    let read = |pieces| runtime.block_on(read(&method, form, encoding, pieces));
                    prop_assert_eq!(read(vec![sent.clone()]), read(cut), "{:?}", form);
                }
            }
        }
    }
}
