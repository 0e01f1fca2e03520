//! Compression of single messages: the algorithm is named by `grpc-encoding`, and a flag on each message says whether it
//! is compressed.
//!
//! Each message has a context of its own, which is freed after it, so the memory of contexts is bounded by the number of
//! threads, not by the number of calls. Output stops at the size limit of messages.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use http::HeaderValue;
use tonic::Status;

use super::envelope::too_large;
use crate::excerpt::excerpt;

/// A compression that the server can read and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    /// What HTTP calls deflate: zlib's format.
    Deflate,
    Zstd,
}

/// zstd's fastest regular level; gzip and deflate use their fastest level too.
const ZSTD_LEVEL: i32 = 1;

/// The largest window that a zstd frame may ask for, as a power of two: the 8 MiB that RFC 9659 allows in HTTP. Without
/// this limit a header of a few bytes could ask for 2 GiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The value of `grpc-accept-encoding`: what the server can read.
pub(crate) fn accepted_encodings() -> HeaderValue {
    HeaderValue::from_static("zstd,gzip,deflate,identity")
}

impl Encoding {
    const ALL: [Self; 3] = [Self::Gzip, Self::Deflate, Self::Zstd];

    /// The encoding that a `grpc-encoding` header names; `None` for `identity`. Its case does not matter, RFC 9110 section
    /// 8.4.1.
    pub(crate) fn from_header(value: Option<&HeaderValue>) -> Result<Option<Self>, Status> {
        let Some(name) = value.map(|value| value.as_bytes().trim_ascii()) else {
            return Ok(None);
        };
        if name.eq_ignore_ascii_case(b"identity") {
            return Ok(None);
        }
        let encoding = Self::ALL.into_iter().find(|encoding| encoding.is_named(name));
        encoding.map(Some).ok_or_else(|| {
            Status::unimplemented(format!(
                "messages compressed with {:?} cannot be read; zstd, gzip, deflate and identity can",
                excerpt(&String::from_utf8_lossy(name))
            ))
        })
    }

    /// Whether one of the `grpc-accept-encoding` headers lists this encoding.
    pub(crate) fn is_accepted_by<'h>(self, lists: impl IntoIterator<Item = &'h HeaderValue>) -> bool {
        lists
            .into_iter()
            .flat_map(|list| list.as_bytes().split(|&byte| byte == b','))
            .any(|name| self.is_named(name.trim_ascii()))
    }

    fn is_named(self, name: &[u8]) -> bool {
        name.eq_ignore_ascii_case(self.name().as_bytes())
    }

    /// The encoding's name in headers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        }
    }

    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// Replaces the contents of `output` with the decompressed `input`, all of it: what follows the end of the compressed data
    /// would be a message for some readers and none for others. Stops, and fails, after `max_size` bytes.
    pub(crate) fn decompress(
        self,
        input: &[u8],
        output: &mut Vec<u8>,
        max_size: usize,
    ) -> Result<(), Status> {
        output.clear();
        let read = match self {
            // It may have several members, RFC 1952 section 2.2.
            Self::Gzip => read_at_most(MultiGzDecoder::new(input), output, max_size),
            Self::Deflate => inflate(input, output, max_size),
            Self::Zstd => {
                zstd_decoder(input, max_size).and_then(|decoder| read_at_most(decoder, output, max_size))
            }
        };
        read.map_err(|error| Status::internal(format!("a message does not decompress: {error}")))?;
        if output.len() > max_size {
            return Err(too_large(", decompressed,", max_size));
        }
        Ok(())
    }

    /// Appends the compressed `input` to `output`.
    pub(crate) fn compress(self, input: &[u8], output: &mut Vec<u8>) {
        let written = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(output, Compression::fast());
                encoder.write_all(input).and_then(|()| encoder.finish())
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(output, Compression::fast());
                encoder.write_all(input).and_then(|()| encoder.finish())
            }
            Self::Zstd => compress_zstd(input, output),
        };
        written.expect("a buffer in memory takes every byte");
    }
}

/// Reads one byte more than allowed, to tell "just fits" from "too large".
fn read_at_most(decoder: impl Read, output: &mut Vec<u8>, max_size: usize) -> io::Result<usize> {
    decoder.take(max_size as u64 + 1).read_to_end(output)
}

fn inflate(input: &[u8], output: &mut Vec<u8>, max_size: usize) -> io::Result<usize> {
    let mut decoder = ZlibDecoder::new(input);
    let count = read_at_most(&mut decoder, output, max_size)?;
    if count <= max_size && !decoder.into_inner().is_empty() {
        return Err(io::Error::other("something follows the compressed data"));
    }
    Ok(count)
}

fn zstd_decoder(input: &[u8], max_size: usize) -> io::Result<impl Read> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
    // The window of a frame in one segment is the whole frame.
    let whole = max_size.checked_next_power_of_two().map_or(31, usize::ilog2);
    decoder.window_log_max(whole.clamp(ZSTD_WINDOW_LOG, 31))?;
    Ok(decoder)
}

fn compress_zstd<'o>(input: &[u8], output: &'o mut Vec<u8>) -> io::Result<&'o mut Vec<u8>> {
    let mut encoder = zstd::stream::write::Encoder::new(output, ZSTD_LEVEL)?;
    // Puts the size into the frame's header, so that the reader can allocate what it needs, and keeps the context small.
    encoder.set_pledged_src_size(Some(input.len() as u64))?;
    encoder.write_all(input)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_round_trips_and_stops_at_the_limit() {
        let message = vec![7; 100_000];
        for encoding in Encoding::ALL {
            let (mut compressed, mut output) = (Vec::new(), Vec::new());
            encoding.compress(&message, &mut compressed);
            assert!(compressed.len() < 1000, "{encoding:?}");
            encoding
                .decompress(&compressed, &mut output, 100_000)
                .expect("fits");
            assert_eq!(output, message, "{encoding:?}");
            let error = encoding
                .decompress(&compressed, &mut output, 99_999)
                .expect_err("one too many");
            assert_eq!(error.code(), tonic::Code::ResourceExhausted, "{encoding:?}");
            assert_eq!(output.len(), 100_000, "{encoding:?} goes on past the limit");
        }
    }

    #[test]
    fn what_does_not_decompress_is_an_error() {
        for encoding in Encoding::ALL {
            let error = encoding
                .decompress(b"not compressed at all", &mut Vec::new(), 1000)
                .expect_err("no frame");
            assert_eq!(error.code(), tonic::Code::Internal, "{encoding:?}");
        }
    }

    #[test]
    fn nothing_behind_compressed_data_is_left_unread() {
        for encoding in Encoding::ALL {
            let (mut twice, mut output) = (Vec::new(), Vec::new());
            encoding.compress(b"one", &mut twice);
            let one = twice.clone();
            encoding.compress(b"two", &mut twice);
            let read = encoding.decompress(&twice, &mut output, 1000);
            if encoding == Encoding::Deflate {
                // Its format has one part.
                assert!(read.is_err(), "{output:?}");
            } else {
                read.expect("two parts");
                assert_eq!(output, b"onetwo", "{encoding:?}");
            }
            let followed = [&one[..], b"junk"].concat();
            let error = encoding
                .decompress(&followed, &mut output, 1000)
                .expect_err("junk");
            assert_eq!(error.code(), tonic::Code::Internal, "{encoding:?}");
            let cut = &one[..one.len() - 1];
            assert!(
                encoding.decompress(cut, &mut output, 1000).is_err(),
                "{encoding:?} ends early"
            );
        }
    }

    #[test]
    fn zstd_frame_that_asks_for_a_huge_window_is_refused() {
        // Magic number; no content size; a window of 2^(10 + 17) bytes; one last raw block of one byte.
        let greedy = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x09, 0, 0, b'x'];
        let error = Encoding::Zstd
            .decompress(&greedy, &mut Vec::new(), 4 << 20)
            .expect_err("128 MiB of window");
        assert_eq!(error.code(), tonic::Code::Internal);
        // The same with a window of 8 MiB.
        let mut modest = greedy;
        modest[5] = 13 << 3;
        let mut output = Vec::new();
        Encoding::Zstd
            .decompress(&modest, &mut output, 4 << 20)
            .expect("within RFC 9659");
        assert_eq!(output, b"x");
    }

    #[test]
    fn each_name_is_read_and_accepted_in_any_case() {
        for encoding in Encoding::ALL {
            let named = Encoding::from_header(Some(&encoding.header())).expect("known");
            assert_eq!(named, Some(encoding));
            assert!(encoding.is_accepted_by([&accepted_encodings()]));
            let shouted = format!(" {}\t", encoding.name().to_uppercase());
            let shouted = HeaderValue::try_from(shouted).expect("a value");
            assert_eq!(
                Encoding::from_header(Some(&shouted)).expect("known"),
                Some(encoding)
            );
            let others = HeaderValue::from_static("identity, br");
            assert!(!encoding.is_accepted_by([&others]));
            assert!(
                encoding.is_accepted_by([&others, &shouted]),
                "in the second of two headers"
            );
        }
        let identity = HeaderValue::from_static("Identity");
        assert_eq!(Encoding::from_header(Some(&identity)).expect("known"), None);
    }

    #[test]
    fn unknown_encodings_are_unimplemented() {
        let brotli = HeaderValue::from_static("br");
        let error = Encoding::from_header(Some(&brotli)).expect_err("not known");
        assert_eq!(error.code(), tonic::Code::Unimplemented);
        assert_eq!(Encoding::from_header(None).expect("identity"), None);
    }
}
