//! Which rule answers: the first that matches, in order.
//!
//! Rules are tried at the earliest event that can decide them, and never before the rules ahead of them are
//! decided. Where they tell themselves apart by the value of one field, an index finds the few that can match.

use std::ops::Range;

use tonic::Status;

use super::MethodRules;
use super::condition::{Decoded, Difference, Stage};
use super::index::Index;
use super::plan::Rule;
use super::session::{At, Session};
use crate::cel::{Env, EvalError};
use crate::handler::Call;

/// The rules of a method in order, and where in it which event is needed.
#[derive(Debug)]
pub(super) struct Order {
    /// Rules before this index are decided by metadata alone.
    message: usize,
    /// Rules before this index are decided by the first message.
    half_close: usize,
    pub(super) index: Index,
}

/// A rule that answers, and what has come when it was chosen.
pub(super) struct Chosen<'r> {
    pub(super) rule: &'r Rule,
    pub(super) first: bool,
    pub(super) all: bool,
}

impl<'r> Chosen<'r> {
    /// Chosen before any message has come.
    pub(super) fn at_once(rule: &'r Rule) -> Self {
        Self {
            rule,
            first: false,
            all: false,
        }
    }
}

impl Order {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let first = |stage: Stage| {
            rules
                .iter()
                .position(|rule| rule.condition.stage >= stage)
                .unwrap_or(rules.len())
        };
        Self {
            message: first(Stage::Message),
            half_close: first(Stage::HalfClose),
            index: Index::of(rules),
        }
    }
}

/// Waits for what the conditions need, and chooses.
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
    let first = call.next_frame().await?;
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
        while call.next_frame().await? {
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

/// The rules that had to wait for half-close. One that reads `requests` has the last message for its `request`;
/// for the others it is the first, as ever.
fn try_at_half_close<'r>(
    rules: &'r MethodRules,
    session: &mut Session<'r>,
    call: &mut Call,
) -> Result<Option<&'r Rule>, Status> {
    let (first, last) = (
        session.requests.first().cloned(),
        session.requests.last().cloned(),
    );
    let bounds = call.bounds();
    let reads_all = |rule: &Rule| rule.condition.stage == Stage::HalfClose;
    let mut at = rules.order.half_close;
    for alike in rules.rules[at..].chunk_by(|one, next| reads_all(one) == reads_all(next)) {
        match if reads_all(&alike[0]) { &last } else { &first } {
            Some(message) => session.take_up(message, bounds)?,
            None => session.at = At::Nothing,
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
    let at = session.at;
    session.with_env(call, |env, _| {
        let message = env.request.filter(|_| at != At::Nothing);
        let mut decoded = Decoded::new(message.map(|(bytes, _)| (rules.method.input().clone(), bytes)));
        let mut candidates = rules
            .order
            .index
            .candidates(&range, env)
            .map(|at| &rules.rules[at]);
        candidates.find(|rule| {
            // A condition on a message cannot hold where none has come; one on all of them can.
            let decidable = rule.condition.stage != Stage::Message || message.is_some();
            decidable && answers(rule, env, &mut decoded)
        })
    })
}

/// Whether the condition holds and an answer is left. An error is no match.
fn answers(rule: &Rule, env: &Env<'_>, decoded: &mut Decoded<'_>) -> bool {
    let failed = |error: EvalError| {
        tracing::warn!(target: "protod::rules", rule = &*rule.name, %error, "a condition failed: no match");
        false
    };
    let holds = rule.condition.holds(env, decoded).unwrap_or_else(failed);
    holds
        && rule
            .times
            .as_ref()
            .is_none_or(|times| times.take(env).unwrap_or_else(failed))
}

/// At most so many rules are looked at to find the nearest.
const COMPARED: usize = 1000;

/// UNIMPLEMENTED, with the rule that came nearest and what differed first.
fn unmatched(rules: &MethodRules, session: &Session<'_>, call: &mut Call) -> Status {
    let at = session.at;
    let method = rules.method.name();
    session.with_env(call, |env, _| {
        let request = env.request.filter(|_| at != At::Nothing);
        let env = Env { request, ..*env };
        let mut decoded = Decoded::new(request.map(|(bytes, _)| (rules.method.input().clone(), bytes)));
        let compared = rules.rules.iter().take(COMPARED);
        let differences = compared.filter_map(|rule| Some((difference(rule, &env, &mut decoded)?, rule)));
        // The first of those that held longest: `max_by_key` would take the last.
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

/// Why a rule does not answer; nothing if it does.
pub(super) fn difference(rule: &Rule, env: &Env<'_>, decoded: &mut Decoded<'_>) -> Option<Difference> {
    rule.condition.difference(env, decoded).or_else(|| {
        let over = rule.times.as_ref().is_some_and(|times| !times.is_left(env));
        over.then(|| Difference {
            held: usize::MAX,
            text: "it has answered as often as its `times` says".to_owned(),
        })
    })
}
