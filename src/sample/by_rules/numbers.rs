//! Numbers within their rules: integers of every kind, floating point, and times in nanoseconds.
//!
//! What a field's name suggests is used if the rules allow it. Otherwise a number is searched for near the bounds. Bounds
//! in the wrong order (`gt: 10, lt: 1`) mean the numbers outside, as in protovalidate.

use prost_reflect::{Kind, Value};

use crate::sample::annotations::ValidationRules;
use crate::sample::by_name::{NameHint, amounts};
use crate::sample::seed::Random;
use crate::schema::kind_name;

/// How often a draw is repeated before the next way of finding a number is tried.
const DRAWS: usize = 24;

/// How far from a bound to search, in steps.
const WINDOW: i128 = 1000;

/// The rules that all ordered types have.
#[derive(Debug)]
pub(in crate::sample) struct Bounds<T> {
    constant: Option<T>,
    among: Vec<T>,
    never: Vec<T>,
    examples: Vec<T>,
    low: Option<Bound<T>>,
    high: Option<Bound<T>>,
    /// Whether zero is refused, because it would count as unset.
    more_than_zero: bool,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::sample) struct Bound<T> {
    pub(in crate::sample) value: T,
    pub(in crate::sample) inclusive: bool,
}

impl<T: PartialOrd + Copy + Default> Bounds<T> {
    /// Reads the rules of one type, whose values are converted by `convert`.
    pub(in crate::sample) fn read(
        rules: &ValidationRules,
        more_than_zero: bool,
        convert: impl Fn(&Value) -> Option<T>,
    ) -> Self {
        let one = |name| rules.value(name).as_ref().and_then(&convert);
        let list = |name| rules.list(name).iter().filter_map(&convert).collect();
        let bound = |open, closed| {
            let inclusive = one(closed).map(|value| Bound {
                value,
                inclusive: true,
            });
            inclusive.or_else(|| {
                one(open).map(|value| Bound {
                    value,
                    inclusive: false,
                })
            })
        };
        Self {
            constant: one("const"),
            among: list("in"),
            never: list("not_in"),
            examples: list("example"),
            low: bound("gt", "gte"),
            high: bound("lt", "lte"),
            more_than_zero,
        }
    }

    /// Replaces bounds, for times before or after the current time.
    pub(in crate::sample) fn narrow(&mut self, low: Option<Bound<T>>, high: Option<Bound<T>>) {
        self.low = low.or(self.low);
        self.high = high.or(self.high);
    }

    fn accepts(&self, number: T) -> bool {
        let above = self
            .low
            .is_none_or(|low| number > low.value || (low.inclusive && number == low.value));
        let below = self
            .high
            .is_none_or(|high| number < high.value || (high.inclusive && number == high.value));
        let within = if self.cross() {
            above || below
        } else {
            above && below
        };
        within && !self.never.contains(&number) && !(self.more_than_zero && number == T::default())
    }

    fn cross(&self) -> bool {
        self.low
            .zip(self.high)
            .is_some_and(|(low, high)| high.value < low.value)
    }

    /// A value that the rules list.
    fn named(&self, random: &mut Random) -> Option<T> {
        self.constant.or_else(|| {
            let choices = if self.among.is_empty() {
                &self.examples
            } else {
                &self.among
            };
            let allowed: Vec<T> = choices
                .iter()
                .copied()
                .filter(|number| self.accepts(*number))
                .collect();
            random.pick(&allowed).copied()
        })
    }
}

/// An integer from `least` to `most` within `bounds`: `preferred` if it fits, or else a number near the bounds. That one
/// is a multiple of the first of `steps` that has a fitting multiple.
pub(in crate::sample) fn integer(
    bounds: &Bounds<i128>,
    (least, most): (i128, i128),
    steps: &[i128],
    random: &mut Random,
    mut preferred: impl FnMut(&mut Random) -> i128,
) -> i128 {
    if let Some(named) = bounds.named(random) {
        return named;
    }
    let fits = |number: &i128| (least..=most).contains(number) && bounds.accepts(*number);
    if let Some(number) = (0..DRAWS).map(|_| preferred(random)).find(fits) {
        return number;
    }
    let low = bounds.low.map(|bound| bound.value + i128::from(!bound.inclusive));
    let high = bounds
        .high
        .map(|bound| bound.value - i128::from(!bound.inclusive));
    for step in steps {
        let window = WINDOW * step;
        let ranges = match (low, high) {
            (Some(low), Some(high)) if !bounds.cross() => vec![(low, high.min(low + window))],
            (low, high) => {
                let above = low.map(|low| (low, low + window));
                let below = high.map(|high| ((high - window).max(least), high));
                above.into_iter().chain(below).chain([(1, window)]).collect()
            }
        };
        for (low, high) in ranges {
            let (low, high) = (-(-low).div_euclid(*step), high.div_euclid(*step));
            if low > high {
                continue;
            }
            let drawn = (0..DRAWS).map(|_| random.between(low, high) * step).find(fits);
            if let Some(number) = drawn.or_else(|| (low..=high).map(|place| place * step).find(fits)) {
                return number;
            }
        }
    }
    preferred(random).clamp(least, most)
}

/// A finite number within `bounds`. `round` rounds it to the precision of the field.
fn real(
    bounds: &Bounds<f64>,
    random: &mut Random,
    mut preferred: impl FnMut(&mut Random) -> f64,
    round: impl Fn(f64) -> f64,
) -> f64 {
    if let Some(named) = bounds.named(random) {
        return named;
    }
    let fits = |number: &f64| number.is_finite() && bounds.accepts(*number);
    let two_places = |number: f64| (number * 100.0).round() / 100.0;
    if let Some(number) = (0..DRAWS).map(|_| round(preferred(random))).find(fits) {
        return number;
    }
    let (low, high) = match (
        bounds.low.map(|low| low.value),
        bounds.high.map(|high| high.value),
    ) {
        (Some(low), Some(high)) if low <= high => (low, high),
        (Some(low), _) => (low, low + 100.0),
        (None, Some(high)) => (high - 100.0, high),
        (None, None) => (1.0, 100.0),
    };
    let drawn = (0..DRAWS).map(|_| low + (high - low) * random.fraction());
    let drawn: Vec<f64> = drawn.collect();
    let tidy = drawn.iter().map(|number| round(two_places(*number)));
    // If no number fits between the bounds, the bounds themselves and the numbers next to them remain.
    let edges = [
        low,
        high,
        low.next_up(),
        high.next_down(),
        above_in_single(low),
        below_in_single(high),
    ];
    let exact = drawn.iter().copied().chain(edges).map(&round);
    tidy.chain(exact)
        .find(fits)
        .unwrap_or_else(|| round(preferred(random)))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the nearest single-precision number is wanted"
)]
fn above_in_single(number: f64) -> f64 {
    f64::from((number as f32).next_up())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the nearest single-precision number is wanted"
)]
fn below_in_single(number: f64) -> f64 {
    f64::from((number as f32).next_down())
}

/// A value of a numeric kind. `None` for the other kinds.
pub(in crate::sample) fn value(
    kind: &Kind,
    hint: &NameHint<'_>,
    rules: &ValidationRules,
    more_than_zero: bool,
    random: &mut Random,
) -> Option<Value> {
    let rules = rules.inner(kind_name(kind));
    let real = |random: &mut Random, round: fn(f64) -> f64| {
        let bounds = Bounds::read(&rules, more_than_zero, as_real);
        real(&bounds, random, |random| amounts::float(hint, random), round)
    };
    let whole = |random: &mut Random, least: i128, most: i128| {
        let bounds = Bounds::read(&rules, more_than_zero, as_integer);
        integer(&bounds, (least, most), &[1], random, |random| {
            amounts::integer(hint, random)
        })
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float field holds single precision"
    )]
    Some(match kind {
        Kind::Double => Value::F64(real(random, |number| number)),
        Kind::Float => Value::F32(real(random, |number| f64::from(number as f32)) as f32),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Value::I32(i32::try_from(whole(random, i32::MIN.into(), i32::MAX.into())).unwrap_or_default())
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            Value::I64(i64::try_from(whole(random, i64::MIN.into(), i64::MAX.into())).unwrap_or_default())
        }
        Kind::Uint32 | Kind::Fixed32 => {
            Value::U32(u32::try_from(whole(random, 0, u32::MAX.into())).unwrap_or_default())
        }
        Kind::Uint64 | Kind::Fixed64 => {
            Value::U64(u64::try_from(whole(random, 0, u64::MAX.into())).unwrap_or_default())
        }
        _ => return None,
    })
}

fn as_integer(value: &Value) -> Option<i128> {
    match value {
        Value::I32(value) => Some((*value).into()),
        Value::I64(value) => Some((*value).into()),
        Value::U32(value) => Some((*value).into()),
        Value::U64(value) => Some((*value).into()),
        _ => None,
    }
}

fn as_real(value: &Value) -> Option<f64> {
    match value {
        Value::F32(value) => Some((*value).into()),
        Value::F64(value) => Some(*value),
        _ => None,
    }
}
