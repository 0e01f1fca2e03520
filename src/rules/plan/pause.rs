//! Durations of `delay`, `wait`, `every` and `after`: constant, a template that gives one, or drawn anew each time.

use std::time::Duration;

use super::distribution::Distribution;
use super::value::ValueTemplate;
use crate::cel::Value;
use crate::duration::parse_nanoseconds;

/// How long to wait.
#[derive(Debug)]
pub(crate) enum Pause {
    Constant(Duration),
    /// What an expression gives, and the key that it stands under.
    Dynamic(ValueTemplate, &'static str),
    Drawn(Box<Distribution>),
}

/// The duration that a value stands for; an `Err` describes a value that is no duration.
pub(crate) fn duration_of(value: &Value<'_>) -> Result<Duration, String> {
    let found = match value {
        Value::Duration { seconds, nanos } => match (u64::try_from(*seconds), u32::try_from(*nanos)) {
            (Ok(seconds), Ok(nanos)) => return Ok(Duration::new(seconds, nanos)),
            _ => format!("{} (negative)", value.to_text()),
        },
        Value::String(text) => match parse(text) {
            Some(duration) => return Ok(duration),
            None => format!("{text:?}"),
        },
        other => other.to_text(),
    };
    Err(found)
}

/// Parses a duration in CEL's grammar that is not negative.
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
