//! Checks at load whether an answer sends exactly one message where its method answers with one.
//!
//! A second message, or an OK before the first, would end the call with INTERNAL. The check follows every path through
//! the operations of each event, and reports a step only if it fails on every path that reaches it.

use super::paths::{Sent, known_at};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::plan::{Answer, Op, Steps};
use crate::schema::Method;
use crate::yaml::Node;

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
    let known = known_at(steps, start, Op::sends);
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
    known[steps.ops.len()].unwrap_or(Sent {
        maybe: false,
        surely: true,
    })
}
