//! The state of compiling: the scope, the variables of macros, the problems so far. How parts become one part.

use std::ops::Range;

use super::branches::Branch;
use super::compiled::Compiled;
use super::conversion_hints;
use crate::cel::env::{CallFacts, Env};
use crate::cel::eval::Evaluation;
use crate::cel::problem::ExprProblem;
use crate::cel::scope::Scope;
use crate::cel::syntax::Expr;
use crate::cel::typed::TypedExpr;
use crate::cel::uses::Uses;
use crate::cel::values::{Type, Value};
use crate::suggest;

/// Compiles one expression.
pub(super) struct Compiler<'c, 's> {
    /// The text of the expression, which hints repeat parts of.
    text: &'c str,
    pub(super) scope: &'c mut Scope<'s>,
    /// The variables of the macros around, outermost first.
    pub(super) variables: Vec<(String, Type)>,
    pub(super) uses: Uses,
    pub(super) problems: Vec<ExprProblem>,
    /// The elements of each list that is written out: where they stand, and their types.
    pub(super) elements: Vec<(Range<usize>, Type)>,
    /// The branches of each `?:`.
    pub(super) branches: Vec<Branch>,
    /// The facts of no call, with what all constants of the expression may cost together.
    no_call: CallFacts,
}

impl<'c, 's> Compiler<'c, 's> {
    pub(super) fn new(text: &'c str, scope: &'c mut Scope<'s>) -> Self {
        let this = scope
            .constraint
            .as_ref()
            .map(|constraint| ("this".to_owned(), constraint.this.clone()));
        Self {
            text,
            scope,
            variables: this.into_iter().collect(),
            uses: Uses::default(),
            problems: Vec::new(),
            elements: Vec::new(),
            branches: Vec::new(),
            no_call: CallFacts::default(),
        }
    }

    /// A part made of parts. If one of them is not fixed, the faults of the others become problems.
    pub(super) fn combine(
        &mut self,
        parts: Vec<Compiled>,
        value_type: Type,
        build: impl FnOnce(Vec<TypedExpr>) -> TypedExpr,
    ) -> Compiled {
        let fixed = parts.iter().all(|part| part.fixed);
        let variable = parts.iter().filter_map(|part| part.variable).min();
        let mut faults = Vec::new();
        let mut exprs = Vec::with_capacity(parts.len());
        for mut part in parts {
            faults.append(&mut part.faults);
            exprs.push(part.expr);
        }
        if !fixed {
            self.problems.append(&mut faults);
        }
        Compiled {
            expr: build(exprs),
            value_type,
            fixed,
            variable,
            faults,
            place: None,
        }
    }

    /// The same part, as one whose value is known only at run time.
    pub(super) fn not_fixed(&mut self, mut typed: Compiled) -> Compiled {
        self.problems.append(&mut typed.faults);
        Compiled {
            fixed: false,
            ..typed
        }
    }

    /// The same part, computed now if it is constant.
    pub(super) fn folded(&mut self, mut typed: Compiled, expr: &Expr) -> Compiled {
        if !typed.fixed || typed.variable.is_some() || matches!(typed.expr, TypedExpr::Const(_)) {
            return typed;
        }
        let env = Env::without_call(self.scope.schema.layouts(), &self.no_call);
        let mut evaluation = Evaluation::new(&env);
        // A loop inside finds its variable at the depth where it stands.
        evaluation.variables.fill_to(self.variables.len());
        // What was borrowed from constants is copied.
        let owned = |value: Value<'_>| {
            env.call.budget.charge_owning(&value)?;
            Ok(value.into_owned())
        };
        match typed.expr.eval(&mut evaluation).and_then(owned) {
            Ok(value) => Compiled::constant(value, typed.value_type),
            Err(error) => {
                if typed.faults.is_empty() {
                    typed.faults.push(ExprProblem {
                        hint: conversion_hints::hint(expr),
                        ..ExprProblem::new(expr.span.clone(), error.into_text())
                    });
                }
                typed
            }
        }
    }

    /// A part as it is written.
    pub(super) fn written(&self, expr: &Expr) -> &'c str {
        self.text.get(expr.span.clone()).unwrap_or_default()
    }

    pub(super) fn problem(&mut self, span: Range<usize>, message: impl Into<String>) -> Compiled {
        self.problems.push(ExprProblem::new(span, message));
        Compiled::unknown()
    }

    /// Gives the last problem a hint.
    pub(super) fn hint(&mut self, hint: impl Into<String>) {
        if let Some(problem) = self.problems.last_mut() {
            problem.hint = Some(hint.into());
        }
    }

    /// Gives the last problem the nearest of these names as a hint, if one is near.
    pub(super) fn hint_near<'n>(&mut self, name: &str, candidates: impl IntoIterator<Item = &'n str>) {
        if let Some(question) = suggest::did_you_mean(name, candidates) {
            self.hint(question);
        }
    }

    pub(super) fn wrap(
        &mut self,
        operand: Compiled,
        value_type: Type,
        build: impl FnOnce(TypedExpr) -> TypedExpr,
    ) -> Compiled {
        self.combine(vec![operand], value_type, |mut exprs| build(exprs.remove(0)))
    }
}
