//! Rules by what they ask of one part of the call that is no equality: a number in a range, a text that begins so, something that is there.
//!
//! Each rule is filed by one such thing, the narrowest. Those that ask for none are always tried.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::RangeInclusive;

use foldhash::fast::FixedState;
use http::HeaderName;
use prost_reflect::Kind;

use super::lists::within;
use super::place::literal;
use super::ranges::Ranges;
use crate::cel::{Env, Narrowing, metadata_value};
use crate::message::{Raw, Slot, unzigzag};
use crate::rules::plan::{Condition, Expected, ExpectedMetadata, WireScalar, canonical};

/// Texts are filed by all of their first bytes up to so many, and by fewer of what is longer: each length costs every call a look-up.
const EXACT_LENGTHS: usize = 16;

/// The longest begin of a text that is looked up.
const LONGEST_BEGIN: usize = 128;

/// Rules by what they ask for.
#[derive(Debug, Default)]
pub(super) struct Narrowed {
    ranges: Vec<(Number, Ranges)>,
    texts: Vec<(Text, Begins)>,
    /// Rules for calls in which a field is set.
    fields: Vec<(Slot, Vec<u32>)>,
    /// Rules for calls that have metadata of a name.
    metadata: HashMap<HeaderName, Vec<u32>, FixedState>,
    /// All others, in order.
    others: Vec<u32>,
}

/// An integer of the request.
#[derive(Debug)]
struct Number {
    slot: Slot,
    kind: Kind,
    unset: u64,
}

/// A text of the call.
#[derive(Debug)]
enum Text {
    Field { slot: Slot, unset: Box<[u8]> },
    Metadata(HeaderName),
}

/// Rules by how a text begins.
#[derive(Debug, Default)]
struct Begins {
    /// The lengths that there are, ascending.
    lengths: Vec<usize>,
    /// By a hash of so many first bytes; each list in the order of the rules.
    rules: HashMap<u64, Vec<u32>, FixedState>,
    /// The first one.
    first: Vec<u32>,
}

/// What a rule is filed by.
enum Filed {
    Range(Number, RangeInclusive<u64>),
    Begin(Text, Box<[u8]>),
    Field(Slot),
    Metadata(HeaderName),
}

impl Narrowed {
    /// Rules with their conditions, in order.
    pub(super) fn of<'r>(rules: impl Iterator<Item = (u32, &'r Condition)>) -> Self {
        let mut narrowed = Self::default();
        let mut ranges: BTreeMap<usize, Vec<(RangeInclusive<u64>, u32)>> = BTreeMap::new();
        for (rule, condition) in rules {
            match narrowest(condition) {
                None => narrowed.others.push(rule),
                Some(Filed::Range(number, range)) => {
                    let known = narrowed
                        .ranges
                        .iter()
                        .position(|(known, _)| known.slot == number.slot);
                    let at = known.unwrap_or_else(|| {
                        narrowed.ranges.push((number, Ranges::of(&[])));
                        narrowed.ranges.len() - 1
                    });
                    ranges.entry(at).or_default().push((range, rule));
                }
                Some(Filed::Begin(text, begin)) => {
                    let known = narrowed.texts.iter().position(|(known, _)| known.is(&text));
                    let at = known.unwrap_or_else(|| {
                        narrowed.texts.push((text, Begins::default()));
                        narrowed.texts.len() - 1
                    });
                    narrowed.texts[at].1.file(&begin, rule);
                }
                Some(Filed::Field(slot)) => list_of(&mut narrowed.fields, slot).push(rule),
                Some(Filed::Metadata(name)) => narrowed.metadata.entry(name).or_default().push(rule),
            }
        }
        for (at, ranges) in ranges {
            narrowed.ranges[at].1 = Ranges::of(&ranges);
        }
        narrowed
    }

    /// Adds the lists of the rules in `range` that a call may fulfil.
    pub(super) fn add<'n>(
        &'n self,
        range: &std::ops::Range<usize>,
        env: &Env<'_>,
        lists: &mut Vec<&'n [u32]>,
    ) {
        let mut add = |list: &'n [u32]| {
            let list = within(list, range);
            if !list.is_empty() {
                lists.push(list);
            }
        };
        add(&self.others);
        for (number, ranges) in &self.ranges {
            if let Some(value) = number.of(env) {
                ranges.with(value).for_each(&mut add);
            }
        }
        for (text, begins) in &self.texts {
            text.with(env, |value| match value {
                Some(value) => begins.of(value, &mut add),
                // None of them can match. One is enough to report what is missing.
                None => add(&begins.first),
            });
        }
        for (slot, rules) in &self.fields {
            if env
                .request
                .is_some_and(|(_, picked)| picked.get(*slot) != Raw::Absent)
            {
                add(rules);
            }
        }
        // The fewer are looked up among the others.
        if self.metadata.len() <= env.metadata.keys_len() {
            let asked_for = self.metadata.iter();
            asked_for
                .filter(|(name, _)| env.metadata.contains_key(*name))
                .for_each(|(_, rules)| add(rules));
        } else {
            env.metadata
                .keys()
                .filter_map(|name| self.metadata.get(name))
                .for_each(|rules| add(rules));
        }
    }
}

fn list_of(lists: &mut Vec<(Slot, Vec<u32>)>, slot: Slot) -> &mut Vec<u32> {
    let known = lists.iter().position(|(known, _)| *known == slot);
    let at = known.unwrap_or_else(|| {
        lists.push((slot, Vec::new()));
        lists.len() - 1
    });
    &mut lists[at].1
}

/// What narrows a condition down the most.
fn narrowest(condition: &Condition) -> Option<Filed> {
    let written = condition.when.iter().flat_map(|when| when.program.narrowings());
    let mut ranges: Vec<(Slot, Number, i128, i128)> = Vec::new();
    let mut begin: Option<(Text, Box<[u8]>)> = None;
    let mut there = None;
    for narrowing in written {
        let (text, written) = match narrowing {
            Narrowing::Between {
                slot,
                kind,
                unset,
                least,
                most,
            } => {
                if let Some((_, _, low, high)) = ranges.iter_mut().find(|(known, ..)| *known == slot) {
                    (*low, *high) = (least.max(*low), most.min(*high));
                } else if let Some(number) = Number::new(slot, kind, literal(kind, unset)) {
                    ranges.push((slot, number, least, most));
                }
                continue;
            }
            Narrowing::HasField(slot) => {
                there.get_or_insert(Filed::Field(slot));
                continue;
            }
            Narrowing::HasMetadata(name) => {
                there.get_or_insert(Filed::Metadata(name.clone()));
                continue;
            }
            Narrowing::FieldBegins { slot, unset, begin } => match literal(&Kind::String, unset) {
                Some(WireScalar::Bytes(unset)) => (Text::Field { slot, unset }, begin),
                _ => continue,
            },
            Narrowing::MetadataBegins { name, begin } => (Text::Metadata(name.clone()), begin),
        };
        // A string of proto2 that is not UTF-8 reads with U+FFFD in it, and has other bytes.
        let is_longer = begin
            .as_ref()
            .is_none_or(|(_, known)| known.len() < written.len());
        if !written.is_empty() && !written.contains('\u{fffd}') && is_longer {
            begin = Some((text, written.as_bytes().into()));
        }
    }
    // One with two ends is narrower than one with one.
    let (bounded, open): (Vec<_>, Vec<_>) = ranges.into_iter().partition(|(_, number, least, most)| {
        let (lowest, highest) = number.all();
        *least > lowest && *most < highest
    });
    let range = |(_, number, least, most): (Slot, Number, i128, i128)| number.filed(least, most);
    let smallest = bounded
        .into_iter()
        .min_by_key(|(_, _, least, most)| most.saturating_sub(*least));
    let named = condition
        .metadata
        .iter()
        .find_map(|condition| match condition.expected {
            ExpectedMetadata::Present => Some(Filed::Metadata(condition.name.clone())),
            _ => None,
        });
    let is_set = |expected: &Expected| matches!(expected, Expected::Set | Expected::SetTo(_));
    let set = condition
        .equalities
        .iter()
        .find(|equality| is_set(&equality.expected));
    smallest
        .map(range)
        .or_else(|| begin.map(|(text, begin)| Filed::Begin(text, begin)))
        .or_else(|| open.into_iter().next().map(range))
        .or(named)
        .or(there)
        .or_else(|| set.map(|equality| Filed::Field(equality.slot)))
}

impl Number {
    /// `None` if the field is no integer.
    fn new(slot: Slot, kind: &Kind, unset: Option<WireScalar>) -> Option<Self> {
        let is_integer = matches!(
            kind,
            Kind::Int32
                | Kind::Int64
                | Kind::Sint32
                | Kind::Sint64
                | Kind::Sfixed32
                | Kind::Sfixed64
                | Kind::Uint32
                | Kind::Uint64
                | Kind::Fixed32
                | Kind::Fixed64
        );
        let Some(WireScalar::Bits(unset)) = unset.filter(|_| is_integer) else {
            return None;
        };
        Some(Self {
            slot,
            kind: kind.clone(),
            unset,
        })
    }

    fn is_unsigned(&self) -> bool {
        matches!(
            self.kind,
            Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64
        )
    }

    /// The least and the greatest number that it can be, or is compared as.
    fn all(&self) -> (i128, i128) {
        if self.is_unsigned() {
            (0, u64::MAX.into())
        } else {
            (i64::MIN.into(), i64::MAX.into())
        }
    }

    /// A range of its values, as [`ordered`](Self::ordered) has them. One in which nothing is has some value, which does not match.
    fn filed(self, least: i128, most: i128) -> Filed {
        let (lowest, highest) = self.all();
        let key = |number: i128| u64::try_from(number.clamp(lowest, highest) - lowest).unwrap_or(u64::MAX);
        let (low, high) = (key(least), key(most));
        Filed::Range(self, low..=high.max(low))
    }

    /// The bits of a value, as a number that is greater where the value is.
    fn ordered(&self, bits: u64) -> u64 {
        let signed = match self.kind {
            Kind::Sint32 | Kind::Sint64 => unzigzag(bits),
            Kind::Sfixed32 => i64::from(bits as u32 as i32),
            _ if self.is_unsigned() => return bits,
            _ => bits as i64,
        };
        (signed as u64) ^ (1 << 63)
    }

    /// The value that a call has; `None` without a request.
    fn of(&self, env: &Env<'_>) -> Option<u64> {
        let (_, picked) = env.request?;
        Some(self.ordered(match picked.get(self.slot) {
            Raw::Varint(raw) => canonical(&self.kind, raw),
            Raw::Fixed32(bits) => bits.into(),
            Raw::Fixed64(bits) => bits,
            Raw::Absent | Raw::Present | Raw::Span(..) => self.unset,
        }))
    }
}

impl Text {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field { slot, .. }, Self::Field { slot: other, .. }) => slot == other,
            (Self::Metadata(name), Self::Metadata(other)) => name == other,
            _ => false,
        }
    }

    /// Calls `read` with the text that a call has.
    fn with(&self, env: &Env<'_>, read: impl FnOnce(Option<&[u8]>)) {
        match self {
            Self::Field { slot, unset } => read(env.request.map(|(bytes, picked)| match picked.get(*slot) {
                Raw::Span(start, length) => &bytes[start as usize..][..length as usize],
                _ => unset,
            })),
            Self::Metadata(name) => {
                let value = metadata_value(env.metadata, name);
                read(value.as_ref().map(|value| value.as_bytes()));
            }
        }
    }
}

impl Begins {
    fn file(&mut self, begin: &[u8], rule: u32) {
        let length = match begin.len() {
            exact @ 0..=EXACT_LENGTHS => exact,
            longer => 1 << longer.min(LONGEST_BEGIN).ilog2(),
        };
        if let Err(at) = self.lengths.binary_search(&length) {
            self.lengths.insert(at, length);
        }
        if self.first.is_empty() {
            self.first.push(rule);
        }
        self.rules.entry(hash(&begin[..length])).or_default().push(rule);
    }

    /// Adds the lists of the rules that a text may fulfil.
    fn of<'b>(&'b self, text: &[u8], mut add: impl FnMut(&'b [u32])) {
        for length in &self.lengths {
            let Some(begin) = text.get(..*length) else { break };
            if let Some(rules) = self.rules.get(&hash(begin)) {
                add(rules);
            }
        }
    }
}

fn hash(begin: &[u8]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(begin);
    hasher.write_usize(begin.len());
    hasher.finish()
}
