//! A compiled rule: what decides whether it answers, and the steps for each event of its session.

use std::sync::Arc;

use tonic::metadata::AsciiMetadataValue;

use super::condition::{Condition, Stage};
use super::pause::Pause;
use super::steps::Steps;
use super::text::Text;
use super::value::ValueTemplate;
use crate::cel::{Program, Uses};
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
    pub(crate) times: Option<Times>,
    /// Whether it answers no call: `open` has all that it does, and the next rule that matches answers.
    pub(crate) passes: bool,
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
    /// Held back are the lines that say that its condition failed. The methods of the rule share it.
    pub(crate) failures: Arc<Throttle>,
    /// What the expressions of its session read.
    pub(crate) uses: Uses,
    /// Whether its session reads `request` other than to log it.
    pub(crate) reads_request: bool,
    /// How many places of the loop cache its loops take.
    pub(crate) cached: usize,
    /// Whether an event other than `message` reads `request`, so that the last message must be kept.
    pub(crate) keeps_last: bool,
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

/// A limit on how many calls a rule answers.
#[derive(Debug)]
pub(crate) struct Times {
    pub(crate) limit: u64,
    /// Calls are counted apart for each of its values.
    pub(crate) scope: Option<Program>,
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
        self.condition.is_always() && self.chance.is_none() && self.times.is_none() && !self.passes
    }

    /// What its conditions and its session read.
    pub(crate) fn all_uses(&self) -> Uses {
        let when = self
            .condition
            .when
            .as_ref()
            .map(|when| when.program.uses())
            .unwrap_or_default();
        let scope = self.times.as_ref().and_then(|times| times.scope.as_ref());
        let scope = scope.map(Program::uses).unwrap_or_default();
        let mut uses = self.uses | when | scope;
        uses.volatile |= self.chance.is_some();
        // The messages of a rule that is decided at half-close are replayed to its session.
        uses.requests |= self.condition.stage == Stage::HalfClose;
        uses
    }
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
