//! Chooses the rule that answers: the first that matches, in order.
//!
//! Rules are tried at the earliest event that can decide them, and never before the rules ahead of them are
//! decided. Where rules ask for literals in the same places, an [index](super::candidates) finds the few that can match.

use std::ops::Range;

use tonic::Status;

use super::call::chosen::Chosen;
use super::call::session::Session;
use super::matching::condition::{Decoded, Difference};
use super::method::MethodRules;
use crate::cel::{Env, EvalError};
use crate::handler::Call;
use crate::rules::plan::{Rule, Stage};

/// Waits for the events that the conditions need, and chooses the rule that answers.
pub(super) async fn choose<'r>(
    rules: &'r MethodRules,
    session: &mut Session<'r>,
    call: &mut Call,
) -> Result<Chosen<'r>, Status> {
    let order = &rules.order;
    if let Some(rule) = try_range(rules, session, call, 0..order.message) {
        return Ok(Chosen::at_once(rule));
    }
    if order.message == rules.rules.len() {
        return Err(unmatched(rules, session, call));
    }
    let first = call.next_message().await?;
    if first {
        session.admit(call)?;
    }
    if let Some(rule) = try_range(rules, session, call, order.message..order.half_close) {
        return Ok(Chosen {
            rule,
            first,
            all: !first,
        });
    }
    if order.half_close == rules.rules.len() {
        return Err(unmatched(rules, session, call));
    }
    if first {
        while call.next_message().await? {
            session.admit(call)?;
        }
    }
    match try_at_half_close(rules, session, call)? {
        Some(rule) => Ok(Chosen {
            rule,
            first: false,
            all: true,
        }),
        None => Err(unmatched(rules, session, call)),
    }
}

/// Tries the rules that had to wait for half-close. For a rule that reads `requests`, `request` is the last message;
/// for the others it is the first, as always.
fn try_at_half_close<'r>(
    rules: &'r MethodRules,
    session: &mut Session<'r>,
    call: &mut Call,
) -> Result<Option<&'r Rule>, Status> {
    let (first, last) = (
        session.requests().first().cloned(),
        session.requests().last().cloned(),
    );
    let bounds = call.bounds();
    let reads_all = |rule: &Rule| rule.condition.stage == Stage::HalfClose;
    let mut at = rules.order.half_close;
    for alike in rules.rules[at..].chunk_by(|one, next| reads_all(one) == reads_all(next)) {
        match if reads_all(&alike[0]) { &last } else { &first } {
            Some(message) => session.take_up(message, bounds)?,
            None => session.clear_request(),
        }
        let end = at + alike.len();
        if let Some(rule) = try_range(rules, session, call, at..end) {
            return Ok(Some(rule));
        }
        at = end;
    }
    Ok(None)
}

fn try_range<'r>(
    rules: &'r MethodRules,
    session: &Session<'r>,
    call: &mut Call,
    range: Range<usize>,
) -> Option<&'r Rule> {
    if range.is_empty() {
        return None;
    }
    let has_request = session.has_request();
    session.with_env(call, |env, _| {
        let message = env.request.filter(|_| has_request);
        let mut decoded = Decoded::new(message.map(|(bytes, _)| (rules.method.input().clone(), bytes)));
        let mut candidates = rules.order.candidates(&range, env);
        let found = candidates.find(|at| {
            // A condition on the first message cannot hold without one; a condition on all messages can.
            let decidable = rules.rules[*at].condition.stage != Stage::Message || message.is_some();
            decidable && answers(rules, *at, env, &mut decoded)
        });
        found.map(|at| &rules.rules[at])
    })
}

/// Whether the condition of the rule at a place holds and its `times` are not used up. On an error it does not match.
fn answers(rules: &MethodRules, at: usize, env: &Env<'_>, decoded: &mut Decoded<'_>) -> bool {
    let rule = &rules.rules[at];
    let failed = |error: EvalError| {
        log_failure(rule, &error);
        false
    };
    let holds = rule.condition.holds(env, decoded).unwrap_or_else(failed);
    holds
        && rules
            .limit(at)
            .is_none_or(|(times, counter)| counter.take(times, env).unwrap_or_else(failed))
}

/// Says that a condition failed: once in a while, because every call may fail in the same way.
#[cold]
fn log_failure(rule: &Rule, error: &EvalError) {
    if error.is_absent_metadata() {
        // Rules ask for metadata that most calls do not have.
        tracing::debug!(target: "protod::rules", rule = &*rule.name, %error, "no match");
        return;
    }
    match rule.failures.pass() {
        None => {}
        Some(0) => {
            tracing::warn!(target: "protod::rules", rule = &*rule.name, %error, "a condition failed: no match");
        }
        Some(more) => {
            tracing::warn!(
                target: "protod::rules", rule = &*rule.name, %error, more,
                "a condition failed: no match; since the last such line it failed {more} more times"
            );
        }
    }
}

/// How many rules are compared at most, to find the nearest.
const COMPARED: usize = 1000;

/// UNIMPLEMENTED, with the rule that came nearest and its first difference.
fn unmatched(rules: &MethodRules, session: &Session<'_>, call: &mut Call) -> Status {
    call.unmatched();
    let has_request = session.has_request();
    let method = rules.method.name();
    session.with_env(call, |env, _| {
        let request = env.request.filter(|_| has_request);
        let env = Env { request, ..*env };
        let mut decoded = Decoded::new(request.map(|(bytes, _)| (rules.method.input().clone(), bytes)));
        let compared = rules.rules.iter().enumerate().take(COMPARED);
        let differences =
            compared.filter_map(|(at, rule)| Some((difference(rules, at, &env, &mut decoded)?, rule)));
        // The first of those of which most conditions hold; `max_by_key` would take the last.
        let nearest = differences.reduce(|best, next| if next.0.held > best.0.held { next } else { best });
        Status::unimplemented(match nearest {
            None => format!("no rule of {method} matched"),
            Some((difference, rule)) => format!(
                "no rule of {method} matched; the nearest is {}: {}",
                rule.name, difference.text
            ),
        })
    })
}

/// Why the rule at a place does not answer; `None` if it does answer.
pub(super) fn difference(
    rules: &MethodRules,
    at: usize,
    env: &Env<'_>,
    decoded: &mut Decoded<'_>,
) -> Option<Difference> {
    rules.rules[at].condition.difference(env, decoded).or_else(|| {
        let (times, counter) = rules.limit(at)?;
        let text = match counter.is_left(times, env) {
            Ok(true) => return None,
            Ok(false) => "it has answered as often as its `times` says".to_owned(),
            Err(error) => format!("`scope` failed: {error}"),
        };
        Some(Difference {
            held: usize::MAX,
            text,
        })
    })
}
