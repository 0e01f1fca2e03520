//! Runs the loops of templates.

use crate::cel::{Env, EvalError, Round, Value};
use crate::rules::plan::{Each, ValueTemplate, count_of};

impl Each {
    /// Calls `round` with what expressions read in each round: first `when` decides, then `skip` and `limit` count. `failed`
    /// makes an error of the loop's own expressions.
    pub(super) fn rounds<E>(
        &self,
        env: &Env<'_>,
        failed: impl Fn(EvalError) -> E,
        mut round: impl FnMut(&Env<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let budget = &env.call.budget;
        let mut skip = count("skip", self.skip.as_ref(), 0, env).map_err(&failed)?;
        let mut limit = count("limit", self.limit.as_ref(), u64::MAX, env).map_err(&failed)?;
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
            round(&env)?;
        }
        Ok(())
    }

    fn takes(&self, env: &Env<'_>) -> Result<bool, EvalError> {
        let Some(when) = &self.when else { return Ok(true) };
        match when.eval(env).map_err(|error| error.within("when"))? {
            Value::Bool(holds) => Ok(holds),
            other => Err(EvalError::new(format!(
                "`when` gave {}, not a bool",
                other.type_name()
            ))),
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
    count.ok_or_else(|| EvalError::new(format!("`{name}`: {} is not a number from 0", value.to_text())))
}
