//! Finds the rules that can match a call without trying all of them.
//!
//! Most rules of a long list say that some fields, or some metadata, equal literals. Rules that ask for the same
//! places share a table, in which each is filed under a hash of its literals; the others are tried always. A look-up
//! gives the candidates in the order of the rules, so the first that matches is the one that a plain search would
//! find. A candidate need not match: its condition is asked all the same, which is why a hash is enough.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::Hasher;
use std::ops::Range;

use http::{HeaderMap, HeaderName};
use prost_reflect::{Kind, Value as Constant};

use crate::cel::{Env, Equality, Value, metadata_value};
use crate::message::{Picked, Raw, Slot};
use crate::rules::plan::{Condition, Rule, WireScalar, canonical};

/// More combinations of places than this are not told apart: each table costs every call a look-up.
const MAX_COMBINATIONS: usize = 16;

/// The rules of one method, by the literals that they ask for.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: Vec<Place>,
    tables: Vec<Table>,
    /// Rules that no table holds, in order.
    others: Vec<usize>,
}

/// Where a value of a call stands that rules ask for.
#[derive(Debug, Clone)]
enum Place {
    Field {
        slot: Slot,
        kind: Kind,
        /// What the field reads as when it is unset.
        unset: WireScalar,
    },
    Metadata(HeaderName),
}

/// The rules that ask for values in the same places.
#[derive(Debug)]
struct Table {
    /// Indexes into the index's places, ascending.
    places: Box<[usize]>,
    /// By a hash of the literals in the order of the places; each list in the order of the rules.
    by_literals: HashMap<u64, Vec<usize>>,
    /// All of them, in order.
    rules: Vec<usize>,
}

/// The literals that one rule asks for, by place, ascending.
type Asked = Vec<(usize, WireScalar)>;

impl Index {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        let mut asked: Vec<Asked> = rules.iter().map(|rule| index.asked(&rule.condition)).collect();
        limit_combinations(&mut asked);
        for (rule, asked) in asked.iter().enumerate() {
            if asked.is_empty() {
                index.others.push(rule);
            } else {
                index.table(asked).file(asked, rule);
            }
        }
        index
    }

    /// What a condition cannot hold without.
    fn asked(&mut self, condition: &Condition) -> Asked {
        let mut asked = Asked::new();
        for (place, literal) in equalities(condition) {
            let known = self.places.iter().position(|known| known.is(&place));
            let place = known.unwrap_or_else(|| {
                self.places.push(place);
                self.places.len() - 1
            });
            // One that asks for two values in one place never matches, wherever it is filed.
            if asked.iter().all(|(other, _)| *other != place) {
                asked.push((place, literal));
            }
        }
        asked.sort_by_key(|(place, _)| *place);
        asked
    }

    fn table(&mut self, asked: &Asked) -> &mut Table {
        let places: Box<[usize]> = asked.iter().map(|(place, _)| *place).collect();
        let known = self.tables.iter().position(|table| table.places == places);
        let at = known.unwrap_or_else(|| {
            self.tables.push(Table {
                places,
                by_literals: HashMap::new(),
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
        lists.push(within(&self.others, range));
        lists.extend(self.tables.iter().map(|table| self.find(table, range, env)));
        Merge { lists }
    }

    /// The rules of a table that ask for the values that the call has.
    fn find<'i>(&'i self, table: &'i Table, range: &Range<usize>, env: &Env<'_>) -> &'i [usize] {
        let mut hasher = DefaultHasher::new();
        for place in &table.places {
            let there = match &self.places[*place] {
                Place::Field { slot, kind, unset } => env.request.is_some_and(|(bytes, picked)| {
                    hash_field(*slot, kind, unset, bytes, picked, &mut hasher)
                }),
                Place::Metadata(name) => hash_metadata(name, env.metadata, &mut hasher),
            };
            if !there {
                // None of them can match. One is enough to say what is missing.
                let rules = within(&table.rules, range);
                return &rules[..rules.len().min(1)];
            }
        }
        let found = table.by_literals.get(&hasher.finish());
        within(found.map_or(&[], Vec::as_slice), range)
    }
}

impl Table {
    fn file(&mut self, asked: &Asked, rule: usize) {
        let mut hasher = DefaultHasher::new();
        for (_, literal) in asked {
            match literal {
                WireScalar::Bits(bits) => hasher.write_u64(*bits),
                WireScalar::Bytes(bytes) => hash_bytes(bytes, &mut hasher),
            }
        }
        self.by_literals.entry(hasher.finish()).or_default().push(rule);
        self.rules.push(rule);
    }
}

impl Place {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field { slot, .. }, Self::Field { slot: other, .. }) => slot == other,
            (Self::Metadata(name), Self::Metadata(other)) => name == other,
            _ => false,
        }
    }
}

/// Leaves rules of rare combinations with one place each: the one that tells the most rules apart.
fn limit_combinations(asked: &mut [Asked]) {
    let combination = |asked: &Asked| asked.iter().map(|(place, _)| *place).collect::<Vec<_>>();
    let mut counts: HashMap<Vec<usize>, usize> = HashMap::new();
    for asked in asked.iter() {
        *counts.entry(combination(asked)).or_default() += 1;
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
    for (place, literal) in asked.iter().flatten() {
        literals.entry(*place).or_default().insert(literal.clone());
    }
    for asked in asked
        .iter_mut()
        .filter(|asked| !common.contains(&combination(asked)))
    {
        let best = asked.drain(..).max_by_key(|(place, _)| literals[place].len());
        asked.extend(best);
    }
}

/// Hashes what a field of the request reads as; `false` if that cannot equal a literal of its kind.
fn hash_field(
    slot: Slot,
    kind: &Kind,
    unset: &WireScalar,
    bytes: &[u8],
    picked: &Picked,
    hasher: &mut DefaultHasher,
) -> bool {
    match picked.get(slot) {
        Raw::Span(start, length) => hash_bytes(&bytes[start as usize..][..length as usize], hasher),
        Raw::Varint(raw) => hasher.write_u64(canonical(kind, raw)),
        Raw::Fixed32(bits) => hasher.write_u64(u64::from(bits)),
        Raw::Fixed64(bits) => hasher.write_u64(bits),
        Raw::Absent | Raw::Present => match unset {
            WireScalar::Bits(bits) => hasher.write_u64(*bits),
            WireScalar::Bytes(bytes) => hash_bytes(bytes, hasher),
        },
    }
    true
}

/// Hashes the metadata of that name; `false` if there is none.
fn hash_metadata(name: &HeaderName, metadata: &HeaderMap, hasher: &mut DefaultHasher) -> bool {
    let value = metadata_value(metadata, name);
    if let Some(value) = &value {
        hash_bytes(value.as_bytes(), hasher);
    }
    value.is_some()
}

fn hash_bytes(bytes: &[u8], hasher: &mut DefaultHasher) {
    hasher.write_usize(bytes.len());
    hasher.write(bytes);
}

/// The part of an ascending list that lies in a range.
fn within<'l>(list: &'l [usize], range: &Range<usize>) -> &'l [usize] {
    let start = list.partition_point(|at| *at < range.start);
    let end = list.partition_point(|at| *at < range.end);
    &list[start..end]
}

/// Several ascending lists as one.
struct Merge<'i> {
    lists: Vec<&'i [usize]>,
}

impl Iterator for Merge<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let list = self
            .lists
            .iter_mut()
            .filter(|list| !list.is_empty())
            .min_by_key(|list| list[0])?;
        let (first, rest) = list.split_first()?;
        *list = rest;
        Some(*first)
    }
}

/// The equalities with a literal that a condition cannot hold without. Floats are left out: they compare by value,
/// which bits do not tell.
fn equalities(condition: &Condition) -> impl Iterator<Item = (Place, WireScalar)> {
    let listed = condition.equalities.iter().map(|equality| {
        let place = Place::Field {
            slot: equality.slot,
            kind: equality.kind.clone(),
            unset: equality.unset.clone(),
        };
        (place, equality.expected.clone())
    });
    let written = condition.when.iter().flat_map(|when| when.program.equalities());
    let written = written.filter_map(|equality| {
        Some(match equality {
            Equality::Field {
                slot,
                kind,
                unset,
                expected,
            } => {
                let place = Place::Field {
                    slot,
                    kind: kind.clone(),
                    unset: literal(kind, unset)?,
                };
                (place, literal(kind, expected)?)
            }
            Equality::Metadata { name, expected } => {
                let expected = WireScalar::Bytes(expected.as_bytes().into());
                (Place::Metadata(name.clone()), expected)
            }
        })
    });
    let is_float = |place: &Place| {
        matches!(
            place,
            Place::Field {
                kind: Kind::Double | Kind::Float,
                ..
            }
        )
    };
    listed.chain(written).filter(move |(place, _)| !is_float(place))
}

/// The value of an expression as the wire has it in a field of that kind; nothing if no such field can have it.
fn literal(kind: &Kind, value: &Value<'_>) -> Option<WireScalar> {
    let value = match (kind, value) {
        (Kind::String, Value::String(text)) => return Some(WireScalar::Bytes(text.as_bytes().into())),
        (Kind::Bytes, Value::Bytes(bytes)) => return Some(WireScalar::Bytes(bytes.as_ref().into())),
        (Kind::Bool, Value::Bool(truth)) => Constant::Bool(*truth),
        (Kind::Uint32 | Kind::Fixed32, Value::Uint(number)) => Constant::U32((*number).try_into().ok()?),
        (Kind::Uint64 | Kind::Fixed64, Value::Uint(number)) => Constant::U64(*number),
        (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, Value::Int(number)) => {
            Constant::I32((*number).try_into().ok()?)
        }
        (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, Value::Int(number)) => Constant::I64(*number),
        (Kind::Enum(_), Value::Int(number)) => Constant::EnumNumber((*number).try_into().ok()?),
        (Kind::Enum(_), Value::Enum(_, number)) => Constant::EnumNumber(*number),
        _ => return None,
    };
    WireScalar::of(&value, kind)
}

#[cfg(test)]
mod tests;
