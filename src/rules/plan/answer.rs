//! A compiled answer: the steps for each event of its session.

use std::sync::Arc;

use super::pause::Pause;
use super::steps::Steps;
use super::text::Text;
use super::value::ValueTemplate;
use crate::cel::Uses;

/// One answer of a rule.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The first values of `state`.
    pub(crate) state: Box<[ValueTemplate]>,
    pub(crate) open: Steps,
    pub(crate) message: Steps,
    pub(crate) half_close: Steps,
    pub(crate) timers: Box<[Timer]>,
    pub(crate) signals: Box<[SignalHandler]>,
    /// The key that signals are compared with: the session handles those with the same key, or with none.
    pub(crate) key: Option<Text>,
    /// Whether `key` reads messages, so that there is none before the first message.
    pub(crate) key_waits: bool,
    /// What its expressions read.
    pub(crate) uses: Uses,
    /// Whether it ends every call with an error as soon as it begins, so that it needs no message.
    pub(crate) refuses: bool,
    /// Whether it reads `request` other than to log it.
    pub(crate) reads_request: bool,
    /// How many places of the loop cache its loops take.
    pub(crate) cached: usize,
    /// Whether an event other than `message` reads `request`, so that the last message must be kept.
    pub(crate) keeps_last: bool,
}

/// Steps that run after a pause, once or repeatedly.
#[derive(Debug)]
pub(crate) struct Timer {
    pub(crate) pause: Pause,
    pub(crate) repeats: bool,
    /// Whether the pause reads messages, so that it begins with the first message.
    pub(crate) waits: bool,
    pub(crate) steps: Steps,
}

/// Steps that run when a signal of that name is raised.
#[derive(Debug)]
pub(crate) struct SignalHandler {
    pub(crate) name: Arc<str>,
    pub(crate) steps: Steps,
}
