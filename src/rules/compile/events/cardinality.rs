//! Checks at load whether an answer sends exactly one message where its method answers with one.
//!
//! A second message, or an OK before the first, would end the call with INTERNAL. The check follows every path through
//! the operations of each event, and reports a step only if it fails on every path that reaches it.

use crate::cel::Value;
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::plan::{Answer, Op, Steps, ValueTemplate};
use crate::schema::Method;
use crate::yaml::Node;

/// What is known about the message at a place in the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sent {
    /// On some path to this place it was sent.
    maybe: bool,
    /// On every path to this place it was sent.
    surely: bool,
}

impl Sent {
    fn or(self, other: Self) -> Self {
        Self {
            maybe: self.maybe || other.maybe,
            surely: self.surely && other.surely,
        }
    }
}

/// Adds a problem for each step that must fail, and one for an answer that sends nothing.
pub(in crate::rules::compile) fn check(
    compiler: &mut RuleCompiler<'_>,
    method: &Method,
    outcome: &Node,
    answer: &Answer,
) {
    if method.is_server_streaming() {
        return;
    }
    let timers = answer.timers.iter().map(|timer| &timer.steps);
    let signals = answer.signals.iter().map(|signal| &signal.steps);
    let others: Vec<&Steps> = timers.chain(signals).collect();
    let all = || {
        [&answer.open, &answer.message, &answer.half_close]
            .into_iter()
            .chain(others.iter().copied())
    };

    if !all().any(|steps| {
        steps
            .ops
            .iter()
            .any(|op| op.sends() || matches!(op, Op::Status(_)))
    }) {
        let message = format!(
            "{} answers with one message, and nothing is sent here",
            method.name()
        );
        compiler.problem_hint(outcome, message, Some("add a `send` or a `status`".to_owned()));
        return;
    }

    let opened = follow(compiler, method, &answer.open, Sent::default());
    let sends_later = others.iter().copied().any(sends);
    let repeated = method.is_client_streaming() && sends(&answer.message);
    let at_message = Sent {
        maybe: opened.maybe || sends_later || repeated,
        ..opened
    };
    let after = follow(compiler, method, &answer.message, at_message);
    let at_half_close = Sent {
        maybe: at_message.maybe || after.maybe,
        // A client that streams may send no message at all.
        surely: opened.surely || !method.is_client_streaming() && after.surely,
    };
    follow(compiler, method, &answer.half_close, at_half_close);
    let at_any_time = Sent {
        maybe: opened.maybe || all().any(sends),
        ..opened
    };
    for steps in others {
        follow(compiler, method, steps, at_any_time);
    }
}

fn sends(steps: &Steps) -> bool {
    steps.ops.iter().any(Op::sends)
}

/// Follows the operations of an event; takes what is known at their start, and returns what is known at their end.
fn follow(compiler: &mut RuleCompiler<'_>, method: &Method, steps: &Steps, start: Sent) -> Sent {
    let end = steps.ops.len();
    // Nothing is known about a place that no path reaches.
    let mut known: Vec<Option<Sent>> = vec![None; end + 1];
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
        let (next, after) = (at + 1, if op.sends() { sent } else { here });
        for to in successors(op, next).into_iter().flatten() {
            let joined = known[to].map_or(after, |before| before.or(after));
            if known[to] != Some(joined) {
                known[to] = Some(joined);
                changed.push(to);
            }
        }
    }
    for ((op, span), known) in steps.ops.iter().zip(&steps.places).zip(&known) {
        let (what, hint) = match (op, known) {
            (Op::Send(_) | Op::Sample(_), Some(Sent { surely: true, .. })) => (
                "this is a second",
                "leave one out; `answers` has one for each call, and a method that `returns (stream …)` has many",
            ),
            (Op::Status(status), Some(Sent { maybe: false, .. })) if status.is_ok() => (
                "none is sent before this OK",
                "write `reply: {…}` in place of the status, or `send` before it: both end with OK",
            ),
            _ => continue,
        };
        let message = format!("{} answers with one message, and {what}", method.name());
        compiler.add(span.clone(), message, Some(hint.to_owned()));
    }
    known[end].unwrap_or(Sent {
        maybe: false,
        surely: true,
    })
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
        Op::Next { body, .. } => [Some(*body), Some(next)],
        _ => [Some(next), None],
    }
}
