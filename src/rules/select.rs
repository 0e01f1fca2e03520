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
use crate::handler::Call;

/// The rules of a method in order, and where in it which event is needed.
#[derive(Debug)]
pub(super) struct Order {
    /// Rules before this index are decided by metadata alone.
    message: usize,
    /// Rules before this index are decided by the first message.
    half_close: usize,
    index: Index,
}

/// A rule that answers, and what has come when it was chosen.
pub(super) struct Chosen<'r> {
    pub(super) rule: &'r Rule,
    pub(super) first: bool,
    pub(super) all: bool,
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
        return Ok(Chosen {
            rule,
            first: false,
            all: false,
        });
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
    let max_elements = call.max_elements();
    for at in rules.order.half_close..rules.rules.len() {
        let reads_all = rules.rules[at].condition.stage == Stage::HalfClose;
        match if reads_all { &last } else { &first } {
            Some(message) => session.take_up(message, max_elements)?,
            None => session.at = At::Nothing,
        }
        if let Some(rule) = try_range(rules, session, call, at..at + 1) {
            return Ok(Some(rule));
        }
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
    let (frame, metadata, _) = call.at_hand();
    let env = session.env(frame, metadata);
    let message = env.request.filter(|_| at != At::Nothing);
    let mut decoded = Decoded::new(message.map(|(bytes, _)| (rules.method.input().clone(), bytes)));
    rules.order.index.candidates(range, message).map(|at| &rules.rules[at]).find(|rule| {
        // A condition on messages cannot hold where none has come; one on all of them can.
        let decidable = rule.condition.stage != Stage::Message || message.is_some();
        let held = decidable && rule.condition.holds(&env, &mut decoded).unwrap_or_else(|error| {
            tracing::warn!(target: "protod::rules", rule = &*rule.name, %error, "a condition failed: no match");
            false
        });
        held && rule.times.as_ref().is_none_or(|times| {
            times.take(&env).unwrap_or_else(|error| {
                tracing::warn!(target: "protod::rules", rule = &*rule.name, %error, "a scope failed: no match");
                false
            })
        })
    })
}

/// At most so many rules are looked at to find the nearest.
const COMPARED: usize = 1000;

/// UNIMPLEMENTED, with the rule that came nearest and what differed first.
fn unmatched(rules: &MethodRules, session: &Session<'_>, call: &mut Call) -> Status {
    let at = session.at;
    let (frame, metadata, _) = call.at_hand();
    let mut env = session.env(frame, metadata);
    env.request = env.request.filter(|_| at != At::Nothing);
    let mut decoded = Decoded::new(
        env.request
            .map(|(bytes, _)| (rules.method.input().clone(), bytes)),
    );
    let difference = |rule: &Rule| {
        rule.condition
            .difference(&env, &mut decoded)
            .unwrap_or_else(|| Difference {
                held: usize::MAX,
                text: "it has answered as often as `times` says".to_owned(),
            })
    };
    let compared = rules.rules.iter().take(COMPARED);
    // The first of those that held longest: `max_by_key` would take the last.
    let nearest = compared
        .map(difference)
        .zip(&rules.rules)
        .reduce(|best, next| if next.0.held > best.0.held { next } else { best });
    match nearest {
        None => Status::unimplemented(format!("no rule for {}", rules.method.name())),
        Some((difference, rule)) => Status::unimplemented(format!(
            "no rule of {} matched; the nearest is {}: {}",
            rules.method.name(),
            rule.name,
            difference.text
        )),
    }
}
