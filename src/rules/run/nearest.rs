//! Why no rule answers a call: which one came nearest, and how it differs.

use std::sync::Arc;

use bytes::Bytes;
use tonic::Status;

use super::call::execution::Execution;
use super::matching::condition::{Decoded, Difference, InWords};
use super::method::MethodRules;
use super::shared::tallies::Tallies;
use crate::cel::Env;
use crate::handler::Call;
use crate::rules::plan::Rule;

/// What it costs to say how a rule differs, apart from what its condition costs.
const UNITS_PER_COMPARISON: u64 = 5;

/// The rules that have passed a call on, those that stand in front of others first.
#[derive(Debug, Clone, Default)]
pub(super) struct PassedOn(Vec<PassedRules>);

#[derive(Debug, Clone)]
struct PassedRules {
    rules: Arc<MethodRules>,
    /// All messages so far; empty unless some of their expressions read them.
    requests: Vec<Bytes>,
}

/// Notes that rules pass a call on, for who says later why nothing has matched.
pub(super) fn note_passed_on(rules: &Arc<MethodRules>, execution: &Execution<'_>, call: &mut Call) {
    let passed = call.extensions_mut().get_or_insert_default::<PassedOn>();
    passed.0.push(PassedRules {
        rules: Arc::clone(rules),
        requests: execution.requests().to_vec(),
    });
}

/// UNIMPLEMENTED, with the rule that came nearest and its first difference, which is kept in the journal, and so has nothing that is not
/// to be seen: of those that have passed the call on, and of these.
pub(super) fn unmatched(rules: &MethodRules, execution: &mut Execution<'_>, call: &mut Call) -> Status {
    call.unmatched();
    let reads = execution.is_in_lane();
    if !reads {
        execution.begin_turn();
    }
    let PassedOn(passed) = call.extensions_mut().remove().unwrap_or_default();
    let request = execution.has_request() && !passed.is_empty();
    let request = request.then(|| execution.with_env(call, |env, _| copied(env)));
    let bounds = call.bounds();
    let in_front = passed.iter().filter_map(|passed| {
        let mut execution = Execution::new(&passed.rules, call);
        execution.take_up_all(&passed.requests);
        execution.allow_reads(reads);
        if let Some(request) = &request {
            // It was well formed.
            execution.take_up(request, bounds).ok()?;
        }
        nearest(&passed.rules, &execution, call)
    });
    let in_front = in_front.reduce(nearer);
    let nearest = in_front
        .into_iter()
        .chain(nearest(rules, execution, call))
        .reduce(nearer);
    let method = rules.method.name();
    Status::unimplemented(match nearest {
        None => format!("no rule of {method} matched"),
        Some((_, (difference, rule))) => {
            let hidden = call.redaction();
            let hides = || {
                let has_header = |env: &Env<'_>| env.metadata.keys().any(|name| hidden.hides_header(name));
                hidden.hides_some_of(rules.method.input())
                    || execution.with_env(call, |env, _| has_header(env))
            };
            let difference = difference.told(hides);
            format!("no rule of {method} matched; the nearest is {rule}: {difference}")
        }
    })
}

/// The message that is `request` now.
fn copied(env: &Env<'_>) -> Bytes {
    env.request
        .map(|(bytes, _)| Bytes::copy_from_slice(bytes))
        .unwrap_or_default()
}

/// How many conditions of a rule hold, and how it differs.
type Near<D> = (usize, D);

/// The one of which more conditions hold, and else the first.
fn nearer<D>(best: Near<D>, next: Near<D>) -> Near<D> {
    if next.0 > best.0 { next } else { best }
}

/// The rule that came nearest, of [a few](super::candidates::order::Order::near).
fn nearest(
    rules: &MethodRules,
    execution: &Execution<'_>,
    call: &mut Call,
) -> Option<Near<(InWords, Arc<str>)>> {
    let has_request = execution.has_request();
    let hidden = call.redaction();
    execution.with_env(call, |env, _| {
        let request = env.request.filter(|_| has_request);
        let env = Env { request, ..*env };
        let mut decoded = Decoded::new(request.map(|(bytes, _)| (rules.method.input().clone(), bytes)));
        // As far as the turn's room goes: the nearest of those is told.
        let has_room = |_: &usize| env.call.budget.charge(UNITS_PER_COMPARISON).is_ok();
        let compared = rules.order.near(&env).into_iter().take_while(has_room);
        let differences = compared.filter_map(|at| {
            let rule = &rules.rules[at];
            let difference = difference(rules, execution.tallies(), at, &env, &mut decoded);
            let difference = difference.or_else(|| chance_difference(rule))?;
            Some((difference.held, (difference, rule)))
        });
        let (held, (difference, rule)) = differences.reduce(nearer)?;
        let in_words = difference.in_words(&env, rules.method.input(), Some(&hidden));
        Some((held, (in_words, Arc::clone(&rule.name))))
    })
}

/// Why a rule that matches did not answer.
fn chance_difference(rule: &Rule) -> Option<Difference<'static>> {
    rule.chance
        .map(|chance| Difference::new(usize::MAX, format!("its chance of {chance} did not come up")))
}

/// Why the rule at a place does not answer, apart from its chance; `None` if it does answer.
pub(super) fn difference<'r>(
    rules: &'r MethodRules,
    tallies: &Tallies,
    at: usize,
    env: &Env<'_>,
    decoded: &mut Decoded<'_>,
) -> Option<Difference<'r>> {
    let rule = &rules.rules[at];
    let differs = rule.condition.difference(env, decoded);
    differs.or_else(|| {
        let (counting, counter) = (rule.counting.as_ref()?, tallies.counter(at)?);
        match counter.is_left(counting, env) {
            Ok(true) => None,
            Ok(false) => Some(Difference::new(usize::MAX, "it has answered as often as it may")),
            // The budget of an explanation may be smaller than the call's, in which it has not failed.
            Err(_) if env.call.budget.is_exhausted() => Some(Difference::new(
                usize::MAX,
                "its `scope` costs too much to explain",
            )),
            Err(error) => Some(Difference::new(usize::MAX, "`scope` failed").because(&error)),
        }
    })
}
