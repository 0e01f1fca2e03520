//! What the parts of an expression cost, in the units of a [`Budget`].
//!
//! What is the same in each round of a loop is counted at load. What depends on the sizes of values is charged when they are
//! there: for a function by a [`Cost`], which is chosen at load, too.

use super::budget::{Budget, reading_weight, weight};
use super::env::Env;
use super::functions::{MAX_BYTES, MAX_RANGE};
use super::typed::TypedExpr;
use super::values::{Evaluated, Value};
use crate::message::decoding_cost;
use crate::schema::Layouts;

impl TypedExpr {
    /// What the parts cost whose cost does not depend on values: one unit each. A loop charges its rounds itself.
    pub(in crate::cel) fn fixed_cost(&self) -> u64 {
        1 + match self {
            Self::RequestAt(_, _, inner)
            | Self::StoreValue(inner)
            | Self::HasStore(inner)
            | Self::Field(inner, _)
            | Self::HasField(inner, _)
            | Self::Member(inner, _)
            | Self::HasMember(inner, _)
            | Self::Unpack(inner)
            | Self::Not(inner)
            | Self::Negate(inner)
            | Self::ToDouble(inner)
            | Self::Json(inner)
            | Self::Matches(inner, _) => inner.fixed_cost(),
            Self::Index(parts)
            | Self::In(parts)
            | Self::And(parts)
            | Self::Or(parts)
            | Self::IntMath(_, parts)
            | Self::DoubleMath(_, parts)
            | Self::Math(_, parts)
            | Self::CompareInt(_, parts)
            | Self::EqualText(_, parts)
            | Self::MatchesPattern(parts)
            | Self::Compare(_, parts) => sum(&**parts),
            Self::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                condition.fixed_cost() + then.fixed_cost().max(otherwise.fixed_cost())
            }
            // An element is made, and moved into the list.
            Self::List(parts) | Self::Concat(parts) => sum(parts) + parts.len() as u64,
            // Each key is looked for among the others.
            Self::Map(entries) => {
                let parts = entries
                    .iter()
                    .map(|(key, value)| key.fixed_cost() + value.fixed_cost());
                parts.sum::<u64>() + (entries.len() * entries.len() / 8) as u64
            }
            Self::Call(_, _, arguments) => 2 + sum(arguments),
            Self::Loop(looped) => 2 + looped.range.fixed_cost(),
            _ => 0,
        }
    }
}

fn sum(parts: &[TypedExpr]) -> u64 {
    parts.iter().map(TypedExpr::fixed_cost).sum()
}

/// How the cost of a function depends on its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cel) enum Cost {
    /// It looks through them.
    Read,
    /// It makes something of about their size.
    Make,
    Sort,
    Format,
    Join,
    Range,
    Repeat,
    Replace,
    Split,
}

impl Cost {
    pub(in crate::cel) fn of(function: &str) -> Self {
        match function {
            "contains" | "startsWith" | "endsWith" | "indexOf" | "lastIndexOf" | "charAt" | "size"
            | "type" | "dyn" | "first" | "last" => Self::Read,
            "sort" => Self::Sort,
            "format" => Self::Format,
            "join" => Self::Join,
            "lists.range" => Self::Range,
            "repeat" => Self::Repeat,
            "replace" => Self::Replace,
            "split" => Self::Split,
            _ => Self::Make,
        }
    }

    /// Takes what a call with these arguments costs. Arguments of the wrong types cost what it takes to say so.
    #[inline]
    pub(in crate::cel) fn charge(self, budget: &Budget, arguments: &[Value<'_>]) -> Evaluated<()> {
        match self {
            Self::Read => arguments
                .iter()
                .try_for_each(|argument| budget.charge_reading(argument)),
            Self::Make => arguments
                .iter()
                .try_for_each(|argument| budget.charge_making(argument)),
            other => other.charge_by_size(budget, arguments),
        }
    }

    #[inline(never)]
    fn charge_by_size(self, budget: &Budget, arguments: &[Value<'_>]) -> Evaluated<()> {
        arguments
            .iter()
            .try_for_each(|argument| budget.charge_reading(argument))?;
        match (self, arguments) {
            (Self::Sort, [Value::List(values)]) => budget.charge(sorting(values, weight(&arguments[0]))),
            (Self::Format, [pattern, list]) => {
                budget.charge_making(pattern)?;
                budget.charge(weight(list).saturating_mul(4))
            }
            (Self::Join, [Value::List(values), rest @ ..]) => {
                let separator = match rest {
                    [Value::String(separator)] => separator.len(),
                    _ => 0,
                };
                let texts = values.iter().map(|value| match value {
                    Value::String(text) => text.len() + separator,
                    _ => 0,
                });
                charge_result(budget, texts.fold(0, usize::saturating_add))
            }
            (Self::Range, [Value::Int(count)]) => {
                // The function refuses what is more.
                let count = u64::try_from(*count).unwrap_or(0);
                budget.charge(if count > MAX_RANGE as u64 { 0 } else { count * 2 })
            }
            (Self::Repeat, [value, Value::Int(count)]) => {
                let length = match value {
                    Value::String(text) => text.len(),
                    Value::Bytes(bytes) => bytes.len(),
                    _ => 0,
                };
                let count = usize::try_from(*count).unwrap_or(0);
                charge_result(budget, length.saturating_mul(count))
            }
            (
                Self::Replace,
                [
                    Value::String(text),
                    Value::String(from),
                    Value::String(to),
                    rest @ ..,
                ],
            ) => {
                let replaced = parts(text, from, rest);
                budget.charge(replaced as u64)?;
                charge_result(
                    budget,
                    text.len().saturating_add(replaced.saturating_mul(to.len())),
                )
            }
            (Self::Split, [Value::String(text), Value::String(separator), rest @ ..]) => {
                let parts = parts(text, separator, rest) as u64;
                budget.charge(parts.saturating_mul(4))?;
                budget.charge_made(text.len())
            }
            _ => Ok(()),
        }
    }
}

/// Takes what it costs to make so many bytes. The function refuses to make too many.
fn charge_result(budget: &Budget, bytes: usize) -> Evaluated<()> {
    budget.charge_made(if bytes > MAX_BYTES { 0 } else { bytes })
}

/// How often a text has a part, at most as often as the last argument says. No text has as many characters as bytes or
/// more.
fn parts(text: &str, part: &str, most: &[Value<'_>]) -> usize {
    let most = match most {
        [Value::Int(most)] => usize::try_from(*most).unwrap_or(usize::MAX),
        _ => usize::MAX,
    };
    if part.is_empty() {
        return text.len().saturating_add(1).min(most);
    }
    text.matches(part).take(most).count().saturating_add(1)
}

/// What it costs to sort values that weigh so much: each is compared with some others.
pub(in crate::cel) fn sorting(values: &[impl Sized], weight: u64) -> u64 {
    let rounds = u64::from(values.len().max(1).ilog2()) + 1;
    weight.saturating_mul(rounds)
}

/// Takes what it costs to look for a key in a map. A list has its elements at their places.
pub(in crate::cel) fn charge_search(container: &Value<'_>, budget: &Budget) -> Evaluated<()> {
    match container {
        Value::Map(entries) => budget.charge(entries.len() as u64 / 8),
        _ => Ok(()),
    }
}

impl Env<'_> {
    /// Takes what it costs to write a value as text or JSON.
    pub(crate) fn charge_text(&self, value: &Value<'_>) -> Evaluated<()> {
        match value {
            Value::Message(_) | Value::List(_) | Value::Map(_) => {
                self.call.budget.charge(text_cost(value, self.layouts))
            }
            _ => self.call.budget.charge_making(value),
        }
    }
}

fn text_cost(value: &Value<'_>, layouts: &Layouts) -> u64 {
    match value {
        Value::Message(message) => match layouts.find(message.descriptor.full_name()) {
            // It is decoded, and then written.
            Some(layout) => decoding_cost(layouts, layout, &message.bytes).saturating_mul(2),
            None => message.bytes.len() as u64 * 4,
        },
        Value::List(values) => 1 + values.iter().map(|value| text_cost(value, layouts)).sum::<u64>(),
        Value::Map(entries) => {
            let entries = entries.iter();
            1 + entries
                .map(|(key, value)| 2 + text_cost(key, layouts) + text_cost(value, layouts))
                .sum::<u64>()
        }
        other => 2 + weight(other),
    }
}

/// What it costs to compare two values. It ends at the first difference, and the shorter one bounds it.
pub(in crate::cel) fn charge_comparison(
    budget: &Budget,
    left: &Value<'_>,
    right: &Value<'_>,
) -> Evaluated<()> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => budget.charge_read(left.len().min(right.len())),
        (Value::Bytes(left), Value::Bytes(right)) => budget.charge_read(left.len().min(right.len())),
        (Value::List(_), Value::List(_))
        | (Value::Map(_), Value::Map(_))
        | (Value::Message(_), Value::Message(_)) => budget.charge(
            comparing_weight(left)
                .min(comparing_weight(right))
                .saturating_mul(2),
        ),
        _ => Ok(()),
    }
}

/// What it costs to look for a value among others.
pub(in crate::cel) fn charge_containing(
    budget: &Budget,
    container: &Value<'_>,
    value: &Value<'_>,
) -> Evaluated<()> {
    let count = match container {
        Value::List(values) => values.len(),
        Value::Map(entries) => entries.len(),
        _ => 0,
    };
    // Few scalars: no more than other parts cost.
    let each = comparing_weight(value);
    if each == 1 {
        return budget.charge(count as u64 / 4);
    }
    budget.charge(each.saturating_mul(count as u64).min(comparing_weight(container)))
}

/// As the weight of what is read, but messages are decoded, unless their bytes are the same.
pub(in crate::cel) fn comparing_weight(value: &Value<'_>) -> u64 {
    match value {
        Value::Message(message) => 1 + message.bytes.len() as u64,
        Value::List(values) => 1 + values.iter().map(comparing_weight).sum::<u64>(),
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| 2 + comparing_weight(key) + comparing_weight(value));
            1 + entries.sum::<u64>()
        }
        other => reading_weight(other),
    }
}
