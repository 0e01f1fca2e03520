//! What to do about operands that do not fit their operator.

use super::compiled::Compiled;
use super::other_languages::as_condition;
use crate::cel::operators::{Math, Relation};
use crate::cel::syntax::{BinaryOperator, Expr, ExprKind, Literal};
use crate::cel::values::Type;

/// The name that `x-user-id` was meant to be.
pub(super) fn dashed_name(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Binary(BinaryOperator::Subtract, operands) => {
            let [before, after] = &**operands;
            let ExprKind::Name(last) = &after.kind else {
                return None;
            };
            Some(format!("{}-{last}", dashed_name(before)?))
        }
        _ => None,
    }
}

/// The name that `metadata.x-user-id` was meant to name.
pub(super) fn dashed_metadata(expr: &Expr) -> Option<String> {
    let mut names = Vec::new();
    let mut expr = expr;
    while let ExprKind::Binary(BinaryOperator::Subtract, operands) = &expr.kind {
        let [before, after] = &**operands;
        let ExprKind::Name(name) = &after.kind else {
            return None;
        };
        names.push(name.as_str());
        expr = before;
    }
    let ExprKind::Select(metadata, first) = &expr.kind else {
        return None;
    };
    let is_metadata = matches!(&metadata.kind, ExprKind::Name(name) if name == "metadata");
    names.push(&first.text);
    names.reverse();
    (is_metadata && names.len() > 1).then(|| names.join("-"))
}

/// What to do about two values that an operator does not take.
pub(super) fn hint_to_calculate(math: Math, left: &Compiled, right: &Compiled) -> Option<String> {
    Some(match (math, &left.value_type, &right.value_type) {
        (_, Type::Timestamp | Type::Duration, Type::String) if let Some(text) = right.constant_text() => {
            format!("write `duration('{text}')`")
        }
        (_, Type::Timestamp | Type::Duration, Type::Int | Type::Uint | Type::Double | Type::String) => {
            "what is added to a time is a duration, as in `now + duration('5s')`".to_owned()
        }
        (Math::Add, Type::List(_), _) | (Math::Add, _, Type::List(_)) => {
            "`+` joins lists: put the element in brackets, as in `list + [x]`".to_owned()
        }
        (Math::Add, Type::String, _) | (Math::Add, _, Type::String) => {
            "`string(…)` makes text of a value".to_owned()
        }
        (_, left, right) if left.may_be_number() && right.may_be_number() => {
            "CEL does not mix types of numbers: convert with `int(…)`, `uint(…)` or `double(…)`".to_owned()
        }
        _ => return None,
    })
}

/// What to do about two values that never compare. `written` says how a part is written.
pub(super) fn hint_to_compare<'w>(
    written: &dyn Fn(&Expr) -> &'w str,
    relation: Relation,
    a: (&Expr, &Compiled),
    b: (&Expr, &Compiled),
) -> Option<String> {
    hint_for_chain(relation, a.0, b.0)
        .or_else(|| hint_for_constant(written, relation, a, b))
        .or_else(|| hint_for_constant(written, relation, b, a))
        .or_else(|| hint_to_convert(a.1, b.1))
        .or_else(|| hint_to_convert(b.1, a.1))
}

/// What to do about `1 < x < 5`, which other languages take for two comparisons.
fn hint_for_chain(relation: Relation, a: &Expr, b: &Expr) -> Option<String> {
    let is_order = !relation.is_equality();
    let is_comparison = |expr: &Expr| match &expr.kind {
        ExprKind::Binary(operator, _) => Relation::of(*operator).is_some(),
        _ => false,
    };
    (is_order && (is_comparison(a) || is_comparison(b))).then(|| "write `a < x && x < b`".to_owned())
}

/// What to do about a constant that never compares with the other operand.
fn hint_for_constant<'w>(
    written: &dyn Fn(&Expr) -> &'w str,
    relation: Relation,
    (expr, operand): (&Expr, &Compiled),
    (other_expr, other): (&Expr, &Compiled),
) -> Option<String> {
    let text = operand.constant_text();
    Some(match (&operand.value_type, &other.value_type, text) {
        (Type::Null, ..) => {
            let is_field = other_expr.segments().is_some_and(|path| path.len() > 1);
            let is_equal = relation == Relation::Equal;
            match &other_expr.kind {
                ExprKind::Index(parts) if !matches!(parts[1].kind, ExprKind::Literal(Literal::Int(_))) => {
                    let [container, key] = [&parts[0], &parts[1]].map(written);
                    if is_equal {
                        format!("`!({key} in {container})` says that it is absent")
                    } else {
                        format!("`{key} in {container}` says that it is there")
                    }
                }
                _ if is_field && is_equal => format!("`!has({})` says that it is unset", written(other_expr)),
                _ if is_field => format!("`has({})` says that it is set", written(other_expr)),
                _ => format!("{} is never null: leave the comparison out", other.value_type),
            }
        }
        (Type::String, Type::Uint, Some(text)) if text.parse::<u64>().is_ok() => {
            format!("leave out the quotes: `{text}u`")
        }
        (Type::String, Type::Int | Type::Double, Some(text)) if text.parse::<f64>().is_ok() => {
            format!("leave out the quotes: `{text}`")
        }
        (Type::String, Type::Bool, Some(text @ ("true" | "false"))) => {
            format!("leave out the quotes: `{text}`")
        }
        (_, Type::List(_), _) if relation.is_equality() && !matches!(operand.value_type, Type::List(_)) => {
            "write `x in list`, or compare with a list: `list == [x]`".to_owned()
        }
        (Type::String, Type::Timestamp, Some(text)) => format!("write `timestamp('{text}')`"),
        (Type::String, Type::Duration, Some(text)) => format!("write `duration('{text}')`"),
        (Type::String, Type::Bytes, Some(_)) => "`b'…'` writes bytes".to_owned(),
        (Type::Int | Type::Uint | Type::Double, Type::String, _) if is_literal(expr) => {
            match (relation.is_equality(), &operand.value_type) {
                (true, _) => format!("put the number in quotes: `'{}'`", written(expr)),
                (_, Type::Double) => format!("write `double({})`", written(other_expr)),
                (_, Type::Uint) => format!("write `uint({})`", written(other_expr)),
                _ => format!("write `int({})`", written(other_expr)),
            }
        }
        (Type::Bool, ..) if is_literal(expr) => as_condition(&other.value_type)?.to_owned(),
        _ => return None,
    })
}

/// The conversion by which an operand compares with the other.
fn hint_to_convert(operand: &Compiled, other: &Compiled) -> Option<String> {
    let converted = matches!(
        (&operand.value_type, &other.value_type),
        (
            Type::Int | Type::Uint | Type::Double | Type::Bool | Type::Timestamp | Type::Duration,
            Type::String
        )
    );
    converted.then(|| "`string(…)` makes text of a value".to_owned())
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(_))
}
