//! Runs the macros: `all`, `exists`, `exists_one`, `map`, `filter` and `sortBy`.
//!
//! `all` and `exists` are chains of `&&` and `||`: one element that decides outweighs an error in another.

use super::evaluation::Evaluation;
use super::stored::{Found, stored};
use crate::cel::budget::reading_weight;
use crate::cel::cost::sorting;
use crate::cel::functions::sort_by_keys;
use crate::cel::typed::{Loop, LoopKind, TypedExpr};
use crate::cel::values::{EvalError, Evaluated, Value, no_overload};

impl Loop {
    pub(in crate::cel) fn eval<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
        if let TypedExpr::Stored(path) = &self.range {
            return match stored(path, evaluation)? {
                Found::Absent(_) => self.over(std::iter::empty(), evaluation),
                Found::Map(tree) => self.over(tree.iter().map(|(key, _)| key), evaluation),
                Found::Held(value) => self.over_borrowed(value, evaluation),
                Found::Read(value) => self.over_value(value, evaluation),
            };
        }
        if let Some(value @ (Value::List(_) | Value::Map(_))) = self.range.peek(evaluation) {
            return self.over_borrowed(value, evaluation);
        }
        let value = self.range.eval(evaluation)?;
        self.over_value(value, evaluation)
    }

    fn over_borrowed<'e>(
        &'e self,
        value: &'e Value<'e>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Value<'e>> {
        match value {
            Value::List(values) => self.over(values.iter().map(Value::borrowed), evaluation),
            Value::Map(entries) => self.over(entries.iter().map(|(key, _)| key.borrowed()), evaluation),
            other => no_overload(self.kind.name(), &[other]),
        }
    }

    fn over_value<'e>(
        &'e self,
        value: Value<'e>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Value<'e>> {
        match value {
            Value::List(values) if self.makes_list() => self.over_list(values, evaluation),
            Value::List(values) => self.over(values.into_iter(), evaluation),
            Value::Map(entries) => self.over(entries.into_iter().map(|(key, _)| key), evaluation),
            other => no_overload(self.kind.name(), &[&other]),
        }
    }

    fn over<'e>(
        &'e self,
        elements: impl Iterator<Item = Value<'e>>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Value<'e>> {
        match self.kind {
            LoopKind::All => self.decide(elements, evaluation, false),
            LoopKind::Exists => self.decide(elements, evaluation, true),
            LoopKind::ExistsOne => {
                let mut count = 0;
                for element in elements {
                    count += usize::from(self.condition(&self.body, element, evaluation)?);
                }
                Ok(Value::Bool(count == 1))
            }
            LoopKind::Filter | LoopKind::Map | LoopKind::SortBy => {
                self.over_list(elements.collect(), evaluation)
            }
        }
    }

    fn makes_list(&self) -> bool {
        matches!(self.kind, LoopKind::Filter | LoopKind::Map | LoopKind::SortBy)
    }

    /// Makes a list of another, in its place.
    fn over_list<'e>(
        &'e self,
        mut values: Vec<Value<'e>>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Value<'e>> {
        if self.kind == LoopKind::SortBy {
            let mut keys = Vec::with_capacity(values.len());
            for value in &mut values {
                let element = std::mem::replace(value, Value::Null);
                let (key, element) =
                    self.around(element, evaluation, |evaluation| self.body.eval(evaluation))?;
                *value = element;
                keys.push(key);
            }
            let weight = keys.iter().map(reading_weight).sum();
            evaluation.budget().charge(sorting(keys.len(), weight))?;
            return sort_by_keys(self.kind.name(), values, keys);
        }
        let (condition, body) = match self.kind {
            LoopKind::Filter => (Some(&self.body), None),
            _ => (self.only_if.as_ref(), Some(&self.body)),
        };
        let mut made = 0;
        for at in 0..values.len() {
            let mut element = std::mem::replace(&mut values[at], Value::Null);
            if let Some(condition) = condition {
                let (holds, same) =
                    self.around(element, evaluation, |evaluation| condition.eval_bool(evaluation))?;
                if !holds {
                    continue;
                }
                element = same;
            }
            values[made] = match body {
                Some(body) => self.with(element, evaluation, |evaluation| body.eval(evaluation))?,
                None => element,
            };
            made += 1;
        }
        values.truncate(made);
        Ok(Value::List(values))
    }

    /// Stops at the first element whose condition is `deciding`. If there is none, an error of an element counts.
    fn decide<'e>(
        &'e self,
        elements: impl Iterator<Item = Value<'e>>,
        evaluation: &mut Evaluation<'_, 'e>,
        deciding: bool,
    ) -> Evaluated<Value<'e>> {
        let mut error: Option<EvalError> = None;
        for element in elements {
            match self.condition(&self.body, element, evaluation) {
                Ok(holds) if holds == deciding => return Ok(Value::Bool(deciding)),
                Ok(_) => {}
                Err(failure) if evaluation.budget().is_exhausted() => return Err(failure),
                Err(failure) => _ = error.get_or_insert(failure),
            }
        }
        error.map_or(Ok(Value::Bool(!deciding)), Err)
    }

    fn condition<'e>(
        &'e self,
        condition: &'e TypedExpr,
        element: Value<'e>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<bool> {
        self.with(element, evaluation, |evaluation| condition.eval_bool(evaluation))
    }

    /// Runs with the variable set, and removes it afterwards, also after an error. This is where the budget is charged
    /// for what a round costs.
    fn with<'f, 'e, T>(
        &self,
        element: Value<'e>,
        evaluation: &mut Evaluation<'f, 'e>,
        run: impl FnOnce(&mut Evaluation<'f, 'e>) -> Evaluated<T>,
    ) -> Evaluated<T> {
        self.around(element, evaluation, run).map(|(result, _)| result)
    }

    /// The same, and the element again.
    #[inline]
    fn around<'f, 'e, T>(
        &self,
        element: Value<'e>,
        evaluation: &mut Evaluation<'f, 'e>,
        run: impl FnOnce(&mut Evaluation<'f, 'e>) -> Evaluated<T>,
    ) -> Evaluated<(T, Value<'e>)> {
        evaluation.budget().charge(self.cost)?;
        evaluation.budget().charge_copying(&element)?;
        debug_assert_eq!(
            evaluation.variables.len(),
            self.variable,
            "macros are nested as they were compiled"
        );
        evaluation.variables.push(element);
        let result = run(evaluation);
        let element = evaluation.variables.pop().unwrap_or(Value::Null);
        result.map(|result| (result, element))
    }
}
