//! Expressions as text: for a rule, and for the cel crate's interpreter, which has neither enums nor presence.

use std::fmt::{self, Write as _};

use prost_reflect::Value;

use crate::expression::Expr;
use crate::straight::Given;

impl Expr {
    /// As it is written in a rule.
    pub(crate) fn source(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, None).expect("a string takes all");
        text
    }

    /// For the interpreter. What it cannot evaluate is replaced by the value for this request.
    pub(crate) fn interpretable(&self, given: &Given) -> String {
        let mut text = String::new();
        self.write(&mut text, Some(given)).expect("a string takes all");
        text
    }

    fn write(&self, text: &mut String, interpreted: Option<&Given>) -> fmt::Result {
        match (self, interpreted) {
            (Self::Literal(value), _) => write_literal(value, text),
            (Self::Round, _) => text.write_str("round"),
            (Self::Field(path), _) | (Self::Number(path), Some(_)) => write!(text, "{path}"),
            (Self::Number(path), None) => write!(text, "int({path})"),
            (Self::Has(_) | Self::Named(..), Some(given)) => {
                let answer = self.value(given);
                write_literal(&answer.expect("presence is always known"), text)
            }
            (Self::Has(path), None) => write!(text, "has({path})"),
            (Self::Named(path, name), None) => write!(text, "({path} == '{name}')"),
            (Self::Binary(operator, operands), _) => {
                text.push('(');
                operands[0].write_operand(text, interpreted)?;
                write!(text, " {operator} ")?;
                operands[1].write_operand(text, interpreted)?;
                text.write_char(')')
            }
            (Self::Not(operand), _) => write_call("!", operand, text, interpreted),
            (Self::Negate(operand), _) => write_call("-", operand, text, interpreted),
            (Self::If(parts), _) => {
                text.push('(');
                parts[0].write(text, interpreted)?;
                text.push_str(" ? ");
                parts[1].write(text, interpreted)?;
                text.push_str(" : ");
                parts[2].write(text, interpreted)?;
                text.write_char(')')
            }
            (Self::Call(name, operand), _) => write_call(name, operand, text, interpreted),
            (Self::Method(name, operands), _) => {
                operands[0].write(text, interpreted)?;
                write_call(&format!(".{name}"), &operands[1], text, interpreted)
            }
            (Self::Index(operands), _) => {
                operands[0].write(text, interpreted)?;
                text.push('[');
                operands[1].write(text, interpreted)?;
                text.write_char(']')
            }
        }
    }

    /// For an operator, an enum is its number.
    fn write_operand(&self, text: &mut String, interpreted: Option<&Given>) -> fmt::Result {
        match self {
            Self::Number(path) => write!(text, "{path}"),
            other => other.write(text, interpreted),
        }
    }
}

fn write_call(name: &str, operand: &Expr, text: &mut String, interpreted: Option<&Given>) -> fmt::Result {
    write!(text, "{name}(")?;
    operand.write(text, interpreted)?;
    text.write_char(')')
}

fn write_literal(value: &Value, text: &mut String) -> fmt::Result {
    match value {
        Value::I64(number) => write!(text, "{number}"),
        Value::U64(number) => write!(text, "{number}u"),
        Value::F64(number) => write!(text, "{number:?}"),
        Value::Bool(truth) => write!(text, "{truth}"),
        Value::String(literal) => write!(text, "'{literal}'"),
        Value::Bytes(bytes) => {
            text.push_str("b'");
            bytes.iter().try_for_each(|byte| write!(text, "\\x{byte:02x}"))?;
            text.write_char('\'')
        }
        other => unreachable!("there is no literal for {other:?}"),
    }
}
