//! Durations of `wait`, `every` and `after`: constant, or a template that gives one.

use std::time::Duration;

use super::compiler::Compiler;
use super::node::{Node, Yaml};
use super::source::Source;
use crate::cel::{Env, Type, Value};
use crate::duration::parse_nanoseconds;

/// How long to wait.
#[derive(Debug)]
pub(crate) enum Pause {
    Constant(Duration),
    Dynamic(Source),
}

impl Pause {
    pub(crate) fn compile(compiler: &mut Compiler<'_>, node: &Node) -> Option<Self> {
        const EXPECTED: &str = "expected a duration such as 200ms or 1.5s";
        if !matches!(node.value, Yaml::Text(_)) {
            compiler.problem(node, format!("{EXPECTED}, found {}", node.kind()));
            return None;
        }
        match Source::compile(compiler, node)? {
            (Source::Constant(value), _) => match duration(&value) {
                Ok(duration) => Some(Self::Constant(duration)),
                Err(found) => {
                    compiler.problem(node, format!("{EXPECTED}, found {found}"));
                    None
                }
            },
            (source, Type::Duration | Type::String | Type::Dyn) => Some(Self::Dynamic(source)),
            (_, found) => {
                compiler.problem(node, format!("{EXPECTED}, found {found}"));
                None
            }
        }
    }

    /// How long, on this call; an `Err` says what the template gave instead.
    pub(crate) fn duration(&self, env: &Env<'_>) -> Result<Duration, String> {
        match self {
            Self::Constant(duration) => Ok(*duration),
            Self::Dynamic(source) => {
                let value = source.value(env).map_err(|error| error.to_string())?;
                duration(&value).map_err(|found| format!("{found} is not a duration"))
            }
        }
    }
}

fn duration(value: &Value<'_>) -> Result<Duration, String> {
    let found = match value {
        Value::Duration { seconds, nanos } => match (u64::try_from(*seconds), u32::try_from(*nanos)) {
            (Ok(seconds), Ok(nanos)) => return Ok(Duration::new(seconds, nanos)),
            _ => "a negative one".to_owned(),
        },
        Value::String(text) => match parse(text) {
            Some(duration) => return Ok(duration),
            None => format!("{text:?}"),
        },
        other => other.to_text(),
    };
    Err(found)
}

/// A text in CEL's grammar of durations, if it is one and not negative.
fn parse(text: &str) -> Option<Duration> {
    let nanoseconds = u128::try_from(parse_nanoseconds(text)?).ok()?;
    let seconds = u64::try_from(nanoseconds / 1_000_000_000).ok()?;
    Some(Duration::new(seconds, (nanoseconds % 1_000_000_000) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(parse("200ms"), Some(Duration::from_millis(200)));
        assert_eq!(parse("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse("1h30m"), Some(Duration::from_mins(90)));
        for wrong in ["", "5", "s", "-1s", "1 s", "1x", "99999999999999999999999s"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
