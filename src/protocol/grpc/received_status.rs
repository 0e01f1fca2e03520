//! How a gRPC or gRPC-Web call ended, as a client reads it from trailers.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use tonic::{Code, Status};

/// Reads trailers: those without the status, or the status that the call failed with. `None` if they have no status.
pub(crate) fn read_trailers(mut trailers: HeaderMap) -> Option<Result<HeaderMap, Status>> {
    mend_status(&mut trailers);
    let status = Status::from_header_map(&trailers)?;
    if status.code() != Code::Ok {
        return Some(Err(status));
    }
    for name in [
        Status::GRPC_STATUS,
        Status::GRPC_MESSAGE,
        Status::GRPC_STATUS_DETAILS,
    ] {
        trailers.remove(name);
    }
    Some(Ok(trailers))
}

/// Drops details that cannot be read, and replaces what is not UTF-8 in a message: neither is a reason to lose the code.
/// tonic panics on the first, and replaces the code for the second.
pub(crate) fn mend_status(headers: &mut HeaderMap) {
    let details = headers.get(Status::GRPC_STATUS_DETAILS);
    if details.is_some_and(|details| BASE64.decode(details).is_err()) {
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

/// How tonic reads details.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    fn trailers(pairs: &[(&'static str, &'static [u8])]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value).expect("a value");
            (http::HeaderName::from_static(name), value)
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
        for code in [&b"999"[..], b"x", b"", b"-1", b"99999999999999999999"] {
            let status = read_trailers(trailers(&[("grpc-status", code)])).expect("a status");
            assert_eq!(status.expect_err("not OK").code(), Code::Unknown, "{code:?}");
        }
    }
}
