//! Finds rules that no call ever reaches: an earlier rule of the same method answers every call, or the same calls.
//!
//! What one condition implies of another is not worked out: rules are compared by what is written in them, once each, so
//! that ten thousand of them take no longer to load. A rule that only some of its methods never reach is none of these.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;
use std::sync::Arc;

use crate::error::{Problem, SourceText};
use crate::rules::plan::{Rule, Stage};
use crate::yaml::{Entry, Node, Yaml, find};

/// A rule as a file declares it.
#[derive(Debug)]
pub(super) struct DeclaredRule {
    pub(super) source: SourceText,
    /// Where it names its methods.
    pub(super) span: Range<usize>,
    pub(super) name: Arc<str>,
    /// How many methods it is for.
    pub(super) methods: usize,
}

/// A rule of one method, as far as it decides which calls reach those after it.
#[derive(Debug)]
pub(super) struct ReachedRule {
    /// Its index among the declared rules.
    declared: usize,
    priority: i64,
    /// Whether it matches every call.
    always: bool,
    /// Whether it leaves calls that it matches to the rules after it.
    leaves_some: bool,
    /// Equal for rules that match the same calls.
    condition: u64,
}

impl ReachedRule {
    /// `entries` are what is written in the rule.
    pub(super) fn new(declared: usize, rule: &Rule, entries: &[Entry<'_>], client_streaming: bool) -> Self {
        let value = |name| find(entries, name).map(|entry| entry.value);
        let (metadata, pattern, when) = (value("metadata"), value("match"), value("when"));
        let condition = &rule.condition;
        let when_holds = when.is_none_or(|when| when.key_text().is_some_and(|text| text.trim() == "true"));
        Self {
            declared,
            priority: rule.priority,
            always: condition.metadata.is_empty()
                && condition.equalities.is_empty()
                && condition.pattern.is_none()
                && when_holds
                // A client that streams may send nothing, which such a rule does not answer.
                && (condition.stage == Stage::Open || !client_streaming),
            leaves_some: rule.times.is_some() || rule.chance.is_some() || rule.passes,
            condition: condition_hash(metadata, pattern, when),
        }
    }
}

/// A hash of what is written as a rule's condition. The names of `metadata` and the fields of `match` have no order.
fn condition_hash(metadata: Option<&Node>, pattern: Option<&Node>, when: Option<&Node>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for node in [metadata, pattern] {
        node.is_some().hash(&mut hasher);
        match node.map(|node| (node, &node.value)) {
            Some((_, Yaml::Map(entries))) => {
                let fields = entries.iter();
                let mut fields: Vec<_> = fields
                    .map(|(name, value)| (name.key_text(), value.content_hash()))
                    .collect();
                fields.sort();
                fields.hash(&mut hasher);
            }
            Some((node, _)) => node.content_hash().hash(&mut hasher),
            None => {}
        }
    }
    when.and_then(Node::key_text)
        .map(|text| text.trim().to_owned())
        .hash(&mut hasher);
    hasher.finish()
}

/// A warning for each rule that no call of any of its methods reaches. `methods` has the rules of each method, in the
/// order of files and places.
pub(super) fn unreached<'r>(
    declared: &[DeclaredRule],
    methods: impl Iterator<Item = &'r [ReachedRule]>,
) -> Vec<Problem> {
    // By declared rule: in how many methods it is never reached, and which rule is before it in the first of them.
    let mut unreached: Vec<(usize, Option<Covered>)> = vec![(0, None); declared.len()];
    for rules in methods {
        let mut rules: Vec<&ReachedRule> = rules.iter().collect();
        // The sort is stable, as that of the rules that run.
        rules.sort_by_key(|rule| Reverse(rule.priority));
        let mut always = None;
        let mut same: HashMap<u64, usize> = HashMap::new();
        for rule in rules {
            let every = always.map(|by| Covered { by, every: true });
            let covered = every.or_else(|| {
                let by = *same.get(&rule.condition)?;
                Some(Covered { by, every: false })
            });
            if let Some(covered) = covered {
                let (count, first) = &mut unreached[rule.declared];
                *count += 1;
                first.get_or_insert(covered);
            } else if !rule.leaves_some {
                always = rule.always.then_some(rule.declared);
                same.insert(rule.condition, rule.declared);
            }
        }
    }
    let of_all_methods = declared.iter().zip(unreached);
    of_all_methods
        .filter_map(|(rule, (count, covered))| {
            let covered = covered.filter(|_| count == rule.methods)?;
            let by = &declared[covered.by].name;
            let what = if covered.every {
                "answers every call"
            } else {
                "answers the same calls"
            };
            let message = format!("this rule is never reached: {by} {what}");
            let hint = format!("put it before {by}, or give it a higher `priority`");
            let problem = Problem::at(&rule.source, rule.span.clone(), message);
            Some(problem.with_hint(hint).into_warning())
        })
        .collect()
}

/// Why a rule is not reached.
#[derive(Debug, Clone, Copy)]
struct Covered {
    /// The declared rule that answers instead.
    by: usize,
    /// Whether that one answers every call, and not only the same ones.
    every: bool,
}
