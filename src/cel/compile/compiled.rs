//! A compiled part of an expression, with what the compiler knows about it.

use prost_reflect::MessageDescriptor;

use crate::cel::fields::FieldReader;
use crate::cel::problem::ExprProblem;
use crate::cel::typed::TypedExpr;
use crate::cel::values::{Type, Value};

/// A compiled part of an expression.
#[derive(Debug)]
pub(in crate::cel) struct Compiled {
    pub(in crate::cel) expr: TypedExpr,
    pub(in crate::cel) value_type: Type,
    /// Whether it reads only constants and variables of macros.
    pub(in crate::cel) fixed: bool,
    /// The outermost variable that it reads.
    pub(in crate::cel) variable: Option<usize>,
    /// Why constants in it cannot be computed. They are no problem if the part around does not need them.
    pub(in crate::cel) faults: Vec<ExprProblem>,
    /// Where in the request it is, if it is a path into it.
    pub(in crate::cel) place: Option<Place>,
}

/// A path into the request, through singular sub-messages.
#[derive(Debug)]
pub(in crate::cel) struct Place {
    pub(in crate::cel) numbers: Vec<u32>,
    pub(in crate::cel) way: Vec<FieldReader>,
    /// The message type there, if its fields can be read by name.
    pub(in crate::cel) message: Option<MessageDescriptor>,
}

impl Compiled {
    /// A part that is not the same for every call.
    pub(in crate::cel) fn read(expr: TypedExpr, value_type: Type) -> Self {
        Self {
            expr,
            value_type,
            fixed: false,
            variable: None,
            faults: Vec::new(),
            place: None,
        }
    }

    pub(in crate::cel) fn constant(value: Value<'static>, value_type: Type) -> Self {
        Self {
            fixed: true,
            ..Self::read(TypedExpr::Const(value), value_type)
        }
    }

    /// Stands for a part that has a problem.
    pub(in crate::cel) fn unknown() -> Self {
        Self::read(TypedExpr::Const(Value::Null), Type::Dyn)
    }

    /// The text, if it is known.
    pub(in crate::cel) fn constant_text(&self) -> Option<&str> {
        match &self.expr {
            TypedExpr::Const(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// What an operator or a function works on: the contents of an `Any`.
    pub(in crate::cel) fn unpacked(mut self) -> Self {
        if self.value_type != Type::Dyn && self.value_type.is_dyn() {
            self.expr = TypedExpr::Unpack(Box::new(self.expr));
            self.value_type = Type::Dyn;
        }
        self.place = None;
        self
    }
}
