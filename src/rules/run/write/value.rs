//! Values for a call.

use std::borrow::Cow;

use crate::cel::{Entries, Env, EvalError, Type, Value};
use crate::rules::plan::{EachValue, ValueTemplate};

impl ValueTemplate {
    /// The value for this call. It borrows nothing from the call.
    #[inline]
    pub(in crate::rules::run) fn value(&self, env: &Env<'_>) -> Result<Value<'static>, EvalError> {
        Ok(match self {
            Self::Constant(value) => value.clone(),
            // The types of most variables, without a value between. A number of a double may be a float's, which prints otherwise.
            Self::Program(program) if *program.result_type() == Type::Int => {
                Value::Int(program.eval_int(env)?)
            }
            Self::Program(program) if *program.result_type() == Type::Bool => {
                Value::Bool(program.eval_bool(env)?)
            }
            Self::Program(program) => {
                let value = program.eval(env)?;
                env.call.budget.charge_owning(&value)?;
                value.into_owned()
            }
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
                let entries = entries.iter().map(|(name, template)| {
                    let name = Value::String(Cow::Owned(name.clone()));
                    template.value(env).map(|value| (name, value))
                });
                Value::Map(entries.collect::<Result<_, _>>()?)
            }
            Self::Each(looped) => looped.value(env)?,
        })
    }
}

impl EachValue {
    fn value(&self, env: &Env<'_>) -> Result<Value<'static>, EvalError> {
        let Some(key) = &self.key else {
            let mut items = Vec::new();
            self.each.rounds(
                env,
                |error| error,
                |env| {
                    items.push(self.value.value(env)?);
                    Ok(())
                },
            )?;
            return Ok(Value::List(items));
        };
        let mut entries = Entries::default();
        self.each.rounds(
            env,
            |error| error,
            |env| {
                let key = key.value(env)?;
                if !key.is_key() {
                    return Err(EvalError::of_value(
                        &key.to_excerpt(),
                        "cannot be the key of a map",
                    ));
                }
                entries.insert(key, self.value.value(env)?);
                Ok(())
            },
        )?;
        Ok(entries.into_value())
    }
}
