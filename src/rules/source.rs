//! Values that are not fields of a message: the variables of `state`, the rounds of a loop.
//!
//! Written in YAML, with `${}` anywhere; a string that is one expression keeps its type.

use std::borrow::Cow;

use super::compiler::Compiler;
use super::node::{Node, Yaml};
use super::text::{Piece, Text};
use crate::cel::{Env, EvalError, Program, Type, Value};

/// Where a value comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Constant(Value<'static>),
    Program(Program),
    Text(Text),
    List(Box<[Source]>),
    Map(Box<[(String, Source)]>),
}

impl Source {
    /// Compiles a node; gives the type of its value too.
    pub(crate) fn compile(compiler: &mut Compiler<'_>, node: &Node) -> Option<(Self, Type)> {
        let (value, found) = match &node.value {
            Yaml::Null => (Value::Null, Type::Dyn),
            Yaml::Bool(truth) => (Value::Bool(*truth), Type::Bool),
            Yaml::Float(number) => (Value::Double(*number), Type::Double),
            Yaml::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => (Value::Int(number), Type::Int),
                (_, Ok(number)) => (Value::Uint(number), Type::Uint),
                _ => {
                    compiler.problem(node, format!("{number} does not fit 64 bits"));
                    return None;
                }
            },
            Yaml::Text(text) => return Self::compile_text(compiler, node, text),
            Yaml::List(items) => {
                let items: Vec<_> = items.iter().map(|item| Self::compile(compiler, item)).collect();
                let items: Vec<_> = items.into_iter().collect::<Option<_>>()?;
                let element = common_type(items.iter().map(|(_, found)| found));
                let items = items.into_iter().map(|(item, _)| item).collect();
                return Some((Self::List(items).folded(), Type::List(Box::new(element))));
            }
            Yaml::Map(entries) => {
                let mut values = Some(Vec::new());
                for (key, value) in entries {
                    let name = key.key_text().unwrap_or_default();
                    let value = Self::compile(compiler, value);
                    values = values.zip(value).map(|(mut values, (value, _))| {
                        values.push((name, value));
                        values
                    });
                }
                let map = Type::Map(Box::new(Type::String), Box::new(Type::Dyn));
                return Some((Self::Map(values?.into()).folded(), map));
            }
        };
        Some((Self::Constant(value), found))
    }

    fn compile_text(compiler: &mut Compiler<'_>, node: &Node, text: &str) -> Option<(Self, Type)> {
        let mut pieces = compiler.split(node, text)?;
        match pieces.as_mut_slice() {
            [Piece::Expression { source, at }] => {
                let program = compiler.expression(node, source, *at)?;
                let found = program.result_type().clone();
                Some(match program.constant() {
                    Some(value) => (Self::Constant(value), found),
                    None => (Self::Program(program), found),
                })
            }
            [Piece::Literal(text)] => {
                let value = Value::String(Cow::Owned(std::mem::take(text)));
                Some((Self::Constant(value), Type::String))
            }
            _ => Some((Self::Text(Text::of_pieces(compiler, node, pieces)?), Type::String)),
        }
    }

    /// A list or map of constants is a constant.
    fn folded(self) -> Self {
        let constant = |source: &Self| match source {
            Self::Constant(value) => Some(value.clone()),
            _ => None,
        };
        let folded = match &self {
            Self::List(items) => items.iter().map(constant).collect::<Option<_>>().map(Value::List),
            Self::Map(entries) => entries
                .iter()
                .map(|(name, value)| Some((Value::String(Cow::Owned(name.clone())), constant(value)?)))
                .collect::<Option<_>>()
                .map(Value::Map),
            _ => None,
        };
        folded.map_or(self, Self::Constant)
    }

    /// The value for this call, free of what it was read from.
    #[inline]
    pub(crate) fn value(&self, env: &Env<'_>) -> Result<Value<'static>, EvalError> {
        Ok(match self {
            Self::Constant(value) => value.clone(),
            Self::Program(program) => program.eval(env)?.into_owned(),
            Self::Text(text) => {
                let mut out = String::new();
                text.write(env, &mut out)?;
                Value::String(Cow::Owned(out))
            }
            Self::List(items) => Value::List(
                items
                    .iter()
                    .map(|item| item.value(env))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(entries) => {
                let entries = entries.iter().map(|(name, source)| {
                    let name = Value::String(Cow::Owned(name.clone()));
                    source.value(env).map(|value| (name, value))
                });
                Value::Map(entries.collect::<Result<_, _>>()?)
            }
        })
    }
}

fn common_type<'t>(mut types: impl Iterator<Item = &'t Type>) -> Type {
    let Some(first) = types.next() else {
        return Type::Dyn;
    };
    if types.all(|other| other == first) {
        first.clone()
    } else {
        Type::Dyn
    }
}

/// Whether a variable of that type may be set to a value of the other.
pub(crate) fn assignable(variable: &Type, found: &Type) -> bool {
    match (variable, found) {
        (Type::Dyn, _)
        | (_, Type::Dyn)
        | (Type::List(_), Type::List(_))
        | (Type::Map(..), Type::Map(..))
        | (Type::Double, Type::Int | Type::Uint) => true,
        _ => variable == found,
    }
}

/// The value as a variable of that type holds it; an `Err` says why it cannot.
pub(crate) fn fit(variable: &Type, value: Value<'static>) -> Result<Value<'static>, String> {
    let fits = match (variable, &value) {
        #[expect(clippy::cast_precision_loss, reason = "the variable holds doubles")]
        (Type::Double, Value::Int(number)) => return Ok(Value::Double(*number as f64)),
        #[expect(clippy::cast_precision_loss, reason = "the variable holds doubles")]
        (Type::Double, Value::Uint(number)) => return Ok(Value::Double(*number as f64)),
        (Type::Dyn, _)
        | (Type::Null, Value::Null)
        | (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::Uint, Value::Uint(_))
        | (Type::Double, Value::Double(_))
        | (Type::String, Value::String(_))
        | (Type::Bytes, Value::Bytes(_))
        | (Type::Duration, Value::Duration { .. })
        | (Type::Timestamp, Value::Timestamp { .. })
        | (Type::Meta, Value::Type(_))
        | (Type::List(_), Value::List(_))
        | (Type::Map(..), Value::Map(_)) => true,
        (Type::Enum(kept), Value::Enum(found, _)) => kept == found,
        (Type::Message(kept), Value::Message(found)) => *kept == found.descriptor,
        _ => false,
    };
    if fits {
        return Ok(value);
    }
    let mut text = String::new();
    value.write_text(&mut text);
    Err(format!("{text} is not {variable}"))
}
