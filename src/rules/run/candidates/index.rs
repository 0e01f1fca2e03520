//! Finds the rules that can match a call without trying all of them.
//!
//! Most rules of a long list require that some fields, or some metadata, equal literals. Rules that compare the same
//! places share a table, which holds each of them by a hash of its literals. Those that do not, and those of which many require the
//! same literals, are found by [what else they ask for](super::narrowed), and only what asks for nothing is always tried. A look-up
//! returns the candidates in the order of the rules, so the first that matches is the one that a plain search would
//! find. A candidate need not match: its condition is evaluated all the same, which is why a hash is enough.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::Range;

use foldhash::fast::FixedState;

use super::lists::{Merge, number, within};
use super::narrowed::Narrowed;
use super::place::{Place, Required, equalities, hash_literal};
use super::shared_literals::SharedLiterals;
use crate::cel::Env;
use crate::rules::plan::{Condition, Rule, WireScalar};

/// How many combinations of places have a table: each table costs every call a look-up.
const MAX_COMBINATIONS: usize = 16;

/// So many rules that require the same literals are tried one after the other.
const FEW: usize = 8;

/// The rules of one method, by the literals that they require.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: Vec<Place>,
    tables: Vec<Table>,
    /// Rules that no table holds.
    others: Narrowed,
    shared: SharedLiterals,
}

/// The rules that compare the same places.
#[derive(Debug)]
struct Table {
    /// Indexes into the index's places, ascending.
    places: Box<[usize]>,
    /// By a hash of the literals in the order of the places.
    by_literals: HashMap<u64, Alike, FixedState>,
    /// All of them, in order.
    rules: Vec<u32>,
}

/// The rules that require the same literals, in order.
#[derive(Debug)]
enum Alike {
    One([u32; 1]),
    Few(Vec<u32>),
    Many(Box<Narrowed>),
}

impl Index {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        let mut required: Vec<Required> = rules.iter().map(|rule| index.required(&rule.condition)).collect();
        // A rule that answers no call is near to none.
        let is_near = |rule: usize| !rules[rule].passes;
        index.shared = SharedLiterals::of(&required, is_near);
        for required in &mut required {
            required.sort_by_key(|(place, _)| *place);
        }
        limit_combinations(&mut required);
        let mut others = Vec::new();
        for (rule, required) in required.iter().enumerate() {
            if required.is_empty() {
                others.push(number(rule));
            } else {
                index.table(required).file(required, number(rule));
            }
        }
        let narrowed = |list: &[u32]| {
            let condition = |rule: &u32| (*rule, &rules[*rule as usize].condition);
            Narrowed::of(list.iter().map(condition))
        };
        index.others = narrowed(&others);
        for alike in index
            .tables
            .iter_mut()
            .flat_map(|table| table.by_literals.values_mut())
        {
            if let Alike::Few(list) = alike
                && list.len() > FEW
            {
                *alike = Alike::Many(Box::new(narrowed(list)));
            }
        }
        index
    }

    /// The equalities without which a condition cannot hold, in the order in which it compares them.
    fn required(&mut self, condition: &Condition) -> Required {
        // Most have one.
        let mut required = Required::with_capacity(1);
        for (place, literal) in equalities(condition) {
            let known = self.places.iter().position(|known| known.is(&place));
            let place = known.unwrap_or_else(|| {
                self.places.push(place);
                self.places.len() - 1
            });
            // A condition that requires two values in one place never holds, so any of them will do.
            if required.iter().all(|(other, _)| *other != place) {
                required.push((place, literal));
            }
        }
        required
    }

    fn table(&mut self, required: &Required) -> &mut Table {
        let places: Box<[usize]> = required.iter().map(|(place, _)| *place).collect();
        let known = self.tables.iter().position(|table| table.places == places);
        let at = known.unwrap_or_else(|| {
            self.tables.push(Table {
                places,
                by_literals: HashMap::default(),
                rules: Vec::new(),
            });
            self.tables.len() - 1
        });
        &mut self.tables[at]
    }

    /// The rules in `range` that may match, in order.
    pub(super) fn candidates<'i>(
        &'i self,
        range: &Range<usize>,
        env: &Env<'_>,
    ) -> impl Iterator<Item = usize> + use<'i> {
        let mut lists = Vec::with_capacity(1 + self.tables.len());
        self.others.add(range, env, &mut lists);
        for table in &self.tables {
            self.find(table, range, env, &mut lists);
        }
        Merge { lists }
    }

    /// A few rules that share the first of their literals with a call, those that share the most first.
    pub(super) fn sharing(&self, env: &Env<'_>) -> Vec<usize> {
        self.shared.with(&self.places, env)
    }

    /// Adds the rules of a table that require the values that the call has.
    fn find<'i>(&'i self, table: &'i Table, range: &Range<usize>, env: &Env<'_>, lists: &mut Vec<&'i [u32]>) {
        let mut hasher = FixedState::default().build_hasher();
        for place in &table.places {
            if !self.places[*place].hash(env, &mut hasher) {
                // None of them can match. One is enough to report what is missing.
                lists.extend(within(&table.rules, range).chunks(1).next());
                return;
            }
        }
        let list = match table.by_literals.get(&hasher.finish()) {
            None => return,
            Some(Alike::One(rule)) => rule,
            Some(Alike::Few(rules)) => rules.as_slice(),
            Some(Alike::Many(narrowed)) => return narrowed.add(range, env, lists),
        };
        let list = within(list, range);
        lists.extend((!list.is_empty()).then_some(list));
    }
}

impl Table {
    fn file(&mut self, required: &Required, rule: u32) {
        let mut hasher = FixedState::default().build_hasher();
        for (_, literal) in required {
            hash_literal(literal, &mut hasher);
        }
        self.by_literals
            .entry(hasher.finish())
            .and_modify(|alike| alike.push(rule))
            .or_insert(Alike::One([rule]));
        self.rules.push(rule);
    }
}

impl Alike {
    /// Adds one while the index is made.
    fn push(&mut self, rule: u32) {
        match self {
            Self::One([first]) => *self = Self::Few(vec![*first, rule]),
            Self::Few(rules) => rules.push(rule),
            Self::Many(_) => {}
        }
    }
}

/// Reduces rare combinations to one place: the one with the most different literals.
fn limit_combinations(required: &mut [Required]) {
    let combination = |required: &Required| required.iter().map(|(place, _)| *place).collect::<Vec<_>>();
    let mut counts: HashMap<Vec<usize>, usize> = HashMap::new();
    for required in required.iter() {
        *counts.entry(combination(required)).or_default() += 1;
    }
    if counts.len() <= MAX_COMBINATIONS {
        return;
    }
    let mut by_count: Vec<(usize, Vec<usize>)> = counts
        .into_iter()
        .map(|(places, count)| (count, places))
        .collect();
    by_count.sort_unstable_by(|one, other| other.cmp(one));
    let common: HashSet<Vec<usize>> = by_count
        .into_iter()
        .take(MAX_COMBINATIONS)
        .map(|(_, places)| places)
        .collect();
    let mut literals: HashMap<usize, HashSet<WireScalar>> = HashMap::new();
    for (place, literal) in required.iter().flatten() {
        literals.entry(*place).or_default().insert(literal.clone());
    }
    for required in required
        .iter_mut()
        .filter(|required| !common.contains(&combination(required)))
    {
        let best = required.drain(..).max_by_key(|(place, _)| literals[place].len());
        required.extend(best);
    }
}

#[cfg(test)]
mod tests;
