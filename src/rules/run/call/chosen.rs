//! The rule that was chosen to answer a call.

use crate::rules::plan::Rule;

/// A rule that answers, and what has come when it was chosen.
#[derive(Clone, Copy)]
pub(in crate::rules::run) struct Chosen<'r> {
    pub(in crate::rules::run) rule: &'r Rule,
    /// Whether the first message is the current one already.
    pub(in crate::rules::run) first: bool,
    /// Whether all messages have come. They are the session's `requests` then.
    pub(in crate::rules::run) all: bool,
}

impl<'r> Chosen<'r> {
    /// Chosen before any message has come.
    pub(in crate::rules::run) fn at_once(rule: &'r Rule) -> Self {
        Self {
            rule,
            first: false,
            all: false,
        }
    }
}
