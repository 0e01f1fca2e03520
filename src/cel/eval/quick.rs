//! A fast form of the integer expressions that most rules have: one operand, or two with an operator between them.
//!
//! It runs without a call. Where it has no answer, for example on an overflow, the typed tree runs instead and gives
//! the error.

use prost_reflect::Kind;

use crate::cel::env::Env;
use crate::cel::operators::Math;
use crate::cel::typed::TypedExpr;
use crate::cel::values::Value;
use crate::message::{Raw, Slot};

/// `a`, `a + b`, or another operator between two operands.
#[derive(Debug)]
pub(in crate::cel) struct QuickInt {
    left: Operand,
    right: Option<(Math, Operand)>,
}

#[derive(Debug)]
enum Operand {
    Const(i64),
    Local(usize),
    State(usize),
    /// A field of the request that is an int32 or an int64, with its default.
    Picked {
        slot: Slot,
        wide: bool,
        default: i64,
    },
}

impl QuickInt {
    /// The fast form of an expression, if it has one.
    pub(in crate::cel) fn of(node: &TypedExpr) -> Option<Self> {
        if let TypedExpr::IntMath(math, operands) = node {
            let [left, right] = &**operands;
            return Some(Self {
                left: Operand::of(left)?,
                right: Some((*math, Operand::of(right)?)),
            });
        }
        Some(Self {
            left: Operand::of(node)?,
            right: None,
        })
    }

    /// The constant that is added to the variable of `state` at that place, if that is all.
    pub(in crate::cel) fn added_to(&self, place: usize) -> Option<i64> {
        let (variable, number) = match (&self.left, self.right.as_ref()?) {
            (Operand::State(variable), (Math::Add, Operand::Const(number)))
            | (Operand::Const(number), (Math::Add, Operand::State(variable))) => (variable, *number),
            (Operand::State(variable), (Math::Subtract, Operand::Const(number))) => {
                (variable, number.checked_neg()?)
            }
            _ => return None,
        };
        (*variable == place).then_some(number)
    }

    #[inline(always)]
    pub(in crate::cel) fn eval(&self, env: &Env<'_>) -> Option<i64> {
        let left = self.left.eval(env)?;
        let Some((math, right)) = &self.right else {
            return Some(left);
        };
        let right = right.eval(env)?;
        match math {
            Math::Add => left.checked_add(right),
            Math::Subtract => left.checked_sub(right),
            Math::Multiply => left.checked_mul(right),
            Math::Divide => left.checked_div(right),
            Math::Remainder => left.checked_rem(right),
        }
    }
}

impl Operand {
    fn of(node: &TypedExpr) -> Option<Self> {
        Some(match node {
            TypedExpr::Const(Value::Int(number)) => Self::Const(*number),
            TypedExpr::Local(place) => Self::Local(*place),
            TypedExpr::State(place) => Self::State(*place),
            TypedExpr::Picked(slot, field) => Self::Picked {
                slot: *slot,
                wide: match field.kind {
                    Kind::Int32 => false,
                    Kind::Int64 => true,
                    _ => return None,
                },
                default: match field.default {
                    Value::Int(number) => number,
                    _ => return None,
                },
            },
            _ => return None,
        })
    }

    #[inline(always)]
    fn eval(&self, env: &Env<'_>) -> Option<i64> {
        let variable = match self {
            Self::Const(number) => return Some(*number),
            Self::Picked { slot, wide, default } => {
                return match env.request?.1.get(*slot) {
                    Raw::Varint(raw) if *wide => Some(raw.cast_signed()),
                    Raw::Varint(raw) => Some(i64::from(raw as i32)),
                    _ => Some(*default),
                };
            }
            Self::Local(place) => env.locals.get(*place),
            Self::State(place) => env.state.get(*place),
        };
        match variable? {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }
}
