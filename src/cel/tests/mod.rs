//! What the language means, by tables of expressions; the facts about CEL are those of its specification's
//! conformance tests.

mod costs;
mod depth;
mod grammar;
mod in_place;
mod integers;
mod known_names;
mod lists;
mod logic;
mod macros;
mod maths;
mod messages;
mod oracle;
mod prices;
mod problems;
mod requests;
mod spec;
mod strings;
mod syntax;
mod syntax_problems;
mod times;
mod values;

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::problem::ExprProblem;
use super::values::equals;
use super::{CallFacts, Env, EvalError, Program, Scope, Type, Uses, Value};
use crate::cel::Store;
use crate::message::{Bounds, Message, Picker, check_and_pick};
use crate::schema::Schema;

/// Messages with every kind of field.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    Schema::from_source("shapes.proto", include_str!("shapes.proto")).expect("the schema compiles")
});

/// proto2: defaults, groups and extensions.
static OLD_SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    Schema::from_source("old.proto", include_str!("old.proto")).expect("the schema compiles")
});

/// What an expression is run on.
struct Given {
    schema: &'static Schema,
    message: &'static str,
    request: Bytes,
    requests: Vec<Bytes>,
    metadata: HeaderMap,
    state: Vec<(&'static str, Type, Value<'static>)>,
    locals: Vec<(&'static str, Type, Value<'static>)>,
}

impl Given {
    fn nothing() -> Self {
        Self {
            schema: &SCHEMA,
            message: "shapes.Shapes",
            request: Bytes::new(),
            requests: Vec::new(),
            metadata: HeaderMap::new(),
            state: Vec::new(),
            locals: Vec::new(),
        }
    }

    fn json(json: &str) -> Self {
        let given = Self::nothing();
        let request = given.message_of(json);
        Self { request, ..given }
    }

    fn bytes(bytes: &[u8]) -> Self {
        Self {
            request: Bytes::copy_from_slice(bytes),
            ..Self::nothing()
        }
    }

    fn message_of(&self, json: &str) -> Bytes {
        let descriptor = self
            .schema
            .pool()
            .get_message_by_name(self.message)
            .expect("the message exists");
        Message::from_json(descriptor, json)
            .expect("the JSON fits")
            .to_bytes()
    }

    fn metadata(mut self, name: &'static str, value: &'static str) -> Self {
        self.metadata
            .append(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    fn state(mut self, name: &'static str, value_type: Type, value: Value<'static>) -> Self {
        self.state.push((name, value_type, value));
        self
    }

    fn local(mut self, name: &'static str, value_type: Type, value: Value<'static>) -> Self {
        self.locals.push((name, value_type, value));
        self
    }

    fn with_program<T>(
        &self,
        source: &str,
        run: impl FnOnce(&Program, &Env<'_>) -> T,
    ) -> Result<T, Vec<ExprProblem>> {
        let descriptor = self
            .schema
            .pool()
            .get_message_by_name(self.message)
            .expect("the message exists");
        let layouts = self.schema.layouts();
        let layout = layouts.find(self.message).expect("layouts hold every message");
        let mut picker = Picker::new(layouts, layout);
        let named = |variables: &[(&str, Type, Value<'static>)]| -> Vec<(String, Type)> {
            variables
                .iter()
                .map(|(name, value_type, _)| ((*name).to_owned(), value_type.clone()))
                .collect()
        };
        let values = |variables: &[(&str, Type, Value<'static>)]| -> Vec<Value<'static>> {
            variables.iter().map(|(_, _, value)| value.clone()).collect()
        };
        let program = Program::compile(
            source,
            &mut Scope {
                counted: true,
                schema: self.schema,
                within: self.message,
                request: Some((descriptor, layout)),
                picker: &mut picker,
                state: &named(&self.state),
                locals: &named(&self.locals),
                rounds: &[],
                collections: &[],
                constraint: None,
            },
        )?;
        let mut picked = picker.picked();
        check_and_pick(layouts, &picker, &self.request, Bounds::default(), &mut picked)
            .expect("the request is well formed");
        let call = CallFacts {
            method: "shapes.Service/Call".to_owned(),
            peer: "[::1]:5".to_owned(),
            id: 7,
            ..CallFacts::default()
        };
        Ok(run(
            &program,
            &Env {
                layouts,
                request: Some((&self.request, &picked)),
                requests: &self.requests,
                received: self.requests.len() as u64,
                metadata: &self.metadata,
                state: &values(&self.state),
                store: &Store::default(),
                collections: &[],
                locals: &values(&self.locals),
                round: None,
                call: &call,
            },
        ))
    }

    /// The value, or why there is none: at load or at run time.
    fn eval(&self, source: &str) -> Result<Value<'static>, String> {
        let result = self.with_program(source, |program, env| {
            program
                .eval(env)
                .map(Value::into_owned)
                .map_err(EvalError::into_text)
        });
        result.unwrap_or_else(|problems| {
            Err(problems
                .into_iter()
                .map(|problem| problem.message)
                .collect::<Vec<_>>()
                .join("; "))
        })
    }

    fn text(&self, source: &str) -> Result<String, String> {
        self.eval(source).map(|value| {
            let mut text = String::new();
            value.write_text(&mut text);
            text
        })
    }

    fn problems(&self, source: &str) -> Vec<ExprProblem> {
        self.with_program(source, |_, _| ())
            .expect_err("the expression is wrong")
    }

    fn compiles(&self, source: &str) -> bool {
        self.with_program(source, |_, _| ()).is_ok()
    }

    fn uses(&self, source: &str) -> Uses {
        self.with_program(source, |program, _| program.uses())
            .expect("the expression compiles")
    }

    /// Each expression gives the value of the other, of the same type.
    #[track_caller]
    fn gives(&self, table: &[(&str, &str)]) {
        for (source, expected) in table {
            let (found, wanted) = (self.eval(source), self.eval(expected));
            let same = match (&found, &wanted) {
                (Ok(found), Ok(wanted)) => same(found, wanted),
                _ => false,
            };
            assert!(
                same,
                "{source} gives {}, not {expected}, which is {}",
                shown(&found),
                shown(&wanted)
            );
        }
    }

    #[track_caller]
    fn holds(&self, table: &[&str]) {
        for source in table {
            let found = self.eval(source);
            assert!(
                matches!(found, Ok(Value::Bool(true))),
                "{source} gives {}",
                shown(&found)
            );
        }
    }

    /// Each expression fails, at load or later, and says something with these words in it.
    #[track_caller]
    fn fails(&self, table: &[(&str, &str)]) {
        for (source, words) in table {
            match self.eval(source) {
                Ok(value) => panic!("{source} gives {}", value.to_text()),
                Err(message) => assert!(
                    message.contains(words),
                    "{source} says {message:?}, not {words:?}"
                ),
            }
        }
    }
}

/// For people; the descriptor of a message may be recursive.
fn shown(result: &Result<Value<'static>, String>) -> String {
    match result {
        Ok(value) => format!("{} ({})", value.to_text(), value.type_name()),
        Err(message) => format!("an error: {message}"),
    }
}

/// Equal and of the same type, all the way down; a NaN is the same as a NaN.
fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => a == b || a.is_nan() && b.is_nan(),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a.type_name() == b.type_name() && equals(a, b),
    }
}

fn gives(table: &[(&str, &str)]) {
    Given::nothing().gives(table);
}

fn holds(table: &[&str]) {
    Given::nothing().holds(table);
}

fn fails(table: &[(&str, &str)]) {
    Given::nothing().fails(table);
}
