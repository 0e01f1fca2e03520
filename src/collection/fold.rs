//! What is computed of many values of a field.

use std::cmp::Ordering;

use super::query::Aggregate;
use super::scalar::Scalar;

/// An aggregate that takes one value after another.
#[derive(Debug)]
pub(crate) struct Fold {
    what: Aggregate,
    /// How many values there were that are numbers, or of which there is an order.
    count: u64,
    sum: Sum,
    best: Option<Scalar<'static>>,
}

/// A sum of whole numbers, which cannot overflow, and one of others.
#[derive(Debug, Default)]
struct Sum {
    whole: i128,
    double: f64,
    /// What was lost by rounding, after Neumaier: SQLite sums so, too.
    lost: f64,
    is_double: bool,
    is_unsigned: bool,
}

/// The sum does not fit the type of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overflow;

impl Fold {
    /// `default` is that of the field: the sum of no values has its type.
    pub(crate) fn new(what: Aggregate, default: Option<&Scalar<'_>>) -> Self {
        Self {
            what,
            count: 0,
            sum: Sum {
                is_double: matches!(default, Some(Scalar::Double(_))),
                is_unsigned: matches!(default, Some(Scalar::Uint(_))),
                ..Sum::default()
            },
            best: None,
        }
    }

    /// Takes the value that a message has in the field. What is not a number is left out, as by SQLite, which does not have it.
    pub(crate) fn add(&mut self, value: Scalar<'_>) {
        if matches!(value, Scalar::Double(number) if number.is_nan()) {
            return;
        }
        self.count += 1;
        let better = match self.what {
            Aggregate::Count => return,
            Aggregate::Sum(_) | Aggregate::Average(_) => return self.sum.add(&value),
            Aggregate::Least(_) => Ordering::Less,
            Aggregate::Greatest(_) => Ordering::Greater,
        };
        let is_better = |best: &Scalar<'_>| value.compare(best) == Some(better);
        if self.best.as_ref().is_none_or(is_better) {
            self.best = Some(value.into_owned());
        }
    }

    /// Counts a message.
    pub(super) fn count(&mut self) {
        self.count += 1;
    }

    pub(super) fn end(self) -> Result<Option<Scalar<'static>>, Overflow> {
        Ok(match self.what {
            Aggregate::Count => Some(Scalar::Int(self.count.cast_signed())),
            Aggregate::Sum(_) => Some(self.sum.end()?),
            Aggregate::Average(_) => {
                (self.count > 0).then(|| Scalar::Double(self.sum.as_double() / self.count as f64))
            }
            Aggregate::Least(_) | Aggregate::Greatest(_) => self.best,
        })
    }
}

impl Sum {
    fn add(&mut self, value: &Scalar<'_>) {
        match value {
            // So many that they overflow 128 bits do not fit on any disk.
            Scalar::Int(number) => self.whole += i128::from(*number),
            Scalar::Uint(number) => self.whole += i128::from(*number),
            Scalar::Double(number) => {
                let sum = self.double + number;
                self.lost += if self.double.abs() >= number.abs() {
                    (self.double - sum) + number
                } else {
                    (number - sum) + self.double
                };
                self.double = sum;
            }
            // No numbers.
            Scalar::Bool(_) | Scalar::Text(_) | Scalar::Bytes(_) => {}
        }
    }

    fn as_double(&self) -> f64 {
        if !self.is_double {
            self.whole as f64
        } else if self.lost.is_finite() {
            self.double + self.lost
        } else {
            self.double
        }
    }

    fn end(&self) -> Result<Scalar<'static>, Overflow> {
        if self.is_double {
            Ok(Scalar::Double(self.as_double()))
        } else if self.is_unsigned {
            u64::try_from(self.whole).map(Scalar::Uint).map_err(|_| Overflow)
        } else {
            i64::try_from(self.whole).map(Scalar::Int).map_err(|_| Overflow)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(what: Aggregate, values: &[Scalar<'static>]) -> Result<Option<Scalar<'static>>, Overflow> {
        let mut fold = Fold::new(what, values.first());
        for value in values {
            fold.add(value.clone());
        }
        fold.end()
    }

    #[test]
    fn a_sum_has_the_type_of_its_field_and_says_when_it_does_not_fit() {
        use Aggregate::{Average, Greatest, Least, Sum};
        let doubles = [1e100, 1.0, -1e100, f64::NAN].map(Scalar::Double);
        assert_eq!(of(Sum(1), &doubles), Ok(Some(Scalar::Double(1.0))));
        assert_eq!(of(Average(1), &doubles), Ok(Some(Scalar::Double(1.0 / 3.0))));
        let large = [Scalar::Int(i64::MAX), Scalar::Int(1)];
        assert_eq!(of(Sum(1), &large), Err(Overflow));
        assert_eq!(
            of(Sum(1), &[Scalar::Int(i64::MAX), Scalar::Int(1), Scalar::Int(-1)]),
            Ok(Some(Scalar::Int(i64::MAX)))
        );
        assert_eq!(
            of(Sum(1), &[Scalar::Uint(u64::MAX)]),
            Ok(Some(Scalar::Uint(u64::MAX)))
        );
        assert_eq!(of(Sum(1), &[]), Ok(Some(Scalar::Int(0))));
        assert_eq!(of(Average(1), &[]), Ok(None));
        let texts = ["b", "a", "c"].map(|text| Scalar::Text(text.into()));
        assert_eq!(of(Least(1), &texts), Ok(Some(Scalar::Text("a".into()))));
        assert_eq!(of(Greatest(1), &texts), Ok(Some(Scalar::Text("c".into()))));
    }
}
