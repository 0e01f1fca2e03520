//! Stands in for compression when the feature `compression` is off. Its type has no values.

use http::HeaderValue;
use tonic::Status;

use crate::excerpt::excerpt;

/// No message has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {}

/// The value of `grpc-accept-encoding`: what the server can read.
pub(crate) fn accepted_encodings() -> HeaderValue {
    HeaderValue::from_static("identity")
}

impl Encoding {
    /// Fails for every encoding but `identity`.
    pub(crate) fn from_header(value: Option<&HeaderValue>) -> Result<Option<Self>, Status> {
        match value.map(|value| value.as_bytes().trim_ascii()) {
            None => Ok(None),
            Some(name) if name.eq_ignore_ascii_case(b"identity") => Ok(None),
            Some(other) => Err(Status::unimplemented(format!(
                "messages compressed with {:?} cannot be read, for this server was built without compression",
                excerpt(&String::from_utf8_lossy(other))
            ))),
        }
    }

    pub(crate) fn is_accepted_by<'h>(self, _: impl IntoIterator<Item = &'h HeaderValue>) -> bool {
        match self {}
    }

    pub(crate) fn name(self) -> &'static str {
        match self {}
    }

    pub(crate) fn header(self) -> HeaderValue {
        match self {}
    }

    pub(crate) fn decompress(self, _: &[u8], _: &mut Vec<u8>, _: usize) -> Result<(), Status> {
        match self {}
    }

    pub(crate) fn compress(self, _: &[u8], _: &mut Vec<u8>) {
        match self {}
    }
}
