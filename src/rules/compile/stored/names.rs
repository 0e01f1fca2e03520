//! What the expressions of one rule name of the store.

use std::collections::BTreeSet;
use std::ops::Range;

use prost_reflect::MessageDescriptor;

use super::key_kind::TypedKey;
use super::kind::{Kind, MessageDue, NoMap};
use crate::cel::{FieldOfVariable, StoredKey, StoredNames, StoredPlace, StoredRead, stored_names};

/// What the expressions of one rule name of the store.
#[derive(Debug, Default)]
pub(in crate::rules::compile) struct Stored {
    pub(in crate::rules::compile) reads: Vec<Read>,
    pub(in crate::rules::compile) sets: Vec<Set>,
    /// What is set together.
    pub(in crate::rules::compile) groups: Vec<Group>,
    /// What is taken for something else than the map that it may be.
    pub(in crate::rules::compile) no_maps: Vec<NoMap>,
    /// What stands where a message of a known type is due.
    pub(in crate::rules::compile) messages_due: Vec<MessageDue>,
    /// The loops around that go over a place of the store, innermost last.
    loops: Vec<Option<StoredLoop>>,
    /// Where the reads begin of variables that are computed with what is set next.
    declared: Option<usize>,
}

/// A place that is read.
#[derive(Debug)]
pub(in crate::rules::compile) struct Read {
    pub(in crate::rules::compile) place: StoredPlace,
    /// Where the place stands in the file, and each of its keys.
    pub(in crate::rules::compile) at: Range<usize>,
    pub(in crate::rules::compile) keys_at: Vec<Range<usize>>,
    pub(in crate::rules::compile) text: String,
    /// Where the comparison with null stands, and the condition to write in its place.
    pub(in crate::rules::compile) compared: Option<(Range<usize>, String)>,
    /// The place that was meant, if the names of a place are those of an expression: `store.orders.request.name`.
    pub(in crate::rules::compile) meant: Option<Meant>,
    /// Whether it is read by the condition of the rule, or by the first values of a session.
    pub(in crate::rules::compile) of_rule: bool,
    /// Its keys with their kinds, as far as they are known.
    pub(in crate::rules::compile) typed_keys: Vec<TypedKey>,
    is_set: bool,
    is_removed: bool,
}

/// A place that an expression was meant to give a key of.
#[derive(Debug)]
pub(in crate::rules::compile) struct Meant {
    pub(in crate::rules::compile) place: String,
    /// How many keys lead to the value whose field it would be: `store.orders.request`. `None` if it can be none.
    pub(in crate::rules::compile) value: Option<usize>,
}

/// A place that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules::compile) struct Set {
    pub(in crate::rules::compile) keys: Vec<StoredKey>,
    /// The keys with their kinds.
    pub(in crate::rules::compile) typed_keys: Vec<TypedKey>,
    pub(in crate::rules::compile) kind: Kind,
    /// The number of the read that it is among those of its rule.
    read: usize,
}

/// What is set together: nothing of it is, if one of its reads fails.
#[derive(Debug)]
pub(in crate::rules::compile) struct Group {
    pub(in crate::rules::compile) reads: Range<usize>,
    pub(in crate::rules::compile) sets: Range<usize>,
}

/// A loop over a place of the store.
#[derive(Debug, Clone)]
pub(in crate::rules::compile) struct StoredLoop {
    keys: Vec<StoredKey>,
    text: String,
    /// The variables: that of the key, or those of the key and the value.
    variables: Vec<String>,
}

impl StoredLoop {
    /// The loop over the place that an expression is, if it is one.
    pub(in crate::rules::compile) fn over(
        source: &str,
        variables: impl Iterator<Item = String>,
    ) -> Option<Self> {
        let StoredNames { places, is_place, .. } = stored_names(source);
        let place = places.into_iter().next().filter(|_| is_place)?;
        Some(Self {
            keys: place.keys,
            text: source.trim().to_owned(),
            variables: variables.collect(),
        })
    }
}

impl Stored {
    /// Notes what an expression names; `place` gives the place of a part of it in the file.
    pub(in crate::rules::compile) fn note(
        &mut self,
        source: &str,
        place: impl Fn(Range<usize>) -> Range<usize>,
    ) {
        let StoredNames { places, fields, .. } = stored_names(source);
        for found in places {
            let compared = match &found.read {
                StoredRead::ComparedWithNull { equal, whole, .. } => {
                    let is_there = &found.is_there;
                    let condition = match equal {
                        true if is_there.starts_with("has(") => format!("!{is_there}"),
                        true => format!("!({is_there})"),
                        false => is_there.clone(),
                    };
                    Some((place(whole.clone()), condition))
                }
                _ => None,
            };
            self.reads.push(Read {
                at: place(found.span.clone()),
                keys_at: found.key_spans.iter().map(|span| place(span.clone())).collect(),
                text: source[found.span.clone()].to_owned(),
                place: found,
                compared,
                meant: None,
                of_rule: false,
                typed_keys: Vec::new(),
                is_set: false,
                is_removed: false,
            });
        }
        self.note_fields(fields, &place);
    }

    /// Notes the fields of the variables of loops in an expression that does not read the store.
    pub(in crate::rules::compile) fn note_elements(
        &mut self,
        source: &str,
        place: impl Fn(Range<usize>) -> Range<usize>,
    ) {
        if self.loops.iter().any(Option::is_some) {
            self.note_fields(stored_names(source).fields, &place);
        }
    }

    fn note_fields(&mut self, fields: Vec<FieldOfVariable>, place: &impl Fn(Range<usize>) -> Range<usize>) {
        for field in fields {
            let at = place(field.span.clone());
            if let Some(keys) = field.key_of {
                let variable = &field.variable;
                let value = format!("{}[{variable}].{}", field.container, field.fields.join("."));
                self.no_maps.push(NoMap::key(
                    keys,
                    at,
                    variable,
                    &field.container,
                    format!("write `{value}`"),
                ));
                continue;
            }
            let of_loop = self.loops.iter().rev().flatten();
            let Some(of_loop) = of_loop
                .into_iter()
                .find(|of_loop| of_loop.variables.contains(&field.variable))
            else {
                continue;
            };
            match of_loop.variables.as_slice() {
                [key] => {
                    let hint = format!("name the value, too: `as: [key, {key}]`");
                    self.no_maps
                        .push(NoMap::key(of_loop.keys.clone(), at, key, &of_loop.text, hint));
                }
                [_, value] if *value == field.variable => {
                    let own = field.fields.iter().cloned().map(StoredKey::Name);
                    let mut keys = of_loop.keys.clone();
                    keys.push(StoredKey::Computed);
                    keys.extend(own);
                    // The key of an element has no text of its own.
                    let mut keys_at = vec![at.clone(); of_loop.keys.len() + 1];
                    let mut start = at.start + field.variable.len() + 1;
                    for name in &field.fields {
                        keys_at.push(start..start + name.len());
                        start += name.len() + 1;
                    }
                    self.reads.push(Read {
                        place: StoredPlace {
                            keys,
                            span: field.span.clone(),
                            key_spans: Vec::new(),
                            in_macro: false,
                            is_there: String::new(),
                            read: StoredRead::Maybe,
                        },
                        at,
                        keys_at,
                        text: format!("{}.{}", field.variable, field.fields.join(".")),
                        compared: None,
                        meant: None,
                        of_rule: false,
                        typed_keys: Vec::new(),
                        is_set: false,
                        is_removed: false,
                    });
                }
                _ => {}
            }
        }
    }

    /// Begins a loop; [`end_loop`](Self::end_loop) must follow.
    pub(in crate::rules::compile) fn begin_loop(&mut self, of_store: Option<StoredLoop>) {
        self.loops.push(of_store);
    }

    pub(in crate::rules::compile) fn end_loop(&mut self) {
        self.loops.pop();
    }

    /// Notes that an expression stands where what the place of the store holds must be of that kind.
    pub(in crate::rules::compile) fn is_due(
        &mut self,
        source: &str,
        due: &str,
        place: impl Fn(Range<usize>) -> Range<usize>,
    ) {
        let at = place(0..source.len());
        let name = source.trim();
        let of_loop = self
            .loops
            .iter()
            .rev()
            .flatten()
            .find(|of_loop| of_loop.variables == [name]);
        if let Some(of_loop) = of_loop {
            if due == "a message" {
                let hint = format!("name the value, too: `as: [key, {name}]`");
                self.no_maps
                    .push(NoMap::key(of_loop.keys.clone(), at, name, &of_loop.text, hint));
            }
            return;
        }
        let StoredNames { places, is_place, .. } = stored_names(source);
        if let Some(found) = places.into_iter().next().filter(|_| is_place) {
            self.no_maps.push(NoMap::map(found.keys, at, name, due));
        }
    }

    /// Notes that an expression stands where a message of that type is due.
    pub(in crate::rules::compile) fn is_message_due(
        &mut self,
        source: &str,
        due: &MessageDescriptor,
        place: impl Fn(Range<usize>) -> Range<usize>,
    ) {
        let StoredNames { places, is_place, .. } = stored_names(source);
        if let Some(found) = places.into_iter().next().filter(|_| is_place) {
            self.messages_due.push(MessageDue {
                keys: found.keys,
                at: place(0..source.len()),
                text: source.trim().to_owned(),
                due: due.clone(),
            });
        }
    }

    /// The variables that are set.
    pub(in crate::rules::compile) fn names_set(&self) -> BTreeSet<String> {
        let first = |set: &Set| match set.keys.first() {
            Some(StoredKey::Name(name)) => Some(name.clone()),
            _ => None,
        };
        self.sets.iter().filter_map(first).collect()
    }

    /// How many places there are so far.
    pub(in crate::rules::compile) fn len(&self) -> usize {
        self.reads.len()
    }

    /// Notes that the first place after so many others is set.
    pub(in crate::rules::compile) fn is_set(&mut self, after: usize) {
        if let Some(read) = self.reads.get_mut(after) {
            read.is_set = true;
            self.sets.push(Set {
                keys: read.place.keys.clone(),
                typed_keys: read.typed_keys.clone(),
                kind: Kind::Unknown,
                read: after,
            });
        }
    }

    /// Says what such a place is set to.
    pub(in crate::rules::compile) fn set_to(&mut self, set: usize, kind: Kind) {
        if let Some(set) = self.sets.get_mut(set) {
            self.reads[set.read].is_removed = kind == Kind::Removed;
            set.kind = kind;
        }
    }

    /// Notes that the reads after so many others are of variables that are computed with what is set next.
    pub(in crate::rules::compile) fn are_declared(&mut self, after: usize) {
        self.declared.get_or_insert(after);
    }

    /// Notes that what was read and set after so many others is set together.
    pub(in crate::rules::compile) fn are_set_together(&mut self, reads: usize, sets: usize) {
        let reads = self.declared.take().unwrap_or(reads)..self.reads.len();
        if self.sets.len() > sets {
            self.groups.push(Group {
                reads,
                sets: sets..self.sets.len(),
            });
        }
    }

    /// Notes that all of the rule fails with the reads after so many others.
    pub(in crate::rules::compile) fn are_of_rule(&mut self, after: usize) {
        for read in &mut self.reads[after..] {
            read.of_rule = true;
        }
    }
}

impl Read {
    /// Whether the expression fails where nothing is there.
    pub(in crate::rules::compile) fn is_needed(&self) -> bool {
        let fails = matches!(
            self.place.read,
            StoredRead::Needed { .. } | StoredRead::ComparedWithNull { is_needed: true, .. }
        );
        fails && !self.is_set
    }

    /// Whether it is the place that is set.
    pub(in crate::rules::compile) fn is_set(&self) -> bool {
        self.is_set
    }

    /// Whether it is the place of something that is made: set, and not removed.
    pub(super) fn is_made(&self) -> bool {
        self.is_set && !self.is_removed
    }

    /// Keeps the kinds of keys that are the same for another method of the rule.
    pub(super) fn keep_kinds(&mut self, other: &Self) {
        for (key, other) in self.typed_keys.iter_mut().zip(&other.typed_keys) {
            key.keep_kind(other);
        }
    }
}
