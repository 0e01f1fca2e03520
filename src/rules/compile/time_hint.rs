//! What to do about a time or a duration that is written in another way than protobuf and protod write it.

use prost_reflect::MessageDescriptor;

use crate::cel::{JsonForm, from_json_text};
use crate::duration::parse_nanoseconds;
use crate::yaml::{Node, Yaml};

/// Words for units, the longer ones first, and the units.
const UNITS: [(&str, &str); 14] = [
    ("milliseconds", "ms"),
    ("millisecond", "ms"),
    ("millis", "ms"),
    ("msec", "ms"),
    ("seconds", "s"),
    ("second", "s"),
    ("secs", "s"),
    ("sec", "s"),
    ("minutes", "m"),
    ("minute", "m"),
    ("mins", "m"),
    ("min", "m"),
    ("hours", "h"),
    ("hour", "h"),
];

/// Seconds since 1970 are less than this for some 3000 years; more are milliseconds.
const MAX_SECONDS: i128 = 100_000_000_000;

/// A hint for a node that is no duration of steps, such as `200`.
pub(super) fn pause_hint(node: &Node) -> Option<String> {
    match &node.value {
        Yaml::Int(number) => Some(format!("put a unit after it: `{number}ms` or `{number}s`")),
        Yaml::Float(number) => Some(format!("put a unit after it: `{number}ms` or `{number}s`")),
        Yaml::Text(text) => {
            let plain = in_units(text)?;
            Some(format!("write `{plain}`"))
        }
        _ => None,
    }
}

/// A hint for a node that is none of the well-known types that ProtoJSON writes as text.
pub(super) fn json_text_hint(node: &Node, descriptor: &MessageDescriptor) -> Option<String> {
    let candidates = match (JsonForm::of(descriptor)?, &node.value) {
        (JsonForm::Duration, Yaml::Int(number)) => vec![format!("{number}s")],
        (JsonForm::Duration, Yaml::Float(number)) => vec![format!("{number}s")],
        (JsonForm::Duration, Yaml::Text(text)) => in_seconds(text).into_iter().collect(),
        (JsonForm::Timestamp, Yaml::Int(number)) => {
            let seconds = if *number < MAX_SECONDS {
                *number
            } else {
                *number / 1000
            };
            let seconds = i64::try_from(seconds).ok()?;
            return Some(format!(
                "write `{}`",
                prost_types::Timestamp { seconds, nanos: 0 }
            ));
        }
        (JsonForm::Timestamp, Yaml::Text(text)) => {
            let text = text.trim().replacen(' ', "T", 1);
            vec![format!("{text}Z"), format!("{text}T00:00:00Z"), text]
        }
        _ => Vec::new(),
    };
    let fits = |candidate: &String| from_json_text(descriptor, candidate).is_ok();
    candidates
        .into_iter()
        .find(fits)
        .map(|candidate| format!("write `{candidate}`"))
}

/// A duration whose units are words or have blanks before them, as steps take it.
fn in_units(text: &str) -> Option<String> {
    let mut plain = text.to_lowercase().replace(' ', "");
    for (word, unit) in UNITS {
        plain = plain.replace(word, unit);
    }
    parse_nanoseconds(&plain).map(|_| plain)
}

/// A duration in seconds, as ProtoJSON takes it.
fn in_seconds(text: &str) -> Option<String> {
    let plain = in_units(text).or_else(|| text.parse::<f64>().ok().map(|number| format!("{number}s")))?;
    let nanos = parse_nanoseconds(&plain)?;
    let (seconds, rest) = (nanos / 1_000_000_000, (nanos % 1_000_000_000).unsigned_abs());
    let fraction = format!("{rest:09}");
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{seconds}{point}{fraction}s"))
}
