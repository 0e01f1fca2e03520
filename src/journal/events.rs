//! What happens in a call, written down as it happens: headers, messages with their times, trailers.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::options::JournalOptions;
use super::redaction::{REDACTED, Redaction};
use crate::message::{Reader, put_delimited, put_varint};

/// How many bytes of headers and trailers of a call are kept.
const MAX_HEADER_BYTES: usize = 32 << 10;

/// Which headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Headers {
    Request = 0,
    Response = 1,
    Trailers = 2,
}

/// Which way a message of a [`RecordedCall`](crate::RecordedCall) goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Direction {
    /// From the client.
    Request,
    /// To the client.
    Response,
}

const REQUEST: u8 = 3;
const RESPONSE: u8 = 4;
/// Added to a message of which only the length is kept.
const NOT_KEPT: u8 = 2;

/// The events of a call, in their order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EventParts<'e> {
    /// The headers of the request.
    pub(super) request: &'e [u8],
    /// What came and went since, until the last message.
    pub(super) since: &'e [u8],
    /// The headers of the response, if they went out after that, and the trailers.
    pub(super) last: &'e [u8],
}

/// The events of a call, as they are written.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) bytes: Vec<u8>,
    /// Where the headers of the request end, with which they begin.
    request_end: usize,
    /// Where the last message ends.
    messages_end: usize,
    header_bytes: usize,
    message_bytes: usize,
    messages: usize,
    /// Whether no more messages are kept, of either direction.
    is_full: bool,
}

impl Events {
    /// Begins with the headers of the request.
    pub(super) fn request(&mut self, headers: &HeaderMap, redaction: &Redaction) {
        self.headers(Headers::Request, headers, redaction);
        self.request_end = self.bytes.len();
        self.messages_end = self.bytes.len();
    }

    pub(super) fn parts(&self) -> EventParts<'_> {
        let (begin, last) = self.bytes.split_at(self.messages_end);
        let (request, since) = begin.split_at(self.request_end);
        EventParts { request, since, last }
    }

    /// Keeps headers, as far as there is room, without the values of those that are not to be seen.
    pub(super) fn headers(&mut self, which: Headers, headers: &HeaderMap, redaction: &Redaction) {
        for (name, value) in headers {
            let value = if redaction.hides_header(name) {
                REDACTED
            } else {
                value.as_bytes()
            };
            self.header_bytes += name.as_str().len() + value.len();
            if self.header_bytes > MAX_HEADER_BYTES {
                return;
            }
            self.bytes.push(which as u8);
            put_delimited(&mut self.bytes, name.as_str().as_bytes());
            put_delimited(&mut self.bytes, value);
        }
    }

    /// Keeps a message, if it is one of the first, with its time in microseconds; if there is no room for it, only its length,
    /// and none after it. Returns whether the next one may be kept.
    pub(super) fn message(&mut self, direction: Direction, at: u64, message: &[u8], most: usize) -> bool {
        if self.is_full {
            return false;
        }
        self.messages += 1;
        self.message_bytes = self.message_bytes.saturating_add(message.len());
        let kind = match direction {
            Direction::Request => REQUEST,
            Direction::Response => RESPONSE,
        };
        let is_kept = self.message_bytes <= most;
        self.bytes.push(if is_kept { kind } else { kind + NOT_KEPT });
        put_varint(&mut self.bytes, at);
        if is_kept {
            put_delimited(&mut self.bytes, message);
        } else {
            put_varint(&mut self.bytes, message.len() as u64);
        }
        self.messages_end = self.bytes.len();
        self.is_full = !is_kept || self.messages >= JournalOptions::MAX_MESSAGES;
        !self.is_full
    }
}

/// An event that was read.
#[derive(Debug)]
pub(super) enum Event {
    Header(Headers, Bytes, Bytes),
    Message {
        direction: Direction,
        at: Duration,
        length: usize,
        /// `None` if it was not kept.
        bytes: Option<Bytes>,
    },
}

/// Reads the events in a part of the bytes of an entry.
pub(super) fn read_events(bytes: &Bytes, part: Range<usize>) -> impl Iterator<Item = Event> {
    let mut reader = Reader::new(&bytes[part]);
    std::iter::from_fn(move || read_event(bytes, &mut reader))
}

fn read_event(bytes: &Bytes, reader: &mut Reader<'_>) -> Option<Event> {
    let kind = reader.peek()?;
    reader.pass();
    let headers = match kind {
        0 => Headers::Request,
        1 => Headers::Response,
        2 => Headers::Trailers,
        _ => {
            let at = Duration::from_micros(reader.varint().ok()?);
            let is_kept = kind <= RESPONSE;
            let direction = match if is_kept { kind } else { kind - NOT_KEPT } {
                REQUEST => Direction::Request,
                _ => Direction::Response,
            };
            let (length, kept) = if is_kept {
                let kept = reader.delimited().ok()?;
                (kept.len(), Some(bytes.slice_ref(kept)))
            } else {
                (reader.varint().ok()? as usize, None)
            };
            return Some(Event::Message {
                direction,
                at,
                length,
                bytes: kept,
            });
        }
    };
    let name = bytes.slice_ref(reader.delimited().ok()?);
    let value = bytes.slice_ref(reader.delimited().ok()?);
    Some(Event::Header(headers, name, value))
}
