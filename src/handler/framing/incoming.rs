//! The client's half of a call: messages, read from the request body as it comes.
//!
//! A message that is whole in one chunk of the body is read in place; only a message that is split over chunks is copied.
//! No allocation, no copy and no lock per message. Messages in JSON become protobuf here: nobody further down knows of it.

mod bare;
mod compressed;

use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::task::coop::poll_proceed;
use tonic::{Code, Status};

use super::request_body::RequestBody;
use super::translation::Translation;
use crate::handler::limits::CallLimits;
use crate::handler::room::{LARGE, LargeMessages, Room};
use crate::message::Bounds;
use crate::protocol::{Encoding, PREFIX, Requests, too_large};

/// The messages of one request body.
#[derive(Debug)]
pub(in crate::handler) struct Incoming {
    body: RequestBody,
    /// The current chunk of the body, with the current frame in it.
    chunk: Bytes,
    /// How many bytes of the chunk the frames so far have taken.
    taken: usize,
    /// How many bytes the chunk begins with of messages that were read before, which are decoded already.
    rewound: usize,
    /// A frame that began in an earlier chunk.
    partial: BytesMut,
    /// The current message, if it came compressed or was translated.
    decoded: Vec<u8>,
    frame: Location,
    /// The room that the current message has, or the one that is on its way.
    room: Room,
    /// For how many bytes a message that is on its way needs room; zero if it is small, or whole.
    wanted: usize,
    /// How to decompress the frame that is here whole.
    compressed: Option<Encoding>,
    encoding: Option<Encoding>,
    /// What makes protobuf of the messages, if they come as something else.
    translation: Option<Translation>,
    /// Messages shorter than this are read in place; zero if none is. One number for two questions, for the hot path.
    in_place: usize,
    /// How messages stand in the body, if not in envelopes.
    requests: Option<Requests>,
    /// The largest message taken, in bytes, decompressed.
    max_size: usize,
    /// What is left of the call's memory budget, in bytes, not counting the partial and the decompressed message.
    left: usize,
    max_memory: usize,
    bounds: Bounds,
    /// The code for what cannot be read.
    malformed: Code,
    state: State,
    /// How many messages have come whole.
    pub(in crate::handler) messages: u64,
    /// How many bytes have come, those before messages included.
    pub(in crate::handler) received: u64,
}

/// What a kept message costs in addition to its bytes: its entry in a list, and the allocator's overhead.
const KEPT_OVERHEAD: usize = 2 * size_of::<Bytes>();

/// Where the current message's bytes are.
#[derive(Debug, Clone, Copy)]
enum Location {
    Nowhere,
    Chunk { start: usize, end: usize },
    Partial,
    Decoded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The client has half-closed the stream.
    HalfClosed,
    /// The client cancelled the call, or broke the protocol.
    Failed,
}

impl Incoming {
    pub(in crate::handler) fn new(
        body: RequestBody,
        requests: Option<Requests>,
        translation: Option<Translation>,
        encoding: Option<Encoding>,
        malformed: Code,
        limits: CallLimits,
    ) -> Self {
        Self {
            body,
            chunk: Bytes::new(),
            taken: 0,
            rewound: 0,
            partial: BytesMut::new(),
            decoded: Vec::new(),
            frame: Location::Nowhere,
            room: Room::default(),
            wanted: 0,
            compressed: None,
            encoding,
            in_place: if requests.is_some() || translation.is_some() {
                0
            } else {
                limits.max_receive_size.saturating_add(1)
            },
            translation,
            requests,
            bounds: limits.bounds,
            malformed,
            max_size: limits.max_receive_size,
            left: limits.max_memory,
            max_memory: limits.max_memory,
            state: State::Open,
            messages: 0,
            received: 0,
        }
    }

    /// Moves on to the next frame; `false` at half-close.
    #[inline]
    pub(in crate::handler) fn poll_next(
        &mut self,
        large: &LargeMessages,
        cx: &mut Context<'_>,
    ) -> Poll<Result<bool, Status>> {
        if self.next_at_once() {
            Poll::Ready(Ok(true))
        } else {
            self.poll_next_slow(large, cx)
        }
    }

    /// The common case: moves on to the next frame if it lies whole in the chunk and is not compressed.
    #[inline]
    pub(in crate::handler) fn next_at_once(&mut self) -> bool {
        if let Some(rest) = self.chunk.get(self.taken..)
            && let Some((prefix, rest)) = rest.split_first_chunk::<PREFIX>()
            && prefix[0] == 0
        {
            let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
            if length <= rest.len() && length < self.in_place && self.partial.is_empty() {
                let start = self.taken + PREFIX;
                self.taken = start + length;
                self.messages += 1;
                self.frame = Location::Chunk {
                    start,
                    end: self.taken,
                };
                return true;
            }
        }
        false
    }

    fn poll_next_slow(&mut self, large: &LargeMessages, cx: &mut Context<'_>) -> Poll<Result<bool, Status>> {
        if self.wanted == 0 && self.compressed.is_none() {
            self.forget();
        }
        loop {
            match self.state {
                State::Open => {}
                State::HalfClosed => return Poll::Ready(Ok(false)),
                State::Failed => return Poll::Ready(Err(gone())),
            }
            let next = ready!(self.poll_frame_or_chunk(large, cx));
            if next.inspect_err(|_| self.state = State::Failed)? {
                self.wanted = 0;
                self.messages += 1;
                return Poll::Ready(Ok(true));
            }
        }
    }

    /// Forgets the current message, and what it took.
    fn forget(&mut self) {
        if matches!(self.frame, Location::Partial) {
            self.partial.clear();
        }
        self.frame = Location::Nowhere;
        if !self.room.is_none() {
            self.room = Room::default();
            if self.partial.is_empty() {
                self.partial = BytesMut::new();
            }
            self.decoded = Vec::new();
        }
    }

    /// Gets the next frame ready, or `false` with more bytes than there were.
    fn poll_frame_or_chunk(
        &mut self,
        large: &LargeMessages,
        cx: &mut Context<'_>,
    ) -> Poll<Result<bool, Status>> {
        if self.compressed.is_none() {
            if self.wanted > 0 {
                ready!(self.room.poll_take(large.requests(), self.wanted, cx))?;
            }
            let is_decoded = self.taken < self.rewound;
            if !self.take_frame()? {
                if self.wanted > 0 {
                    ready!(self.room.poll_take(large.requests(), self.wanted, cx))?;
                }
                return self.poll_chunk(cx).map_ok(|()| false);
            }
            if is_decoded {
                return Poll::Ready(Ok(true));
            }
        }
        if let Some(encoding) = self.compressed {
            ready!(self.poll_decompressed(encoding, large, cx))?;
            self.compressed = None;
        }
        self.translate()?;
        Poll::Ready(Ok(true))
    }

    /// Makes protobuf of what is here, if it is something else.
    fn translate(&mut self) -> Result<(), Status> {
        let Some(translation) = &self.translation else {
            return Ok(());
        };
        let mut decoded = Vec::new();
        translation.request(self.bytes(), self.bounds, &mut decoded)?;
        self.expect_memory(decoded.len())?;
        if matches!(self.frame, Location::Partial) {
            self.partial = BytesMut::new();
        }
        self.decoded = decoded;
        self.frame = Location::Decoded;
        Ok(())
    }

    /// Moves on to the next frame in the bytes that are here, if it is whole. It may have to be decompressed.
    fn take_frame(&mut self) -> Result<bool, Status> {
        match self.requests {
            None => {}
            // What was read before is in envelopes now.
            Some(_) if self.taken < self.rewound => {}
            Some(Requests::Whole) => return self.take_body(),
            Some(Requests::Lines) => return self.take_line(),
            Some(Requests::Pieces) => return Ok(self.take_piece()),
        }
        self.fill_partial(PREFIX);
        let rest = if self.partial.is_empty() {
            &self.chunk[self.taken..]
        } else {
            &self.partial[..]
        };
        let Some((prefix, _)) = rest.split_first_chunk::<PREFIX>() else {
            self.keep_partial();
            return Ok(false);
        };
        let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
        let compressed = self.is_compressed(prefix[0])?;
        if length > self.max_size {
            return Err(too_large(&format!(" of {length} bytes"), self.max_size));
        }
        let in_chunk = self.partial.is_empty() && self.chunk.len() - self.taken >= PREFIX + length;
        if !in_chunk {
            self.expect_memory(PREFIX + length)?;
            if length > LARGE {
                // Asked for at once, because a message that has room must not wait for more.
                self.wanted = length + compressed.map_or(0, |_| self.most_decompressed());
            }
        }
        if self.wanted > 0 && !self.room.is_none() && !self.partial.is_empty() {
            // A buffer that doubles would take up to twice as much, and three times while it is moved.
            self.partial
                .reserve((PREFIX + length).saturating_sub(self.partial.len()));
        }
        self.fill_partial(PREFIX + length);
        if self.partial.is_empty() {
            let (start, end) = (self.taken + PREFIX, self.taken + PREFIX + length);
            if end > self.chunk.len() {
                self.keep_partial();
                return Ok(false);
            }
            self.taken = end;
            self.frame = Location::Chunk { start, end };
        } else if self.partial.len() == PREFIX + length {
            self.frame = Location::Partial;
        } else {
            return Ok(false);
        }
        self.compressed = compressed;
        Ok(true)
    }

    /// Moves bytes from the chunk to a frame that began in an earlier one, until the frame has `length` bytes.
    fn fill_partial(&mut self, length: usize) {
        if !self.partial.is_empty() && self.partial.len() < length {
            let rest = &self.chunk[self.taken..];
            let moved = rest.len().min(length - self.partial.len());
            self.partial.extend_from_slice(&rest[..moved]);
            self.taken += moved;
        }
    }

    /// Keeps the start of a frame whose rest is in a later chunk.
    fn keep_partial(&mut self) {
        if self.partial.is_empty() {
            self.partial.extend_from_slice(&self.chunk[self.taken..]);
            self.taken = self.chunk.len();
        }
    }

    /// Waits for more bytes.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        if self.state == State::HalfClosed {
            return Poll::Ready(Ok(()));
        }
        // A client that sends as fast as its call reads would keep the thread.
        let turn = ready!(poll_proceed(cx));
        loop {
            let frame = ready!(self.body.poll_frame(cx));
            turn.made_progress();
            match frame {
                Some(Ok(frame)) => {
                    // gRPC has no trailers of requests.
                    let Ok(data) = frame.into_data() else { continue };
                    if data.has_remaining() {
                        self.received += data.len() as u64;
                        self.chunk = data;
                        self.taken = 0;
                        self.rewound = 0;
                        return Poll::Ready(Ok(()));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Err(error)),
                // hyper ends the body of a stream that was reset as if it were complete. Only HTTP/2's own end of stream
                // is a half-close.
                None if !self.body.was_ended() => return Poll::Ready(Err(gone())),
                // The message is whole now.
                None if self.requests.is_some() => return Poll::Ready(Ok(())),
                None if !self.partial.is_empty() => {
                    let status = Status::new(self.malformed, "the request ended inside a message");
                    return Poll::Ready(Err(status));
                }
                None => {
                    self.state = State::HalfClosed;
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    /// What is wrong with a request, with the code that the protocol of the call has for one that cannot be read.
    #[cold]
    pub(in crate::handler) fn fault(&self, status: Status) -> Status {
        match status.code() {
            Code::Internal => Status::new(self.malformed, status.message()),
            _ => status,
        }
    }

    /// Whether the current message had come before, and comes again.
    pub(in crate::handler) fn is_replayed(&self) -> bool {
        self.taken <= self.rewound && self.rewound > 0
    }

    /// The bytes of the current message.
    #[inline]
    pub(in crate::handler) fn bytes(&self) -> &[u8] {
        match self.frame {
            Location::Chunk { start, end } => &self.chunk[start..end],
            _ => self.bytes_elsewhere(),
        }
    }

    #[inline(never)]
    fn bytes_elsewhere(&self) -> &[u8] {
        match self.frame {
            Location::Partial => &self.partial[PREFIX..],
            Location::Decoded => &self.decoded,
            Location::Chunk { .. } | Location::Nowhere => &[],
        }
    }

    /// Whether the client is known to have half-closed with the current message, as most clients do that send one. After
    /// `false` it may still turn out that no message follows.
    pub(in crate::handler) fn is_last(&self) -> bool {
        self.taken == self.chunk.len() && self.body.is_end_stream()
    }

    /// The current message and its room, for [`put_back`](Self::put_back).
    pub(in crate::handler) fn set_aside(&mut self) -> (Bytes, Room) {
        (self.shared_bytes(), std::mem::take(&mut self.room))
    }

    /// Makes a message the current one again that was set aside.
    pub(in crate::handler) fn put_back(&mut self, (message, room): (Bytes, Room)) {
        self.room = room;
        self.frame = Location::Chunk {
            start: 0,
            end: message.len(),
        };
        self.taken = message.len();
        self.rewound = 0;
        self.chunk = message;
    }

    /// Makes messages the next ones again: all that have come so far, the current one included.
    pub(in crate::handler) fn rewind(&mut self, messages: &[Bytes]) {
        let unread = &self.chunk[self.taken..];
        let length = messages
            .iter()
            .map(|message| PREFIX + message.len())
            .sum::<usize>();
        let mut chunk = BytesMut::with_capacity(length + unread.len());
        for message in messages {
            chunk.put_u8(0);
            chunk.put_u32(message.len() as u32);
            chunk.extend_from_slice(message);
        }
        chunk.extend_from_slice(unread);
        self.chunk = chunk.freeze();
        self.taken = 0;
        self.rewound = length;
        self.partial = BytesMut::new();
        self.decoded = Vec::new();
        self.frame = Location::Nowhere;
        self.messages = 0;
    }

    /// A copy of the current message, to be kept until the call ends. It has memory of its own, so that no large receive
    /// buffer is kept alive by a few bytes in it.
    pub(in crate::handler) fn keep(&mut self) -> Result<Bytes, Status> {
        let cost = self.bytes().len() + KEPT_OVERHEAD;
        self.left = self.left.checked_sub(cost).ok_or_else(|| self.out_of_memory())?;
        Ok(Bytes::copy_from_slice(self.bytes()))
    }

    /// Fails if `bytes` more would be over the call's memory budget.
    pub(in crate::handler) fn expect_memory(&self, bytes: usize) -> Result<(), Status> {
        if bytes > self.left {
            return Err(self.out_of_memory());
        }
        Ok(())
    }

    fn out_of_memory(&self) -> Status {
        Status::resource_exhausted(format!(
            "the call takes more memory than its limit of {} bytes",
            self.max_memory
        ))
    }

    /// The bytes of the current message, shared with the receive buffer if they are whole in it.
    pub(in crate::handler) fn shared_bytes(&mut self) -> Bytes {
        match self.frame {
            Location::Chunk { start, end } => self.chunk.slice(start..end),
            Location::Partial => {
                self.frame = Location::Nowhere;
                self.partial.split().freeze().slice(PREFIX..)
            }
            Location::Decoded => {
                self.frame = Location::Nowhere;
                std::mem::take(&mut self.decoded).into()
            }
            Location::Nowhere => Bytes::new(),
        }
    }
}

fn gone() -> Status {
    Status::cancelled("the client cancelled the call")
}
