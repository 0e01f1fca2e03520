//! What a condition reads that may be missing, and what asks whether it is there.
//!
//! All of it is told by how an expression is written.

use crate::cel::syntax::{BinaryOperator, Expr, ExprKind, Literal};

/// What a condition reads that may be missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The client's metadata of a name.
    Metadata(String),
    /// A variable of the store: `store.open`, or `store.shop.open`.
    Stored(String),
    /// What a map of the request or of the store has for a key: `request.labels["tier"]`. The map and the key.
    Entry(String, String),
}

impl Subject {
    /// Whether the other is missing where this one is: the same, or a part of it.
    pub(crate) fn leads_to(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stored(whole), Self::Stored(part)) => part
                .strip_prefix(whole)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
            _ => self == other,
        }
    }
}

fn is_root(expr: &Expr, root: &str) -> bool {
    matches!(&expr.kind, ExprKind::Name(name) if name.trim_start_matches('.') == root)
}

/// The text of a key, if it is constant.
fn key_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => Some(text),
        _ => None,
    }
}

/// What the whole of an expression reads.
pub(super) fn subject_of(expr: &Expr) -> Option<Subject> {
    match &expr.kind {
        ExprKind::Select(operand, name) if is_root(operand, "metadata") => {
            Some(Subject::Metadata(name.text.clone()))
        }
        ExprKind::Index(parts) if is_root(&parts[0], "metadata") => {
            Some(Subject::Metadata(key_of(&parts[1])?.to_owned()))
        }
        ExprKind::Index(parts) => entry(&parts[0], &parts[1]),
        ExprKind::Select(..) => {
            let segments = expr.segments()?;
            (segments.first() == Some(&"store")).then(|| Subject::Stored(segments.join(".")))
        }
        _ => None,
    }
}

/// What a map of the request has for a text, or one of the store for a key that is read from a place.
fn entry(map: &Expr, key: &Expr) -> Option<Subject> {
    let place = |expr: &Expr| Some(expr.segments()?.join("."));
    let map = place(map).filter(|map| map.starts_with("request.") || map.starts_with("store."))?;
    let key = match key_of(key) {
        // A text names a variable of the store.
        Some(_) if map.starts_with("store.") => return None,
        Some(text) => format!("{text:?}"),
        // A number may be an index of a list.
        _ if map.starts_with("request.") => return None,
        _ => place(key)?,
    };
    Some(Subject::Entry(map, key))
}

/// What an expression asks for whether it is there.
pub(super) fn subject_asked_for(expr: &Expr) -> Option<Subject> {
    match &expr.kind {
        ExprKind::Call {
            target: None,
            function,
            arguments,
        } if function.text == "has" => subject_of(arguments.first()?),
        ExprKind::Binary(BinaryOperator::In, parts) => {
            let [key, container] = &**parts;
            if let Some(entry) = entry(container, key) {
                return Some(entry);
            }
            let key = key_of(key)?;
            let segments = container.segments()?;
            match segments.as_slice() {
                ["metadata"] => Some(Subject::Metadata(key.to_owned())),
                ["store", ..] => Some(Subject::Stored(format!("{}.{key}", segments.join(".")))),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Calls `see` with a part and all parts of it.
pub(super) fn visit<'e>(expr: &'e Expr, see: &mut impl FnMut(&'e Expr)) {
    see(expr);
    // A part of what is read is not read for itself, and `has(metadata.x)` does not read it.
    if subject_of(expr).is_some() {
        return;
    }
    if let ExprKind::Call {
        target: None,
        function,
        ..
    } = &expr.kind
        && function.text == "has"
    {
        return;
    }
    for part in expr.parts() {
        visit(part, see);
    }
}
