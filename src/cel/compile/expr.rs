//! Compiles a part by its kind; literals, lists and maps are compiled here.

use super::compiled::Compiled;
use super::compiler::Compiler;
use crate::cel::syntax::{Expr, ExprKind, Literal};
use crate::cel::typed::TypedExpr;
use crate::cel::values::{Type, Value};

impl Compiler<'_, '_> {
    /// Compiles a part. It recurses; the parser bounds the depth.
    pub(super) fn expr(&mut self, expr: &Expr) -> Compiled {
        let compiled = match &expr.kind {
            ExprKind::Literal(literal) => constant(literal),
            ExprKind::Name(name) => self.name(expr, name),
            ExprKind::Select(operand, field) => self.select(expr, operand, field),
            ExprKind::Index(parts) => {
                let [container, key] = &**parts;
                self.index(expr, container, key)
            }
            ExprKind::Call {
                target,
                function,
                arguments,
            } => self.call(expr, target.as_deref(), function, arguments),
            ExprKind::Not(operand) => self.not(operand),
            ExprKind::Negate(operand) => self.negation(expr, operand),
            ExprKind::Binary(operator, operands) => self.binary(expr, *operator, operands),
            ExprKind::Conditional(parts) => self.conditional(parts),
            ExprKind::List(elements) => self.list(elements),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Message(name, fields) => self.message(name, fields),
        };
        self.folded(compiled, expr)
    }

    fn list(&mut self, elements: &[Expr]) -> Compiled {
        let spans = elements.iter().map(|element| element.span.clone());
        let elements: Vec<Compiled> = elements.iter().map(|element| self.expr(element)).collect();
        let types = elements.iter().map(|element| element.value_type.clone());
        self.elements.extend(spans.zip(types));
        let element_type = elements
            .iter()
            .map(|element| element.value_type.clone())
            .reduce(Type::join);
        let list_type = Type::list(element_type.unwrap_or(Type::Dyn));
        self.combine(elements, list_type, |exprs| TypedExpr::List(exprs.into()))
    }

    fn map(&mut self, entries: &[(Expr, Expr)]) -> Compiled {
        let mut parts = Vec::with_capacity(entries.len() * 2);
        for (key_expr, value) in entries {
            let before = self.problems.len();
            let key = self.expr(key_expr);
            if let (ExprKind::Name(name), true) = (&key_expr.kind, self.problems.len() > before) {
                self.hint(format!("a key that is a text stands in quotes: `'{name}'`"));
            }
            if !key.value_type.may_be_key() {
                let message = format!("{} cannot be the key of a map", key.value_type);
                self.problem(key_expr.span.clone(), message);
            }
            parts.push(key);
            parts.push(self.expr(value));
        }
        let join = |offset: usize| {
            let types = parts
                .iter()
                .skip(offset)
                .step_by(2)
                .map(|part| part.value_type.clone());
            types.reduce(Type::join).unwrap_or(Type::Dyn)
        };
        let map_type = Type::map(join(0), join(1));
        self.combine(parts, map_type, |exprs| {
            let mut exprs = exprs.into_iter();
            let mut entries = Vec::new();
            while let (Some(key), Some(value)) = (exprs.next(), exprs.next()) {
                entries.push((key, value));
            }
            TypedExpr::Map(entries.into())
        })
    }
}

fn constant(literal: &Literal) -> Compiled {
    match literal {
        Literal::Null => Compiled::constant(Value::Null, Type::Null),
        Literal::Bool(value) => Compiled::constant(Value::Bool(*value), Type::Bool),
        Literal::Int(value) => Compiled::constant(Value::Int(*value), Type::Int),
        Literal::Uint(value) => Compiled::constant(Value::Uint(*value), Type::Uint),
        Literal::Double(value) => Compiled::constant(Value::Double(*value), Type::Double),
        Literal::String(value) => Compiled::constant(Value::text(value.clone()), Type::String),
        Literal::Bytes(value) => Compiled::constant(Value::Bytes(value.clone().into()), Type::Bytes),
    }
}
