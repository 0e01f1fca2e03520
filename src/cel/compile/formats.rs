//! `'…'.format([…])` where text and list are constant enough to be checked: its clauses, how many there are, and the types of
//! what they write.
//!
//! What it refuses would fail in every call. What is known only when a call comes is left to the function itself.

use super::compiled::Compiled;
use super::compiler::Compiler;
use crate::cel::syntax::{Expr, ExprKind};
use crate::cel::values::Type;

/// The conversions, as hints list them.
const KNOWN: &str = "`%s` writes any value, `%d` a number, `%.2f` and `%.2e` a number with so many digits, and `%x`, `%o` and \
                     `%b` a whole number in another base";

/// What to write for a number with zeros or blanks before it.
const PADDED: &str =
    "a clause has no width; zeros before a number are `'00000'.substring(size(string(n))) + string(n)`";

/// A clause of the text, such as `%.2f`.
struct Clause<'t> {
    written: &'t str,
    conversion: char,
}

/// What is wrong with a format, and what to do.
struct Wrong {
    message: String,
    hint: String,
}

impl Compiler<'_, '_> {
    /// Tells of a format that fails in every call. `parts` are the text and the list.
    #[cold]
    #[inline(never)]
    pub(super) fn wrong_format(&mut self, parts: &[&Expr], values: &[Compiled]) -> Option<Compiled> {
        let [text_expr, list_expr] = parts else {
            return None;
        };
        let text = values.first()?.constant_text()?;
        let clauses = clauses(text);
        let arguments = match &list_expr.kind {
            ExprKind::List(arguments) => Some(arguments.as_slice()),
            _ => None,
        };
        if let Some(wrong) = clauses.iter().find_map(unknown_clause) {
            let told = self.problem(text_expr.span.clone(), wrong.message);
            self.hint(wrong.hint);
            return Some(told);
        }
        let arguments = arguments?;
        // More arguments than clauses are no fault in CEL, unless braces were to write them.
        let is_in_braces = clauses.is_empty() && text.contains('{') && text.contains('}');
        if clauses.len() > arguments.len() || is_in_braces && !arguments.is_empty() {
            let wrong = if is_in_braces {
                of_braces(text)
            } else {
                too_many(clauses.len(), arguments.len())
            };
            let told = self.problem(text_expr.span.clone(), wrong.message);
            self.hint(wrong.hint);
            return Some(told);
        }
        for (clause, argument) in clauses.iter().zip(arguments) {
            let found = self.elements.iter().find(|(span, _)| *span == argument.span);
            let Some((_, found)) = found.filter(|(_, found)| !fits(clause.conversion, found)) else {
                continue;
            };
            let (what, hint) = match found {
                Type::Message(message) => (
                    format!("a message ({})", message.full_name()),
                    format!("write `json({})`", self.written(argument)),
                ),
                _ => (found.to_string(), "`%s` takes values of all types".to_owned()),
            };
            let message = format!("format: {} does not take {what}", clause.written);
            let told = self.problem(argument.span.clone(), message);
            self.hint(hint);
            return Some(told);
        }
        None
    }
}

/// The clauses of a text; `%%` is none.
fn clauses(text: &str) -> Vec<Clause<'_>> {
    let mut clauses = Vec::new();
    let mut at = 0;
    while let Some(percent) = text[at..].find('%').map(|percent| at + percent) {
        let rest = &text[percent + 1..];
        if rest.starts_with('%') {
            at = percent + 2;
            continue;
        }
        let is_of_clause = |letter: char| letter.is_ascii_digit() || "+-.# *".contains(letter);
        let before = rest.find(|letter| !is_of_clause(letter)).unwrap_or(rest.len());
        let conversion = rest[before..].chars().next();
        let end = percent + 1 + before + conversion.map_or(0, char::len_utf8);
        clauses.push(Clause {
            written: &text[percent..end],
            conversion: conversion.unwrap_or('%'),
        });
        at = end;
    }
    clauses
}

/// What is wrong with a clause that no argument fits.
fn unknown_clause(clause: &Clause<'_>) -> Option<Wrong> {
    let before = clause.written[1..].trim_end_matches(clause.conversion);
    let precision = before.strip_prefix('.').unwrap_or(before);
    let is_plain = precision.bytes().all(|digit| digit.is_ascii_digit());
    let is_width = !is_plain || before.len() == precision.len() && !before.is_empty();
    let written = clause.written;
    let wrong = |hint: &str| {
        Some(Wrong {
            message: format!("format: there is no {written}"),
            hint: hint.to_owned(),
        })
    };
    match clause.conversion {
        's' | 'd' | 'f' | 'e' | 'x' | 'X' | 'o' | 'b' if !is_width => None,
        '%' => Some(Wrong {
            message: "format: the text ends in a clause".to_owned(),
            hint: "`%%` writes a `%`".to_owned(),
        }),
        's' | 'd' | 'x' | 'X' => wrong(PADDED),
        'f' | 'e' => wrong("a clause has no width: write its digits alone, as in `%.2f`"),
        'i' | 'u' => wrong("write `%d`"),
        'v' | 'q' | 'r' | 't' => wrong("write `%s`"),
        'g' | 'G' | 'F' => wrong("write `%f`, or `%.2f`"),
        _ => wrong(KNOWN),
    }
}

/// Of more clauses than arguments.
fn too_many(clauses: usize, arguments: usize) -> Wrong {
    Wrong {
        message: format!("format: more clauses than arguments ({clauses} and {arguments})"),
        hint: "each clause, such as `%s` or `%d`, takes the next argument of the list; `%%` writes a `%`"
            .to_owned(),
    }
}

/// Of `{}` in place of clauses.
fn of_braces(text: &str) -> Wrong {
    Wrong {
        message: "format: no clause takes an argument: braces are text".to_owned(),
        hint: format!("an argument is written by `%s`: `'{}'`", with_clauses(text)),
    }
}

/// A text with `%s` for `{}`, `{0}` and `{name}`.
fn with_clauses(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else {
            break;
        };
        written.extend([before, "%s"]);
        rest = after;
    }
    written + rest
}

/// Whether a clause may write a value of that type.
fn fits(conversion: char, found: &Type) -> bool {
    let is_whole = matches!(found, Type::Int | Type::Uint);
    match conversion {
        _ if found.is_dyn() => true,
        's' => !matches!(found, Type::Message(_)),
        'd' => is_whole || matches!(found, Type::Double | Type::Enum(_)),
        'f' | 'e' => is_whole || *found == Type::Double,
        'b' => is_whole || *found == Type::Bool,
        'o' => is_whole,
        _ => is_whole || matches!(found, Type::String | Type::Bytes),
    }
}
