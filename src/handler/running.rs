//! [`RunningHandler`]: the future of a handler, and everything that can end it early.
//!
//! A deadline, the end of a drain, a panic and who steers the call end it here, whatever the handler does.

use std::future::{Future, pending};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::call_log::CallLog;
use super::expiry::Expiry;
use super::framing::{Finished, ResponseBuffer, ResponseForm, Unmatched, Unsent};
use super::observed::Observed;
use super::room::LargeMessages;
use super::steering::{PushedMessage, Step};
use crate::journal::Headers;
use crate::protocol::{Encoding, PREFIX, Speech};
use crate::schema::Method;

/// A permit for one of the calls that a server takes at a time. It is returned when the call's handler has ended.
pub(crate) type CallPermit = Arc<ServerCalls>;

/// What the calls of a server share. It is held once for each call in flight, which is how those are counted.
#[derive(Debug)]
pub(crate) struct ServerCalls {
    pub(crate) log: Arc<CallLog>,
    pub(crate) large: Arc<LargeMessages>,
}

type Interruption = Pin<Box<dyn Future<Output = Status> + Send>>;

/// A running handler, and everything that can end it early.
pub(super) struct RunningHandler {
    pub(super) future: Pin<Box<dyn Future<Output = Finished> + Send>>,
    pub(super) buffer: ResponseBuffer,
    pub(super) expiry: Expiry,
    /// Waits for `expiry`. Made when the handler first waits, which most never do.
    pub(super) interruption: Option<Interruption>,
    pub(super) method: Arc<Method>,
    pub(super) speech: Speech,
    /// How its messages are compressed.
    pub(super) encoding: Option<Encoding>,
    pub(super) max_send_size: usize,
    /// How many bytes of headers the client takes.
    pub(super) header_limit: u32,
    pub(super) permit: CallPermit,
    /// `None` if nobody observes the call. Dropped after the handler.
    pub(super) observed: Option<Observed>,
}

impl RunningHandler {
    #[inline]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Finished> {
        let finished = ready!(self.poll_handler(cx));
        if self.observed.is_some() || matches!(finished.unmatched, Unmatched::Yes(_)) {
            self.tell(&finished);
        }
        Poll::Ready(finished)
    }

    fn poll_handler(&mut self, cx: &mut Context<'_>) -> Poll<Finished> {
        let entered = self.observed.as_ref().and_then(Observed::begin_turn);
        let future = &mut self.future;
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Ready(finished)) => return Poll::Ready(finished),
            Ok(Poll::Pending) => {}
            Err(_) => {
                tracing::error!(method = self.method.name(), "the handler panicked");
                drop(entered);
                return Poll::Ready(self.end_early(Err(Status::internal("the handler panicked"))));
            }
        }
        drop(entered);
        if self.observed.as_ref().is_some_and(Observed::waits)
            && let Some(status) = self.steered(cx)
        {
            let result = if status.code() == Code::Ok {
                Ok(())
            } else {
                Err(status)
            };
            return Poll::Ready(self.end_early(result));
        }
        let expiry = &self.expiry;
        let status = ready!(
            self.interruption
                .get_or_insert_with(|| Box::pin(expiry.clone().reached()))
                .as_mut()
                .poll(cx)
        );
        Poll::Ready(self.end_early(Err(status)))
    }

    /// Does what others want of the call while its handler waits. Returns the status that it is to end with, if it is.
    #[inline]
    fn steered(&self, cx: &Context<'_>) -> Option<Status> {
        let record = self.observed.as_ref()?.record();
        let mut is_first = true;
        loop {
            let step = record
                .steering
                .next(cx.waker(), || self.buffer.takes_pushed(is_first));
            match step {
                Step::Wait => return None,
                Step::End(status) => return Some(status),
                Step::Send(message) => self.send(message)?,
            }
            is_first = false;
        }
    }

    /// Sends a message of others. `None` if that is not possible now.
    #[cold]
    fn send(&self, pushed: PushedMessage) -> Option<()> {
        let record = self.observed.as_ref()?.record();
        let form = ResponseForm {
            method: &self.method,
            speech: &self.speech,
            encoding: self.encoding,
            max_size: self.max_send_size,
            large: &self.permit.large,
        };
        match self.buffer.push(&pushed.message, form) {
            Ok(false) => {
                record.steering.put_back(pushed);
                return None;
            }
            Ok(true) => {
                record.pushed(&pushed.message);
                pushed.answer(Ok(()));
            }
            Err(status) => pushed.answer(Err(status)),
        }
        Some(())
    }

    /// Tells the log of calls how the handler has ended.
    fn tell(&self, finished: &Finished) {
        match (&self.observed, &finished.unmatched) {
            (Some(observed), unmatched) => {
                self.note_sent(&finished.frames);
                let record = observed.record();
                if let Some(headers) = &finished.headers {
                    record.headers(Headers::Response, headers.as_ref());
                }
                record.headers(Headers::Trailers, finished.trailers.as_ref());
                let is_unmatched = matches!(unmatched, Unmatched::Yes(_));
                record.ended(&finished.result, finished.sent, is_unmatched);
            }
            (None, Unmatched::Yes(peer)) => {
                let log = &self.permit.log;
                log.unmatched(self.method.name(), peer.as_ref(), &finished.result);
            }
            (None, Unmatched::No) => {}
        }
    }

    /// Notes that the client is told this status, whatever the handler has ended with, if it has.
    pub(super) fn refused(&self, status: &Status) {
        if let Some(observed) = &self.observed {
            observed.record().told(status);
        }
    }

    /// The headers, once they are due.
    pub(super) fn take_headers(&self) -> Option<MetadataMap> {
        let headers = self.buffer.take_headers()?;
        if let Some(observed) = &self.observed {
            observed.record().headers(Headers::Response, headers.as_ref());
        }
        Some(headers)
    }

    /// The client is about to learn of the end of the call.
    pub(super) fn ends(&mut self) {
        if let Some(observed) = &mut self.observed {
            observed.ends();
        }
    }

    /// The messages that the handler has flushed since the last call; empty if there are none.
    pub(super) fn take_frames(&self) -> Bytes {
        let (frames, sent) = self.buffer.take_frames();
        if let Some(observed) = &self.observed {
            observed.record().sent(sent);
        }
        self.note_sent(&frames);
        frames
    }

    /// Tells the log of calls of what is sent. What stands before a message that is the whole body is not.
    fn note_sent(&self, frames: &Bytes) {
        if let Some(observed) = &self.observed {
            let left_out = if self.speech.is_whole() { PREFIX } else { 0 };
            observed
                .record()
                .sent_bytes(frames.len().saturating_sub(left_out));
        }
    }

    /// Drops the handler. The messages that it has flushed are still sent, and the metadata that it has set.
    fn end_early(&mut self, result: Result<(), Status>) -> Finished {
        let handler: Pin<Box<dyn Future<Output = Finished> + Send>> =
            mem::replace(&mut self.future, Box::pin(pending()));
        if catch_unwind(AssertUnwindSafe(|| drop(handler))).is_err() {
            tracing::error!(
                method = self.method.name(),
                "the handler panicked when it was dropped"
            );
        }
        let (frames, _) = self.buffer.take_frames();
        let Unsent {
            headers,
            sets_headers,
            trailers,
        } = self.buffer.take_unsent();
        Finished {
            result,
            headers,
            sets_headers,
            frames,
            trailers,
            sent: 0,
            unmatched: Unmatched::No,
        }
    }
}

/// A handler that is dropped before it has ended was cancelled, if its time was not over.
impl Drop for RunningHandler {
    fn drop(&mut self) {
        if let Some(observed) = &self.observed
            && !observed.record().is_over()
            && observed.record().code().is_none()
        {
            let ended = observed.record().steering.take_end();
            // With OK it has not ended: the client has not read that.
            let ended = ended.filter(|status| status.code() != Code::Ok);
            if let Some(status) = ended.or_else(|| self.expiry.status()) {
                observed.record().ended(&Err(status), 0, false);
            }
        }
    }
}
