//! Messages that others than the handler send into the response of a call.
//!
//! They go between the messages of the handler, while it waits and everything that it wrote is in the [`ResponseBuffer`].

use std::sync::Arc;

use tonic::Status;

use super::outgoing::{FULL, Outgoing};
use super::response_buffer::ResponseBuffer;
use super::translation::Translation;
use crate::handler::room::LargeMessages;
use crate::protocol::{Encoding, Speech};
use crate::schema::Method;

/// How the messages of a response are written.
#[derive(Debug, Clone, Copy)]
pub(in crate::handler) struct ResponseForm<'c> {
    pub(in crate::handler) method: &'c Arc<Method>,
    pub(in crate::handler) speech: &'c Speech,
    pub(in crate::handler) encoding: Option<Encoding>,
    pub(in crate::handler) max_size: usize,
    pub(in crate::handler) large: &'c LargeMessages,
}

impl ResponseBuffer {
    /// Whether another message of others can go in before the transport takes what is there. The handler must not be in the
    /// middle of its headers.
    pub(in crate::handler) fn takes_pushed(&self, is_first: bool) -> bool {
        let contents = self.lock();
        !contents.are_out && (is_first || contents.frames.len() < FULL)
    }

    /// Appends a message, which must be one of the method's output type. With it the headers are due. Returns whether it was
    /// possible: the handler may have begun to write.
    ///
    /// Fails if it is too large, or cannot be written in the form.
    pub(in crate::handler) fn push(&self, message: &[u8], form: ResponseForm<'_>) -> Result<bool, Status> {
        let translation = Translation::of(form.speech, form.method);
        let (mut outgoing, _) = Outgoing::new(form.method, translation, form.encoding, form.max_size, None);
        let written = outgoing.writer(Some(form.large)).write(|frame| {
            frame.extend_from_slice(message);
            Ok::<_, Status>(())
        });
        let (frames, room) = outgoing.into_frames();
        written?;
        let mut contents = self.lock();
        if contents.are_out {
            return Ok(false);
        }
        contents.room.join(room);
        if contents.frames.is_empty() {
            contents.frames = frames;
        } else {
            contents.frames.extend_from_slice(&frames);
        }
        contents.headers.are_due();
        Ok(true)
    }
}
