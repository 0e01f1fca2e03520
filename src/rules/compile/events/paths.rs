//! The paths through the steps of an event, and what is known at each place on them.

use crate::cel::Value;
use crate::rules::plan::{Op, Steps, ValueTemplate};

/// What is known at a place in the steps about what is sent once, such as the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sent {
    /// On some path to this place it was sent.
    pub(super) maybe: bool,
    /// On every path to this place it was sent.
    pub(super) surely: bool,
}

impl Sent {
    fn or(self, other: Self) -> Self {
        Self {
            maybe: self.maybe || other.maybe,
            surely: self.surely && other.surely,
        }
    }
}

/// What is known before each operation, and at the end, from what is known at the start. Nothing is known about a place that
/// no path reaches.
pub(super) fn known_at(steps: &Steps, start: Sent, sends: impl Fn(&Op) -> bool) -> Vec<Option<Sent>> {
    let mut known: Vec<Option<Sent>> = vec![None; steps.ops.len() + 1];
    known[0] = Some(start);
    let mut changed = vec![0];
    while let Some(at) = changed.pop() {
        let (Some(op), Some(here)) = (steps.ops.get(at), known[at]) else {
            continue;
        };
        let sent = Sent {
            maybe: true,
            surely: true,
        };
        let (next, after) = (at + 1, if sends(op) { sent } else { here });
        for to in successors(op, next).into_iter().flatten() {
            let joined = known[to].map_or(after, |before| before.or(after));
            if known[to] != Some(joined) {
                known[to] = Some(joined);
                changed.push(to);
            }
        }
    }
    known
}

/// The places at which the call can go on after an operation.
fn successors(op: &Op, next: usize) -> [Option<usize>; 2] {
    match op {
        Op::Status(_) => [None, None],
        Op::Jump(to) => [Some(*to), None],
        Op::Unless { to, .. } => [Some(next), Some(*to)],
        Op::Repeat {
            count: ValueTemplate::Constant(Value::Int(count)),
            end,
        } => [Some(if *count > 0 { next } else { *end }), None],
        Op::Repeat { end, .. } | Op::Each { end, .. } => [Some(next), Some(*end)],
        Op::Rows(step) => [Some(step.next), None],
        Op::NextRow { begin, .. } => [Some(begin + 1), Some(next)],
        Op::Next { body, .. } => [Some(*body), Some(next)],
        _ => [Some(next), None],
    }
}
