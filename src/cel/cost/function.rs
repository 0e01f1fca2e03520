//! What functions cost, by the sizes of their arguments.

use crate::cel::budget::{Budget, weight};
use crate::cel::functions::{DEFAULT_PRECISION, MAX_BYTES, MAX_PRECISION, MAX_RANGE};
use crate::cel::values::{Evaluated, Value};

/// How the cost of a function depends on its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cel) enum Cost {
    /// It looks through them.
    Read,
    /// It looks for a part of a text. Where the text has many beginnings of the part, that takes several times as long as to
    /// look through it.
    Search,
    /// It makes something of about their size.
    Make,
    /// It makes a value of another type, or takes one apart.
    Convert,
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
            "contains" | "indexOf" | "lastIndexOf" => Self::Search,
            "startsWith" | "endsWith" | "charAt" | "size" | "type" | "dyn" | "first" | "last" | "sum"
            | "isEmail" | "isHostname" | "isHostAndPort" | "isIp" | "isIpPrefix" | "isUri" | "isUriRef"
            | "isNan" | "isInf" => Self::Read,
            "sort" => Self::Sort,
            "format" => Self::Format,
            "join" => Self::Join,
            "lists.range" => Self::Range,
            "repeat" => Self::Repeat,
            "replace" => Self::Replace,
            "split" => Self::Split,
            "int" | "uint" | "double" | "string" | "timestamp" | "duration" => Self::Convert,
            // The parts of times, which may be those of a time zone.
            part if part.starts_with("get") => Self::Convert,
            _ => Self::Make,
        }
    }

    /// What a call costs whatever its arguments are.
    pub(in crate::cel) fn fixed(self) -> u64 {
        match self {
            Self::Convert => 12,
            _ => 2,
        }
    }

    /// Takes what a call with these arguments costs. Arguments of the wrong types cost what it takes to say so.
    #[inline]
    pub(in crate::cel) fn charge(self, budget: &Budget, arguments: &[Value<'_>]) -> Evaluated<()> {
        match self {
            Self::Read => arguments
                .iter()
                .try_for_each(|argument| budget.charge_reading(argument)),
            Self::Make | Self::Convert => arguments
                .iter()
                .try_for_each(|argument| budget.charge_making(argument)),
            Self::Search => budget.charge_searching(arguments),
            other => other.charge_by_size(budget, arguments),
        }
    }

    /// The same for a test of texts.
    #[inline]
    pub(in crate::cel) fn charge_test(self, budget: &Budget, texts: [&str; 2]) -> Evaluated<()> {
        texts.iter().try_for_each(|text| match self {
            Self::Search => budget.charge_searching_text(text.len()),
            _ => budget.charge_read(text.len()),
        })
    }

    #[inline(never)]
    fn charge_by_size(self, budget: &Budget, arguments: &[Value<'_>]) -> Evaluated<()> {
        arguments
            .iter()
            .try_for_each(|argument| budget.charge_reading(argument))?;
        match (self, arguments) {
            (Self::Sort, [Value::List(values)]) => {
                budget.charge(sorting(values.len(), weight(&arguments[0])))
            }
            (Self::Format, [pattern, list]) => {
                budget.charge_making(pattern)?;
                budget.charge(weight(list).saturating_mul(4))?;
                budget.charge(digits(pattern, list).saturating_mul(UNITS_PER_DIGIT))
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
                budget.charge_searching(&arguments[..2])?;
                let replaced = parts(text, from, rest);
                budget.charge(replaced as u64)?;
                charge_result(
                    budget,
                    text.len().saturating_add(replaced.saturating_mul(to.len())),
                )
            }
            (Self::Split, [Value::String(text), Value::String(separator), rest @ ..]) => {
                budget.charge_searching(&arguments[..2])?;
                let parts = parts(text, separator, rest) as u64;
                budget.charge(parts.saturating_mul(4))?;
                budget.charge_made(text.len())
            }
            _ => Ok(()),
        }
    }
}

/// What a digit of a floating-point number costs that `format` writes.
const UNITS_PER_DIGIT: u64 = 2;

/// How many digits the floating-point numbers among the arguments of `format` may take, if each clause had the largest
/// precision of all.
fn digits(pattern: &Value<'_>, list: &Value<'_>) -> u64 {
    let (Value::String(pattern), Value::List(values)) = (pattern, list) else {
        return 0;
    };
    let is_number = |value: &Value<'_>| {
        matches!(
            value,
            Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Float(_)
        )
    };
    if !values.iter().any(is_number) {
        return 0;
    }
    let precisions = pattern.split("%.").skip(1).filter_map(|clause| {
        let end = clause.find(|c: char| !c.is_ascii_digit()).unwrap_or(clause.len());
        // The function refuses what is more.
        clause[..end]
            .parse()
            .ok()
            .filter(|precision| *precision <= MAX_PRECISION)
    });
    let precision = precisions.fold(DEFAULT_PRECISION, usize::max) as u64;
    let digits_of = |value: &Value<'_>| {
        let number = match value {
            Value::Double(number) => *number,
            Value::Float(number) => f64::from(*number),
            Value::Int(_) | Value::Uint(_) => return precision,
            _ => return 0,
        };
        // Zero and what is not finite have few.
        let magnitude = number.abs().log10().abs();
        precision
            + if magnitude.is_finite() {
                magnitude as u64
            } else {
                0
            }
    };
    values.iter().map(digits_of).sum()
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

/// What it costs to sort so many values that weigh so much: each is compared with some others.
pub(in crate::cel) fn sorting(count: usize, weight: u64) -> u64 {
    let rounds = u64::from(count.max(1).ilog2()) + 1;
    weight.saturating_mul(rounds)
}
