//! The rule that was chosen to answer a call.

use crate::rules::plan::Rule;

/// The rule that answers a call, if one does.
#[derive(Debug, Clone, Copy)]
pub(in crate::rules::run) struct Choice<'r> {
    pub(in crate::rules::run) rule: Option<&'r Rule>,
    /// What had come when it was chosen.
    pub(in crate::rules::run) come: Come,
}

/// What has come of the messages of a call.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::rules::run) struct Come {
    /// Whether the first message is the current one already.
    pub(in crate::rules::run) first: bool,
    /// Whether all messages have come. If there are any, they are the session's `requests` then.
    pub(in crate::rules::run) all: bool,
}

impl<'r> Choice<'r> {
    /// Chosen before any message has come.
    pub(in crate::rules::run) fn at_once(rule: &'r Rule) -> Self {
        Self {
            rule: Some(rule),
            come: Come::default(),
        }
    }
}
