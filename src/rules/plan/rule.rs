//! A compiled rule: what decides whether it answers, and how it does.

use std::sync::Arc;
use std::time::Duration;

use tonic::metadata::AsciiMetadataValue;

use super::answer::Answer;
use super::condition::{Condition, Stage};
use crate::cel::{Program, Uses};
use crate::error::SourceText;
use crate::throttle::Throttle;

/// One rule, for one method.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: RuleId,
    /// The name that people see.
    pub(crate) name: Arc<str>,
    /// The name as the `protod-rule` header carries it.
    pub(crate) header: AsciiMetadataValue,
    pub(crate) priority: i64,
    pub(crate) condition: Condition,
    /// The chance that it matches a call for which its condition holds. `None` if it always does.
    pub(crate) chance: Option<f64>,
    /// `None` if its calls need not be counted.
    pub(crate) counting: Option<Box<Counting>>,
    /// Whether it answers no call: `open` of its one answer has all that it does, and the next rule that matches answers.
    pub(crate) passes: bool,
    /// Whether requests are validated from then on, if it says so and the server validates any.
    pub(crate) validate: Option<bool>,
    /// How it answers: one or more, in turn.
    pub(crate) answers: Box<[Answer]>,
    pub(crate) after: After,
    /// What the log says of it. The methods of the rule share it.
    pub(crate) log: Arc<RuleLog>,
}

/// Where a rule stands, and how often its failures are logged.
#[derive(Debug)]
pub(crate) struct RuleLog {
    source: SourceText,
    /// Where the rule begins in the file.
    at: usize,
    /// Holds back lines that say that its condition failed.
    pub(crate) conditions: Throttle,
    /// Holds back lines that say that its answer failed.
    pub(crate) answers: Throttle,
}

impl RuleLog {
    pub(crate) fn new(source: SourceText, at: usize) -> Self {
        const PERIOD: Duration = Duration::from_mins(1);
        Self {
            source,
            at,
            conditions: Throttle::new(PERIOD),
            answers: Throttle::of_lines(10, PERIOD),
        }
    }

    /// The name of its file, and where it begins there.
    pub(crate) fn begin(&self) -> (&str, usize) {
        (self.source.name(), self.at)
    }

    /// A place in the rule's file, or that of the rule: `shop.rules.yaml:12:5`.
    pub(crate) fn place(&self, at: Option<usize>) -> String {
        let name = self.source.name();
        match self.source.position(at.unwrap_or(self.at)) {
            Some((line, column)) => format!("{name}:{line}:{column}"),
            None => name.to_owned(),
        }
    }
}

/// How a rule is recognised when its file is loaded again.
///
/// A named rule keeps its identity for as long as it keeps its name, whatever is edited in it. A rule without a name
/// is recognised by its content, so that edits elsewhere in the file do not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum RuleId {
    Named {
        file: Arc<str>,
        name: Arc<str>,
    },
    Unnamed {
        file: Arc<str>,
        /// A hash of everything that is written in the rule.
        content: u64,
        /// Its place among the rules of the file with the same content, from 0.
        ordinal: usize,
    },
}

/// How the calls that a rule answers are counted.
#[derive(Debug)]
pub(crate) struct Counting {
    /// How many it answers. `None` if there is no limit.
    pub(crate) limit: Option<u64>,
    /// Calls are counted apart for each of its values.
    pub(crate) scope: Option<Program>,
    /// Where the scope stands in the file.
    pub(crate) scope_at: Option<usize>,
}

/// What comes after the last of several answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// The last one again.
    Stay,
    /// The first one again.
    Cycle,
    /// The next rule that matches.
    Next,
}

/// What two loads are compared by, to list the rules that changed.
#[derive(Debug, Clone)]
pub(crate) struct Outline {
    pub(crate) name: Arc<str>,
    /// A hash of everything that is written in the rule, and of nothing around it.
    pub(crate) content: u64,
}

impl Rule {
    /// Whether it answers every call.
    pub(crate) fn is_unconditional(&self) -> bool {
        self.condition.is_always() && self.chance.is_none() && self.counting.is_none() && !self.passes
    }

    /// Whether it ends every call that it answers with an error, and looks at no request to do so: by the begin of the call
    /// all is decided.
    pub(crate) fn refuses(&self) -> bool {
        self.condition.stage == Stage::Open && self.answers.iter().all(|answer| answer.refuses)
    }

    /// The answer to the call that is counted as this one, from 1.
    pub(crate) fn answer(&self, count: u64) -> &Answer {
        let answers = self.answers.len();
        let before = usize::try_from(count.saturating_sub(1)).unwrap_or(usize::MAX);
        match self.after {
            After::Cycle => &self.answers[before % answers],
            After::Stay | After::Next => &self.answers[before.min(answers - 1)],
        }
    }

    /// What its conditions read, and what its calls are counted apart by.
    pub(crate) fn choice_uses(&self) -> Uses {
        let when = self
            .condition
            .when
            .as_ref()
            .map(|when| when.program.uses())
            .unwrap_or_default();
        let scope = self
            .counting
            .as_ref()
            .and_then(|counting| counting.scope.as_ref());
        when | scope.map(Program::uses).unwrap_or_default()
    }

    /// What its conditions and its answers read.
    pub(crate) fn all_uses(&self) -> Uses {
        let answers = self.answers.iter().map(|answer| answer.uses);
        let mut uses = answers.fold(self.choice_uses(), |all, uses| all | uses);
        uses.volatile |= self.chance.is_some();
        // The messages of a rule that is decided at half-close are replayed to its session.
        uses.requests |= self.condition.stage == Stage::HalfClose;
        uses
    }
}
