//! The server's half of a call: headers, frames and trailers, on their way to the response body.
//!
//! The handler owns its call while it runs, and the response body cannot reach into a running future, so what is written
//! passes through a shared [`ResponseBuffer`]. The handler takes the bytes out of it, appends messages, and puts them back
//! before it waits: one lock for each wait, none for each message. While they are there, others may append messages, too.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tonic::Status;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};

use super::response_buffer::{ResponseBuffer, ResponseHeaders, Unsent};
use super::translation::Translation;
use crate::handler::call_record::CallRecord;
use crate::handler::peer::Peer;
use crate::handler::room::{LARGE, LargeMessages, Room};
use crate::journal::Direction;
use crate::message::{Bounds, IntoMessage, MessageType};
use crate::protocol::{Encoding, PREFIX, fill_prefix, too_large};
use crate::schema::Method;

/// Messages are flushed when they take this many bytes, or when the handler waits.
pub(super) const FULL: usize = 32 * 1024;

/// The first buffer of a call has room for a small message or two.
const SMALL: usize = 128;

/// How a handler ended, and what it had not flushed yet.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(in crate::handler) result: Result<(), Status>,
    /// `Some` if they were not flushed.
    pub(in crate::handler) headers: Option<MetadataMap>,
    /// Whether the handler set headers, so that they must go before the trailers even without a message.
    pub(in crate::handler) sets_headers: bool,
    pub(in crate::handler) frames: Bytes,
    pub(in crate::handler) trailers: MetadataMap,
    /// How many messages were sent.
    pub(in crate::handler) sent: u64,
    pub(in crate::handler) unmatched: Unmatched,
}

/// Whether there were rules to answer a call, or samples in their place, and none of the rules did.
#[derive(Debug, Default)]
pub(in crate::handler) enum Unmatched {
    #[default]
    No,
    /// The client is that of the call.
    Yes(Option<Peer>),
}

/// The handler's end of the response.
#[derive(Debug, Default)]
pub(in crate::handler) struct Outgoing {
    /// `None` only in the placeholder that a finished call leaves behind.
    method: Option<Arc<Method>>,
    buffer: ResponseBuffer,
    /// The bytes of `buffer`, while they are taken out of it.
    frames: Vec<u8>,
    taken_out: bool,
    /// The capacity of the next buffer: about the length of the longest of the last ones.
    next_length: usize,
    /// The headers, while they are taken out of `buffer`. `None` also once they are flushed.
    headers: Option<MetadataMap>,
    /// How many of the headers are labels.
    labels: usize,
    pub(in crate::handler) trailers: MetadataMap,
    encoding: Option<Encoding>,
    /// What makes of messages what is sent, if it is not protobuf.
    translation: Option<Translation>,
    /// Whether messages are written elsewhere first, because they are compressed or translated.
    is_encoded: bool,
    /// Where a message is written before it is encoded.
    scratch: Vec<u8>,
    max_size: usize,
    /// How many messages were sent.
    pub(in crate::handler) sent: u64,
    pub(in crate::handler) unmatched: Unmatched,
    /// How many messages may be sent: one, or any number. 0 when the call has ended.
    most: u64,
    /// The room that `frames` have, if they are large.
    room: Room,
    /// For how many bytes there was no room. The message has to be written again when there is.
    wanted: usize,
    /// What a message fails with that has waited for room too long.
    refused: Option<Status>,
    /// Where the next message is kept for the journal.
    journal: Option<Arc<CallRecord>>,
}

impl Outgoing {
    pub(in crate::handler) fn new(
        method: &Arc<Method>,
        translation: Option<Translation>,
        encoding: Option<Encoding>,
        max_size: usize,
        journal: Option<Arc<CallRecord>>,
    ) -> (Self, ResponseBuffer) {
        let buffer = ResponseBuffer::default();
        let outgoing = Self {
            method: Some(Arc::clone(method)),
            buffer: buffer.clone(),
            frames: Vec::new(),
            taken_out: false,
            next_length: SMALL,
            headers: None,
            labels: 0,
            trailers: MetadataMap::new(),
            encoding,
            is_encoded: encoding.is_some() || translation.is_some(),
            translation,
            scratch: Vec::new(),
            max_size,
            sent: 0,
            unmatched: Unmatched::No,
            most: if method.is_server_streaming() { u64::MAX } else { 1 },
            room: Room::default(),
            wanted: 0,
            refused: None,
            journal,
        };
        (outgoing, buffer)
    }

    /// Writes one message of the method's output type. Without `large` it is written whether there is room or not.
    pub(in crate::handler) fn write_message<M: IntoMessage>(
        &mut self,
        message: &M::Value,
        large: Option<&LargeMessages>,
    ) -> Result<(), Status> {
        // Out of `self` while the rest of it writes.
        let Some(method) = self.method.take() else {
            return Err(Status::internal("the call has ended"));
        };
        let of = MessageType::output_of(&method, Bounds::default());
        let result = self.writer(large).write(|buffer| M::write(of, message, buffer));
        self.method = Some(method);
        result
    }

    pub(in crate::handler) fn headers_mut(&mut self) -> Option<&mut MetadataMap> {
        // Once a message is written the headers are due, even if it is not flushed yet.
        if self.sent > 0 {
            None
        } else {
            self.take_out_headers()
        }
    }

    fn take_out_headers(&mut self) -> Option<&mut MetadataMap> {
        if !self.taken_out {
            self.take_out();
            if self.headers.is_none() {
                // Somebody else has sent them. The handler need not put back what it does not change.
                self.put_back(false);
            }
        }
        self.headers.as_mut()
    }

    /// Adds a header that goes with the trailers instead if the call fails without a message and without headers of the
    /// handler's own.
    pub(in crate::handler) fn label(&mut self, key: &AsciiMetadataKey, value: AsciiMetadataValue) {
        if let Some(headers) = self.take_out_headers() {
            headers.insert(key, value);
            self.labels += 1;
        }
    }

    /// Writes messages.
    #[inline]
    pub(in crate::handler) fn writer<'c>(
        &'c mut self,
        large: Option<&'c LargeMessages>,
    ) -> MessageWriter<'c> {
        if !self.taken_out {
            self.take_out();
        }
        if self.frames.capacity() == 0 {
            self.frames.reserve(self.next_length);
        }
        MessageWriter {
            outgoing: self,
            large,
        }
    }

    fn take_out(&mut self) {
        let mut contents = self.buffer.lock();
        self.frames = std::mem::take(&mut contents.frames);
        if self.frames.len() > LARGE {
            self.room = std::mem::take(&mut contents.room);
        }
        self.headers = contents.headers.take_not_due();
        contents.are_out = true;
        self.taken_out = true;
    }

    /// Puts back what was taken out. `begins` is whether the headers are due, if they were not before.
    fn put_back(&mut self, begins: bool) {
        let mut contents = self.buffer.lock();
        if let Some(headers) = self.headers.take() {
            contents.headers = ResponseHeaders::NotDue(headers);
        }
        if begins {
            contents.headers.are_due();
        }
        if self.taken_out {
            let last = self.frames.len().clamp(SMALL, FULL) * 5 / 4;
            self.next_length = last.max(self.next_length / 4 * 3);
            contents.frames = std::mem::take(&mut self.frames);
            // Else the room is for a message that is still to be written.
            if contents.frames.len() > LARGE {
                contents.room = std::mem::take(&mut self.room);
            }
            contents.sent = self.sent;
            contents.are_out = false;
            self.taken_out = false;
        }
    }

    /// Passes what was written to the response body, headers first.
    pub(in crate::handler) fn flush(&mut self) {
        if self.taken_out {
            self.put_back(self.sent > 0);
        }
    }

    /// Makes the headers due, and passes on whatever was written.
    pub(in crate::handler) fn flush_headers_and_messages(&mut self) {
        self.put_back(true);
    }

    /// Whether enough was written to be flushed.
    #[inline]
    pub(in crate::handler) fn is_full(&self) -> bool {
        self.frames.len() >= FULL
    }

    /// Waits until the response body has taken what was flushed.
    pub(in crate::handler) fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.buffer.lock().frames.len() < FULL {
            return Poll::Ready(());
        }
        // The body takes the frames as soon as this returns, and then polls again. The waker is for handlers that poll
        // this from a combinator of their own.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether the last message was not written because there is no room for it now.
    pub(in crate::handler) fn needs_room(&self) -> bool {
        self.wanted > 0
    }

    /// Waits for the room that a message needed. Then it has to be written again: if there was none for long, it fails.
    pub(in crate::handler) fn poll_room(&mut self, large: &LargeMessages, cx: &mut Context<'_>) -> Poll<()> {
        let taken = ready!(self.room.poll_take(large.responses(), self.wanted, cx));
        self.wanted = 0;
        self.refused = taken.err();
        Poll::Ready(())
    }

    pub(in crate::handler) fn finish(mut self, result: Result<(), Status>) -> Finished {
        let result = match result {
            Ok(()) if self.most == 1 && self.sent == 0 => {
                Err(Status::internal("the handler answered OK without a message"))
            }
            result => result,
        };
        self.most = 0;
        if !self.taken_out {
            self.take_out();
        }
        Finished {
            result,
            sets_headers: self.sets_headers(),
            headers: self.headers.take(),
            frames: std::mem::take(&mut self.room).around(std::mem::take(&mut self.frames)),
            trailers: std::mem::take(&mut self.trailers),
            sent: self.sent,
            unmatched: std::mem::take(&mut self.unmatched),
        }
    }

    /// What was written, and the room that it has.
    pub(super) fn into_frames(mut self) -> (Vec<u8>, Room) {
        self.most = 0;
        (std::mem::take(&mut self.frames), std::mem::take(&mut self.room))
    }

    /// Keeps a message that was sent for the journal.
    #[cold]
    fn keep(&mut self, message: &[u8]) {
        let journal = self.journal.as_ref();
        if !journal.is_some_and(|journal| journal.message(Direction::Response, message)) {
            self.journal = None;
        }
    }

    /// Whether there are headers that are no labels.
    fn sets_headers(&self) -> bool {
        let headers = self.headers.as_ref();
        headers.is_some_and(|headers| headers.len() > self.labels)
    }
}

/// A handler that is dropped before it has ended, at its deadline for example, leaves its metadata to the response body.
impl Drop for Outgoing {
    fn drop(&mut self) {
        if self.most > 0 {
            if self.headers.is_none() {
                self.headers = self.buffer.lock().headers.take_not_due();
            }
            let unsent = Unsent {
                sets_headers: self.sets_headers(),
                headers: self.headers.take(),
                trailers: std::mem::take(&mut self.trailers),
            };
            self.buffer.lock().unsent = Some(Box::new(unsent));
        }
    }
}

/// Writes messages in place, into the buffer that is sent.
#[derive(Debug)]
pub(crate) struct MessageWriter<'c> {
    outgoing: &'c mut Outgoing,
    /// `None` if large messages are written whether there is room or not.
    large: Option<&'c LargeMessages>,
}

impl MessageWriter<'_> {
    /// Whether enough was written to be flushed.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.outgoing.is_full()
    }

    /// Writes one message: `write` appends its bytes, and the prefix is filled in afterwards. After an error the buffer is
    /// as it was before.
    #[inline]
    pub(crate) fn write<E: From<Status>>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let outgoing = &mut *self.outgoing;
        if outgoing.sent >= outgoing.most {
            return Err(Status::internal(
                "the handler sent a second message, and the method answers with one",
            )
            .into());
        }
        if outgoing.is_encoded {
            return self.write_encoded(write);
        }
        let frames = &mut outgoing.frames;
        let start = frames.len();
        frames.extend_from_slice(&[0; PREFIX]);
        if let Err(error) = write(frames).and_then(|()| Ok(fill_prefix(frames, start, outgoing.max_size)?)) {
            frames.truncate(start);
            return Err(error);
        }
        if frames.len() > LARGE {
            self.take_room(start)?;
        }
        self.outgoing.sent += 1;
        if self.outgoing.journal.is_some() {
            let frames = std::mem::take(&mut self.outgoing.frames);
            self.outgoing.keep(&frames[start + PREFIX..]);
            self.outgoing.frames = frames;
        }
        Ok(())
    }

    /// Takes room for what was written, or removes the message that begins at `start` if there is none.
    #[inline(never)]
    fn take_room(&mut self, start: usize) -> Result<(), Status> {
        let outgoing = &mut *self.outgoing;
        let Some(large) = self.large else {
            return Ok(());
        };
        let bytes = outgoing.frames.len();
        if outgoing.refused.is_none() && outgoing.room.try_take(large.responses(), bytes) {
            return Ok(());
        }
        outgoing.frames.truncate(start);
        // Not for later: it is large.
        outgoing.frames.shrink_to(FULL);
        Err(outgoing.refused.take().unwrap_or_else(|| {
            outgoing.wanted = bytes;
            Status::resource_exhausted("there is no room for a large message")
        }))
    }

    /// As [`write`](Self::write), in JSON or compressed or both.
    fn write_encoded<E: From<Status>>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let outgoing = &mut *self.outgoing;
        let (frames, scratch) = (&mut outgoing.frames, &mut outgoing.scratch);
        scratch.clear();
        write(scratch)?;
        if scratch.len() > outgoing.max_size {
            return Err(too_large(&format!(" of {} bytes", scratch.len()), outgoing.max_size).into());
        }
        let start = frames.len();
        let (encoding, max_size) = (outgoing.encoding, outgoing.max_size);
        let written = match &outgoing.translation {
            Some(translation) if translation.has_bare_responses() => {
                translation.response(scratch, max_size, frames)
            }
            translation => {
                frames.extend_from_slice(&[u8::from(encoding.is_some()); PREFIX]);
                let appended = match (translation, encoding) {
                    (None, None) => {
                        frames.extend_from_slice(scratch);
                        Ok(())
                    }
                    (None, Some(encoding)) => {
                        encoding.compress(scratch, frames);
                        Ok(())
                    }
                    (Some(translation), None) => translation.response(scratch, max_size, frames),
                    (Some(translation), Some(encoding)) => {
                        let mut translated = Vec::new();
                        translation
                            .response(scratch, max_size, &mut translated)
                            .map(|()| encoding.compress(&translated, frames))
                    }
                };
                appended.and_then(|()| fill_prefix(frames, start, usize::MAX))
            }
        };
        if let Err(status) = written {
            frames.truncate(start);
            return Err(status.into());
        }
        let mut message = std::mem::take(scratch);
        if frames.len() > LARGE {
            self.take_room(start)?;
        }
        self.outgoing.sent += 1;
        if self.outgoing.journal.is_some() {
            self.outgoing.keep(&message);
        }
        message.clear();
        message.shrink_to(LARGE);
        self.outgoing.scratch = message;
        Ok(())
    }
}
