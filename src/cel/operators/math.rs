//! Arithmetic: on types at load, on values when it runs.

use std::borrow::Cow;

use crate::cel::syntax::BinaryOperator;
use crate::cel::values::{
    EvalError, Evaluated, Type, Value, duration_of, in_duration_range, in_timestamp_range, no_overload,
    total_nanos,
};

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cel) enum Math {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Math {
    pub(in crate::cel) fn of(operator: BinaryOperator) -> Option<Self> {
        Some(match operator {
            BinaryOperator::Add => Self::Add,
            BinaryOperator::Subtract => Self::Subtract,
            BinaryOperator::Multiply => Self::Multiply,
            BinaryOperator::Divide => Self::Divide,
            BinaryOperator::Remainder => Self::Remainder,
            _ => return None,
        })
    }

    pub(in crate::cel) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// The type of the result, or `None` if the operator does not take these types.
    pub(in crate::cel) fn result(self, left: &Type, right: &Type) -> Option<Type> {
        use Type::{Bytes, Double, Duration, Dyn, Enum, Int, String, Timestamp, Uint};
        Some(match (self, left, right) {
            (Self::Add, String, String) => String,
            (Self::Add, Bytes, Bytes) => Bytes,
            (Self::Add, Type::List(a), Type::List(b)) => Type::list((**a).clone().join((**b).clone())),
            (Self::Add | Self::Subtract, Duration, Duration) => Duration,
            (Self::Add | Self::Subtract, Timestamp, Duration) | (Self::Add, Duration, Timestamp) => Timestamp,
            (Self::Subtract, Timestamp, Timestamp) => Duration,
            (_, Int | Enum(_), Int | Enum(_)) => Int,
            (_, Uint, Uint) => Uint,
            (Self::Add | Self::Subtract | Self::Multiply | Self::Divide, Double, Double) => Double,
            (Self::Add, a, b) if a.is_dyn() && !b.is_dyn() => Self::with_dyn(b)?,
            (Self::Add, a, b) if b.is_dyn() && !a.is_dyn() => Self::with_dyn(a)?,
            (_, a, b) if a.is_dyn() || b.is_dyn() => Dyn,
            _ => return None,
        })
    }

    /// The type of a sum where only one type is known at load.
    fn with_dyn(known: &Type) -> Option<Type> {
        match known {
            Type::String | Type::Bytes | Type::Int | Type::Uint | Type::Double => Some(known.clone()),
            Type::List(_) => Some(Type::list(Type::Dyn)),
            Type::Duration | Type::Timestamp | Type::Enum(_) => Some(Type::Dyn),
            _ => None,
        }
    }

    #[inline]
    pub(in crate::cel) fn of_ints(self, a: i64, b: i64) -> Evaluated<i64> {
        let result = match self {
            Self::Add => a.checked_add(b),
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            Self::Divide | Self::Remainder if b == 0 => return Err(self.by_zero()),
            Self::Divide => a.checked_div(b),
            Self::Remainder => a.checked_rem(b),
        };
        result.ok_or_else(|| self.overflow("integer"))
    }

    /// CEL has no remainder of doubles: `None`.
    #[inline]
    pub(in crate::cel) fn of_doubles(self, a: f64, b: f64) -> Option<f64> {
        Some(match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Remainder => return None,
        })
    }

    fn of_uints(self, a: u64, b: u64) -> Evaluated<u64> {
        let result = match self {
            Self::Add => a.checked_add(b),
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            Self::Divide | Self::Remainder if b == 0 => return Err(self.by_zero()),
            Self::Divide => a.checked_div(b),
            Self::Remainder => a.checked_rem(b),
        };
        result.ok_or_else(|| self.overflow("unsigned integer"))
    }

    fn by_zero(self) -> EvalError {
        let what = if self == Self::Divide {
            "division"
        } else {
            "remainder of a division"
        };
        EvalError::without_values(format!("{what} by zero"))
    }

    fn overflow(self, what: &str) -> EvalError {
        EvalError::without_values(format!("{what} overflow in `{}`", self.symbol()))
    }

    pub(in crate::cel) fn of_values<'e>(self, left: Value<'e>, right: Value<'e>) -> Evaluated<Value<'e>> {
        match (self, left, right) {
            (_, Value::Int(a), Value::Int(b)) => self.of_ints(a, b).map(Value::Int),
            (_, Value::Enum(_, a), b) => self.of_values(Value::Int(i64::from(a)), b),
            (_, a, Value::Enum(_, b)) => self.of_values(a, Value::Int(i64::from(b))),
            (_, a @ Value::Float(_), b) | (_, a, b @ Value::Float(_)) => {
                self.of_values(a.widened(), b.widened())
            }
            (_, Value::Uint(a), Value::Uint(b)) => self.of_uints(a, b).map(Value::Uint),
            (_, Value::Double(a), Value::Double(b)) => match self.of_doubles(a, b) {
                Some(result) => Ok(Value::Double(result)),
                None => no_overload(self.symbol(), &[&Value::Double(a), &Value::Double(b)]),
            },
            (Self::Add, Value::String(a), Value::String(b)) => {
                let mut text = a.into_owned();
                text.push_str(&b);
                Ok(Value::text(text))
            }
            (Self::Add, Value::Bytes(a), Value::Bytes(b)) => {
                let mut bytes = a.into_owned();
                bytes.extend_from_slice(&b);
                Ok(Value::Bytes(Cow::Owned(bytes)))
            }
            (Self::Add, Value::List(mut a), Value::List(b)) => {
                a.extend(b);
                Ok(Value::List(a))
            }
            (_, a, b) => self.of_times(&a, &b),
        }
    }

    fn of_times<'e>(self, left: &Value<'_>, right: &Value<'_>) -> Evaluated<Value<'e>> {
        use Value::{Duration, Timestamp};
        let nanos_of = |value: &Value<'_>| match value {
            Duration { seconds, nanos } | Timestamp { seconds, nanos } => total_nanos(*seconds, *nanos),
            _ => 0,
        };
        let (a, b) = (nanos_of(left), nanos_of(right));
        let nanos = if self == Self::Add { a + b } else { a - b };
        match (self, left, right) {
            (Self::Add | Self::Subtract, Duration { .. }, Duration { .. })
            | (Self::Subtract, Timestamp { .. }, Timestamp { .. }) => {
                if in_duration_range(nanos) {
                    Ok(duration_of(nanos))
                } else {
                    Err(self.overflow("duration"))
                }
            }
            (Self::Add | Self::Subtract, Timestamp { .. }, Duration { .. })
            | (Self::Add, Duration { .. }, Timestamp { .. }) => {
                let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);
                if !in_timestamp_range(seconds) {
                    return Err(self.overflow("timestamp"));
                }
                Ok(Timestamp {
                    seconds,
                    nanos: nanos.rem_euclid(1_000_000_000) as i32,
                })
            }
            _ => no_overload(self.symbol(), &[left, right]),
        }
    }
}

/// The value with the opposite sign.
pub(in crate::cel) fn negate(value: Value<'_>) -> Evaluated<Value<'_>> {
    match value {
        Value::Int(number) => number
            .checked_neg()
            .map(Value::Int)
            .ok_or_else(|| EvalError::new("integer overflow in `-`")),
        Value::Enum(_, number) => Ok(Value::Int(-i64::from(number))),
        Value::Double(number) => Ok(Value::Double(-number)),
        Value::Float(number) => Ok(Value::Float(-number)),
        other => no_overload("-", &[&other]),
    }
}
