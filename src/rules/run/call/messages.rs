//! The messages of a call.
//!
//! `request` is the message in the call's receive buffer until the buffer moves on; after that it is a copy, if some
//! step still reads it.

use bytes::Bytes;
use tonic::Status;

use crate::handler::Call;
use crate::message::{Bounds, MessageError, Picked, Picker, check, check_and_pick};
use crate::rules::run::method::MethodRules;
use crate::schema::{LayoutId, Layouts};

/// The messages that have come.
#[derive(Debug)]
pub(super) struct Messages<'r> {
    layouts: &'r Layouts,
    layout: LayoutId,
    picker: &'r Picker,
    current: Current,
    /// The picked fields of the current message.
    picked: Picked,
    /// The message that [`Current::Copy`] means.
    copy: Vec<u8>,
    /// How many have come.
    received: u64,
    /// All messages so far, if some expression reads them.
    all: Vec<Bytes>,
    keeps_all: bool,
}

/// Which message `request` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Current {
    /// No message has come: `request` is an empty message.
    None,
    /// The one in the call's receive buffer.
    Frame,
    /// The one in `copy`.
    Copy,
}

impl<'r> Messages<'r> {
    pub(super) fn new(rules: &'r MethodRules) -> Self {
        Self {
            layouts: rules.method.layouts(),
            layout: rules.method.input_layout(),
            picker: &rules.picker,
            current: Current::None,
            picked: rules.picker.picked(),
            copy: Vec::new(),
            received: 0,
            all: Vec::new(),
            keeps_all: rules.uses.requests,
        }
    }

    #[inline]
    pub(super) fn layouts(&self) -> &'r Layouts {
        self.layouts
    }

    /// The current message and its picked fields. `frame` is the contents of the call's receive buffer.
    #[inline]
    pub(super) fn request<'e>(&'e self, frame: &'e [u8]) -> (&'e [u8], &'e Picked) {
        let bytes = match self.current {
            Current::Frame => frame,
            Current::Copy => &self.copy,
            Current::None => &[],
        };
        (bytes, &self.picked)
    }

    /// Whether there is a current message.
    pub(super) fn has_current(&self) -> bool {
        self.current != Current::None
    }

    /// All messages so far; empty unless some expression reads them.
    #[inline]
    pub(super) fn all(&self) -> &[Bytes] {
        &self.all
    }

    /// How many messages have come.
    #[inline]
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Checks the message that has just come, picks the fields that rules read, and makes it the current one.
    #[inline]
    pub(super) fn admit(&mut self, call: &mut Call) -> Result<(), Status> {
        let bounds = call.bounds();
        check_and_pick(
            self.layouts,
            self.picker,
            call.message_bytes(),
            bounds,
            &mut self.picked,
        )
        .map_err(|malformed| call.fault(MessageError::from(malformed)))?;
        self.admitted(call)
    }

    /// Checks the message that has just come, of which nothing is read, and makes it the current one.
    #[inline]
    pub(super) fn admit_unread(&mut self, call: &mut Call) -> Result<(), Status> {
        check(self.layouts, self.layout, call.message_bytes(), call.bounds())
            .map_err(|malformed| call.fault(MessageError::from(malformed)))?;
        self.admitted(call)
    }

    #[inline]
    fn admitted(&mut self, call: &mut Call) -> Result<(), Status> {
        self.received += 1;
        self.current = Current::Frame;
        if self.keeps_all {
            self.all.push(call.keep_message()?);
        }
        Ok(())
    }

    /// Makes a message of an earlier event the current one.
    pub(super) fn take_up(&mut self, message: &[u8], bounds: Bounds) -> Result<(), Status> {
        self.copy.clear();
        self.copy.extend_from_slice(message);
        self.current = Current::Copy;
        check_and_pick(self.layouts, self.picker, message, bounds, &mut self.picked)
            .map_err(MessageError::from)?;
        Ok(())
    }

    /// Makes a message of an earlier event the current one, as if it had just come as the nth.
    pub(super) fn replay(&mut self, message: &[u8], nth: u64, bounds: Bounds) -> Result<(), Status> {
        self.received = nth;
        self.take_up(message, bounds)
    }

    /// Makes these the messages that have come so far.
    pub(super) fn take_up_all(&mut self, messages: &[Bytes]) {
        self.all = messages.to_vec();
        self.received = messages.len() as u64;
    }

    /// From now on there is no current message.
    pub(super) fn clear(&mut self) {
        self.current = Current::None;
    }

    /// Copies the current message for events that come after it, before the receive buffer moves on.
    pub(super) fn keep_message(&mut self, call: &mut Call) {
        if self.current == Current::Frame {
            self.copy.clear();
            self.copy.extend_from_slice(call.message_bytes());
            self.current = Current::Copy;
        }
    }

    /// Forgets a current message that was not copied; `false` if there is none.
    pub(super) fn drop_frame(&mut self) -> bool {
        let dropped = self.current == Current::Frame;
        if dropped {
            self.current = Current::None;
        }
        dropped
    }
}
