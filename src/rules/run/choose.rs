//! Chooses the rule that answers: the first that matches, in order.
//!
//! Rules are tried at the earliest event that can decide them, and never before the rules ahead of them are
//! decided. Where rules ask for literals in the same places, an [index](super::candidates) finds the few that can match.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use tonic::Status;

use super::call::chosen::{Choice, Chosen, Come};
use super::call::execution::Execution;
use super::matching::condition::Decoded;
use super::method::MethodRules;
use super::shared::tallies::Tallies;
use super::shared::trouble::Trouble;
use crate::cel::{Env, EvalError, random_at};
use crate::handler::Call;
use crate::rules::plan::{Rule, Stage};

/// Waits for the events that the conditions need, and chooses the rule that answers. Rules before it that match and pass
/// the call on take effect meanwhile.
///
/// Where requests are validated, the one request of a call is received before the first rule that looks at it is tried, and
/// before a rule answers, unless it [refuses](Rule::refuses) every call: so an error by metadata or by chance comes first.
pub(super) async fn choose<'r>(
    rules: &'r MethodRules,
    execution: &mut Execution<'r>,
    call: &mut Call,
) -> Result<Choice<'r>, Status> {
    let order = &rules.order;
    let mut come = Come::default();
    let found = find(rules, execution, call, 0..order.message, &mut come).await?;
    if found.is_some() || order.message == rules.rules.len() {
        return Ok(Choice { chosen: found, come });
    }
    if !come.first {
        come.first = execution.receive(call).await?;
        come.all = !come.first;
    }
    let found = find(rules, execution, call, order.message..order.half_close, &mut come).await?;
    if found.is_some() || order.half_close == rules.rules.len() {
        return Ok(Choice { chosen: found, come });
    }
    if come.first {
        while execution.receive(call).await? {}
    }
    come = Come {
        first: false,
        all: true,
    };
    let chosen = Box::pin(find_at_half_close(rules, execution, call, &mut come)).await?;
    Ok(Choice { chosen, come })
}

/// Finds the rule that answers among those that had to wait for half-close. For a rule that reads `requests`, `request` is
/// the last message; for the others it is the first, as always.
async fn find_at_half_close<'r>(
    rules: &'r MethodRules,
    execution: &mut Execution<'r>,
    call: &mut Call,
    come: &mut Come,
) -> Result<Option<Chosen<'r>>, Status> {
    let (first, last) = (
        execution.requests().first().cloned(),
        execution.requests().last().cloned(),
    );
    let bounds = call.bounds();
    let reads_all = |rule: &Rule| rule.condition.stage == Stage::HalfClose;
    let mut at = rules.order.half_close;
    for alike in rules.rules[at..].chunk_by(|one, next| reads_all(one) == reads_all(next)) {
        match if reads_all(&alike[0]) { &last } else { &first } {
            Some(message) => execution.take_up(message, bounds)?,
            None => execution.clear_request(),
        }
        let end = at + alike.len();
        let found = find(rules, execution, call, at..end, come).await?;
        if found.is_some() {
            return Ok(found);
        }
        at = end;
    }
    Ok(None)
}

/// The first rule of the range that matches and answers. `come` changes if it awaits the one request of the call.
async fn find<'r>(
    rules: &'r MethodRules,
    execution: &mut Execution<'r>,
    call: &mut Call,
    range: Range<usize>,
    come: &mut Come,
) -> Result<Option<Chosen<'r>>, Status> {
    let mut rest = Rest {
        range,
        holds: false,
        told: AtomicUsize::new(0),
    };
    loop {
        let tried = match try_rules(rules, execution, call, &rest) {
            Ok(tried) => tried,
            Err(status) => Box::pin(try_in_lane(rules, execution, call, &rest, status)).await?,
        };
        let (at, count) = match tried {
            Tried::Found(at, count) => (at, count),
            Tried::Asks(asked) => {
                let asking = ask(&rules.rules[asked.at], execution.tallies(), &asked);
                let Some(count) = Box::pin(asking).await? else {
                    rest.range.start = asked.at + 1;
                    rest.holds = false;
                    continue;
                };
                (asked.at, count)
            }
            Tried::None => return Ok(None),
        };
        rest.range.start = at;
        let rule = &rules.rules[at];
        if execution.is_awaited_by(rule) {
            come.first = Box::pin(execution.receive(call)).await?;
            rest.holds = true;
            continue;
        }
        execution.set_count(count);
        let chosen = Chosen {
            at,
            rule,
            answer: rule.answer(count),
        };
        if !rule.passes {
            return Ok(Some(chosen));
        }
        Box::pin(execution.take_effect(chosen, call)).await?;
        rest.range.start = at + 1;
        rest.holds = false;
    }
}

/// The rules that are still to be tried.
#[derive(Debug)]
struct Rest {
    range: Range<usize>,
    /// Whether the condition of the first one is known to hold. It is not evaluated again, as it may draw a random number.
    holds: bool,
    /// Up to where failures of conditions are told. What is tried again, with more room, fails again.
    told: AtomicUsize,
}

impl Rest {
    /// Logs that the rule at a place does not match because an expression of it failed; an `Err` if it only was too costly
    /// for now.
    #[cold]
    fn undecided(
        &self,
        rules: &MethodRules,
        at: usize,
        what: (&str, Option<usize>),
        error: &EvalError,
        env: &Env<'_>,
    ) -> Result<(), Status> {
        let rule = &rules.rules[at];
        if env.call.budget.is_exhausted() {
            let text = format!("rule {}: {}: {error}", rule.name, what.0);
            return Err(Status::resource_exhausted(text));
        }
        if self.told.fetch_max(at + 1, Ordering::Relaxed) <= at {
            log_failure(rule, what, error);
        }
        Ok(())
    }
}

/// What came of trying rules.
enum Tried {
    /// The place of the first that matches, and how many calls it has matched, or 0 if they are not counted.
    Found(usize, u64),
    /// The first that matches is counted with the calls of other servers, which must be asked.
    Asks(Asked),
    None,
}

/// A rule that matches, if an answer of it is left on all servers together.
struct Asked {
    at: usize,
    scope: String,
    /// Whether this call counts.
    counts: bool,
}

/// How many calls a rule has matched on all servers, this one included if it counts. `None` if its `times` are used up.
async fn ask(
    rule: &Rule,
    tallies: &Tallies,
    Asked { at, scope, counts }: &Asked,
) -> Result<Option<u64>, Status> {
    let (Some(fleet), Some(counting), Some(counter)) =
        (tallies.state().fleet(), &rule.counting, tallies.counter(*at))
    else {
        return Ok(None);
    };
    let asked = fleet.count(&rule.id, scope, u64::from(*counts)).await;
    let (count, period) = asked.map_err(Trouble::status)?;
    counter.know(scope, count, || fleet.is_period(period));
    Ok(if *counts {
        counting.leaves_after(count - 1).then_some(count)
    } else {
        counting.leaves_after(count).then_some(1)
    })
}

/// Tries rules in their order, up to the first that matches. An `Err` says which rule is too costly to decide in this turn.
fn try_rules(
    rules: &MethodRules,
    execution: &Execution<'_>,
    call: &mut Call,
    rest: &Rest,
) -> Result<Tried, Status> {
    let range = &rest.range;
    if range.is_empty() {
        return Ok(Tried::None);
    }
    if execution.waits_for_store() {
        // They are tried again in a lane.
        return Err(Status::unavailable("the store is in use"));
    }
    let has_request = execution.has_request();
    execution.with_env(call, |env, _| {
        let message = env.request.filter(|_| has_request);
        let mut decoded = Decoded::new(message.map(|(bytes, _)| (rules.method.input().clone(), bytes)));
        for at in rules.order.candidates(range, env) {
            let rule = &rules.rules[at];
            // A condition on the first message cannot hold without one; a condition on all messages can.
            let decidable = rule.condition.stage != Stage::Message || message.is_some();
            let is_known = rest.holds && at == range.start;
            let holds = is_known || (decidable && condition_holds(rules, at, env, &mut decoded, rest)?);
            // What is refused, or may be, does not count.
            let counts = !execution.is_refused_by(rule) && !execution.is_awaited_by(rule);
            if holds {
                match count(rules, execution.tallies(), at, env, counts, rest)? {
                    Tried::None => {}
                    tried => return Ok(tried),
                }
            }
        }
        Ok(Tried::None)
    })
}

/// Tries the rules again that were too costly for the turn, with as much room as there is.
async fn try_in_lane(
    rules: &MethodRules,
    execution: &mut Execution<'_>,
    call: &mut Call,
    rest: &Rest,
    mut status: Status,
) -> Result<Tried, Status> {
    while execution.get_more_room().await {
        match execution.in_lane(|execution| try_rules(rules, execution, call, rest)) {
            Ok(found) => {
                execution.begin_turn();
                return Ok(found);
            }
            Err(next) => status = next,
        }
    }
    Err(status)
}

/// Whether the condition of the rule at a place holds, and its chance comes up. On an error it does not, unless the error is
/// that it costs too much: then nothing is known.
fn condition_holds(
    rules: &MethodRules,
    at: usize,
    env: &Env<'_>,
    decoded: &mut Decoded<'_>,
    rest: &Rest,
) -> Result<bool, Status> {
    let rule = &rules.rules[at];
    // Most conditions cost nothing, but there may be many of them.
    let holds = env
        .call
        .budget
        .charge(1)
        .and_then(|()| rule.condition.holds(env, decoded));
    match holds {
        Ok(holds) => Ok(holds && comes_up(rule, at, env)),
        Err(error) => {
            let place = rule.condition.when.as_ref().map(|when| when.at);
            rest.undecided(rules, at, ("its condition", place), &error, env)
                .map(|()| false)
        }
    }
}

/// The rule at a place, with how many calls it has matched, this one included if it `counts`. `None` if its `times` are used up,
/// or on an error, as of [`condition_holds`].
fn count(
    rules: &MethodRules,
    tallies: &Tallies,
    at: usize,
    env: &Env<'_>,
    counts: bool,
    rest: &Rest,
) -> Result<Tried, Status> {
    let (Some(counting), Some(counter)) = (&rules.rules[at].counting, tallies.counter(at)) else {
        return Ok(Tried::Found(at, 0));
    };
    let found = |count| Tried::Found(at, count);
    let counted = if tallies.state().fleet().is_some() {
        let left = counter.scope_left(counting, env);
        left.map(|left| left.map(|scope| Tried::Asks(Asked { at, scope, counts })))
    } else if counts {
        counter.take(counting, env).map(|count| count.map(found))
    } else {
        let is_left = counter.is_left(counting, env);
        is_left.map(|is_left| is_left.then(|| found(1)))
    };
    match counted {
        Ok(counted) => Ok(counted.unwrap_or(Tried::None)),
        Err(error) => rest
            .undecided(rules, at, ("`scope`", counting.scope_at), &error, env)
            .map(|()| Tried::None),
    }
}

/// Whether the chance of the rule at a place comes up for a call: the same whenever it is asked.
fn comes_up(rule: &Rule, at: usize, env: &Env<'_>) -> bool {
    rule.chance
        .is_none_or(|chance| random_at(env.call, at as u64) < chance)
}

/// Says that a condition failed: once in a while, because every call may fail in the same way.
#[cold]
fn log_failure(rule: &Rule, (what, at): (&str, Option<usize>), error: &EvalError) {
    if error.is_absent_metadata() {
        // Rules ask for metadata that most calls do not have.
        tracing::debug!(target: "protod::rules", rule = &*rule.name, %error, "no match");
        return;
    }
    match rule.log.conditions.pass() {
        None => {}
        Some(0) => {
            let (place, error) = (rule.log.place(at), format!("{what}: {}", error.for_log()));
            tracing::warn!(target: "protod::rules", rule = &*rule.name, %place, error, "a condition failed: no match");
        }
        Some(more) => {
            let (place, error) = (rule.log.place(at), format!("{what}: {}", error.for_log()));
            tracing::warn!(
                target: "protod::rules", rule = &*rule.name, %place, error, more,
                "a condition failed: no match; since the last such line it failed {more} more times"
            );
        }
    }
}
