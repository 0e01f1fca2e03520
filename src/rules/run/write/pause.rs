//! Durations for a call.

use std::time::Duration;

use crate::cel::{Env, EvalError, Told, random};
use crate::rules::plan::{Pause, duration_of};

impl Pause {
    /// The duration for this call; an `Err` says why there is none.
    pub(in crate::rules::run) fn duration(&self, env: &Env<'_>) -> Result<Duration, Told> {
        match self {
            Self::Constant(duration) => Ok(*duration),
            Self::Dynamic(template, key) => {
                let value = template.value(env);
                let value = value.map_err(|error| error.within(key))?;
                let no_duration = |found: String| {
                    EvalError::of_value(&found, "is not a duration such as 200ms or 1.5s").within(key)
                };
                Ok(duration_of(&value).map_err(no_duration)?)
            }
            Self::Drawn(distribution) => Ok(distribution.duration(|| random(env.call))),
        }
    }
}
