//! What to do about a time or a duration that is written in another way than protobuf and protod write it.

use prost_reflect::MessageDescriptor;

use crate::cel::{JsonForm, from_json_text, meant_duration, meant_timestamp};
use crate::duration::parse_nanoseconds;
use crate::yaml::{Node, Yaml};

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
    let plain = meant_duration(text)?;
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
    let to = meant_duration(to)?;
    let unit = to.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let from = meant_duration(from).or_else(|| meant_duration(&format!("{from}{unit}")))?;
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
            let hint = match meant_timestamp(text) {
                Some(meant) => format!("write `{meant}`"),
                None => "write a date that there is, its time and its zone, as in `2026-01-31T23:59:00Z`"
                    .to_owned(),
            };
            return Some(hint);
        }
        (JsonForm::Timestamp | JsonForm::Duration, Yaml::Map(parts)) => return of_parts(parts, descriptor),
        _ => Vec::new(),
    };
    let fits = |candidate: &String| from_json_text(descriptor, candidate).is_ok();
    candidates
        .into_iter()
        .find(fits)
        .map(|candidate| format!("write `{candidate}`"))
}

/// A hint for the fields of a Timestamp or a Duration, and for parts of a duration: `{seconds: 1, nanos: 5}`, `{days: 2}`.
fn of_parts(parts: &[(Node, Node)], descriptor: &MessageDescriptor) -> Option<String> {
    const PARTS: [(&str, i128); 8] = [
        ("nano", 1),
        ("micro", 1_000),
        ("milli", 1_000_000),
        ("second", 1_000_000_000),
        ("minute", 60_000_000_000),
        ("hour", 3_600_000_000_000),
        ("day", 86_400_000_000_000),
        ("week", 604_800_000_000_000),
    ];
    let is_duration = JsonForm::of(descriptor) == Some(JsonForm::Duration);
    let mut nanos: i128 = 0;
    for (key, value) in parts {
        let name = key.key_text()?.to_lowercase();
        let plain = name.strip_suffix("seconds").filter(|plain| !plain.is_empty());
        let plain = plain.unwrap_or_else(|| name.trim_end_matches('s'));
        let (_, scale) = PARTS.iter().find(|(part, _)| *part == plain)?;
        match &value.value {
            Yaml::Int(number) => nanos = nanos.checked_add(number.checked_mul(*scale)?)?,
            Yaml::Text(text) if plain == "second" && parts.len() == 1 => {
                let source = text.strip_prefix("${")?.strip_suffix('}')?;
                return Some(if is_duration {
                    format!("write `\"${{duration(string({source}) + 's')}}\"`")
                } else {
                    format!("write `\"${{timestamp({source})}}\"`")
                });
            }
            _ => return None,
        }
    }
    let text = if is_duration {
        seconds_of(nanos)
    } else {
        let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
        let nanos = i32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?;
        prost_types::Timestamp { seconds, nanos }.to_string()
    };
    let fits = from_json_text(descriptor, &text).is_ok();
    fits.then(|| format!("write `{text}`"))
}

/// A duration in seconds, as ProtoJSON takes it.
fn in_seconds(text: &str) -> Option<String> {
    let plain =
        meant_duration(text).or_else(|| text.parse::<f64>().ok().map(|number| format!("{number}s")))?;
    parse_nanoseconds(&plain).map(seconds_of)
}

/// Nanoseconds, as ProtoJSON writes a duration.
fn seconds_of(nanos: i128) -> String {
    let (seconds, rest) = (nanos / 1_000_000_000, (nanos % 1_000_000_000).unsigned_abs());
    let fraction = format!("{rest:09}");
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if nanos < 0 && seconds == 0 { "-" } else { "" };
    format!("{sign}{seconds}{point}{fraction}s")
}
