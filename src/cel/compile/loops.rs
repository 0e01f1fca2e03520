//! Macros: `all`, `exists`, `exists_one`, `map`, `filter` and `sortBy`.

use super::compiled::Compiled;
use super::compiler::Compiler;
use crate::cel::syntax::{Expr, ExprKind};
use crate::cel::typed::{Loop, LoopKind, TypedExpr};
use crate::cel::values::Type;

impl Compiler<'_, '_> {
    /// A macro over a list, or over the keys of a map.
    pub(super) fn looped(
        &mut self,
        kind: LoopKind,
        range_expr: &Expr,
        variable_expr: &Expr,
        only_if: Option<&Expr>,
        body: &Expr,
    ) -> Compiled {
        let range = self.expr(range_expr).unpacked();
        let element = match &range.value_type {
            Type::List(element) => (**element).clone(),
            Type::Map(key, _) if kind != LoopKind::SortBy => (**key).clone(),
            other if other.is_dyn() => Type::Dyn,
            other => {
                let message = format!("`{}` goes over a list or a map, not {other}", kind.name());
                self.problem(range_expr.span.clone(), message);
                self.hint("name one of its lists, as in `request.items.map(x, x.name)`");
                return Compiled::unknown();
            }
        };
        let ExprKind::Name(name) = &variable_expr.kind else {
            self.problem(variable_expr.span.clone(), "the variable has to be a simple name");
            self.hint("such as `x`, as in `list.exists(x, x > 1)`");
            return Compiled::unknown();
        };
        let variable = self.variables.len();
        self.variables.push((name.clone(), element.clone()));
        let only_if = only_if.map(|condition| self.condition(condition, kind.name()));
        let body = match kind {
            LoopKind::Map | LoopKind::SortBy => self.expr(body),
            _ => self.condition(body, kind.name()),
        };
        self.variables.pop();

        let value_type = match kind {
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne => Type::Bool,
            LoopKind::Map => Type::list(body.value_type.clone()),
            LoopKind::Filter | LoopKind::SortBy => Type::list(element),
        };
        let has_condition = only_if.is_some();
        let mut parts = vec![range, body];
        parts.extend(only_if);
        // The loop's own variable does not exist outside.
        for part in &mut parts[1..] {
            part.variable = part.variable.filter(|outermost| *outermost < variable);
        }
        if kind == LoopKind::Filter && matches!(parts[0].expr, TypedExpr::Rows(_)) {
            return self.filtered(parts, value_type, variable);
        }
        self.combine(parts, value_type, |exprs| {
            let mut exprs = exprs.into_iter();
            let mut next = || exprs.next().expect("a loop has a range and a body");
            let (range, body) = (next(), next());
            let only_if = has_condition.then(next);
            let cost = body.fixed_cost() + only_if.as_ref().map_or(0, TypedExpr::fixed_cost);
            TypedExpr::Loop(Box::new(Loop {
                kind,
                range,
                variable,
                body,
                only_if,
                cost,
            }))
        })
    }
}
