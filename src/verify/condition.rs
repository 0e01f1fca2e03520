//! Conditions in CEL on what is known of a call: compiled in parts, so that the part can be told that does not hold.

use std::ops::Range;

use http::HeaderMap;

use super::call_value::{CALL_NAME, CALL_SCHEMA};
use crate::cel::{
    Budget, CallFacts, Env, EvalError, ExprProblem, Program, Round, Scope, Store, Type, Uses, Value,
    as_condition, conjuncts,
};
use crate::error::{Problem, SourceText};
use crate::excerpt::excerpt;
use crate::message::Picker;
use crate::schema::{Layouts, Schema};

/// A part of a condition.
#[derive(Debug)]
pub(super) struct Part {
    text: String,
    program: Program,
    /// What it is about, as far as that compiles by itself.
    about: Vec<(String, Program)>,
}

impl Part {
    pub(super) fn holds(&self, env: &Env<'_>) -> Result<bool, EvalError> {
        match self.program.eval(env)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(EvalError::without_values(format!(
                "it gives {}, not a bool",
                other.type_name()
            ))),
        }
    }

    /// What it reads.
    pub(super) fn uses(&self) -> Uses {
        self.program.uses()
    }

    /// Why it does not hold. `None` if it does.
    pub(super) fn difference(&self, env: &Env<'_>) -> Option<String> {
        match self.holds(env) {
            Ok(true) => return None,
            Ok(false) => {}
            Err(error) => return Some(format!("`{}` failed: {error}", self.text)),
        }
        let values = self.about.iter().filter_map(|(text, program)| {
            let value = program.eval(env).ok()?;
            Some(format!("{text} is {}", shown(&value)))
        });
        let values: Vec<String> = values.collect();
        Some(match values.as_slice() {
            [] => format!("`{}` does not hold", self.text),
            values => format!("`{}` does not hold: {}", self.text, values.join(", ")),
        })
    }
}

/// A value, for people.
fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Null => "unset".to_owned(),
        Value::String(text) => format!("{:?}", excerpt(text)),
        other => excerpt(&other.to_text()).into_owned(),
    }
}

/// What conditions see of a call.
#[derive(Debug)]
pub(super) struct Seen<'v> {
    pub(super) layouts: &'v Layouts,
    pub(super) metadata: &'v HeaderMap,
    /// The values of the [names](Compiler::names).
    pub(super) values: &'v [[Value<'v>; 2]],
}

impl Seen<'_> {
    /// Evaluates something at no more than this cost.
    pub(super) fn with_env<T>(&self, cost: u64, read: impl FnOnce(&Env<'_>) -> T) -> T {
        self.in_rounds(self.values, None, cost, read)
    }

    fn in_rounds<T>(
        &self,
        values: &[[Value<'_>; 2]],
        outer: Option<&Round<'_>>,
        cost: u64,
        read: impl FnOnce(&Env<'_>) -> T,
    ) -> T {
        if let [variables, rest @ ..] = values {
            let round = Round {
                variables: variables.clone(),
                outer,
            };
            return self.in_rounds(rest, Some(&round), cost, read);
        }
        let facts = CallFacts {
            budget: Budget::new(cost),
            ..CallFacts::default()
        };
        let store = Store::default();
        read(&Env {
            layouts: self.layouts,
            request: None,
            requests: &[],
            received: 0,
            metadata: self.metadata,
            state: &[],
            store: &store,
            collections: &[],
            locals: &[],
            round: outer,
            call: &facts,
        })
    }
}

/// Compiles conditions.
pub(super) struct Compiler<'c> {
    pub(super) schema: &'c Schema,
    /// The type in which names of other types are looked up first.
    pub(super) within: &'c str,
    /// What a condition may name, as a loop has its variables.
    pub(super) names: Vec<Vec<(String, Type)>>,
}

impl Compiler<'_> {
    /// The parts of all conditions. Fails with all that is wrong.
    pub(super) fn parts(&mut self, conditions: &[String]) -> Result<Vec<Part>, Vec<Problem>> {
        let (mut parts, mut problems) = (Vec::new(), Vec::new());
        for condition in conditions {
            match self.condition(condition) {
                Ok(found) => parts.extend(found),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() {
            Ok(parts)
        } else {
            Err(problems)
        }
    }

    fn condition(&mut self, text: &str) -> Result<Vec<Part>, Vec<Problem>> {
        let source = SourceText::new("condition", text);
        let problems = |found: Vec<ExprProblem>| -> Vec<Problem> {
            let problem = |problem: ExprProblem| {
                Problem::at(&source, problem.span, problem.message).with_hint_if(problem.hint)
            };
            found.into_iter().map(problem).collect()
        };
        let whole = self.program(text).map_err(problems)?;
        let found = whole.result_type();
        if !matches!(found, Type::Bool | Type::Dyn) {
            let problem = Problem::at(
                &source,
                0..text.len(),
                format!("a condition is a bool, this is {found}"),
            );
            return Err(vec![problem.with_hint_if(as_condition(found))]);
        }
        let mut parts = Vec::new();
        for part in conjuncts(text) {
            let program = self.program(&text[part.span.clone()]).map_err(problems)?;
            let mut value = |span: Range<usize>| {
                let text = &text[span];
                Some((text.to_owned(), self.program(text).ok()?))
            };
            parts.push(Part {
                about: part.about.into_iter().filter_map(&mut value).collect(),
                text: text[part.span].to_owned(),
                program,
            });
        }
        Ok(parts)
    }

    fn program(&mut self, text: &str) -> Result<Program, Vec<ExprProblem>> {
        let layouts = CALL_SCHEMA.layouts();
        let layout = layouts.find(CALL_NAME).expect("it is declared");
        Program::compile(
            text,
            &mut Scope {
                schema: self.schema,
                within: self.within,
                request: None,
                counted: false,
                picker: &mut Picker::new(layouts, layout),
                state: &[],
                locals: &[],
                rounds: &self.names,
                collections: &[],
                constraint: None,
            },
        )
    }
}
