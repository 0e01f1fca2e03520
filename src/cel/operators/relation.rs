//! Comparisons: equality and order.

use crate::cel::syntax::BinaryOperator;
use crate::cel::values::{Evaluated, Value, are_numbers, compare, equals, no_overload};
pub(in crate::cel) use crate::collection::Relation;

impl Relation {
    pub(in crate::cel) fn of(operator: BinaryOperator) -> Option<Self> {
        Some(match operator {
            BinaryOperator::Equal => Self::Equal,
            BinaryOperator::NotEqual => Self::NotEqual,
            BinaryOperator::Less => Self::Less,
            BinaryOperator::LessOrEqual => Self::LessOrEqual,
            BinaryOperator::Greater => Self::Greater,
            BinaryOperator::GreaterOrEqual => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    pub(in crate::cel) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The same comparison with its sides turned around.
    pub(in crate::cel) fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            equality => equality,
        }
    }

    /// Whether it asks for equality, rather than for an order.
    pub(in crate::cel) fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    pub(in crate::cel) fn of_values(self, left: &Value<'_>, right: &Value<'_>) -> Evaluated<bool> {
        match self {
            Self::Equal => Ok(equals(left, right)),
            Self::NotEqual => Ok(!equals(left, right)),
            _ => match compare(left, right) {
                Some(order) => Ok(self.holds(order)),
                // A NaN is neither less nor greater.
                None if are_numbers(left, right) => Ok(false),
                None => no_overload(self.symbol(), &[left, right]).map(|_: Value<'_>| false),
            },
        }
    }
}
