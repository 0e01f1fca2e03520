//! Entries of maps of the store that the only rule of a method answers with, without asking whether they are there.
//!
//! An unknown key is then INTERNAL, where NOT_FOUND is meant. Nothing is told where a condition, another rule of the method or
//! a part of the rule may have thought of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::all::{AllStored, may_meet};
use super::kind::Kind;
use super::names::{Read, Stored};
use crate::cel::{StoredKey, StoredRead};
use crate::error::{Problem, SourceText};
use crate::rules::plan::Rule;

/// What a rule of a method does with the store.
#[derive(Debug)]
pub(in crate::rules::compile) struct StoredOfRule {
    source: SourceText,
    /// Whether it may have to do with how another rule of the method answers.
    is_about_it: bool,
    /// What its reply reads in any case, if it answers every call with it.
    unasked: Vec<Unasked>,
}

#[derive(Debug)]
struct Unasked {
    /// The place of the map.
    map: Vec<StoredKey>,
    at: Range<usize>,
    map_text: String,
    key_text: String,
}

impl Stored {
    /// What a rule does with the store whose `reply` stands there. `by_pattern` tells whether it names the method by a pattern.
    pub(in crate::rules::compile) fn of_rule(
        &self,
        rule: &Rule,
        source: &SourceText,
        reply: Option<Range<usize>>,
        by_pattern: bool,
    ) -> StoredOfRule {
        let answers_all = !by_pattern && rule.is_unconditional();
        let reply = reply.filter(|_| answers_all);
        let in_reply = |read: &&Read| reply.as_ref().is_some_and(|reply| reply.contains(&read.at.start));
        StoredOfRule {
            source: source.clone(),
            is_about_it: !by_pattern || !self.reads.is_empty() || !self.sets.is_empty(),
            unasked: self
                .reads
                .iter()
                .filter(in_reply)
                .filter_map(|read| self.unasked(read))
                .collect(),
        }
    }

    /// The entry that a read fails without, if its key is of the request and nothing in the rule asks for it or makes it.
    fn unasked(&self, read: &Read) -> Option<Unasked> {
        let keys = &read.place.keys;
        if !matches!(read.place.read, StoredRead::Needed { .. }) || read.is_set() {
            return None;
        }
        let of_request =
            |key: &StoredKey, text: &str| *key == StoredKey::Computed && text.contains("request.");
        let mut typed = keys.iter().zip(&read.typed_keys).enumerate();
        let (place, (_, key)) = typed.find(|(_, (key, typed))| of_request(key, &typed.text))?;
        let is_thought_of = |other: &Read| {
            let is_same = may_meet(&other.place.keys, keys);
            is_same && !other.is_set() && !matches!(other.place.read, StoredRead::Needed { .. })
        };
        let is_made =
            |keys_set: &[StoredKey], kind: &Kind| *kind != Kind::Removed && may_meet(keys_set, keys);
        if place == 0
            || self.reads.iter().any(is_thought_of)
            || self.sets.iter().any(|set| is_made(&set.keys, &set.kind))
        {
            return None;
        }
        Some(Unasked {
            map: keys[..place].to_vec(),
            at: read.at.clone(),
            map_text: key.container.clone(),
            key_text: key.text.clone(),
        })
    }
}

impl AllStored {
    /// A warning for each entry that the only rule of a method answers with, and does not ask for.
    pub(in crate::rules::compile) fn unasked<'r>(
        &self,
        methods: impl Iterator<Item = &'r [StoredOfRule]>,
    ) -> Vec<Problem> {
        let mut told = BTreeSet::new();
        let mut warnings = BTreeMap::new();
        for rules in methods {
            let mut about_it = rules.iter().filter(|rule| rule.is_about_it);
            let (Some(rule), None) = (about_it.next(), about_it.next()) else {
                continue;
            };
            for unasked in &rule.unasked {
                let Unasked {
                    map_text, key_text, ..
                } = unasked;
                if !self.is_map(&unasked.map, false) || !told.insert((rule.source.name(), map_text, key_text))
                {
                    continue;
                }
                let message = format!("where `{map_text}` has no `{key_text}`, this is INTERNAL");
                let hint = format!(
                    "write `when: {key_text} in {map_text}` in this rule, and after it a rule for all others with \
                     `status: {{code: NOT_FOUND}}`"
                );
                let problem = Problem::at(&rule.source, unasked.at.clone(), message);
                let at = (rule.source.name(), unasked.at.start);
                warnings.insert(at, problem.with_hint(hint).into_warning());
            }
        }
        warnings.into_values().collect()
    }
}
