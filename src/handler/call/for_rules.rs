//! What rules do with a call beyond what handlers can: they read the bytes of a message where they were received, write their
//! responses into the buffer that is sent, and tell who they are.

use std::sync::Arc;

use bytes::Bytes;
use http::{Extensions, HeaderMap};
use tonic::Status;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};

use super::{Call, Single};
use crate::handler::framing::{MessageWriter, Unmatched};
use crate::journal::Redaction;
use crate::message::Bounds;

impl<In, Out> Call<In, Out> {
    /// Adds a header that tells about the answer, and is no part of it. If the call fails without a message, it is sent with
    /// the trailers unless there are other headers: it must not make a difference to the client.
    pub(crate) fn label(&mut self, key: &AsciiMetadataKey, value: AsciiMetadataValue) {
        self.core.outgoing.label(key, value);
    }

    /// Notes which rule answers, for the log of calls.
    #[inline]
    pub(crate) fn answered_by(&self, rule: &Arc<str>) {
        if let Some(record) = &self.core.record {
            record.answered_by(rule);
        }
    }

    /// What is not to be seen of the call.
    pub(crate) fn redaction(&self) -> Arc<Redaction> {
        let record = self.core.record.as_ref();
        record.and_then(|record| record.redaction()).unwrap_or_default()
    }

    /// Notes that no rule answers, for the log of calls.
    pub(crate) fn unmatched(&mut self) {
        self.core.outgoing.unmatched = Unmatched::Yes(self.core.peer.clone());
    }

    /// What is wrong with the message that has come, as the protocol of the call has it.
    #[cold]
    pub(crate) fn fault(&self, error: impl Into<Status>) -> Status {
        self.core.incoming.fault(error.into())
    }

    /// The extensions of the request, for what rules note of the call.
    pub(crate) fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.core.extensions
    }

    /// Whether the client sends one message, which is checked.
    #[inline]
    pub(crate) fn checks_single_request(&self) -> bool {
        self.core.checks.are_on() && !self.core.method.is_client_streaming()
    }

    /// From now on the handler asks for the [check](Self::check_message) of each message itself, which is well formed then.
    pub(crate) fn hold_checks(&mut self) {
        self.core.checks.hold();
    }

    /// From now on each message is checked when it comes, or none is.
    pub(crate) fn set_checks(&mut self, on: bool) {
        self.core.checks.set(on);
    }

    /// Moves on to the next message if it is here already, whole and not compressed. `false` means only that
    /// [`next_message`](Self::next_message) must be asked.
    #[inline]
    pub(crate) fn next_message_at_once(&mut self) -> bool {
        let has_come = self.core.method.is_client_streaming()
            && !self.core.checks.are_on()
            && self.core.incoming.next_at_once();
        if has_come && self.core.keeps_requests {
            self.core.keep_request();
        }
        has_come
    }

    /// The bytes of the message that [`next_message`](Self::next_message) waited for.
    #[inline]
    pub(crate) fn message_bytes(&self) -> &[u8] {
        self.core.incoming.bytes()
    }

    /// All that a rule reads and writes at once: the current message, the client's headers, and the writer of responses.
    #[inline]
    pub(crate) fn split_mut(&mut self) -> (&[u8], &HeaderMap, MessageWriter<'_>) {
        (
            self.core.incoming.bytes(),
            self.core.metadata.as_ref(),
            self.core.outgoing.writer(Some(&self.core.large)),
        )
    }

    /// A copy of the current message, to be kept until the call ends. Counts against its memory budget.
    pub(crate) fn keep_message(&mut self) -> Result<Bytes, Status> {
        self.core.incoming.keep()
    }

    /// Makes all messages that have come the next ones again, for another handler.
    pub(crate) fn rewind(&mut self, messages: &[Bytes]) {
        self.core.incoming.rewind(messages);
        self.core.single = Single::Awaited;
    }

    /// Fails if `bytes` more would be over the call's memory budget.
    pub(crate) fn expect_memory(&self, bytes: usize) -> Result<(), Status> {
        self.core.incoming.expect_memory(bytes)
    }

    /// How many messages have been sent.
    pub(crate) fn sent(&self) -> u64 {
        self.core.outgoing.sent
    }

    /// Writes responses.
    #[inline]
    pub(crate) fn writer(&mut self) -> MessageWriter<'_> {
        self.core.outgoing.writer(Some(&self.core.large))
    }

    /// Whether enough was written to wait for the transport.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.core.outgoing.is_full()
    }

    /// How much a message may hold.
    pub(crate) fn bounds(&self) -> Bounds {
        self.core.bounds
    }
}
