//! A condition that is one comparison of a field of the request with a literal, as the values for which it holds:
//! `request.count > 5`. Of two of the same field it is known whether one holds wherever the other does.

use std::ops::{Bound, RangeBounds as _};

use prost_reflect::Kind;

use super::operators::Relation;
use super::program::Program;
use super::typed::TypedExpr;
use super::values::Value;
use crate::message::Slot;

/// The values of a field for which a condition holds.
#[derive(Debug)]
pub(crate) struct Comparison {
    slot: Slot,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Ints(Span<i128>),
    Texts(Span<String>),
}

#[derive(Debug)]
enum Span<T> {
    Between(Bound<T>, Bound<T>),
    AllBut(T),
}

impl Program {
    /// The comparison that the whole program is, if it is one of an integer or a text.
    pub(crate) fn comparison(&self) -> Option<Comparison> {
        let (relation, operands) = match &self.root {
            TypedExpr::CompareInt(relation, operands) | TypedExpr::Compare(relation, operands) => {
                (*relation, operands)
            }
            TypedExpr::EqualText(false, operands) => (Relation::Equal, operands),
            TypedExpr::EqualText(true, operands) => (Relation::NotEqual, operands),
            _ => return None,
        };
        let (slot, field, literal, relation) = match &**operands {
            [TypedExpr::Picked(slot, field), TypedExpr::Const(literal)] => (slot, field, literal, relation),
            [TypedExpr::Const(literal), TypedExpr::Picked(slot, field)] => {
                (slot, field, literal, relation.turned())
            }
            _ => return None,
        };
        let is_float = matches!(field.kind, Kind::Double | Kind::Float);
        let values = match literal {
            Value::Int(number) if !is_float => Values::Ints(whole(Span::of(relation, (*number).into()))),
            Value::Uint(number) if !is_float => Values::Ints(whole(Span::of(relation, (*number).into()))),
            Value::String(text) if field.kind == Kind::String => {
                Values::Texts(Span::of(relation, text.clone().into_owned()))
            }
            _ => return None,
        };
        Some(Comparison { slot: *slot, values })
    }
}

impl Comparison {
    /// The field that is compared.
    pub(crate) fn slot(&self) -> Slot {
        self.slot
    }

    /// Whether it is about more than one value.
    pub(crate) fn is_range(&self) -> bool {
        match &self.values {
            Values::Ints(Span::Between(low, high)) => low != high,
            Values::Texts(Span::Between(low, high)) => low != high,
            Values::Ints(Span::AllBut(_)) | Values::Texts(Span::AllBut(_)) => true,
        }
    }

    /// Whether it holds wherever the other one does.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.slot == other.slot
            && match (&self.values, &other.values) {
                (Values::Ints(own), Values::Ints(other)) => own.covers(other),
                (Values::Texts(own), Values::Texts(other)) => own.covers(other),
                _ => false,
            }
    }
}

/// The same whole numbers, with their ends: more than 5 is from 6.
fn whole(span: Span<i128>) -> Span<i128> {
    let end = |bound, step: i128| match bound {
        Bound::Excluded(number) => Bound::Included(number + step),
        other => other,
    };
    match span {
        Span::Between(low, high) => Span::Between(end(low, 1), end(high, -1)),
        Span::AllBut(number) => Span::AllBut(number),
    }
}

impl<T: Ord + Clone> Span<T> {
    fn of(relation: Relation, literal: T) -> Self {
        match relation {
            Relation::Equal => Self::Between(Bound::Included(literal.clone()), Bound::Included(literal)),
            Relation::NotEqual => Self::AllBut(literal),
            Relation::Less => Self::Between(Bound::Unbounded, Bound::Excluded(literal)),
            Relation::LessOrEqual => Self::Between(Bound::Unbounded, Bound::Included(literal)),
            Relation::Greater => Self::Between(Bound::Excluded(literal), Bound::Unbounded),
            Relation::GreaterOrEqual => Self::Between(Bound::Included(literal), Bound::Unbounded),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Between(low, high), Self::Between(other_low, other_high)) => {
                reaches(low, other_low, |a, b| a <= b) && reaches(high, other_high, |a, b| a >= b)
            }
            (Self::AllBut(one), Self::Between(low, high)) => !(low.as_ref(), high.as_ref()).contains(one),
            (Self::AllBut(one), Self::AllBut(other)) => one == other,
            (Self::Between(..), Self::AllBut(_)) => false,
        }
    }
}

/// Whether an end is that of the other span, or beyond it. `beyond` compares two ends that count.
fn reaches<T: Ord>(own: &Bound<T>, other: &Bound<T>, beyond: impl Fn(&T, &T) -> bool) -> bool {
    match (own, other) {
        (Bound::Unbounded, _) => true,
        (_, Bound::Unbounded) => false,
        (Bound::Excluded(own), Bound::Included(other)) => own != other && beyond(own, other),
        (Bound::Included(own) | Bound::Excluded(own), Bound::Included(other) | Bound::Excluded(other)) => {
            beyond(own, other)
        }
    }
}
