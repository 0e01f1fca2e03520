//! The branches of a `?:` that is a whole expression: the expression gives one of them, so each has to fit where it goes.
//!
//! Their common type alone does not say so: `c ? 1 : 'one'` may be anything, and `c ? 'LARGE' : 'TINY'` is a string, whether
//! the enum has both values or not.

use std::ops::Range;

use super::compiled::Compiled;
use crate::cel::syntax::{Expr, ExprKind};
use crate::cel::values::Type;

/// What a whole expression may give.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    /// Bytes of the expression's text.
    pub(crate) span: Range<usize>,
    pub(crate) value_type: Type,
    /// The text, if it is a constant.
    pub(crate) text: Option<String>,
}

impl Branch {
    pub(super) fn new(expr: &Expr, compiled: &Compiled) -> Self {
        Self {
            span: expr.span.clone(),
            value_type: compiled.value_type.clone(),
            text: compiled.constant_text().map(str::to_owned),
        }
    }
}

/// Those of all branches that the whole expression may give.
pub(super) fn of_root(root: &Expr, all: Vec<Branch>) -> Vec<Branch> {
    let mut spans = Vec::new();
    let mut exprs = vec![root];
    while let Some(expr) = exprs.pop() {
        match &expr.kind {
            ExprKind::Conditional(parts) => exprs.extend(&parts[1..]),
            _ => spans.push(&expr.span),
        }
    }
    all.into_iter()
        .filter(|branch| spans.contains(&&branch.span))
        .collect()
}
