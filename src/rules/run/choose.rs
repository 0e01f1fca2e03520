//! Chooses the rule that answers: the first that matches, in order.
//!
//! Rules are tried at the earliest event that can decide them, and never before the rules ahead of them are
//! decided. Where rules ask for literals in the same places, an [index](super::candidates) finds the few that can match.

use std::ops::Range;

use tonic::Status;

use super::call::chosen::{Choice, Come};
use super::call::session::Session;
use super::matching::condition::{Decoded, Difference};
use super::method::MethodRules;
use crate::cel::{Env, EvalError, random_at};
use crate::handler::Call;
use crate::rules::plan::{Rule, Stage};

/// Waits for the events that the conditions need, and chooses the rule that answers. Rules before it that match and pass
/// the call on take effect meanwhile.
pub(super) async fn choose<'r>(
    rules: &'r MethodRules,
    session: &mut Session<'r>,
    call: &mut Call,
) -> Result<Choice<'r>, Status> {
    let order = &rules.order;
    let mut come = Come::default();
    let found = find(rules, session, call, 0..order.message).await?;
    if found.is_some() || order.message == rules.rules.len() {
        return Ok(Choice { rule: found, come });
    }
    come.first = call.next_message().await?;
    come.all = !come.first;
    if come.first {
        session.admit(call)?;
    }
    let found = find(rules, session, call, order.message..order.half_close).await?;
    if found.is_some() || order.half_close == rules.rules.len() {
        return Ok(Choice { rule: found, come });
    }
    if come.first {
        while call.next_message().await? {
            session.admit(call)?;
        }
    }
    let come = Come {
        first: false,
        all: true,
    };
    let rule = Box::pin(find_at_half_close(rules, session, call)).await?;
    Ok(Choice { rule, come })
}

/// Finds the rule that answers among those that had to wait for half-close. For a rule that reads `requests`, `request` is the last message;
/// for the others it is the first, as always.
async fn find_at_half_close<'r>(
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
        let found = find(rules, session, call, at..end).await?;
        if found.is_some() {
            return Ok(found);
        }
        at = end;
    }
    Ok(None)
}

/// The first rule of the range that matches and answers.
async fn find<'r>(
    rules: &'r MethodRules,
    session: &mut Session<'r>,
    call: &mut Call,
    mut range: Range<usize>,
) -> Result<Option<&'r Rule>, Status> {
    loop {
        let found = match try_range(rules, session, call, &range) {
            Ok(found) => found,
            Err(status) => Box::pin(try_in_lane(rules, session, call, &range, status)).await?,
        };
        let Some(at) = found else { return Ok(None) };
        let rule = &rules.rules[at];
        if !rule.passes {
            return Ok(Some(rule));
        }
        Box::pin(session.take_effect(rule, call)).await?;
        range.start = at + 1;
    }
}

/// The place of the first rule of the range that matches. An `Err` says which rule is too costly to decide in this turn.
fn try_range(
    rules: &MethodRules,
    session: &Session<'_>,
    call: &mut Call,
    range: &Range<usize>,
) -> Result<Option<usize>, Status> {
    if range.is_empty() {
        return Ok(None);
    }
    let has_request = session.has_request();
    session.with_env(call, |env, _| {
        let message = env.request.filter(|_| has_request);
        let mut decoded = Decoded::new(message.map(|(bytes, _)| (rules.method.input().clone(), bytes)));
        for at in rules.order.candidates(range, env) {
            // A condition on the first message cannot hold without one; a condition on all messages can.
            let decidable = rules.rules[at].condition.stage != Stage::Message || message.is_some();
            if decidable && answers(rules, at, env, &mut decoded)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    })
}

/// Tries the rules of a range again that were too costly for the turn, with as much room as there is.
async fn try_in_lane(
    rules: &MethodRules,
    session: &mut Session<'_>,
    call: &mut Call,
    range: &Range<usize>,
    mut status: Status,
) -> Result<Option<usize>, Status> {
    while session.get_more_room().await {
        match session.in_lane(|session| try_range(rules, session, call, range)) {
            Ok(found) => {
                session.begin_turn();
                return Ok(found);
            }
            Err(next) => status = next,
        }
    }
    Err(status)
}

/// Whether the condition of the rule at a place holds and its `times` are not used up. On an error it does not match,
/// unless the error is that it costs too much: then nothing is known.
fn answers(rules: &MethodRules, at: usize, env: &Env<'_>, decoded: &mut Decoded<'_>) -> Result<bool, Status> {
    let rule = &rules.rules[at];
    let failed = |what: &str, error: EvalError| {
        if env.call.budget.is_exhausted() {
            return Err(Status::resource_exhausted(format!(
                "rule {}: {what}: {error}",
                rule.name
            )));
        }
        log_failure(rule, &error);
        Ok(false)
    };
    // Most conditions cost nothing, but there may be many of them.
    let holds = env
        .call
        .budget
        .charge(1)
        .and_then(|()| rule.condition.holds(env, decoded));
    let holds = holds.or_else(|error| failed("its condition", error))?;
    let holds = holds && comes_up(rule, at, env);
    match rules.limit(at) {
        Some((times, counter)) if holds => counter.take(times, env).or_else(|error| failed("`scope`", error)),
        _ => Ok(holds),
    }
}

/// Whether the chance of the rule at a place comes up for a call: the same whenever it is asked.
fn comes_up(rule: &Rule, at: usize, env: &Env<'_>) -> bool {
    rule.chance
        .is_none_or(|chance| random_at(env.call, at as u64) < chance)
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

/// What it costs to say how a rule differs, apart from what its condition costs.
const UNITS_PER_COMPARISON: u64 = 5;

/// How many rules are compared at most, to find the nearest.
const COMPARED: usize = 1000;

/// UNIMPLEMENTED, with the rule that came nearest and its first difference.
pub(super) fn unmatched(rules: &MethodRules, session: &mut Session<'_>, call: &mut Call) -> Status {
    call.unmatched();
    session.begin_turn();
    let has_request = session.has_request();
    let method = rules.method.name();
    session.with_env(call, |env, _| {
        let request = env.request.filter(|_| has_request);
        let env = Env { request, ..*env };
        let mut decoded = Decoded::new(request.map(|(bytes, _)| (rules.method.input().clone(), bytes)));
        // As far as the turn's room goes: the nearest of those is told.
        let has_room = |_: &(usize, &Rule)| env.call.budget.charge(UNITS_PER_COMPARISON).is_ok();
        let answering = rules.rules.iter().enumerate().filter(|(_, rule)| !rule.passes);
        let compared = answering.take(COMPARED).take_while(has_room);
        let differences = compared.filter_map(|(at, rule)| {
            let difference = difference(rules, at, &env, &mut decoded);
            Some((difference.or_else(|| chance_difference(rule))?, rule))
        });
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

/// Why a rule that matches did not answer.
fn chance_difference(rule: &Rule) -> Option<Difference> {
    rule.chance.map(|chance| Difference {
        held: usize::MAX,
        text: format!("its chance of {chance} did not come up"),
    })
}

/// Why the rule at a place does not answer, apart from its chance; `None` if it does answer.
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
