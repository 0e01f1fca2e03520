//! Values of scalar fields, and how they compare: as in expressions.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The value of a scalar field. An enum is its number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'b> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Cow<'b, str>),
    Bytes(Cow<'b, [u8]>),
}

/// The value of a key field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
}

impl Scalar<'_> {
    /// Which of two is the larger. Numbers of all types compare by what they are worth; what else is not of one type does
    /// not compare, nor does what is no number.
    pub(crate) fn compare(&self, other: &Scalar<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(one), Scalar::Bool(other)) => Some(one.cmp(other)),
            (Self::Text(one), Scalar::Text(other)) => Some(one.cmp(other)),
            (Self::Bytes(one), Scalar::Bytes(other)) => Some(one.cmp(other)),
            (Self::Double(one), Scalar::Double(other)) => one.partial_cmp(other),
            (Self::Double(one), other) => compare_exactly(other.whole()?, *one).map(Ordering::reverse),
            (one, Scalar::Double(other)) => compare_exactly(one.whole()?, *other),
            (one, other) => Some(one.whole()?.cmp(&other.whole()?)),
        }
    }

    /// A whole number.
    fn whole(&self) -> Option<i128> {
        match self {
            Self::Int(number) => Some((*number).into()),
            Self::Uint(number) => Some((*number).into()),
            _ => None,
        }
    }

    pub(crate) fn into_owned(self) -> Scalar<'static> {
        match self {
            Self::Bool(truth) => Scalar::Bool(truth),
            Self::Int(number) => Scalar::Int(number),
            Self::Uint(number) => Scalar::Uint(number),
            Self::Double(number) => Scalar::Double(number),
            Self::Text(text) => Scalar::Text(text.into_owned().into()),
            Self::Bytes(bytes) => Scalar::Bytes(bytes.into_owned().into()),
        }
    }

    /// The key that this is. `None` for a floating-point number.
    pub(crate) fn into_key(self) -> Option<Key> {
        Some(match self {
            Self::Bool(truth) => Key::Bool(truth),
            Self::Int(number) => Key::Int(number),
            Self::Uint(number) => Key::Uint(number),
            Self::Double(_) => return None,
            Self::Text(text) => Key::Text(text.into()),
            Self::Bytes(bytes) => Key::Bytes(bytes.into()),
        })
    }
}

impl Key {
    pub(crate) fn as_scalar(&self) -> Scalar<'_> {
        match self {
            Self::Bool(truth) => Scalar::Bool(*truth),
            Self::Int(number) => Scalar::Int(*number),
            Self::Uint(number) => Scalar::Uint(*number),
            Self::Text(text) => Scalar::Text(text.as_ref().into()),
            Self::Bytes(bytes) => Scalar::Bytes(bytes.as_ref().into()),
        }
    }
}

/// Compares without rounding the whole number, which a double may not hold.
fn compare_exactly(whole: i128, number: f64) -> Option<Ordering> {
    if number.is_nan() {
        return None;
    }
    // A number that is beyond all of 64 bits becomes the first or last of 128.
    let cut = number.trunc() as i128;
    Some(
        whole
            .cmp(&cut)
            .then_with(|| 0.0.partial_cmp(&number.fract()).unwrap_or(Ordering::Equal)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_what_they_are_worth_whatever_their_types() {
        use Ordering::{Equal, Greater, Less};
        for (one, other, expected) in [
            (Scalar::Int(-1), Scalar::Uint(u64::MAX), Some(Less)),
            (
                Scalar::Uint(u64::MAX),
                Scalar::Double(u64::MAX as f64),
                Some(Less),
            ),
            (Scalar::Int(3), Scalar::Double(3.5), Some(Less)),
            (Scalar::Int(-3), Scalar::Double(-3.5), Some(Greater)),
            (Scalar::Double(3.0), Scalar::Int(3), Some(Equal)),
            (Scalar::Int(i64::MAX), Scalar::Double(f64::INFINITY), Some(Less)),
            (Scalar::Int(1), Scalar::Double(f64::NAN), None),
            (Scalar::Double(f64::NAN), Scalar::Double(f64::NAN), None),
            (Scalar::Bool(false), Scalar::Bool(true), Some(Less)),
            (Scalar::Text("a".into()), Scalar::Text("B".into()), Some(Greater)),
            (Scalar::Text("1".into()), Scalar::Int(1), None),
        ] {
            assert_eq!(one.compare(&other), expected, "{one:?} and {other:?}");
            assert_eq!(
                other.compare(&one),
                expected.map(Ordering::reverse),
                "{other:?} and {one:?}"
            );
        }
    }
}
