//! Runs the loops of templates.

use crate::cel::{Env, EvalError, Round, Type, Value};
use crate::excerpt::excerpt;
use crate::rules::plan::{Each, KEY_AND_VALUE, Page, ValueTemplate, count_of};

/// An error that can say what may be done about it.
pub(super) trait Hinted {
    fn hinted(self, hint: &str) -> Self;
}

impl Hinted for EvalError {
    fn hinted(self, hint: &str) -> Self {
        Self::hinted(self, hint)
    }
}

impl Each {
    /// Calls `round` with what expressions read in each round: first `when` decides, then `skip` and `limit` count. `failed`
    /// makes an error of the loop's own expressions.
    pub(super) fn rounds<E: Hinted>(
        &self,
        env: &Env<'_>,
        failed: impl Fn(EvalError) -> E,
        round: impl FnMut(&Env<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let part = self.part(env).map_err(&failed)?;
        self.rounds_of(part, env, failed, round)
    }

    /// How many elements the pages up to this one have, if there are more.
    pub(super) fn next_page<E: Hinted>(
        &self,
        env: &Env<'_>,
        failed: impl Fn(EvalError) -> E,
    ) -> Result<Option<u64>, E> {
        let (skip, limit) = self.part(env).map_err(&failed)?;
        let next = skip.saturating_add(limit);
        let mut more = false;
        self.rounds_of((next, 1), env, failed, |_| {
            more = true;
            Ok(())
        })?;
        Ok(more.then_some(next))
    }

    /// How many elements there are in all pages.
    pub(super) fn total<E: Hinted>(&self, env: &Env<'_>, failed: impl Fn(EvalError) -> E) -> Result<u64, E> {
        let mut total = 0;
        self.rounds_of((0, u64::MAX), env, failed, |_| {
            total += 1;
            Ok(())
        })?;
        Ok(total)
    }

    /// How many elements are left out at the begin, and how many there are at most.
    fn part(&self, env: &Env<'_>) -> Result<(u64, u64), EvalError> {
        if let Some(page) = &self.page {
            return page.part(env);
        }
        let skip = count("skip", self.skip.as_ref(), 0, env)?;
        Ok((skip, count("limit", self.limit.as_ref(), u64::MAX, env)?))
    }

    fn rounds_of<E: Hinted>(
        &self,
        (mut skip, mut limit): (u64, u64),
        env: &Env<'_>,
        failed: impl Fn(EvalError) -> E,
        mut round: impl FnMut(&Env<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let budget = &env.call.budget;
        let list = self.list.elements(env);
        let mut elements = list.map_err(|error| failed(error.within("each")))?;
        while limit > 0 {
            let next = if self.pairs {
                elements.next_pair(budget)
            } else {
                let element = elements.next(budget);
                element.map(|element| element.map(|element| (element, Value::Null)))
            };
            let Some((first, second)) = next.map_err(&failed)? else {
                break;
            };
            budget.charge(self.cost).map_err(&failed)?;
            let variables = Round {
                variables: [first, second],
                outer: env.round,
            };
            let env = Env {
                round: Some(&variables),
                ..*env
            };
            if !self.takes(&env).map_err(&failed)? {
                continue;
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            limit -= 1;
            round(&env).map_err(|error| {
                if self.pairs || !elements.is_of_map() {
                    error
                } else {
                    error.hinted(KEY_AND_VALUE)
                }
            })?;
        }
        Ok(())
    }

    fn takes(&self, env: &Env<'_>) -> Result<bool, EvalError> {
        let Some(when) = &self.when else { return Ok(true) };
        let holds = if *when.result_type() == Type::Bool {
            when.eval_bool(env).map(Value::Bool)
        } else {
            when.eval(env)
        };
        match holds {
            Ok(Value::Bool(holds)) => Ok(holds),
            // As in `when` of a rule: a call without the metadata is nothing special.
            Err(error) if error.is_absent_metadata() => Ok(false),
            Err(error) => Err(error.within("when")),
            Ok(other) => Err(EvalError::without_values(format!(
                "`when` gave {}, not a bool",
                other.type_name()
            ))),
        }
    }
}

impl Page {
    fn part(&self, env: &Env<'_>) -> Result<(u64, u64), EvalError> {
        let (size, token) = (self.size.eval(env)?, self.token.eval(env)?);
        let size = match count_of(&size) {
            Some(0) => self.default,
            Some(size) => size,
            None => {
                return Err(EvalError::bad_request(format!(
                    "page_size: {} is negative",
                    size.to_text()
                )));
            }
        };
        let Value::String(token) = token else {
            return Err(EvalError::without_values(format!(
                "page_token is {}",
                token.type_name()
            )));
        };
        let is_number = token.bytes().all(|digit| digit.is_ascii_digit());
        match token.parse() {
            _ if token.is_empty() => Ok((0, size)),
            Ok(skip) if is_number => Ok((skip, size)),
            _ => {
                let message = format!("page_token: `{}` is not a next_page_token", excerpt(&token));
                Err(EvalError::bad_request(message))
            }
        }
    }
}

/// A number of elements.
fn count(name: &str, template: Option<&ValueTemplate>, absent: u64, env: &Env<'_>) -> Result<u64, EvalError> {
    let Some(template) = template else {
        return Ok(absent);
    };
    let value = template.value(env).map_err(|error| error.within(name))?;
    let count = count_of(&value);
    count.ok_or_else(|| EvalError::of_value(&value.to_text(), "is not a number from 0").within(name))
}
