//! Values that are not fields of a message, such as the variables of `state`.
//!
//! They are written in YAML, with `${…}` anywhere; a string that is a single expression keeps the expression's type.

use super::text::Text;
use crate::cel::{Program, Value};

/// A number from 0, if the value is one that 64 bits hold: of rounds, or of elements.
pub(crate) fn count_of(value: &Value<'_>) -> Option<u64> {
    match value {
        Value::Int(count) => u64::try_from(*count).ok(),
        Value::Uint(count) => Some(*count),
        _ => None,
    }
}

/// What to do where a key does not fit: the value is often what was meant.
pub(crate) const KEY_AND_VALUE: &str =
    "the loop goes over the keys of a map; `as: [key, value]` names the value, too";

/// A value as a rule writes it.
#[derive(Debug)]
pub(crate) enum ValueTemplate {
    Constant(Value<'static>),
    Program(Box<Program>),
    Text(Text),
    List(Box<[ValueTemplate]>),
    Map(Box<[(String, ValueTemplate)]>),
    /// A list or a map that a loop makes.
    Each(Box<EachValue>),
}

/// What a loop of a template goes over. What it makes of each element is kept beside it.
#[derive(Debug)]
pub(crate) struct Each {
    pub(crate) list: Program,
    /// Whether an element comes with its index, or the value of a map with its key.
    pub(crate) pairs: bool,
    /// Which elements are taken.
    pub(crate) when: Option<Program>,
    /// How many of those are left out at the begin.
    pub(crate) skip: Option<ValueTemplate>,
    /// How many are taken at most.
    pub(crate) limit: Option<ValueTemplate>,
    /// Instead of both: those of a page.
    pub(crate) page: Option<Box<Page>>,
    /// What a round costs, apart from what depends on the sizes of values.
    pub(crate) cost: u64,
}

/// Which page of a list a request asks for, as AIP-158 has it: `page_size` elements, after those that `page_token` counts.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) size: Program,
    pub(crate) token: Program,
    /// The size, if the request has none.
    pub(crate) default: u64,
}

/// A loop that makes a list, or a map.
#[derive(Debug)]
pub(crate) struct EachValue {
    pub(crate) each: Each,
    /// The key of an entry, if it makes a map.
    pub(crate) key: Option<ValueTemplate>,
    pub(crate) value: ValueTemplate,
}

impl ValueTemplate {
    /// What it costs, apart from what depends on the sizes of values. A loop charges its rounds itself.
    pub(crate) fn fixed_cost(&self) -> u64 {
        1 + match self {
            Self::Constant(_) => 0,
            Self::Program(program) => program.fixed_cost(),
            Self::Text(text) => text.programs().map(Program::fixed_cost).sum(),
            Self::List(items) => items.iter().map(Self::fixed_cost).sum(),
            Self::Map(entries) => entries.iter().map(|(_, value)| value.fixed_cost()).sum(),
            Self::Each(looped) => looped.each.list.fixed_cost(),
        }
    }
}
