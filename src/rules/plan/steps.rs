//! The steps of one event as a flat list of operations with jumps, so that running them needs no stack.
//!
//! Counters and elements of loops are the session's local variables, each at the depth of its loop.

use std::ops::Range;

use super::metadata::Metadata;
use super::pause::Pause;
use super::sample::SampleTemplate;
use super::status::StatusTemplate;
use super::template::Template;
use super::text::Text;
use super::value::ValueTemplate;
use crate::cel::{Program, Type};

/// The steps of one event.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) ops: Box<[Op]>,
    /// Where each operation stands in the file.
    pub(crate) places: Box<[Range<usize>]>,
}

impl Steps {
    /// Whether they end the call with an error and do nothing else for the client: each operation leads to the next one, no
    /// message is sent, and the last is such a status.
    pub(crate) fn refuse(&self) -> bool {
        let Some((Op::Status(status), others)) = self.ops.split_last() else {
            return false;
        };
        let goes_on = |op: &Op| !(op.sends() || op.branches() || matches!(op, Op::Status(_)));
        status.is_error() && others.iter().all(goes_on)
    }
}

impl Op {
    /// Whether it sends a message.
    pub(crate) fn sends(&self) -> bool {
        matches!(self, Self::Send(_) | Self::Sample(_))
    }

    /// Whether the operation after it may be another than the next one in the list.
    pub(crate) fn branches(&self) -> bool {
        matches!(
            self,
            Self::Jump(_)
                | Self::Unless { .. }
                | Self::Repeat { .. }
                | Self::Each { .. }
                | Self::Next { .. }
                | Self::Rows(_)
                | Self::NextRow { .. }
        )
    }
}

/// One operation. Jumps go to an index in the list.
#[derive(Debug)]
pub(crate) enum Op {
    Send(Template),
    /// Sends a made-up message.
    Sample(Box<SampleTemplate>),
    /// Sets one variable of the call that is an int.
    SetInt(Box<IntAssignment>),
    /// Sets variables. All values are computed before the first variable changes.
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
        condition: Box<Program>,
        to: usize,
    },
    /// Begins a loop of `count` rounds; goes on at `end` if there are none.
    Repeat {
        count: ValueTemplate,
        end: usize,
    },
    /// Begins a loop over the elements of a list, or over the keys of a map.
    Each {
        list: Box<Program>,
        /// Whether an element comes with its index, or the value of a map with its key.
        pairs: bool,
        end: usize,
    },
    /// Writes to a collection.
    Store(Box<StoreStep>),
    /// Begins a loop over the messages of a collection; goes on at its [`NextRow`](Self::NextRow).
    Rows(Box<RowsStep>),
    /// Begins the next round of the loop over a collection that begins at `begin`, or goes on after it.
    NextRow {
        begin: usize,
        every: Option<Pause>,
    },
    /// Ends a round: goes back to `body` for the next one, or on.
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
    /// The variable as the rule writes it.
    pub(crate) name: String,
    /// Returns an int.
    pub(crate) program: Program,
    /// What the program adds to the variable, if that is all it does: most variables are counters.
    pub(crate) added: Option<i64>,
}

/// A variable's new value.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) variable: Variable,
    /// The variable as the rule writes it.
    pub(crate) name: String,
    pub(crate) value: ValueTemplate,
    /// Where the variable stands in the file.
    pub(crate) at: usize,
}

/// A variable that a step can set.
#[derive(Debug)]
pub(crate) enum Variable {
    /// A variable of the call: its place in the state, and its type.
    State(usize, Type),
    /// The same, of a rule that declares it beside its answer: it gets its value first, so that all others read it.
    Declared(usize),
    /// A [place of the store](Program::is_place_of_store).
    Store(Program),
}

/// A signal to other calls.
#[derive(Debug)]
pub(crate) struct SignalStep {
    pub(crate) name: Text,
    pub(crate) key: Option<Text>,
}

/// A change of a collection.
#[derive(Debug)]
pub(crate) struct StoreStep {
    /// The place of the collection among those that the rules declare.
    pub(crate) collection: usize,
    pub(crate) change: Change,
}

/// What is changed of a collection.
#[derive(Debug)]
pub(crate) enum Change {
    /// Adds a message. In a collection with a key, it takes the place of the one with the same key.
    Put(Template),
    /// Takes away the message of a key.
    Delete(ValueTemplate),
    /// Takes away all messages.
    Clear,
}

/// A loop over the messages of a collection.
#[derive(Debug)]
pub(crate) struct RowsStep {
    /// Gives [rows](Program::rows).
    pub(crate) list: Program,
    /// Whether a message comes with its position.
    pub(crate) pairs: bool,
    /// The position after which it begins.
    pub(crate) after: Option<ValueTemplate>,
    /// How many rounds there are at most.
    pub(crate) limit: Option<ValueTemplate>,
    /// Whether it waits for messages that are still to be written.
    pub(crate) follow: bool,
    /// The place of its [`NextRow`](Op::NextRow).
    pub(crate) next: usize,
}
