//! Operators: the form that fits the types is chosen here.

use super::branches::Branch;
use super::compiled::Compiled;
use super::compiler::Compiler;
use super::operator_hints::{dashed_metadata, hint_to_calculate, hint_to_compare};
use super::other_languages::as_condition;
use crate::cel::operators::{Math, Relation};
use crate::cel::syntax::{BinaryOperator, Expr, ExprKind, Literal};
use crate::cel::typed::TypedExpr;
use crate::cel::values::{Type, Value};

impl Compiler<'_, '_> {
    /// An operator between two parts.
    pub(super) fn binary(&mut self, expr: &Expr, operator: BinaryOperator, operands: &[Expr; 2]) -> Compiled {
        let [a, b] = operands;
        match (operator, Math::of(operator), Relation::of(operator)) {
            (_, Some(math), _) => self.math(expr, math, a, b),
            (_, _, Some(relation)) => self.comparison(expr, relation, a, b),
            (BinaryOperator::And, ..) => self.logic(a, b, "&&", TypedExpr::And),
            (BinaryOperator::Or, ..) => match self.chosen_by_logic(expr, a, b) {
                Some(told) => told,
                None => self.logic(a, b, "||", TypedExpr::Or),
            },
            _ => self.contained(a, b),
        }
    }

    pub(super) fn not(&mut self, operand: &Expr) -> Compiled {
        let operand = self.condition(operand, "!");
        self.combine(vec![operand], Type::Bool, |exprs| TypedExpr::Not(single(exprs)))
    }

    /// `condition ? then : otherwise`.
    pub(super) fn conditional(&mut self, parts: &[Expr; 3]) -> Compiled {
        let [condition, then, otherwise] = parts;
        let condition = self.condition(condition, "?:");
        let (then_expr, otherwise_expr) = (then, otherwise);
        let (then, otherwise) = (self.expr(then), self.expr(otherwise));
        let value_type = then.value_type.clone().join(otherwise.value_type.clone());
        if let TypedExpr::Const(Value::Bool(holds)) = condition.expr {
            // Not evaluated, so that its faults do not matter.
            let decided = if holds { then } else { otherwise };
            return Compiled {
                value_type,
                place: None,
                ..decided
            };
        }
        let branches = [
            Branch::new(then_expr, &then),
            Branch::new(otherwise_expr, &otherwise),
        ];
        self.branches.extend(branches);
        self.combine(vec![condition, then, otherwise], value_type, |exprs| {
            TypedExpr::If(Box::new(exprs.try_into().expect("there are three parts")))
        })
    }

    /// An operand that has to be a bool.
    pub(super) fn condition(&mut self, operand: &Expr, operator: &str) -> Compiled {
        let typed = self.expr(operand).unpacked();
        if typed.value_type.may_be_bool() {
            return typed;
        }
        self.no_condition(operand, operator, &typed.value_type)
    }

    /// Tells of an operand that is no condition. Apart, so that frames of deep expressions stay small.
    #[cold]
    #[inline(never)]
    fn no_condition(&mut self, operand: &Expr, operator: &str, found: &Type) -> Compiled {
        let message = format!("`{operator}` takes a bool, not {found}");
        self.problem(operand.span.clone(), message);
        if operator == "||" && !matches!(found, Type::Bool | Type::Message(_)) {
            self.hint("`||` joins conditions; a default is `x != '' ? x : y`, or `has(a.b) ? a.b : y`");
        } else if let Some(hint) = as_condition(found) {
            self.hint(hint);
        }
        Compiled::unknown()
    }

    /// Tells of `condition && 'this' || 'that'`, which other languages take for a choice. Only literals are told from
    /// conditions here, so that nothing is compiled twice.
    #[cold]
    #[inline(never)]
    fn chosen_by_logic(&mut self, expr: &Expr, a: &Expr, otherwise: &Expr) -> Option<Compiled> {
        let ExprKind::Binary(BinaryOperator::And, operands) = &a.kind else {
            return None;
        };
        let [condition, then] = &**operands;
        let is_value = |expr: &Expr| matches!(&expr.kind, ExprKind::Literal(literal) if !matches!(literal, Literal::Bool(_)));
        if !is_value(then) {
            return None;
        }
        let [condition, then, otherwise] = [condition, then, otherwise].map(|expr| self.written(expr));
        let hint = format!("write `{condition} ? {then} : {otherwise}`");
        let told = self.problem(
            expr.span.clone(),
            "`&&` and `||` join conditions, and choose no value",
        );
        self.hint(hint);
        Some(told)
    }

    fn logic(
        &mut self,
        a: &Expr,
        b: &Expr,
        symbol: &str,
        build: fn(Box<[TypedExpr; 2]>) -> TypedExpr,
    ) -> Compiled {
        let (left, right) = (self.condition(a, symbol), self.condition(b, symbol));
        let deciding = symbol == "||";
        match (&left.expr, &right.expr) {
            (TypedExpr::Const(Value::Bool(value)), _) if *value == deciding => return left,
            (_, TypedExpr::Const(Value::Bool(value))) if *value == deciding => return right,
            (TypedExpr::Const(Value::Bool(_)), _) if right.value_type == Type::Bool => return right,
            (_, TypedExpr::Const(Value::Bool(_))) if left.value_type == Type::Bool => return left,
            _ => {}
        }
        let parts = vec![left, right];
        self.combine(parts, Type::Bool, |exprs| build(pair(exprs)))
    }

    pub(super) fn negation(&mut self, expr: &Expr, operand: &Expr) -> Compiled {
        let operand = self.expr(operand).unpacked();
        let value_type = match &operand.value_type {
            Type::Enum(_) => Type::Int,
            known @ (Type::Int | Type::Double | Type::Dyn) => known.clone(),
            other => {
                let message = format!("`-` does not take {other}");
                return self.problem(expr.span.clone(), message);
            }
        };
        self.combine(vec![operand], value_type, |exprs| {
            TypedExpr::Negate(single(exprs))
        })
    }

    fn math(&mut self, expr: &Expr, math: Math, a: &Expr, b: &Expr) -> Compiled {
        if let Some(name) = dashed_metadata(expr) {
            self.problem(expr.span.clone(), "`-` subtracts, and is no part of a name");
            self.hint(format!("write `metadata['{name}']`"));
            return Compiled::unknown();
        }
        let (left, right) = (self.expr(a).unpacked(), self.expr(b).unpacked());
        let Some(value_type) = math.result(&left.value_type, &right.value_type) else {
            return self.no_math(expr, math, &left, &right);
        };
        if self.divides_by_zero(math, &left, &right) {
            return self.division_by_zero(b);
        }
        let are_ints = is_int(&left.value_type) && is_int(&right.value_type);
        let are_doubles = left.value_type == Type::Double && right.value_type == Type::Double;
        let are_texts = left.value_type == Type::String && right.value_type == Type::String;
        self.combine(vec![left, right], value_type, |exprs| {
            if are_ints {
                TypedExpr::IntMath(math, pair(exprs))
            } else if are_doubles {
                TypedExpr::DoubleMath(math, pair(exprs))
            } else if are_texts {
                concat(exprs)
            } else {
                TypedExpr::Math(math, pair(exprs))
            }
        })
    }

    /// Tells of operands that do not fit. Apart, so that frames of deep expressions stay small.
    #[cold]
    #[inline(never)]
    fn no_math(&mut self, expr: &Expr, math: Math, left: &Compiled, right: &Compiled) -> Compiled {
        let (symbol, a, b) = (math.symbol(), &left.value_type, &right.value_type);
        self.problem(expr.span.clone(), format!("`{symbol}` does not take {a} and {b}"));
        if let Some(hint) = hint_to_calculate(math, left, right) {
            self.hint(hint);
        }
        Compiled::unknown()
    }

    /// Whether an operand that is not known yet is divided by zero. In constraints, the first variable is `this`.
    fn divides_by_zero(&self, math: Math, left: &Compiled, right: &Compiled) -> bool {
        matches!(math, Math::Divide | Math::Remainder)
            && matches!(right.expr, TypedExpr::Const(Value::Int(0) | Value::Uint(0)))
            && (!left.fixed || self.scope.constraint.is_some() && left.variable == Some(0))
    }

    #[cold]
    #[inline(never)]
    fn division_by_zero(&mut self, divisor: &Expr) -> Compiled {
        self.problem(divisor.span.clone(), "division by zero");
        self.hint("divide by another number; a double gives infinity: `x / 0.0`");
        Compiled::unknown()
    }

    fn comparison(&mut self, expr: &Expr, relation: Relation, a: &Expr, b: &Expr) -> Compiled {
        let (left, right) = (self.expr(a).unpacked(), self.expr(b).unpacked());
        let fits = if relation.is_equality() {
            left.value_type.may_equal(&right.value_type)
        } else {
            left.value_type.may_compare(&right.value_type)
        };
        if !fits {
            let symbol = relation.symbol();
            let message = format!(
                "`{symbol}` does not take {} and {}",
                left.value_type, right.value_type
            );
            self.problem(expr.span.clone(), message);
            let written = |expr: &Expr| self.written(expr);
            if let Some(hint) = hint_to_compare(&written, relation, (a, &left), (b, &right)) {
                self.hint(hint);
            }
            return Compiled::unknown();
        }
        if is_unset_check(&left, &right) || is_unset_check(&right, &left) {
            return self.no_unset_check(expr, relation, (a, &left), (b, &right));
        }
        let (left, right) = (self.enum_operand(left, &right, a), right);
        let right = self.enum_operand(right, &left, b);
        self.compared(relation, left, right)
    }

    /// Tells of a message that is compared with null, which it never equals. Apart, so that frames stay small.
    #[cold]
    #[inline(never)]
    fn no_unset_check(
        &mut self,
        expr: &Expr,
        relation: Relation,
        a: (&Expr, &Compiled),
        b: (&Expr, &Compiled),
    ) -> Compiled {
        self.problem(expr.span.clone(), "a message is never null");
        let written = |expr: &Expr| self.written(expr);
        if let Some(hint) = hint_to_compare(&written, relation, a, b) {
            self.hint(hint);
        }
        Compiled::unknown()
    }

    /// A comparison of operands that can be compared, in the form that fits their types.
    pub(super) fn compared(&mut self, relation: Relation, left: Compiled, right: Compiled) -> Compiled {
        let are_ints = is_int(&left.value_type) && is_int(&right.value_type);
        let are_texts = left.value_type == Type::String && right.value_type == Type::String;
        self.combine(vec![left, right], Type::Bool, |exprs| match relation {
            _ if are_ints => TypedExpr::CompareInt(relation, pair(exprs)),
            Relation::Equal if are_texts => TypedExpr::EqualText(false, pair(exprs)),
            Relation::NotEqual if are_texts => TypedExpr::EqualText(true, pair(exprs)),
            _ => TypedExpr::Compare(relation, pair(exprs)),
        })
    }

    /// The name of an enum value as its number, where it is known and compared with that enum.
    fn enum_operand(&mut self, operand: Compiled, other: &Compiled, expr: &Expr) -> Compiled {
        let (Type::Enum(descriptor), Some(name)) = (&other.value_type, operand.constant_text()) else {
            return operand;
        };
        match self.enum_number(descriptor, name, &expr.span) {
            Some(number) => Compiled::constant(Value::Int(i64::from(number)), Type::Int),
            None => Compiled::unknown(),
        }
    }
}

/// Whether a field of the request that is a message is compared with null.
fn is_unset_check(message: &Compiled, null: &Compiled) -> bool {
    matches!(null.expr, TypedExpr::Const(Value::Null))
        && matches!(message.value_type, Type::Message(_))
        && matches!(message.expr, TypedExpr::Path(_))
}

/// Whether the expression gives an int, or an enum to be taken by its number.
fn is_int(value_type: &Type) -> bool {
    matches!(value_type, Type::Int | Type::Enum(_))
}

#[expect(clippy::unnecessary_box_returns, reason = "exprs hold their parts in boxes")]
pub(super) fn pair(exprs: Vec<TypedExpr>) -> Box<[TypedExpr; 2]> {
    Box::new(exprs.try_into().expect("there are two parts"))
}

#[expect(clippy::unnecessary_box_returns, reason = "exprs hold their parts in boxes")]
fn single(mut exprs: Vec<TypedExpr>) -> Box<TypedExpr> {
    Box::new(exprs.remove(0))
}

/// `a + b + c` as one expression.
fn concat(exprs: Vec<TypedExpr>) -> TypedExpr {
    let parts = exprs.into_iter().flat_map(|expr| match expr {
        TypedExpr::Concat(parts) => parts.into_vec(),
        other => vec![other],
    });
    TypedExpr::Concat(parts.collect())
}
