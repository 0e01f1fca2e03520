//! Writes text with expressions in it.

use itoa::Buffer;

use crate::cel::{Env, EvalError, Type, Value};
use crate::rules::plan::{Text, TextPiece};

impl Text {
    /// The text for this call.
    pub(in crate::rules::run) fn text(&self, env: &Env<'_>) -> Result<String, EvalError> {
        let mut text = String::new();
        self.write(env, &mut text)?;
        Ok(text)
    }

    /// Appends the text.
    pub(in crate::rules::run) fn write(&self, env: &Env<'_>, out: &mut String) -> Result<(), EvalError> {
        for piece in self.pieces() {
            match piece {
                TextPiece::Literal(literal) => out.push_str(literal),
                TextPiece::Int(program) => out.push_str(Buffer::new().format(program.eval_int(env)?)),
                TextPiece::Expression(program) => {
                    let value = program.eval(env)?;
                    env.charge_text(&value)?;
                    value.write_text(out);
                }
            }
        }
        Ok(())
    }

    /// Appends the text's bytes to a message.
    pub(in crate::rules::run) fn write_bytes(
        &self,
        env: &Env<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EvalError> {
        for piece in self.pieces() {
            match piece {
                TextPiece::Literal(literal) => out.extend_from_slice(literal.as_bytes()),
                TextPiece::Int(program) => {
                    out.extend_from_slice(Buffer::new().format(program.eval_int(env)?).as_bytes());
                }
                TextPiece::Expression(program) if *program.result_type() == Type::String => {
                    let text = program.eval_text(env)?;
                    env.call.budget.charge_made(text.len())?;
                    out.extend_from_slice(text.as_bytes());
                }
                TextPiece::Expression(program) => match program.eval(env)? {
                    Value::String(text) => {
                        env.call.budget.charge_made(text.len())?;
                        out.extend_from_slice(text.as_bytes());
                    }
                    other => {
                        env.charge_text(&other)?;
                        let mut text = String::new();
                        other.write_text(&mut text);
                        out.extend_from_slice(text.as_bytes());
                    }
                },
            }
        }
        Ok(())
    }
}
