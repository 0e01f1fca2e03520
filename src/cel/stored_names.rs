//! The variables of the store that an expression names: what is never set anywhere is most often misspelt.

use std::ops::Range;

use super::syntax::{self, BinaryOperator, Expr, ExprKind, Literal};

/// A variable of the store, such as `orders` in `store.orders[request.id]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StoredName {
    /// `None` if an expression gives it, as in `store[request.id]`.
    pub(crate) name: Option<String>,
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
}

/// The variables of the store that a text names, if it is an expression; a place of the store begins with the first.
pub(crate) fn stored_names(text: &str) -> Vec<StoredName> {
    let mut found = Vec::new();
    if let Ok(expr) = syntax::parse(text) {
        look(&expr, &mut found);
    }
    found
}

fn is_store(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Name(name) if name.trim_start_matches('.') == "store")
}

fn look(expr: &Expr, found: &mut Vec<StoredName>) {
    let by_key = |key: &Expr| StoredName {
        name: match &key.kind {
            ExprKind::Literal(Literal::String(name)) => Some(name.clone()),
            _ => None,
        },
        span: key.span.clone(),
    };
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Name(_) => {}
        ExprKind::Select(operand, field) if is_store(operand) => found.push(StoredName {
            name: Some(field.text.clone()),
            span: field.span.clone(),
        }),
        ExprKind::Select(operand, _) | ExprKind::Not(operand) | ExprKind::Negate(operand) => {
            look(operand, found);
        }
        ExprKind::Index(parts) => {
            let [container, key] = &**parts;
            if is_store(container) {
                found.push(by_key(key));
            }
            look(container, found);
            look(key, found);
        }
        ExprKind::Binary(operator, parts) => {
            let [left, right] = &**parts;
            if *operator == BinaryOperator::In && is_store(right) {
                found.push(by_key(left));
            }
            look(left, found);
            look(right, found);
        }
        ExprKind::Conditional(parts) => parts.iter().for_each(|part| look(part, found)),
        ExprKind::Call {
            target, arguments, ..
        } => {
            for part in target.iter().map(|target| &**target).chain(arguments) {
                look(part, found);
            }
        }
        ExprKind::Message(_, fields) => fields.iter().for_each(|(_, value)| look(value, found)),
        ExprKind::List(elements) => elements.iter().for_each(|element| look(element, found)),
        ExprKind::Map(entries) => {
            for (key, value) in entries {
                look(key, found);
                look(value, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::stored_names;

    #[test]
    fn variables_of_the_store_are_found_wherever_they_stand() {
        for (text, expected) in [
            ("store.orders[request.id].status", "orders"),
            ("has(store.a.b) ? store.c : store['d'].e", "a c d"),
            ("'x' in store && request.id in store.y", "x y"),
            ("store[request.id]", "?"),
            ("[store.a, {'k': -store.b}].map(e, e + store.c)", "a b c"),
            ("size(store) + request.store.n", ""),
            ("store.", ""),
        ] {
            let names = stored_names(text);
            let names: Vec<&str> = names
                .iter()
                .map(|found| found.name.as_deref().unwrap_or("?"))
                .collect();
            assert_eq!(names.join(" "), expected, "{text}");
        }
    }
}
