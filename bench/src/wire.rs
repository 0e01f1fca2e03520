//! How a call looks in each protocol: the headers of its request, and what its response must be.
//!
//! The answers of a call are found in its response here, whichever version of HTTP brings it, and are counted and compared.
//! Responses are never compressed, because no request asks for that.

use std::fmt;

use anyhow::{Context, Result, ensure};

use crate::load::Load;

/// One in this many answers of a call is compared in a measured run.
pub(crate) const STRIDE: u64 = 997;
/// The flag of a frame that holds the trailers of gRPC-Web.
const TRAILERS: u8 = 0x80;

/// A protocol that a server can be called by, with the encoding of its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    GrpcWeb,
    /// Calls of one message each way, in protobuf.
    Connect,
    /// The same in JSON.
    ConnectJson,
}

/// A header field as it was received.
pub(crate) type Field = (Vec<u8>, Vec<u8>);

impl Protocol {
    /// The content type of requests, and the beginning of that of responses.
    fn content_type(self) -> &'static str {
        match self {
            Protocol::Grpc => "application/grpc",
            Protocol::GrpcWeb => "application/grpc-web",
            Protocol::Connect => "application/proto",
            Protocol::ConnectJson => "application/json",
        }
    }

    /// Whether a message is the whole of a body, and has no prefix.
    pub(crate) fn is_whole_body(self) -> bool {
        matches!(self, Protocol::Connect | Protocol::ConnectJson)
    }

    /// The header fields of a request, as the protocol's own clients send them.
    pub(crate) fn request_fields(self, body: usize) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("content-type", self.content_type().to_owned()),
            ("user-agent", "bench".to_owned()),
        ];
        match self {
            Protocol::Grpc => fields.push(("te", "trailers".to_owned())),
            Protocol::GrpcWeb => fields.extend([
                ("accept", self.content_type().to_owned()),
                ("x-grpc-web", "1".to_owned()),
            ]),
            Protocol::Connect | Protocol::ConnectJson => fields.extend([
                ("connect-protocol-version", "1".to_owned()),
                ("content-length", body.to_string()),
            ]),
        }
        fields
    }
}

/// A call that ended with another status than OK.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) code: u32,
    message: String,
}

impl Failed {
    pub(crate) const UNIMPLEMENTED: u32 = 12;
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the server answered with status {}: {}",
            self.code, self.message
        )
    }
}

impl std::error::Error for Failed {}

/// What has been received of a call.
#[derive(Debug, Default)]
pub(crate) struct Received {
    answers: u64,
    /// The beginning of an incomplete answer.
    partial: Vec<u8>,
    status: Option<u32>,
    /// How much of the metadata has come that should.
    metadata: usize,
}

impl Received {
    /// Takes header fields or trailers. The HTTP status is the field `:status`.
    pub(crate) fn fields(&mut self, fields: &[Field], load: &Load) -> Result<()> {
        let field = |name: &str| {
            fields
                .iter()
                .find(|(field, _)| field == name.as_bytes())
                .map(|(_, value)| String::from_utf8_lossy(value))
        };
        if let Some(status) = field(":status") {
            ensure!(status == "200", "the server answered with HTTP status {status}");
            let content_type = field("content-type").context("an answer without a content-type")?;
            ensure!(
                content_type.starts_with(load.protocol.content_type()),
                "an answer of content-type {content_type}"
            );
            if load.protocol.is_whole_body() {
                self.status = Some(load.code);
            }
        }
        if let Some(status) = field("grpc-status") {
            self.status(&status, &field("grpc-message").unwrap_or_default(), load.code)?;
        }
        self.metadata += load
            .metadata
            .iter()
            .filter(|wanted| fields.contains(wanted))
            .count();
        Ok(())
    }

    fn status(&mut self, status: &str, message: &str, wanted: u32) -> Result<()> {
        let code = status.parse().with_context(|| format!("grpc-status {status}"))?;
        if code != wanted {
            let message = message.to_owned();
            return Err(Failed { code, message }.into());
        }
        self.status = Some(code);
        Ok(())
    }

    /// Counts and checks the answers in a piece of the body.
    pub(crate) fn body(&mut self, mut bytes: &[u8], load: &Load, stride: u64) -> Result<()> {
        if load.protocol.is_whole_body() {
            self.partial.extend_from_slice(bytes);
            return Ok(());
        }
        while !self.partial.is_empty() && !bytes.is_empty() {
            let wanted = frame_length(&self.partial).unwrap_or(5) - self.partial.len();
            let (taken, rest) = bytes.split_at(wanted.min(bytes.len()));
            self.partial.extend_from_slice(taken);
            bytes = rest;
            if frame_length(&self.partial) == Some(self.partial.len()) {
                let mut frame = std::mem::take(&mut self.partial);
                self.frame(&frame, load, stride)?;
                frame.clear();
                self.partial = frame;
            }
        }
        while let Some(length) = frame_length(bytes).filter(|length| *length <= bytes.len()) {
            self.frame(&bytes[..length], load, stride)?;
            bytes = &bytes[length..];
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    /// The call has ended: all that should have come has come.
    pub(crate) fn end(&mut self, load: &Load, stride: u64) -> Result<()> {
        ensure!(self.status == Some(load.code), "a call ended without a status");
        ensure!(
            self.metadata == load.metadata.len(),
            "a call had {} of {} names of metadata",
            self.metadata,
            load.metadata.len()
        );
        let rest = std::mem::take(&mut self.partial);
        if load.protocol.is_whole_body() {
            self.answer(&rest, load, stride)?;
        } else {
            ensure!(rest.is_empty(), "a call ended within an answer");
        }
        ensure!(
            self.answers == load.answers,
            "a call had {} answers instead of {}",
            self.answers,
            load.answers
        );
        Ok(())
    }

    fn frame(&mut self, frame: &[u8], load: &Load, stride: u64) -> Result<()> {
        match frame[0] {
            0 => self.answer(&frame[5..], load, stride),
            TRAILERS if load.protocol == Protocol::GrpcWeb => self.trailers(&frame[5..], load.code),
            flags => anyhow::bail!("a frame with the flags {flags:#x}, which nobody asked for"),
        }
    }

    /// The trailers of gRPC-Web, which look like header fields of HTTP/1.1.
    fn trailers(&mut self, text: &[u8], code: u32) -> Result<()> {
        let text = std::str::from_utf8(text).context("trailers that are no text")?;
        let field = |name: &str| {
            let mut fields = text.lines().filter_map(|line| line.split_once(':'));
            fields.find_map(|(field, value)| field.eq_ignore_ascii_case(name).then(|| value.trim()))
        };
        let status = field("grpc-status").context("trailers without a status")?;
        self.status(status, field("grpc-message").unwrap_or_default(), code)
    }

    fn answer(&mut self, message: &[u8], load: &Load, stride: u64) -> Result<()> {
        if self.answers.is_multiple_of(stride) || self.answers + 1 == load.answers {
            (load.check)(self.answers, message).with_context(|| format!("answer {}", self.answers))?;
        }
        self.answers += 1;
        Ok(())
    }
}

/// The length of the frame at the start of `bytes`, including its prefix; `None` if the prefix is incomplete.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let &[_, a, b, c, d] = bytes.first_chunk()?;
    Some(5 + u32::from_be_bytes([a, b, c, d]) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Http;

    fn load(protocol: Protocol, answers: u64) -> Load {
        Load {
            path: String::new(),
            protocol,
            http: Http::Two,
            request: vec![0; 5],
            calls: 1,
            in_flight: 1,
            requests: 1,
            answers,
            code: 0,
            metadata: Vec::new(),
            check: Box::new(|number, bytes| {
                ensure!(bytes == [u8::try_from(number)?; 3], "is {bytes:?}");
                Ok(())
            }),
        }
    }

    fn fields(fields: &[(&str, &str)]) -> Vec<Field> {
        let field = |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        fields.iter().map(field).collect()
    }

    fn frames(messages: std::ops::Range<u8>) -> Vec<u8> {
        let frame = |number| [0, 0, 0, 0, 3, number, number, number];
        messages.flat_map(frame).collect()
    }

    #[test]
    fn answers_are_found_however_the_body_is_cut() {
        let trailers = [&[0x80, 0, 0, 0, 16][..], b"grpc-status: 0\r\n"].concat();
        let bodies = [
            (Protocol::Grpc, 4, frames(0..4)),
            (Protocol::GrpcWeb, 4, [frames(0..4), trailers].concat()),
            (Protocol::Connect, 1, vec![0, 0, 0]),
        ];
        for (protocol, answers, body) in bodies {
            let load = load(protocol, answers);
            for size in 1..=body.len() {
                let mut received = Received::default();
                let content_type = protocol.content_type();
                let head = fields(&[(":status", "200"), ("content-type", content_type)]);
                received.fields(&head, &load).unwrap();
                for piece in body.chunks(size) {
                    received.body(piece, &load, 1).unwrap();
                }
                if protocol == Protocol::Grpc {
                    received.fields(&fields(&[("grpc-status", "0")]), &load).unwrap();
                }
                let ended = received.end(&load, 1);
                ended.unwrap_or_else(|error| panic!("{protocol:?} in pieces of {size}: {error:#}"));
            }
        }
    }

    #[test]
    fn a_wrong_answer_is_an_error() {
        let load = load(Protocol::Grpc, 1);
        let error = Received::default()
            .body(&frames(7..8), &load, STRIDE)
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "answer 0: is [7, 7, 7]");
    }

    #[test]
    fn the_last_answer_is_compared_in_a_measured_run() {
        let body = [frames(0..1), frames(9..10)].concat();
        let received = |answers| Received::default().body(&body, &load(Protocol::Grpc, answers), STRIDE);
        received(3).unwrap();
        received(2).unwrap_err();
    }

    #[test]
    fn a_call_that_ends_early_is_an_error() {
        let load = load(Protocol::GrpcWeb, 2);
        let mut received = Received::default();
        received.body(&frames(0..1), &load, 1).unwrap();
        let error = received.end(&load, 1).unwrap_err();
        assert_eq!(error.to_string(), "a call ended without a status");
        received.trailers(b"grpc-status:0\r\n", 0).unwrap();
        let error = received.end(&load, 1).unwrap_err();
        assert_eq!(error.to_string(), "a call had 1 answers instead of 2");
    }

    #[test]
    fn a_status_other_than_ok_fails_the_call_with_its_code() {
        let of_headers = {
            let head = fields(&[
                (":status", "200"),
                ("content-type", "application/grpc"),
                ("grpc-status", "12"),
                ("grpc-message", "no"),
            ]);
            Received::default().fields(&head, &load(Protocol::Grpc, 1))
        };
        let of_body = Received::default().trailers(b"grpc-status:12\r\ngrpc-message:no\r\n", 0);
        for error in [of_headers, of_body].map(Result::unwrap_err) {
            let failed = error.downcast_ref::<Failed>().unwrap();
            assert_eq!(failed.code, Failed::UNIMPLEMENTED);
            assert_eq!(error.to_string(), "the server answered with status 12: no");
        }
        let refused = fields(&[(":status", "501"), ("content-type", "application/json")]);
        Received::default()
            .fields(&refused, &load(Protocol::ConnectJson, 1))
            .unwrap_err();
    }
}
