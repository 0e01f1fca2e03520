//! Tells at load of `headers` that come too late: they are sent with the first message, or by `flush`, and setting them after
//! that ends the call with INTERNAL.
//!
//! What is too late on every path that reaches it is a problem. What is too late from the second message or the second round
//! of a loop on is a warning.

use std::ops::Range;

use super::paths::{Sent, known_at};
use crate::cel::Value;
use crate::error::Problem;
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::plan::{Answer, Op, Steps, ValueTemplate};

const HINT: &str = "put it before the first `send`, or make it `trailers`, which are sent at the end";

/// Adds a problem or a warning for each step that sets headers after they are sent.
pub(in crate::rules::compile) fn check(
    compiler: &mut RuleCompiler<'_>,
    client_streaming: bool,
    answer: &Answer,
) {
    let opened = follow(compiler, &answer.open, false);
    let after = follow(compiler, &answer.message, opened);
    if client_streaming && after && !opened {
        for at in answer.message.ops.iter().enumerate().filter_map(headers_at) {
            if !branches(&answer.message.ops[..at]) {
                let message = "from the second message on, the headers are sent already";
                let hint = "put it under `open`, or give it `when: received == 1`";
                warn(compiler, answer.message.places[at].clone(), message, hint);
            }
        }
    }
    // A client that streams may send no message at all.
    follow(compiler, &answer.half_close, opened || after && !client_streaming);
    let timers = answer.timers.iter().map(|timer| &timer.steps);
    let signals = answer.signals.iter().map(|signal| &signal.steps);
    for steps in timers.chain(signals) {
        follow(compiler, steps, opened);
    }
}

/// Follows the operations of an event; takes whether the headers are surely sent at their start, and returns whether they are
/// at their end.
fn follow(compiler: &mut RuleCompiler<'_>, steps: &Steps, sent: bool) -> bool {
    let start = Sent {
        maybe: true,
        surely: sent,
    };
    let known = known_at(steps, start, |op| op.sends() || matches!(op, Op::FlushHeaders));
    let is_late = |at: usize| known[at].is_some_and(|known| known.surely);
    for at in steps.ops.iter().enumerate().filter_map(headers_at) {
        let place = steps.places[at].clone();
        if is_late(at) {
            let message = "the headers are sent already when this sets some";
            compiler.add(place, message, Some(HINT.to_owned()));
        } else if is_late_in_next_round(steps, at, is_late) {
            let message = "from the second round on, the headers are sent already";
            warn(compiler, place, message, "put it before the loop");
        }
    }
    is_late(steps.ops.len())
}

/// Whether each round of a loop around the operation begins with it and sends something.
fn is_late_in_next_round(steps: &Steps, at: usize, is_late: impl Fn(usize) -> bool) -> bool {
    steps.ops.iter().enumerate().skip(at).any(|(next, op)| {
        let body = match op {
            Op::Next { body, .. } => body,
            Op::NextRow { begin, .. } => &(begin + 1),
            _ => return false,
        };
        let begin = body.checked_sub(1).and_then(|begin| steps.ops.get(begin));
        let is_once = matches!(
            begin,
            Some(Op::Repeat { count: ValueTemplate::Constant(Value::Int(count)), .. }) if *count <= 1
        );
        *body <= at && !is_once && is_late(next) && !branches(&steps.ops[*body..at])
    })
}

fn headers_at((at, op): (usize, &Op)) -> Option<usize> {
    matches!(op, Op::Headers(_)).then_some(at)
}

fn branches(ops: &[Op]) -> bool {
    ops.iter().any(Op::branches)
}

fn warn(compiler: &mut RuleCompiler<'_>, place: Range<usize>, message: &str, hint: &str) {
    let problem = Problem::at(compiler.source, place, message);
    compiler.warnings.push(problem.with_hint(hint).into_warning());
}
