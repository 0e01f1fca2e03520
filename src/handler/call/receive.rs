//! How a message is waited for, checked, and noted in the record of its call.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use tonic::Status;

use super::{Call, Core, Single};
use crate::handler::lane::Lane;
use crate::handler::request_check::{Effort, Refusal};
use crate::journal::Direction;

impl<In, Out> Call<In, Out> {
    /// Waits for the next message, whose bytes, not checked yet, are then in [`message_bytes`](Self::message_bytes).
    /// Returns `false` at half-close. What was written before is sent while this waits.
    #[inline]
    pub(crate) async fn next_message(&mut self) -> Result<bool, Status> {
        // If the future before this one was dropped during a check, its message is still to be checked.
        if !self.core.checks.is_begun() {
            let next = if self.core.method.is_client_streaming() {
                poll_fn(|cx| self.poll_incoming(cx)).await?
            } else {
                poll_fn(|cx| self.poll_single(cx)).await?
            };
            if !next || !self.core.checks.begin() {
                return Ok(next);
            }
        }
        let checked = self.check_message().await;
        self.core.checks.finish();
        checked.map(|()| true)
    }

    /// Checks the message that has come, if messages are checked.
    #[inline]
    pub(crate) async fn check_message(&mut self) -> Result<(), Status> {
        match self.checked(Effort::Turn) {
            Ok(()) => Ok(()),
            Err(Refusal::Status(status)) => Err(status),
            // Boxed, so that the futures of other calls are not larger for it.
            Err(Refusal::TooCostly(_)) => Box::pin(self.check_in_lane()).await,
        }
    }

    fn checked(&self, effort: Effort) -> Result<(), Refusal> {
        let core = &self.core;
        core.checks
            .check(&core.method, core.bounds, &core.incoming, effort)
    }

    /// Checks a message with all that a check may cost.
    async fn check_in_lane(&mut self) -> Result<(), Status> {
        self.flush();
        let _lane = Lane::enter().await;
        Lane::run(|| self.checked(Effort::All)).map_err(Refusal::into_status)
    }

    #[inline]
    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Status>> {
        let next = self.core.incoming.poll_next(&self.core.large, cx);
        self.core.note_received();
        match next {
            Poll::Pending => self.core.outgoing.flush(),
            Poll::Ready(Ok(true)) if self.core.keeps_requests => self.core.keep_request(),
            Poll::Ready(_) => {}
        }
        next
    }

    /// The one message of a unary or server-streaming call, which is whole only when the client has half-closed.
    fn poll_single(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Status>> {
        if let Single::Received = self.core.single {
            return Poll::Ready(Ok(false));
        }
        if let Single::Awaited = self.core.single {
            if !ready!(self.poll_incoming(cx))? {
                return Poll::Ready(Err(Status::unimplemented(
                    "the client sent no message, and the method takes one",
                )));
            }
            if self.core.incoming.is_last() {
                self.core.single = Single::Received;
                return Poll::Ready(Ok(true));
            }
            self.core.single = Single::Arrived(self.core.incoming.set_aside());
        }
        if ready!(self.poll_incoming(cx))? {
            self.core.single = Single::Received;
            return Poll::Ready(Err(Status::unimplemented(
                "the client sent a second message, and the method takes one",
            )));
        }
        if let Single::Arrived(message) = std::mem::replace(&mut self.core.single, Single::Received) {
            self.core.incoming.put_back(message);
        }
        Poll::Ready(Ok(true))
    }
}

impl Core {
    /// Notes what has come so far.
    #[inline]
    pub(super) fn note_received(&self) {
        if let Some(record) = &self.record {
            record.received(self.incoming.messages, self.incoming.received);
        }
    }

    /// Keeps the message that has come for the journal.
    #[cold]
    pub(super) fn keep_request(&mut self) {
        if let Some(record) = &self.record
            && !self.incoming.is_replayed()
        {
            self.keeps_requests = record.message(Direction::Request, self.incoming.bytes());
        }
    }
}
