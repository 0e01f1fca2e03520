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
                Found::Map(tree) => self.over(tree.iter().map(|(key, _)| Ok(key)), evaluation),
                Found::Held(value) => self.over_borrowed(value, evaluation),
                Found::Read(value) => self.over_value(value, evaluation),
            };
        }
        if let Some(value @ (Value::List(_) | Value::Map(_))) = self.range.peek(evaluation) {
            return self.over_borrowed(value, evaluation);
        }
        if let Some(mut elements) = self.range.list_elements(evaluation)? {
            let budget = evaluation.budget();
            return self.over(
                std::iter::from_fn(|| elements.next(budget).transpose()),
                evaluation,
            );
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
            Value::List(values) => self.over(values.iter().map(Value::borrowed).map(Ok), evaluation),
            Value::Map(entries) => self.over(entries.iter().map(|(key, _)| Ok(key.borrowed())), evaluation),
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
            Value::List(values) => self.over(values.into_iter().map(Ok), evaluation),
            Value::Map(entries) => self.over(entries.into_iter().map(|(key, _)| Ok(key)), evaluation),
            other => no_overload(self.kind.name(), &[&other]),
        }
    }

    fn over<'e>(
        &'e self,
        elements: impl Iterator<Item = Evaluated<Value<'e>>>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Value<'e>> {
        match self.kind {
            LoopKind::All => self.decide(elements, evaluation, false),
            LoopKind::Exists => self.decide(elements, evaluation, true),
            LoopKind::ExistsOne => {
                let mut count = 0;
                for element in elements {
                    count += usize::from(self.condition(&self.body, element?, evaluation)?);
                }
                Ok(Value::Bool(count == 1))
            }
            LoopKind::SortBy => {
                let values = elements.collect::<Result<_, _>>()?;
                self.over_list(values, evaluation)
            }
            LoopKind::Filter | LoopKind::Map => {
                let mut values = Vec::new();
                for element in elements {
                    if let Some(value) = self.round(element?, evaluation)? {
                        values.push(value);
                    }
                }
                Ok(Value::List(values))
            }
        }
    }

    fn makes_list(&self) -> bool {
        matches!(self.kind, LoopKind::Filter | LoopKind::Map | LoopKind::SortBy)
    }

    /// Whether each element that it gives is known before the next one is looked at.
    pub(super) fn gives_each(&self) -> bool {
        matches!(self.kind, LoopKind::Filter | LoopKind::Map)
    }

    /// Gives each element to `take`, for those that [give each](Self::gives_each).
    pub(super) fn each<'e>(
        &'e self,
        evaluation: &mut Evaluation<'_, 'e>,
        take: &mut dyn FnMut(Value<'e>) -> Evaluated<()>,
    ) -> Evaluated<()> {
        let Some(mut elements) = self.range.list_elements(evaluation)? else {
            return match self.eval(evaluation)? {
                Value::List(values) => values.into_iter().try_for_each(take),
                other => no_overload(self.kind.name(), &[&other]).map(|_: Value<'_>| ()),
            };
        };
        while let Some(element) = elements.next(evaluation.budget())? {
            if let Some(value) = self.round(element, evaluation)? {
                take(value)?;
            }
        }
        Ok(())
    }

    /// What `map` or `filter` makes of an element, if anything.
    #[inline]
    fn round<'e>(
        &'e self,
        mut element: Value<'e>,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Option<Value<'e>>> {
        let (condition, body) = match self.kind {
            LoopKind::Filter => (Some(&self.body), None),
            _ => (self.only_if.as_ref(), Some(&self.body)),
        };
        if let Some(condition) = condition {
            let holds;
            (holds, element) =
                self.around(element, evaluation, |evaluation| condition.eval_bool(evaluation))?;
            if !holds {
                return Ok(None);
            }
        }
        match body {
            Some(body) => self
                .with(element, evaluation, |evaluation| body.eval(evaluation))
                .map(Some),
            None => Ok(Some(element)),
        }
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
        let mut made = 0;
        for at in 0..values.len() {
            let element = std::mem::replace(&mut values[at], Value::Null);
            if let Some(value) = self.round(element, evaluation)? {
                values[made] = value;
                made += 1;
            }
        }
        values.truncate(made);
        Ok(Value::List(values))
    }

    /// Stops at the first element whose condition is `deciding`. If there is none, an error of an element counts.
    fn decide<'e>(
        &'e self,
        elements: impl Iterator<Item = Evaluated<Value<'e>>>,
        evaluation: &mut Evaluation<'_, 'e>,
        deciding: bool,
    ) -> Evaluated<Value<'e>> {
        let mut error: Option<EvalError> = None;
        for element in elements {
            match self.condition(&self.body, element?, evaluation) {
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
