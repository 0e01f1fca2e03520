//! The rule that was chosen to answer a call.

use crate::rules::plan::{Answer, Rule};

/// The rule that answers a call, if one does.
#[derive(Debug, Clone, Copy)]
pub(in crate::rules::run) struct Choice<'r> {
    pub(in crate::rules::run) chosen: Option<Chosen<'r>>,
    /// What had come when it was chosen.
    pub(in crate::rules::run) come: Come,
}

/// A rule, and which of its answers is due.
#[derive(Debug, Clone, Copy)]
pub(in crate::rules::run) struct Chosen<'r> {
    /// The place of the rule.
    pub(in crate::rules::run) at: usize,
    pub(in crate::rules::run) rule: &'r Rule,
    pub(in crate::rules::run) answer: &'r Answer,
}

/// What has come of the messages of a call.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::rules::run) struct Come {
    /// Whether the first message is the current one already.
    pub(in crate::rules::run) first: bool,
    /// Whether all messages have come. If there are any, they are the execution's `requests` then.
    pub(in crate::rules::run) all: bool,
}

impl<'r> Choice<'r> {
    /// The first rule, which is chosen by what is known when the call begins.
    pub(in crate::rules::run) fn at_begin(rule: &'r Rule, come: Come) -> Self {
        let answer = rule.answer(1);
        Self {
            chosen: Some(Chosen { at: 0, rule, answer }),
            come,
        }
    }
}
