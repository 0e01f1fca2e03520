//! What to do about a time or a duration that is written in another way than protobuf and protod write it.

use prost_reflect::MessageDescriptor;

use crate::cel::{JsonForm, from_json_text};
use crate::duration::parse_nanoseconds;
use crate::yaml::{Node, Yaml};

/// Words for units, the longer ones first, and the units.
const UNITS: [(&str, &str); 16] = [
    ("microseconds", "us"),
    ("nanoseconds", "ns"),
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
        Yaml::Int(number) => {
            let number = number.unsigned_abs();
            Some(format!("put a unit after it: `{number}ms` or `{number}s`"))
        }
        Yaml::Float(number) => {
            let number = number.abs();
            Some(format!("put a unit after it: `{number}ms` or `{number}s`"))
        }
        Yaml::Text(text) => Some(
            range_hint(text)
                .or_else(|| pause_in_units(text))
                .unwrap_or_else(|| {
                    "a number with a unit: `ns`, `us`, `ms`, `s`, `m` or `h`, as in `1m30s`".to_owned()
                }),
        ),
        Yaml::List(ends) => match ends.as_slice() {
            [min, max] => between(&min.key_text()?, &max.key_text()?),
            _ => None,
        },
        _ => None,
    }
}

/// What a pause was meant to be that is negative, or in other units or words for them.
fn pause_in_units(text: &str) -> Option<String> {
    let plain = in_units(text)?;
    Some(match plain.strip_prefix('-') {
        Some(positive) => format!("a pause is not negative: write `{positive}`"),
        None => format!("write `{plain}`"),
    })
}

/// Two durations as one text: `20ms-80ms`, `20..80ms`.
fn range_hint(text: &str) -> Option<String> {
    let (from, to) = ["...", "..", "–", "-", ",", "/", " to ", " and "]
        .iter()
        .find_map(|between| {
            text.trim()
                .split_once(between)
                .filter(|(from, _)| !from.trim().is_empty())
        })?;
    between(from, to)
}

/// Any duration between two. The first may have its unit from the second.
fn between(from: &str, to: &str) -> Option<String> {
    let to = in_units(to)?;
    let unit = to.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let from = in_units(from).or_else(|| in_units(&format!("{from}{unit}")))?;
    Some(format!("write `{{min: {from}, max: {to}}}`"))
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
    let mut plain = text.trim().to_lowercase().replace(' ', "");
    for (word, unit) in UNITS {
        plain = plain.replace(word, unit);
    }
    // ISO 8601 has them as `PT1M30S`.
    let plain = plain.strip_prefix("pt").map(str::to_owned).unwrap_or(plain);
    if let Some(days) = ["days", "day", "d"]
        .iter()
        .find_map(|unit| plain.strip_suffix(unit))
    {
        return days
            .parse::<u32>()
            .ok()
            .map(|days| format!("{}h", u64::from(days) * 24));
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
