//! The text of an expression, parsed by the `cel` crate, and the places of its parts.
//!
//! Macros are not expanded: the compiler has loops of its own for them, and their parts keep their places.

use std::ops::Range;
use std::panic::catch_unwind;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, SourceInfo};
use cel::parser::{ParseError, ParseErrors};

use super::ExprProblem;

/// The parser recurses: longer texts could overflow its stack.
const MAX_LENGTH: usize = 8 << 10;

/// A syntax tree over its text.
#[derive(Debug)]
pub(super) struct Parsed<'t> {
    pub(super) text: &'t str,
    pub(super) root: IdedExpr,
    info: SourceInfo,
}

/// Parses an expression; all syntax errors, each with its place.
pub(super) fn parse(text: &str) -> Result<Parsed<'_>, Vec<ExprProblem>> {
    if text.len() > MAX_LENGTH {
        return Err(vec![ExprProblem::new(0..text.len(), "the expression is longer than 8 KiB")]);
    }
    let parser = || {
        let environment = cel::Env::default().with_optional_support(false);
        environment.parser().enable_ident_escape_syntax(true).parse_with_source_info(text)
    };
    match catch_unwind(parser) {
        Ok(Ok((root, info))) => Ok(Parsed { text, root, info }),
        Ok(Err(ParseErrors { errors })) => Err(errors.iter().map(|error| syntax_error(text, error)).collect()),
        Err(_) => Err(vec![ExprProblem::new(0..text.len(), "the parser cannot read the expression")]),
    }
}

fn syntax_error(text: &str, error: &ParseError) -> ExprProblem {
    let (line, column) = error.pos;
    let before: usize = text.split_inclusive('\n').take(usize::try_from(line - 1).unwrap_or(0)).map(str::len).sum();
    let place = before.saturating_add_signed((column - 1).max(0));
    let start = text.floor_char_boundary(place.min(text.len()));
    let end = text.ceil_char_boundary((start + 1).min(text.len()));
    let message = error.msg.strip_prefix("Syntax error: ").unwrap_or(&error.msg);
    // The parser lists the names of tokens that it would have taken, which tells nobody anything.
    let message = message.split(", expecting ").next().unwrap_or(message).split(" expecting ").next();
    ExprProblem::new(start..end, format!("syntax error: {}", message.unwrap_or(&error.msg)))
}

impl Parsed<'_> {
    /// Where the expression stands in the text, with all of its parts.
    pub(super) fn span(&self, expr: &IdedExpr) -> Range<usize> {
        let mut span = self.token(expr);
        let mut add = |part: &IdedExpr| {
            let part = self.span(part);
            span = span.start.min(part.start)..span.end.max(part.end);
        };
        match &expr.expr {
            Expr::Call(call) => call.target.iter().map(Box::as_ref).chain(&call.args).for_each(add),
            Expr::Select(select) => add(&select.operand),
            Expr::List(list) => list.elements.iter().for_each(add),
            Expr::Map(map) => map.entries.iter().for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    add(&entry.key);
                    add(&entry.value);
                }
                EntryExpr::StructField(field) => add(&field.value),
            }),
            _ => {}
        }
        span
    }

    /// Where the name of a function or field stands that this expression calls or selects.
    pub(super) fn name_span(&self, expr: &IdedExpr) -> Range<usize> {
        let token = self.token(expr);
        match &expr.expr {
            // The token is the dot.
            Expr::Select(select) => {
                let after = self.text.get(token.start + 1..).unwrap_or_default();
                let name = after.trim_start().trim_start_matches('`');
                let start = self.text.len() - name.len();
                if name.starts_with(&select.field) { start..start + select.field.len() } else { token }
            }
            // The token is the parenthesis.
            Expr::Call(call) => {
                let before = self.text.get(..token.start).unwrap_or_default().trim_end();
                match before.strip_suffix(call.func_name.as_str()) {
                    Some(start) => start.len()..before.len(),
                    None => token,
                }
            }
            _ => token,
        }
    }

    /// The token that the parser gave the expression for its place.
    fn token(&self, expr: &IdedExpr) -> Range<usize> {
        let (start, last) = self.info.offset_for(expr.id).unwrap_or((0, 0));
        let start = self.text.floor_char_boundary(start as usize);
        let end = self.text.ceil_char_boundary((last as usize + 1).max(start).min(self.text.len()));
        start..end
    }
}
