//! Finds the rules that can match a message without trying all of them.
//!
//! Most rules of a long list say that one field equals one literal. Each such rule is filed under its literal, in
//! the table of that field which tells the most rules apart; the others are tried always. A look-up gives the
//! candidates in the order of the rules, so the first that matches is the one that a plain search would find.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use prost_reflect::{Kind, Value as Constant};

use super::condition::Condition;
use super::expected::Literal;
use super::expr::Value;
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
        let asked: Vec<Vec<Asked>> = rules.iter().map(|rule| asked(&rule.condition)).collect();
        let mut literals: HashMap<Slot, HashSet<&Literal>> = HashMap::new();
        for asked in asked.iter().flatten() {
            literals.entry(asked.slot).or_default().insert(&asked.literal);
        }
        let mut index = Self::default();
        for (at, asked) in asked.iter().enumerate() {
            match asked.iter().max_by_key(|asked| literals[&asked.slot].len()) {
                Some(asked) => index.table(asked).file(&asked.literal, at),
                None => index.others.push(at),
            }
        }
        index
    }

    fn table(&mut self, asked: &Asked) -> &mut Table {
        let known = self.tables.iter().position(|table| table.slot == asked.slot);
        let place = known.unwrap_or(self.tables.len());
        if known.is_none() {
            self.tables.push(Table {
                slot: asked.slot,
                kind: asked.kind.clone(),
                unset: asked.unset.clone(),
                by_bits: HashMap::new(),
                by_bytes: HashMap::new(),
            });
        }
        &mut self.tables[place]
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

/// A field and the one value of it that a rule can match.
struct Asked {
    slot: Slot,
    kind: Kind,
    unset: Literal,
    literal: Literal,
}

/// What a condition asks of single fields. Floats are left out: they compare by value, which bits do not tell.
fn asked(condition: &Condition) -> Vec<Asked> {
    let listed = condition.equalities.iter().map(|equality| Asked {
        slot: equality.slot,
        kind: equality.kind.clone(),
        unset: equality.unset.clone(),
        literal: equality.expected.clone(),
    });
    let written = condition.when.iter().flat_map(|when| when.program.equalities());
    let written = written.filter_map(|equality| {
        Some(Asked {
            slot: equality.slot,
            kind: equality.kind.clone(),
            unset: literal(equality.kind, equality.unset)?,
            literal: literal(equality.kind, equality.expected)?,
        })
    });
    let exact = |asked: &Asked| !matches!(asked.kind, Kind::Double | Kind::Float);
    listed.chain(written).filter(exact).collect()
}

/// The value of an expression as the wire has it in a field of that kind; nothing if no such field can have it.
fn literal(kind: &Kind, value: &Value<'_>) -> Option<Literal> {
    let number = match value {
        Value::String(text) if *kind == Kind::String => return Some(Literal::Bytes(text.as_bytes().into())),
        Value::Int(number) => *number,
        Value::Enum(_, number) => i64::from(*number),
        _ => return None,
    };
    let value = match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Constant::I32(number.try_into().ok()?),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Constant::I64(number),
        Kind::Enum(_) => Constant::EnumNumber(number.try_into().ok()?),
        _ => return None,
    };
    Literal::of(&value, kind)
}

impl Table {
    fn file(&mut self, literal: &Literal, rule: usize) {
        match literal {
            Literal::Bits(bits) => self.by_bits.entry(*bits).or_default().push(rule),
            Literal::Bytes(bytes) => self.by_bytes.entry(bytes.clone()).or_default().push(rule),
        }
    }

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
