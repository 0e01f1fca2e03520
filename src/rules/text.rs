//! Text with `${ CEL }` in it.
//!
//! [`split`] finds the expressions of a string; [`Text`] is such a string compiled. `$${` stands for `${`.

use std::ops::Range;

use itoa::Buffer;

use super::compiler::Compiler;
use super::node::Node;
use crate::cel::{Env, EvalError, Program, Type, Value};

/// A part of a template string, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Literal(String),
    /// The CEL source and where it begins in the string.
    Expression {
        source: &'t str,
        at: usize,
    },
}

/// Splits a string into its literals and expressions; an `Err` is the range of a `${` that nothing ends.
pub(crate) fn split(text: &str) -> Result<Vec<Piece<'_>>, Range<usize>> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find('$') {
        let dollar = at + found;
        literal.push_str(&text[at..dollar]);
        let rest = &text[dollar..];
        if rest.starts_with("$${") {
            literal.push_str("${");
            at = dollar + 3;
        } else if let Some(inside) = rest.strip_prefix("${") {
            let end = expression_end(inside).ok_or(dollar..text.len())?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Expression {
                source: &inside[..end],
                at: dollar + 2,
            });
            at = dollar + 2 + end + 1;
        } else {
            literal.push('$');
            at = dollar + 1;
        }
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

/// Where the `}` is that ends an expression: braces pair, and those within CEL's strings do not count.
fn expression_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            b'"' | b'\'' => {
                at = string_end(bytes, at)?;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The index after the CEL string that begins with the quote at `start`: triple-quoted, raw or plain.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let raw = bytes[..start]
        .iter()
        .rev()
        .take_while(|b| b"rRbB".contains(b))
        .any(|b| b"rR".contains(b));
    let mut at = start + if triple { 3 } else { 1 };
    while let Some(byte) = bytes.get(at) {
        if *byte == b'\\' && !raw {
            at += 2;
        } else if triple && bytes[at..].starts_with(&[quote; 3]) {
            return Some(at + 3);
        } else if !triple && *byte == quote {
            return Some(at + 1);
        } else {
            at += 1;
        }
    }
    None
}

/// A template string, compiled.
#[derive(Debug)]
pub(crate) struct Text {
    parts: Box<[Part]>,
}

#[derive(Debug)]
enum Part {
    Literal(Box<str>),
    /// An expression that gives an int.
    Int(Program),
    Expression(Program),
}

impl Text {
    /// Compiles the string of `node`; problems go to the compiler.
    pub(crate) fn compile(compiler: &mut Compiler<'_>, node: &Node, text: &str) -> Option<Self> {
        let pieces = compiler.split(node, text)?;
        Self::of_pieces(compiler, node, pieces)
    }

    pub(crate) fn of_pieces(
        compiler: &mut Compiler<'_>,
        node: &Node,
        pieces: Vec<Piece<'_>>,
    ) -> Option<Self> {
        let mut parts = Some(Vec::new());
        for piece in pieces {
            let part = match piece {
                Piece::Literal(literal) => Some(Part::Literal(literal.into())),
                Piece::Expression { source, at } => {
                    compiler.expression(node, source, at).map(Part::of_program)
                }
            };
            // After a problem the rest is still compiled, for its own problems.
            parts = parts.zip(part).map(|(mut parts, part)| {
                parts.push(part);
                parts
            });
        }
        Some(Self { parts: parts?.into() })
    }

    /// The expressions in it.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &Program> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Int(program) | Part::Expression(program) => Some(program),
        })
    }

    /// The text for this call.
    pub(crate) fn text(&self, env: &Env<'_>) -> Result<String, EvalError> {
        let mut text = String::new();
        self.write(env, &mut text)?;
        Ok(text)
    }

    /// Appends the text.
    pub(crate) fn write(&self, env: &Env<'_>, out: &mut String) -> Result<(), EvalError> {
        for part in &self.parts {
            match part {
                Part::Literal(literal) => out.push_str(literal),
                Part::Int(program) => out.push_str(Buffer::new().format(program.eval_int(env)?)),
                Part::Expression(program) => program.eval(env)?.write_text(out),
            }
        }
        Ok(())
    }

    /// Appends the text's bytes to a message.
    pub(crate) fn write_bytes(&self, env: &Env<'_>, out: &mut Vec<u8>) -> Result<(), EvalError> {
        for part in &self.parts {
            match part {
                Part::Literal(literal) => out.extend_from_slice(literal.as_bytes()),
                Part::Int(program) => {
                    out.extend_from_slice(Buffer::new().format(program.eval_int(env)?).as_bytes());
                }
                Part::Expression(program) => match program.eval(env)? {
                    Value::String(text) => out.extend_from_slice(text.as_bytes()),
                    other => {
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

impl Part {
    fn of_program(program: Program) -> Self {
        if *program.result_type() == Type::Int {
            Self::Int(program)
        } else {
            Self::Expression(program)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Piece<'_> {
        Piece::Literal(text.to_owned())
    }

    #[test]
    fn expressions_are_found_between_literals() {
        let pieces = split("a ${x} b ${ y }").unwrap();
        let expected = [
            literal("a "),
            Piece::Expression { source: "x", at: 4 },
            literal(" b "),
            Piece::Expression {
                source: " y ",
                at: 11,
            },
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn braces_and_quotes_of_cel_do_not_end_an_expression() {
        for source in [
            r#"{"a": {"b": 1}}.a"#,
            r#"x == "}""#,
            r"'\'}'",
            r"r'\' + '}'",
            r#""""}"}""" "#,
        ] {
            let text = format!("${{{source}}}");
            assert_eq!(
                split(&text).unwrap(),
                [Piece::Expression { source, at: 2 }],
                "{text}"
            );
        }
    }

    #[test]
    fn two_dollars_escape_and_one_stands_for_itself() {
        assert_eq!(split("$${x} costs $5").unwrap(), [literal("${x} costs $5")]);
        assert_eq!(split("").unwrap(), [literal("")]);
    }

    #[test]
    fn an_expression_without_end_is_named() {
        assert_eq!(split("ab ${x").unwrap_err(), 3..6);
    }
}
