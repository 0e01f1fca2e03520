//! The steps of one event as a flat list of operations with jumps, so that running them needs no stack.
//!
//! Counters and elements of loops live in the session's locals, each at the depth of its loop.

use std::ops::Range;

use super::metadata::Metadata;
use super::pause::Pause;
use super::status::StatusTemplate;
use super::template::Template;
use super::text::Text;
use super::value::ValueTemplate;
use crate::cel::{Program, Type};

/// The steps of one event.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) ops: Box<[Op]>,
    /// Where in the file those stand that send a message or a status.
    pub(crate) places: Box<[(usize, Range<usize>)]>,
}

/// One operation. Jumps go to an index in the list.
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
        count: ValueTemplate,
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
    pub(crate) value: ValueTemplate,
}

/// A variable that a step can set.
#[derive(Debug)]
pub(crate) enum Variable {
    /// One of the call's own: its place in the state, and the type that it keeps.
    State(usize, Type),
    /// One that all calls share, by its name.
    Store(ValueTemplate),
}

/// What other calls are told.
#[derive(Debug)]
pub(crate) struct SignalStep {
    pub(crate) name: Text,
    pub(crate) key: Option<Text>,
}
