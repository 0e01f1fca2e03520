//! A rule compiled: what decides whether it answers, and a program for each event of its session.
//!
//! A program is a flat list of operations with jumps, so that a session needs no stack to run it. Counters and
//! elements of loops live in the session's locals, each at the depth of its loop.

use std::ops::Range;
use std::sync::Arc;

use tonic::metadata::AsciiMetadataValue;

use super::compiler::union;
use super::condition::{Condition, Stage};
use super::metadata::Metadata;
use super::pause::Pause;
use super::source::Source;
use super::status::StatusTemplate;
use super::template::Template;
use super::text::Text;
use super::times::Times;
use crate::cel::{Program, Type, Uses};

/// One rule, for one method.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: Arc<str>,
    /// The name as the `protod-rule` header carries it.
    pub(crate) header: AsciiMetadataValue,
    pub(crate) priority: i64,
    pub(crate) condition: Condition,
    pub(crate) times: Option<Times>,
    /// The first values of `state`.
    pub(crate) state: Box<[Source]>,
    pub(crate) open: Plan,
    pub(crate) message: Plan,
    pub(crate) half_close: Plan,
    pub(crate) timers: Box<[Timer]>,
    pub(crate) signals: Box<[SignalPlan]>,
    /// What its signals are for: only those with the same key, or with none, are taken.
    pub(crate) key: Option<Text>,
    /// What the programs of its session look at.
    pub(crate) uses: Uses,
    /// Whether its session reads `request` for more than to log it.
    pub(crate) reads_request: bool,
    /// How many [memos](super::template::Memos) its loops take.
    pub(crate) memos: usize,
    /// Whether something other than a `message` event reads `request`: the last message is kept for it.
    pub(crate) keeps_last: bool,
}

impl Rule {
    /// What its conditions and its session look at.
    pub(crate) fn all_uses(&self) -> Uses {
        let when = self
            .condition
            .when
            .as_ref()
            .map(|when| when.program.uses())
            .unwrap_or_default();
        let scope = self.times.as_ref().and_then(|times| times.scope.as_ref());
        let scope = scope.map(Program::uses).unwrap_or_default();
        let mut uses = union(union(self.uses, when), scope);
        // A rule that is decided at half-close gets its messages again afterwards.
        uses.requests |= self.condition.stage == Stage::HalfClose;
        uses
    }
}

/// Steps that run again and again, or once, after a while.
#[derive(Debug)]
pub(crate) struct Timer {
    pub(crate) pause: Pause,
    pub(crate) repeats: bool,
    pub(crate) plan: Plan,
}

/// Steps that run when a signal of that name is raised.
#[derive(Debug)]
pub(crate) struct SignalPlan {
    pub(crate) name: Arc<str>,
    pub(crate) plan: Plan,
}

/// The steps of one event.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) ops: Box<[Op]>,
    /// Where in the file those stand that send a message or a status.
    pub(crate) places: Box<[(usize, Range<usize>)]>,
}

/// One operation. Jumps go to an index in the plan.
#[derive(Debug)]
pub(crate) enum Op {
    Send(Template),
    /// Changes one variable of the call that is an int.
    SetInt(Box<IntAssignment>),
    /// All of its values are taken before the first is changed.
    Set(Box<[Assignment]>),
    Wait(Pause),
    Log(Text),
    Headers(Metadata),
    Trailers(Metadata),
    FlushHeaders,
    Status(Box<StatusTemplate>),
    Signal(Box<SignalStep>),
    Jump(usize),
    /// Goes on at `to` if the condition does not hold.
    Unless {
        condition: Program,
        to: usize,
    },
    /// Begins a loop with so many rounds; goes on at `end` if there are none.
    Repeat {
        count: Source,
        end: usize,
    },
    /// Begins a loop over the elements of a list.
    Each {
        list: Program,
        end: usize,
    },
    /// Ends a round: back to `body` for the next, or on.
    Next {
        body: usize,
        every: Option<Pause>,
    },
}

/// The new value of an int.
#[derive(Debug)]
pub(crate) struct IntAssignment {
    /// The variable's place in the state.
    pub(crate) place: usize,
    /// As the rule writes it.
    pub(crate) name: String,
    /// Gives an int.
    pub(crate) program: Program,
    /// What the program adds to the variable, if that is all it does: most variables count something.
    pub(crate) added: Option<i64>,
}

/// A variable's new value.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) variable: Variable,
    /// As the rule writes it.
    pub(crate) name: String,
    pub(crate) value: Source,
}

/// A variable that a step can set.
#[derive(Debug)]
pub(crate) enum Variable {
    /// One of the call's own: its place in the state, and the type that it keeps.
    State(usize, Type),
    /// One that all calls share, by its name.
    Store(Source),
}

/// What other calls are told.
#[derive(Debug)]
pub(crate) struct SignalStep {
    pub(crate) name: Text,
    pub(crate) key: Option<Text>,
}
