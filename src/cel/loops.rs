//! Runs the macros: `all`, `exists`, `exists_one`, `map`, `filter` and `sortBy`.
//!
//! `all` and `exists` are chains of `&&` and `||`: one element that decides outweighs an error in another.

use super::EvalError;
use super::Value;
use super::eval::Frame;
use super::functions::{Evaluated, no_overload, sort_by_keys};
use super::tree::{Loop, LoopKind, Node};

impl Loop {
    pub(super) fn eval<'e>(&'e self, frame: &mut Frame<'_, 'e>) -> Evaluated<Value<'e>> {
        match self.range.peek(frame) {
            Some(Value::List(values)) => self.over(values.iter().map(Value::borrowed), frame),
            Some(Value::Map(entries)) => self.over(entries.iter().map(|(key, _)| key.borrowed()), frame),
            _ => match self.range.eval(frame)? {
                Value::List(values) => self.over(values.into_iter(), frame),
                Value::Map(entries) => self.over(entries.into_iter().map(|(key, _)| key), frame),
                other => no_overload(self.kind.name(), &[&other]),
            },
        }
    }

    fn over<'e>(
        &'e self,
        elements: impl ExactSizeIterator<Item = Value<'e>>,
        frame: &mut Frame<'_, 'e>,
    ) -> Evaluated<Value<'e>> {
        match self.kind {
            LoopKind::All => self.decide(elements, frame, false),
            LoopKind::Exists => self.decide(elements, frame, true),
            LoopKind::ExistsOne => {
                let mut count = 0;
                for element in elements {
                    count += usize::from(self.condition(&self.body, element, frame)?);
                }
                Ok(Value::Bool(count == 1))
            }
            LoopKind::Filter => {
                let mut values = Vec::new();
                for element in elements {
                    if self.condition(&self.body, element.clone(), frame)? {
                        values.push(element);
                    }
                }
                Ok(Value::List(values))
            }
            LoopKind::Map => {
                let mut values = Vec::with_capacity(elements.len());
                for element in elements {
                    if let Some(only_if) = &self.only_if
                        && !self.condition(only_if, element.clone(), frame)?
                    {
                        continue;
                    }
                    values.push(self.with(element, frame, |frame| self.body.eval(frame))?);
                }
                Ok(Value::List(values))
            }
            LoopKind::SortBy => {
                let mut keyed = Vec::with_capacity(elements.len());
                for element in elements {
                    keyed.push((
                        self.with(element.clone(), frame, |frame| self.body.eval(frame))?,
                        element,
                    ));
                }
                sort_by_keys(self.kind.name(), keyed)
            }
        }
    }

    /// Goes on until a condition is `deciding`; errors count only if none is.
    fn decide<'e>(
        &'e self,
        elements: impl Iterator<Item = Value<'e>>,
        frame: &mut Frame<'_, 'e>,
        deciding: bool,
    ) -> Evaluated<Value<'e>> {
        let mut error: Option<EvalError> = None;
        for element in elements {
            match self.condition(&self.body, element, frame) {
                Ok(holds) if holds == deciding => return Ok(Value::Bool(deciding)),
                Ok(_) => {}
                Err(failure) => _ = error.get_or_insert(failure),
            }
        }
        error.map_or(Ok(Value::Bool(!deciding)), Err)
    }

    fn condition<'e>(
        &'e self,
        condition: &'e Node,
        element: Value<'e>,
        frame: &mut Frame<'_, 'e>,
    ) -> Evaluated<bool> {
        self.with(element, frame, |frame| condition.eval_bool(frame))
    }

    /// Runs with the variable set, and takes it away again, also after an error.
    fn with<'f, 'e, T>(
        &self,
        element: Value<'e>,
        frame: &mut Frame<'f, 'e>,
        run: impl FnOnce(&mut Frame<'f, 'e>) -> T,
    ) -> T {
        debug_assert_eq!(
            frame.variables.len(),
            self.variable,
            "macros are nested as they were compiled"
        );
        frame.variables.push(element);
        let result = run(frame);
        frame.variables.truncate(self.variable);
        result
    }
}

impl LoopKind {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Self::All,
            "exists" => Self::Exists,
            "exists_one" | "existsOne" => Self::ExistsOne,
            "map" => Self::Map,
            "filter" => Self::Filter,
            "sortBy" => Self::SortBy,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Exists => "exists",
            Self::ExistsOne => "exists_one",
            Self::Map => "map",
            Self::Filter => "filter",
            Self::SortBy => "sortBy",
        }
    }
}
