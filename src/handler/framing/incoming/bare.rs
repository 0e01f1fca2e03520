//! Messages that stand in a body without envelopes: one that is the whole body, one a line, or one a piece.
//!
//! Nobody says how long they are, so what has come of one is kept behind a prefix that is not there, as if it were a frame.

use tonic::Status;

use super::{Incoming, Location, State};
use crate::handler::room::LARGE;
use crate::protocol::{PREFIX, too_large};

impl Incoming {
    /// Takes what has come for the one message that the body is, if all of it has.
    pub(super) fn take_body(&mut self) -> Result<bool, Status> {
        let length = self.kept() + self.chunk.len() - self.taken;
        let expected = self.body.size_hint();
        let expected = expected.exact().unwrap_or(expected.lower()) as usize;
        if length.saturating_add(expected) > self.max_size {
            return Err(too_large("", self.max_size));
        }
        if !self.body.was_ended() {
            self.keep_part(length, expected)?;
            return Ok(false);
        }
        // Another message never comes.
        self.requests = None;
        self.compressed = self.encoding.filter(|_| length > 0);
        if self.partial.is_empty() {
            self.frame = Location::Chunk {
                start: self.taken,
                end: self.chunk.len(),
            };
        } else {
            self.partial.extend_from_slice(&self.chunk[self.taken..]);
            self.frame = Location::Partial;
        }
        self.taken = self.chunk.len();
        if self.compressed.is_none() {
            // It was taken for a message whose length was not known.
            self.room.shrink(length);
        }
        Ok(true)
    }

    /// Takes the next line that is not blank, if all of it has come.
    pub(super) fn take_line(&mut self) -> Result<bool, Status> {
        loop {
            let rest = &self.chunk[self.taken..];
            let newline = rest.iter().position(|byte| *byte == b'\n');
            let length = self.kept() + newline.unwrap_or(rest.len());
            if length > self.max_size {
                return Err(too_large("", self.max_size));
            }
            let (line, next) = match newline {
                Some(end) => (self.taken..self.taken + end, self.taken + end + 1),
                None if self.body.was_ended() && length > 0 => {
                    (self.taken..self.chunk.len(), self.chunk.len())
                }
                None if self.body.was_ended() => {
                    self.state = State::HalfClosed;
                    return Ok(false);
                }
                None => {
                    self.keep_part(length, 0)?;
                    return Ok(false);
                }
            };
            self.taken = next;
            if self.partial.is_empty() {
                if self.chunk[line.clone()].iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                self.frame = Location::Chunk {
                    start: line.start,
                    end: line.end,
                };
                return Ok(true);
            }
            self.partial.extend_from_slice(&self.chunk[line]);
            if self.partial[PREFIX..].iter().all(u8::is_ascii_whitespace) {
                self.partial.clear();
                continue;
            }
            self.frame = Location::Partial;
            return Ok(true);
        }
    }

    /// How many bytes of the next message were kept.
    fn kept(&self) -> usize {
        self.partial.len().saturating_sub(PREFIX)
    }

    /// Keeps what has come of a message that is not whole: `length` bytes of it are here, and at least as many are still to
    /// come as `expected`.
    fn keep_part(&mut self, length: usize, expected: usize) -> Result<(), Status> {
        let known = length + expected;
        self.expect_memory(PREFIX + known)?;
        if known > LARGE {
            // Asked for at once, because a message that has room must not wait for more.
            let most = self.most_decompressed();
            let length = if expected > 0 { known } else { most };
            self.wanted = length + self.encoding.map_or(0, |_| most);
        }
        if self.partial.is_empty() && length > 0 {
            self.partial.extend_from_slice(&[0; PREFIX]);
        }
        self.partial.extend_from_slice(&self.chunk[self.taken..]);
        self.taken = self.chunk.len();
        Ok(())
    }

    /// Takes what has come of the body for a message. Without any there is an empty one.
    pub(super) fn take_piece(&mut self) -> bool {
        let start = self.taken;
        let end = self.chunk.len().min(start.saturating_add(self.max_size));
        let has_ended = start == end && self.body.was_ended();
        if has_ended && self.messages > 0 {
            self.state = State::HalfClosed;
        }
        if (start == end && !has_ended) || self.state == State::HalfClosed {
            return false;
        }
        self.taken = end;
        self.frame = Location::Chunk { start, end };
        true
    }
}
