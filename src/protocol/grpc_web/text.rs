//! Bodies in base64, which come and go in pieces.
//!
//! Either side may pad each piece that it sends, so padding may stand within the body. Here each piece is padded, as other
//! servers do: a client reads four characters at a time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;

use crate::protocol::lenient_base64::STANDARD as LENIENT;

/// A piece of a body.
pub(in crate::protocol) fn encode(piece: &[u8]) -> Bytes {
    STANDARD.encode(piece).into()
}

pin_project! {
    /// A body, decoded as it comes.
    pub(crate) struct DecodedText<B> {
        #[pin]
        body: B,
        decoder: Decoder,
    }
}

impl<B> DecodedText<B> {
    pub(crate) fn new(body: B) -> Self {
        Self {
            body,
            decoder: Decoder::default(),
        }
    }
}

impl<B> Body for DecodedText<B>
where
    B: Body<Data = Bytes, Error = Status>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let Some(frame) = ready!(this.body.poll_frame(cx)) else {
            return Poll::Ready(this.decoder.end().err().map(Err));
        };
        Poll::Ready(Some(match frame?.into_data() {
            Ok(text) => this.decoder.decode(&text).map(Frame::data),
            Err(other) => Ok(other),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && self.decoder.held.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// Decodes pieces of base64, and keeps the characters of a group that is not whole.
#[derive(Debug, Default)]
struct Decoder {
    /// At most three.
    held: Vec<u8>,
}

impl Decoder {
    fn decode(&mut self, mut text: &[u8]) -> Result<Bytes, Status> {
        let mut decoded = Vec::with_capacity(text.len() / 4 * 3 + 3);
        if !self.held.is_empty() {
            let missing = (4 - self.held.len()).min(text.len());
            self.held.extend_from_slice(&text[..missing]);
            text.advance(missing);
            if self.held.len() < 4 {
                return Ok(Bytes::new());
            }
            let group = std::mem::take(&mut self.held);
            decode_groups(&group, &mut decoded)?;
        }
        let (groups, rest) = text.split_at(text.len() / 4 * 4);
        decode_groups(groups, &mut decoded)?;
        self.held.extend_from_slice(rest);
        Ok(decoded.into())
    }

    /// Fails if the body ends within a group.
    fn end(&mut self) -> Result<(), Status> {
        if std::mem::take(&mut self.held).is_empty() {
            return Ok(());
        }
        Err(Status::internal("the base64 of the body is not whole"))
    }
}

/// Decodes whole groups of four characters, each of which may end with padding.
fn decode_groups(mut groups: &[u8], decoded: &mut Vec<u8>) -> Result<(), Status> {
    while !groups.is_empty() {
        // Up to the end of the group with padding, if there is one.
        let end = groups.iter().position(|&byte| byte == b'=');
        let end = end.map_or(groups.len(), |padding| padding / 4 * 4 + 4);
        let (piece, rest) = groups.split_at(end);
        LENIENT
            .decode_vec(piece, decoded)
            .map_err(|error| Status::internal(format!("the body is not base64: {error}")))?;
        groups = rest;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a body of these pieces holds.
    fn decode(pieces: &[&str]) -> Result<Vec<u8>, Status> {
        let mut decoder = Decoder::default();
        let mut all = Vec::new();
        for piece in pieces {
            all.extend_from_slice(&decoder.decode(piece.as_bytes())?);
        }
        decoder.end().map(|()| all)
    }

    #[test]
    fn pieces_of_any_length_give_the_same() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..bytes.len() {
            let text = STANDARD.encode(&bytes[..length]);
            for size in 1..9 {
                let pieces: Vec<&str> = text
                    .as_bytes()
                    .chunks(size)
                    .map(|piece| std::str::from_utf8(piece).expect("base64"))
                    .collect();
                assert_eq!(decode(&pieces).expect("base64"), &bytes[..length]);
            }
        }
    }

    #[test]
    fn padding_may_stand_within() {
        for pieces in [
            &["YQ==Yg=="][..],
            &["YQ==", "Yg=="],
            &["YQ", "==Yg", "=="],
            &["YQ==Y", "g=="],
        ] {
            assert_eq!(decode(pieces).expect("base64"), b"ab", "{pieces:?}");
        }
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for pieces in [
            &["Y"][..],
            &["YQ=", "x"],
            &["YQ", "=!"],
            &["===="],
            &["Y!=="],
            &["\u{e9}\u{e9}"],
        ] {
            assert!(decode(pieces).is_err(), "{pieces:?}");
        }
    }
}
