//! Finds rules that no call ever reaches: an earlier rule of the same method answers every call, or all calls that the rule
//! matches.
//!
//! What one expression implies of another is not worked out, but for comparisons of a field with a literal: rules are
//! compared by the parts that are written in them, so that ten thousand of them take no longer to load.
//!
//! A rule that only some of its methods never reach may be meant so: one for `shop.Shop/*` is for all that the rules before
//! it leave. It is told of if it names such a method itself, if it passes the call on, or if what is before it is no special
//! case of it. It is also told of if it has a condition, comes after rules that answer every call, and no rule comes after it:
//! then it was hardly meant for the other methods alone, as one is that refuses calls before other rules answer them.
//!
//! What is written alike must also be decided alike: of a condition that may hold now and not a moment later, nothing is
//! said, nor of the same words about another message.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::condition_parts::{Parts, implied_by, parts_of};
use crate::cel::{Comparison, Program, Value};
use crate::error::{Problem, SourceText};
use crate::message::Slot;
use crate::rules::plan::{Rule, Stage};
use crate::yaml::{Entry, find};

/// A rule as a file declares it.
#[derive(Debug)]
pub(super) struct DeclaredRule {
    pub(super) source: SourceText,
    /// Where it names its methods.
    pub(super) span: Range<usize>,
    pub(super) name: Arc<str>,
}

/// A rule of one method, as far as it decides which calls reach those after it.
#[derive(Debug)]
pub(super) struct ReachedRule {
    /// Its index among the declared rules.
    declared: usize,
    /// Whether only patterns of it name the method.
    by_pattern: bool,
    /// Whether the next rule answers. This one may take a while meanwhile, and write to the store.
    passes: bool,
    priority: i64,
    /// Whether it matches every call.
    always: bool,
    /// Whether it leaves calls that it matches to the rules after it.
    leaves_some: bool,
    /// Whether its condition reads what is different after a rule that passes: the store, or the time.
    reads_passing: bool,
    /// The parts of its condition, all of which must hold: see [`parts_of`].
    parts: Vec<u64>,
    /// These, and wider parts that hold where they do.
    implied: Vec<u64>,
    /// Its `when`, if that compares a field with a literal: its part, and whether it reads the last message.
    comparison: Option<(u64, bool, Comparison)>,
}

impl ReachedRule {
    /// `entries` are what is written in the rule.
    pub(super) fn new(
        declared: usize,
        rule: &Rule,
        entries: &[Entry<'_>],
        source: &SourceText,
        (by_pattern, client_streaming): (bool, bool),
    ) -> Self {
        let value = |name| find(entries, name).map(|entry| entry.value);
        let (metadata, pattern, when) = (value("metadata"), value("match"), value("when"));
        let condition = &rule.condition;
        // `request` is the last message for a rule that reads all of them, and the first for others.
        let reads_last = client_streaming && condition.stage == Stage::HalfClose;
        let uses = condition.when.as_ref().map(|when| when.program.uses());
        let uses = uses.unwrap_or_default();
        // Each event has a time of its own.
        let stage = uses.volatile.then_some(condition.stage as u8);
        let decided = (reads_last, stage);
        let Parts {
            parts,
            when: when_part,
        } = parts_of(metadata, pattern, when, source.text(), decided);
        let mut implied = implied_by(metadata, pattern, &condition.equalities, decided);
        implied.extend(&parts);
        implied.sort_unstable();
        let program = condition.when.as_ref().map(|when| &when.program);
        let when_holds = program.is_none_or(|program| matches!(program.constant(), Some(Value::Bool(true))));
        let comparison = program.and_then(Program::comparison);
        Self {
            declared,
            by_pattern,
            passes: rule.passes,
            priority: rule.priority,
            always: condition.metadata.is_empty()
                && condition.equalities.is_empty()
                && condition.pattern.is_none()
                && when_holds
                // A client that streams may send nothing, which such a rule does not answer.
                && (condition.stage == Stage::Open || !client_streaming),
            leaves_some: rule
                .counting
                .as_ref()
                .is_some_and(|counting| counting.limit.is_some())
                || rule.chance.is_some()
                || rule.passes
                || uses.random,
            reads_passing: uses.store || uses.volatile,
            parts,
            implied,
            comparison: when_part
                .zip(comparison)
                .map(|(part, comparison)| (part, reads_last, comparison)),
        }
    }
}

impl ReachedRule {
    /// Whether all of its parts, but one that is known to, hold where those of another rule do.
    fn covers(&self, rule: &Self, known: Option<u64>) -> bool {
        self.parts
            .iter()
            .all(|part| known == Some(*part) || rule.implied.binary_search(part).is_ok())
    }

    /// Whether it answers every call that comes to it.
    fn answers_all(&self) -> bool {
        self.always && !self.leaves_some
    }
}

/// The rules of a method so far that leave no call to those after them, by the part of their conditions that the fewest
/// rules have: so a rule is compared with few others.
struct Earlier<'r> {
    /// Each with how many rules before it pass calls on.
    rules: HashMap<u64, Vec<(usize, &'r ReachedRule)>, RandomState>,
    /// Those of them that compare a field with a literal, by the field and whether it is that of the last message.
    ranges: HashMap<(Slot, bool), Vec<(usize, &'r ReachedRule)>>,
    /// How many rules so far pass calls on.
    passing: usize,
    /// How many rules of the method have a part.
    frequencies: HashMap<u64, usize, RandomState>,
}

impl<'r> Earlier<'r> {
    fn new(rules: &[&'r ReachedRule]) -> Self {
        let mut frequencies: HashMap<u64, usize, RandomState> = HashMap::default();
        for part in rules.iter().flat_map(|rule| &rule.parts) {
            *frequencies.entry(*part).or_default() += 1;
        }
        Self {
            rules: HashMap::default(),
            ranges: HashMap::new(),
            passing: 0,
            frequencies,
        }
    }

    fn add(&mut self, rule: &'r ReachedRule) {
        if let Some(rarest) = rule.parts.iter().min_by_key(|part| self.frequencies[part]) {
            let rules = self.rules.entry(*rarest).or_default();
            rules.push((self.passing, rule));
        }
        // A range of one value is found by how it is written.
        if let Some((_, reads_last, comparison)) = &rule.comparison
            && comparison.is_range()
        {
            let ranges = self.ranges.entry((comparison.slot(), *reads_last)).or_default();
            if ranges.len() < MAX_RANGES {
                ranges.push((self.passing, rule));
            }
        }
    }

    /// One whose condition holds wherever that of `rule` does: it has no part that `rule` does not have too.
    fn covering(&self, rule: &ReachedRule) -> Option<&'r ReachedRule> {
        let is_open =
            |(passing, earlier): &(usize, &ReachedRule)| !earlier.reads_passing || *passing == self.passing;
        let by_part = rule.implied.iter().filter_map(|part| self.rules.get(part));
        let by_part = by_part
            .flatten()
            .filter(|(_, earlier)| earlier.covers(rule, None));
        let compared = rule.comparison.as_ref();
        let by_range = compared.and_then(|(_, reads_last, comparison)| {
            let ranges = self.ranges.get(&(comparison.slot(), *reads_last))?;
            let wider = move |(_, earlier): &&(usize, &'r ReachedRule)| {
                let of_earlier = earlier.comparison.as_ref();
                of_earlier.is_some_and(|(part, _, wider)| {
                    wider.covers(comparison) && earlier.covers(rule, Some(*part))
                })
            };
            Some(ranges.iter().filter(wider))
        });
        by_part
            .chain(by_range.into_iter().flatten())
            .filter(|earlier| is_open(earlier))
            .map(|(_, earlier)| *earlier)
            .min_by_key(|earlier| earlier.parts.len())
    }
}

/// The most ranges of one field that rules are compared with, so that ten thousand of them take no longer to load.
const MAX_RANGES: usize = 64;

/// A warning for each rule that no call of its methods reaches, or of some of them. `methods` has the name of each method, and
/// its rules in the order of files and places.
pub(super) fn unreached<'r>(
    declared: &[DeclaredRule],
    methods: impl Iterator<Item = (&'r str, &'r [ReachedRule])>,
) -> Vec<Problem> {
    // By declared rule.
    let mut reach: Vec<Reach<'r>> = declared.iter().map(|_| Reach::default()).collect();
    for (method, rules) in methods {
        for rule in rules {
            reach[rule.declared].methods.push(method);
        }
        let mut rules: Vec<&ReachedRule> = rules.iter().collect();
        // The sort is stable, as that of the rules that run.
        rules.sort_by_key(|rule| Reverse(rule.priority));
        let mut always: Option<&ReachedRule> = None;
        let mut earlier = Earlier::new(&rules);
        // A rule of its own, or one for all the calls that are left.
        let last = rules
            .iter()
            .rposition(|rule| !rule.by_pattern || rule.answers_all());
        for (place, rule) in rules.into_iter().enumerate() {
            let every = always.map(|by| (by, EVERY_CALL));
            let covered = every.or_else(|| {
                let by = earlier.covering(rule)?;
                let is_same = by.parts == rule.parts;
                Some((
                    by,
                    if is_same {
                        "the same calls"
                    } else {
                        "all of its calls"
                    },
                ))
            });
            if let Some((by, answers)) = covered {
                reach[rule.declared].covered.push(Covered {
                    method,
                    by: by.declared,
                    answers,
                    is_named: !rule.by_pattern || rule.passes,
                    by_pattern: by.by_pattern,
                    is_some_of_every: answers == EVERY_CALL && !rule.answers_all(),
                });
                continue;
            }
            reach[rule.declared].guards_others |= last.is_some_and(|last| place < last);
            if rule.passes {
                earlier.passing += 1;
            } else if !rule.leaves_some {
                always = rule.always.then_some(rule);
                earlier.add(rule);
            }
        }
    }
    let mut warnings = Vec::new();
    for (rule, of_rule) in declared.iter().zip(&reach) {
        // Whether each method of an earlier rule is one of this rule's.
        let mut is_special_case = HashMap::new();
        let told = |covered: &&Covered<'_>| {
            of_rule.covered.len() == of_rule.methods.len()
                || covered.is_named
                || covered.is_some_of_every && !of_rule.guards_others
                || covered.by_pattern
                    && !*is_special_case.entry(covered.by).or_insert_with(|| {
                        let by = &reach[covered.by].methods;
                        by.iter()
                            .all(|method| of_rule.methods.binary_search(method).is_ok())
                    })
        };
        let told: Vec<&Covered<'_>> = of_rule.covered.iter().filter(told).collect();
        let Some(first) = told.first() else { continue };
        let by = &declared[first.by].name;
        let methods = if of_rule.covered.len() == of_rule.methods.len() {
            String::new()
        } else {
            format!(" by calls of {}", listed(&told))
        };
        let message = format!(
            "this rule is never reached{methods}: {by} answers {}",
            first.answers
        );
        let hint = format!("put it before {by}, or give it a higher `priority`");
        let problem = Problem::at(&rule.source, rule.span.clone(), message);
        warnings.push(problem.with_hint(hint).into_warning());
    }
    warnings
}

/// What a rule without a condition answers.
const EVERY_CALL: &str = "every call";

/// How many methods a warning names.
const MAX_NAMED: usize = 3;

/// The methods in which a rule is not reached.
fn listed(covered: &[&Covered<'_>]) -> String {
    let named: Vec<&str> = covered
        .iter()
        .map(|covered| covered.method)
        .take(MAX_NAMED)
        .collect();
    match covered.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// What is known of a declared rule.
#[derive(Debug, Default)]
struct Reach<'r> {
    /// Its methods, in order.
    methods: Vec<&'r str>,
    /// Whether it is before a rule of its own, or one without a condition, in a method in which it is reached.
    guards_others: bool,
    /// Those in which it is not reached.
    covered: Vec<Covered<'r>>,
}

/// Why a rule is not reached by the calls of a method.
#[derive(Debug, Clone, Copy)]
struct Covered<'r> {
    method: &'r str,
    /// The declared rule that answers instead.
    by: usize,
    /// Which calls that one answers.
    answers: &'static str,
    /// Whether the rule names the method itself, or is to add something to each call.
    is_named: bool,
    /// Whether the other rule names the method by a pattern.
    by_pattern: bool,
    /// Whether the other rule answers every call, and this one would only answer some.
    is_some_of_every: bool,
}
