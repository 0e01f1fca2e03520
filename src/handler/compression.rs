//! Compression of single messages, as gRPC has it: named by `grpc-encoding`, marked by a flag on each frame.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::HeaderValue;
use tonic::Status;

/// A compression that both sides can speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
}

/// The value of `grpc-accept-encoding`: what we can read.
pub(crate) fn accepted_encodings() -> HeaderValue {
    HeaderValue::from_static("gzip,identity")
}

impl Encoding {
    /// The encoding that a `grpc-encoding` header names; nothing for `identity`.
    pub(crate) fn from_header(value: Option<&HeaderValue>) -> Result<Option<Self>, Status> {
        match value.map(HeaderValue::as_bytes) {
            None | Some(b"identity") => Ok(None),
            Some(b"gzip") => Ok(Some(Self::Gzip)),
            Some(other) => Err(Status::unimplemented(format!(
                "messages compressed with {:?} cannot be read; gzip and identity can",
                String::from_utf8_lossy(other)
            ))),
        }
    }

    /// Whether a `grpc-accept-encoding` header lists this encoding.
    pub(crate) fn is_accepted_by(self, value: Option<&HeaderValue>) -> bool {
        let list = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
        list.split(',').any(|name| name.trim() == self.name())
    }

    /// The encoding's name in headers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
        }
    }

    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// Replaces the contents of `output` by the decompressed `input`, and stops past `max_size` bytes.
    pub(super) fn decompress(
        self,
        input: &[u8],
        output: &mut Vec<u8>,
        max_size: usize,
    ) -> Result<(), Status> {
        output.clear();
        let Self::Gzip = self;
        // One byte more than allowed tells "just fits" from "too large".
        let limit = max_size as u64 + 1;
        GzDecoder::new(input)
            .take(limit)
            .read_to_end(output)
            .map_err(|error| Status::internal(format!("a message does not decompress: {error}")))?;
        if output.len() > max_size {
            return Err(super::incoming::too_large(", decompressed,", max_size));
        }
        Ok(())
    }

    /// Appends the compressed `input` to `output`.
    pub(super) fn compress(self, input: &[u8], output: &mut Vec<u8>) {
        let Self::Gzip = self;
        let mut encoder = GzEncoder::new(output, Compression::fast());
        encoder
            .write_all(input)
            .and_then(|()| encoder.finish())
            .expect("a buffer in memory takes every byte");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_round_trips_and_stops_at_the_limit() {
        let message = vec![7; 100_000];
        let (mut compressed, mut output) = (Vec::new(), Vec::new());
        Encoding::Gzip.compress(&message, &mut compressed);
        assert!(compressed.len() < 1000);
        Encoding::Gzip
            .decompress(&compressed, &mut output, 100_000)
            .expect("fits");
        assert_eq!(output, message);
        let error = Encoding::Gzip
            .decompress(&compressed, &mut output, 99_999)
            .expect_err("one too many");
        assert_eq!(error.code(), tonic::Code::ResourceExhausted);
    }

    #[test]
    fn unknown_encodings_are_unimplemented() {
        let brotli = HeaderValue::from_static("br");
        let error = Encoding::from_header(Some(&brotli)).expect_err("not known");
        assert_eq!(error.code(), tonic::Code::Unimplemented);
        assert_eq!(Encoding::from_header(None).expect("identity"), None);
    }
}
