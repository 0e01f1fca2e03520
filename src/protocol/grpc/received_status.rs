//! How a gRPC or gRPC-Web call ended, as it is read from headers and trailers: by a client, and by the server of what its
//! layers answer.
//!
//! The headers are anybody's. What cannot be read of them is no reason to lose the code, and none to fail.

use base64::Engine as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::protocol::lenient_base64::STANDARD;

/// The names of the headers that are a status.
pub(crate) const OF_STATUS: [HeaderName; 3] = [
    Status::GRPC_STATUS,
    Status::GRPC_MESSAGE,
    Status::GRPC_STATUS_DETAILS,
];

/// The status that headers tell. `None` if they tell none.
///
/// In the place of `Status::from_header_map`, which panics on details that are not base64, and replaces the code if the
/// message is not UTF-8.
pub(crate) fn received_status(headers: &HeaderMap) -> Option<Status> {
    let code = Code::from_bytes(headers.get(Status::GRPC_STATUS)?.as_bytes());
    let text = |name| headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
    let message = percent_decode(text(Status::GRPC_MESSAGE)).decode_utf8_lossy();
    let details = STANDARD.decode(text(Status::GRPC_STATUS_DETAILS));
    let mut metadata = headers.clone();
    for name in &OF_STATUS {
        metadata.remove(name);
    }
    Some(Status::with_details_and_metadata(
        code,
        message,
        details.unwrap_or_default().into(),
        MetadataMap::from_headers(metadata),
    ))
}

/// Reads trailers: those without the status, or the status that the call failed with. `None` if they have no status.
pub(crate) fn read_trailers(mut trailers: HeaderMap) -> Option<Result<HeaderMap, Status>> {
    let status = received_status(&trailers)?;
    if status.code() != Code::Ok {
        return Some(Err(status));
    }
    for name in &OF_STATUS {
        trailers.remove(name);
    }
    Some(Ok(trailers))
}

/// Makes headers such that tonic reads what [`received_status`] does of them: drops details that cannot be read, and
/// replaces what is not UTF-8 in a message.
pub(crate) fn mend_status(headers: &mut HeaderMap) {
    let details = headers.get(Status::GRPC_STATUS_DETAILS);
    if details.is_some_and(|details| STANDARD.decode(details).is_err()) {
        headers.remove(Status::GRPC_STATUS_DETAILS);
    }
    let message = headers.get(Status::GRPC_MESSAGE).map(HeaderValue::as_bytes);
    let Some(message) = message.map(percent_decode) else {
        return;
    };
    let message = message.decode_utf8_lossy();
    if message.contains(char::REPLACEMENT_CHARACTER) {
        let message = utf8_percent_encode(&message, NON_ALPHANUMERIC).to_string();
        let message = HeaderValue::try_from(message).expect("it is ASCII");
        headers.insert(Status::GRPC_MESSAGE, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trailers(pairs: &[(&'static str, &'static [u8])]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value).expect("a value");
            (HeaderName::from_static(name), value)
        });
        pairs.collect()
    }

    #[test]
    fn a_status_is_taken_out_of_trailers() {
        let ok = read_trailers(trailers(&[
            ("grpc-status", b"0"),
            ("grpc-message", b"fine"),
            ("x-a", b"1"),
        ]));
        assert_eq!(ok.expect("a status").expect("OK"), trailers(&[("x-a", b"1")]));
        let failed = read_trailers(trailers(&[
            ("grpc-status", b"5"),
            ("grpc-message", b"a%20b"),
            ("x-a", b"1"),
        ]));
        let failed = failed.expect("a status").expect_err("not OK");
        assert_eq!((failed.code(), failed.message()), (Code::NotFound, "a b"));
        assert_eq!(failed.metadata().as_ref(), &trailers(&[("x-a", b"1")]));
        assert!(read_trailers(trailers(&[("grpc-message", b"oops")])).is_none());
    }

    #[test]
    fn what_cannot_be_read_does_not_lose_the_code() {
        for pairs in [
            &[("grpc-status", &b"5"[..]), ("grpc-status-details-bin", b"!")][..],
            &[("grpc-status", b"5"), ("grpc-message", b"%ff%fe")],
            &[("grpc-status", b"5"), ("grpc-message", b"\xff")],
        ] {
            let status = read_trailers(trailers(pairs))
                .expect("a status")
                .expect_err("not OK");
            assert_eq!(status.code(), Code::NotFound, "{pairs:?}");
        }
        for byte in (b' '..=0xff).filter(|byte| *byte != 0x7f) {
            for rest in [&b""[..], b"A", b"AA", b"AAA", b"=", b"%", b"%f"] {
                let value = [&[byte], rest].concat();
                for name in [Status::GRPC_MESSAGE, Status::GRPC_STATUS_DETAILS] {
                    let mut headers = HeaderMap::new();
                    headers.insert(Status::GRPC_STATUS, HeaderValue::from_static("5"));
                    headers.insert(&name, HeaderValue::from_bytes(&value).expect("a value"));
                    let status = received_status(&headers).expect("a status");
                    assert_eq!(status.code(), Code::NotFound, "{name}: {value:?}");
                    mend_status(&mut headers);
                    #[expect(clippy::disallowed_methods, reason = "the headers are mended for it")]
                    let by_tonic = Status::from_header_map(&headers).expect("a status");
                    assert_eq!(by_tonic.code(), status.code(), "{name}: {value:?}");
                    assert_eq!(by_tonic.message(), status.message(), "{value:?}");
                    assert_eq!(by_tonic.details(), status.details(), "{value:?}");
                }
            }
        }
        for code in [&b"999"[..], b"x", b"", b"-1", b"99999999999999999999"] {
            let status = read_trailers(trailers(&[("grpc-status", code)])).expect("a status");
            assert_eq!(status.expect_err("not OK").code(), Code::Unknown, "{code:?}");
        }
    }
}
