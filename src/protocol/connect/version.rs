//! The version of the protocol that a client says it speaks: `connect-protocol-version`.

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::Status;

use crate::excerpt::excerpt;

pub(in crate::protocol) const VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");

/// The only version that there is.
pub(in crate::protocol) const CURRENT: HeaderValue = HeaderValue::from_static("1");

/// Whether a client says that it speaks Connect.
pub(crate) fn is_of_connect(headers: &HeaderMap) -> bool {
    headers.contains_key(VERSION)
}

/// Fails for a client of another version. One that does not say its version may be anything that speaks HTTP.
pub(in crate::protocol) fn check_version(headers: &HeaderMap) -> Result<(), Status> {
    match headers.get(VERSION) {
        Some(version) if *version != CURRENT => Err(Status::invalid_argument(format!(
            "connect-protocol-version is {:?}; 1 is known",
            excerpt(&String::from_utf8_lossy(version.as_bytes()))
        ))),
        _ => Ok(()),
    }
}
