//! The parser: from the text of an expression to its syntax tree.
//!
//! ```text
//! text ── lexer ─► tokens ── parser, operators ─► Expr, with the place of every part
//!                               └─ literals, problems
//! ```
//!
//! The grammar is that of the [language definition](https://github.com/google/cel-spec/blob/master/doc/langdef.md),
//! as cel-go implements it. Macros are not expanded: the compiler makes loops of them, and their parts keep their
//! places. Optional values (`a.?b`) are refused with a place and a hint.

mod lexer;
mod literals;
mod operators;
mod parser;
mod problems;
mod tree;

pub(super) use self::parser::parse;
pub(super) use self::tree::{BinaryOperator, Expr, ExprKind, Literal, Name};
