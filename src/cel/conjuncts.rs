//! The parts of a condition all of which must hold, and what each of them is about: so that it can be told which does not
//! hold, and why.

use std::ops::Range;

use super::syntax::{self, BinaryOperator, Expr, ExprKind};

/// A part of a condition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conjunct {
    /// Where it stands in the text.
    pub(crate) span: Range<usize>,
    /// Where those of its values stand that differ from call to call, such as both sides of a comparison.
    pub(crate) about: Vec<Range<usize>>,
}

/// The parts of a condition that are joined by `&&`, in their order. Empty if the text is no expression.
pub(crate) fn conjuncts(text: &str) -> Vec<Conjunct> {
    let mut found = Vec::new();
    if let Ok(root) = syntax::parse(text) {
        collect(&root, &mut found);
    }
    found
}

fn collect(expr: &Expr, found: &mut Vec<Conjunct>) {
    if let ExprKind::Binary(BinaryOperator::And, operands) = &expr.kind {
        operands.iter().for_each(|operand| collect(operand, found));
        return;
    }
    let mut about = Vec::new();
    subjects(expr, &mut about);
    found.push(Conjunct {
        span: expr.span.clone(),
        about,
    });
}

/// What a condition says something of.
fn subjects(expr: &Expr, about: &mut Vec<Range<usize>>) {
    match &expr.kind {
        ExprKind::Binary(BinaryOperator::Or | BinaryOperator::And, operands) => {
            operands.iter().for_each(|operand| subjects(operand, about));
        }
        ExprKind::Binary(_, operands) => operands.iter().for_each(|operand| value(operand, about)),
        ExprKind::Not(operand) => subjects(operand, about),
        // Of a macro the target is the list; its arguments name variables that are nothing outside of it.
        ExprKind::Call {
            target: Some(target), ..
        } => value(target, about),
        ExprKind::Call { .. } => {}
        _ => value(expr, about),
    }
}

fn value(expr: &Expr, about: &mut Vec<Range<usize>>) {
    let is_constant = matches!(
        expr.kind,
        ExprKind::Literal(_)
            | ExprKind::List(_)
            | ExprKind::Map(_)
            | ExprKind::Message(..)
            | ExprKind::Negate(_)
    );
    if !is_constant && !about.contains(&expr.span) {
        about.push(expr.span.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part, and what it is about.
    type Part<'t> = (&'t str, &'t [&'t str]);

    #[test]
    fn a_condition_has_parts_and_each_is_about_something() {
        let table: [(&str, &[Part<'_>]); 9] = [
            ("a == 1", &[("a == 1", &["a"])]),
            (
                "a.b == 'x' && (c || d < e) && !f",
                &[
                    ("a.b == 'x'", &["a.b"]),
                    ("c || d < e", &["c", "d", "e"]),
                    ("!f", &["f"]),
                ],
            ),
            ("(a && b) && c", &[("a", &["a"]), ("b", &["b"]), ("c", &["c"])]),
            ("a.startsWith('x')", &[("a.startsWith('x')", &["a"])]),
            ("a in [1, 2]", &[("a in [1, 2]", &["a"])]),
            ("a.exists(x, x == 1)", &[("a.exists(x, x == 1)", &["a"])]),
            ("has(a.b)", &[("has(a.b)", &[])]),
            ("size(a) > 1", &[("size(a) > 1", &["size(a)"])]),
            ("a ==", &[]),
        ];
        for (text, expected) in table {
            let found = conjuncts(text);
            let shown: Vec<(&str, Vec<&str>)> = found
                .iter()
                .map(|part| {
                    let about = part.about.iter().map(|span| &text[span.clone()]).collect();
                    (&text[part.span.clone()], about)
                })
                .collect();
            let expected: Vec<(&str, Vec<&str>)> = expected
                .iter()
                .map(|(part, about)| (*part, about.to_vec()))
                .collect();
            assert_eq!(shown, expected, "{text}");
        }
    }
}
