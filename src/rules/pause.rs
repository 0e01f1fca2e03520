//! Durations of `wait`, `every` and `after`: constant, or a template that gives one.

use std::time::Duration;

use super::compiler::Compiler;
use super::node::{Node, Yaml};
use super::source::Source;
use crate::cel::{Env, Type, Value};

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
        other => {
            let mut text = String::new();
            other.write_text(&mut text);
            text
        }
    };
    Err(found)
}

/// Numbers with units, one after the other, as CEL and Go write them: `1h30m`, `1.5s`, `200ms`.
fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = &rest[unit..];
    }
    (!text.is_empty()).then_some(total)
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
