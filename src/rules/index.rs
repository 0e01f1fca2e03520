//! Finds the rules that can match a message without trying all of them.
//!
//! Most rules of a long list say that one field equals one literal. Each such rule is filed under its literal, in
//! the table of that field which tells the most rules apart; the others are tried always. A look-up gives the
//! candidates in the order of the rules, so the first that matches is the one that a plain search would find.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use prost_reflect::Kind;

use super::expected::Literal;
use super::plan::Rule;
use super::template::canonical;
use crate::message::{Picked, Raw, Slot};

/// The rules of one method, by the literals that they ask for.
#[derive(Debug, Default)]
pub(super) struct Index {
    tables: Vec<Table>,
    /// Rules that no table holds, in order.
    others: Vec<usize>,
}

/// One field, and the rules that ask for each of its values, in order.
#[derive(Debug)]
struct Table {
    slot: Slot,
    kind: Kind,
    unset: Literal,
    by_bits: HashMap<u64, Vec<usize>>,
    by_bytes: HashMap<Box<[u8]>, Vec<usize>>,
}

impl Index {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut literals: HashMap<Slot, HashSet<&Literal>> = HashMap::new();
        for equality in rules.iter().flat_map(|rule| &rule.condition.equalities) {
            literals
                .entry(equality.slot)
                .or_default()
                .insert(&equality.expected);
        }
        let mut index = Self::default();
        for (at, rule) in rules.iter().enumerate() {
            // Floats are compared by value, which bits do not tell.
            let exact = rule
                .condition
                .equalities
                .iter()
                .filter(|e| !matches!(e.kind, Kind::Double | Kind::Float));
            let Some(equality) = exact.max_by_key(|equality| literals[&equality.slot].len()) else {
                index.others.push(at);
                continue;
            };
            let known = index.tables.iter().position(|table| table.slot == equality.slot);
            let table = known.unwrap_or_else(|| {
                index.tables.push(Table {
                    slot: equality.slot,
                    kind: equality.kind.clone(),
                    unset: equality.unset.clone(),
                    by_bits: HashMap::new(),
                    by_bytes: HashMap::new(),
                });
                index.tables.len() - 1
            });
            let table = &mut index.tables[table];
            match &equality.expected {
                Literal::Bits(bits) => table.by_bits.entry(*bits).or_default().push(at),
                Literal::Bytes(bytes) => table.by_bytes.entry(bytes.clone()).or_default().push(at),
            }
        }
        index
    }

    /// The rules in `range` that may match the message, in order.
    pub(super) fn candidates<'i>(
        &'i self,
        range: Range<usize>,
        message: Option<(&[u8], &Picked)>,
    ) -> impl Iterator<Item = usize> + 'i {
        let mut lists = Vec::with_capacity(1 + self.tables.len());
        lists.push(within(&self.others, &range));
        if let Some((bytes, picked)) = message {
            lists.extend(
                self.tables
                    .iter()
                    .map(|table| within(table.find(bytes, picked), &range)),
            );
        }
        Merge { lists }
    }
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

impl Table {
    /// The rules that ask for the value that the message has.
    fn find(&self, bytes: &[u8], picked: &Picked) -> &[usize] {
        let found = match picked.get(self.slot) {
            Raw::Span(start, length) => self.by_bytes.get(&bytes[start as usize..][..length as usize]),
            Raw::Varint(raw) => self.by_bits.get(&canonical(&self.kind, raw)),
            Raw::Fixed32(bits) => self.by_bits.get(&u64::from(bits)),
            Raw::Fixed64(bits) => self.by_bits.get(&bits),
            Raw::Absent | Raw::Present => match &self.unset {
                Literal::Bits(bits) => self.by_bits.get(bits),
                Literal::Bytes(bytes) => self.by_bytes.get(bytes),
            },
        };
        found.map_or(&[], Vec::as_slice)
    }
}
