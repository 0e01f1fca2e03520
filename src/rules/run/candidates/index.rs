//! Finds the rules that can match a call without trying all of them.
//!
//! Most rules of a long list require that some fields, or some metadata, equal literals. Rules that compare the same
//! places share a table, which holds each of them by a hash of its literals; all other rules are always tried. A look-up
//! returns the candidates in the order of the rules, so the first that matches is the one that a plain search would
//! find. A candidate need not match: its condition is evaluated all the same, which is why a hash is enough.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::Hasher;
use std::ops::Range;

use http::{HeaderMap, HeaderName};
use prost_reflect::{Kind, Value as Constant};

use crate::cel::{Env, Equality, Value, metadata_value};
use crate::message::{Picked, Raw, Slot};
use crate::rules::plan::{Condition, ExpectedMetadata, Rule, WireScalar, canonical};

/// How many combinations of places have a table: each table costs every call a look-up.
const MAX_COMBINATIONS: usize = 16;

/// How many bytes at the begin and at the end of a text are hashed.
const HASHED_ENDS: usize = 128;

/// The rules of one method, by the literals that they require.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: Vec<Place>,
    tables: Vec<Table>,
    /// Rules that no table holds, in order.
    others: Vec<usize>,
}

/// A place in a call whose value rules compare with literals.
#[derive(Debug, Clone)]
enum Place {
    Field {
        slot: Slot,
        kind: Kind,
        /// The value of the field when it is unset.
        unset: WireScalar,
    },
    Metadata(HeaderName),
}

/// The rules that compare the same places.
#[derive(Debug)]
struct Table {
    /// Indexes into the index's places, ascending.
    places: Box<[usize]>,
    /// By a hash of the literals in the order of the places; each list in the order of the rules.
    by_literals: HashMap<u64, Vec<usize>>,
    /// All of them, in order.
    rules: Vec<usize>,
}

/// The literals that one rule requires, by place, ascending.
type Required = Vec<(usize, WireScalar)>;

impl Index {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        let mut required: Vec<Required> = rules.iter().map(|rule| index.required(&rule.condition)).collect();
        limit_combinations(&mut required);
        for (rule, required) in required.iter().enumerate() {
            if required.is_empty() {
                index.others.push(rule);
            } else {
                index.table(required).file(required, rule);
            }
        }
        index
    }

    /// The equalities without which a condition cannot hold.
    fn required(&mut self, condition: &Condition) -> Required {
        let mut required = Required::new();
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
        required.sort_by_key(|(place, _)| *place);
        required
    }

    fn table(&mut self, required: &Required) -> &mut Table {
        let places: Box<[usize]> = required.iter().map(|(place, _)| *place).collect();
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

    /// The rules of a table that require the values that the call has.
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
                // None of them can match. One is enough to report what is missing.
                let rules = within(&table.rules, range);
                return &rules[..rules.len().min(1)];
            }
        }
        let found = table.by_literals.get(&hasher.finish());
        within(found.map_or(&[], Vec::as_slice), range)
    }
}

impl Table {
    fn file(&mut self, required: &Required, rule: usize) {
        let mut hasher = DefaultHasher::new();
        for (_, literal) in required {
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

/// Hashes the value of a field of the request; `false` if it cannot equal a literal of its kind.
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
    // Enough to tell literals apart: a candidate need not match.
    let begin = bytes.len().min(HASHED_ENDS);
    hasher.write(&bytes[..begin]);
    hasher.write(&bytes[begin.max(bytes.len().saturating_sub(HASHED_ENDS))..]);
}

/// The part of an ascending list that is in a range.
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

/// The equalities with a literal without which a condition cannot hold. Floats are left out: equal floats may have
/// different bits.
fn equalities(condition: &Condition) -> impl Iterator<Item = (Place, WireScalar)> {
    let named = condition
        .metadata
        .iter()
        .filter_map(|condition| match &condition.expected {
            ExpectedMetadata::AnyOf(values) => match &**values {
                [only] => {
                    let expected = WireScalar::Bytes(only.as_bytes().into());
                    Some((Place::Metadata(condition.name.clone()), expected))
                }
                _ => None,
            },
            _ => None,
        });
    let listed = condition.equalities.iter().filter_map(|equality| {
        let expected = equality.expected.value()?.clone();
        let place = Place::Field {
            slot: equality.slot,
            kind: equality.kind.clone(),
            unset: equality.unset.clone(),
        };
        Some((place, expected))
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
    // A string of proto2 that is not UTF-8 reads with U+FFFD in it, and has other bytes.
    let may_read_otherwise = |literal: &WireScalar| match literal {
        WireScalar::Bytes(bytes) => bytes.windows(3).any(|bytes| bytes == "\u{fffd}".as_bytes()),
        WireScalar::Bits(_) => false,
    };
    named
        .chain(listed)
        .chain(written)
        .filter(move |(place, literal)| !is_float(place) && !may_read_otherwise(literal))
}

/// The wire form of an expression's value in a field of that kind; `None` if no such field can have it.
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
