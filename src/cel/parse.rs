//! The text of an expression, parsed by the `cel` crate, and the places of its parts.
//!
//! Macros are not expanded: the compiler has loops of its own for them, and their parts keep their places.

use std::ops::Range;
use std::panic::catch_unwind;

use cel::common::ast::operators::INDEX;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, SourceInfo};
use cel::parser::{ParseError, ParseErrors};

use super::ExprProblem;

/// More is not an expression but a program.
const MAX_LENGTH: usize = 8 << 10;

/// The parser recurses: deeply where something is opened, once for each operator of a chain. Texts up to here cannot
/// be too deep for any thread; others are parsed on a thread with room for as deep as the parser goes.
const SHALLOW_LENGTH: usize = 256;
const SHALLOW_OPENINGS: usize = 4;
const DEEP_STACK: usize = 64 << 20;

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
        return Err(vec![ExprProblem::new(
            0..text.len(),
            "the expression is longer than 8 KiB",
        )]);
    }
    let parse = || {
        let environment = cel::Env::default().with_optional_support(false);
        let parser = environment.parser().enable_ident_escape_syntax(true);
        match parser.parse_with_source_info(text) {
            Ok((root, info)) => Ok(Parsed { text, root, info }),
            Err(ParseErrors { errors }) => {
                Err(errors.iter().map(|error| syntax_error(text, error)).collect())
            }
        }
    };
    let unreadable = |_| {
        vec![ExprProblem::new(
            0..text.len(),
            "the parser cannot read the expression",
        )]
    };
    let openings = text
        .bytes()
        .filter(|byte| matches!(byte, b'(' | b'[' | b'{' | b'?'))
        .count();
    if text.len() <= SHALLOW_LENGTH && openings <= SHALLOW_OPENINGS {
        return catch_unwind(parse).map_err(unreadable)?;
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(DEEP_STACK)
            .spawn_scoped(scope, parse);
        let thread = thread.map_err(|error| {
            vec![ExprProblem::new(
                0..text.len(),
                format!("no thread to parse a deep expression: {error}"),
            )]
        })?;
        thread.join().map_err(unreadable)?
    })
}

fn syntax_error(text: &str, error: &ParseError) -> ExprProblem {
    let (line, column) = error.pos;
    let before: usize = text
        .split_inclusive('\n')
        .take(usize::try_from(line - 1).unwrap_or(0))
        .map(str::len)
        .sum();
    // The column counts characters.
    let characters = usize::try_from(column - 1).unwrap_or(0);
    let start = text[before..]
        .char_indices()
        .nth(characters)
        .map_or(text.len(), |(place, _)| before + place);
    let end = text.ceil_char_boundary((start + 1).min(text.len()));
    let message = error.msg.strip_prefix("Syntax error: ").unwrap_or(&error.msg);
    // The parser lists the names of tokens that it would have taken, which tells nobody anything.
    let message = message
        .split(", expecting ")
        .next()
        .unwrap_or(message)
        .split(" expecting ")
        .next();
    ExprProblem {
        hint: hint(text, start).map(str::to_owned),
        ..ExprProblem::new(
            start..end,
            format!("syntax error: {}", message.unwrap_or(&error.msg)),
        )
    }
}

/// What was probably meant where the parser stopped.
fn hint(text: &str, place: usize) -> Option<&'static str> {
    let (before, rest) = text.split_at(place);
    let word = rest.split(|c: char| !c.is_alphanumeric()).next();
    match word {
        _ if rest.is_empty() && before.trim().is_empty() => Some("the expression is empty"),
        _ if rest.is_empty() => Some("the expression ends too early"),
        _ if rest.starts_with("${") => Some("leave out `${` and `}`: an expression stands alone here"),
        _ if rest.starts_with('=') => Some("`==` compares"),
        Some("and") => Some("write `&&`"),
        Some("or") => Some("write `||`"),
        _ => None,
    }
}

impl Parsed<'_> {
    /// Where the expression stands in the text, with all of its parts.
    pub(super) fn span(&self, expr: &IdedExpr) -> Range<usize> {
        let mut span = self.token(expr);
        let name = self.name_span(expr);
        span = span.start.min(name.start)..span.end.max(name.end);
        let mut add = |part: &IdedExpr| {
            let part = self.span(part);
            span = span.start.min(part.start)..span.end.max(part.end);
        };
        let closing = match &expr.expr {
            Expr::Call(call) => {
                call.target
                    .iter()
                    .map(Box::as_ref)
                    .chain(&call.args)
                    .for_each(add);
                match call.func_name.as_str() {
                    INDEX => Some(']'),
                    // An operator's name is not in the text.
                    _ if name == self.token(expr) => None,
                    _ => Some(')'),
                }
            }
            Expr::Select(select) => {
                add(&select.operand);
                None
            }
            Expr::List(list) => {
                list.elements.iter().for_each(add);
                Some(']')
            }
            Expr::Map(map) => {
                map.entries.iter().for_each(|entry| match &entry.expr {
                    EntryExpr::MapEntry(entry) => {
                        add(&entry.key);
                        add(&entry.value);
                    }
                    EntryExpr::StructField(field) => add(&field.value),
                });
                Some('}')
            }
            _ => None,
        };
        let after = self.text[span.end..].trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        if closing.is_some_and(|closing| after.starts_with(closing)) {
            span.end = self.text.len() - after.len() + 1;
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
                if name.starts_with(&select.field) {
                    start..start + select.field.len()
                } else {
                    token
                }
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
        let end = self
            .text
            .ceil_char_boundary((last as usize + 1).max(start).min(self.text.len()));
        start..end
    }
}
