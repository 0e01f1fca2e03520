//! Moments and spans of time: `Timestamp` and `Duration` within their rules, and times as text.
//!
//! Moments lie in the years after a fixed start, not around now, so that a sample is the same tomorrow. Only the
//! rule `timestamp.within` needs the clock; `gt_now` is met by a date far ahead.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use prost_reflect::Value;
use prost_types::{Duration, Timestamp};

use super::annotations::Rules;
use super::names::{Hint, Words};
use super::numbers::{self, Bound, Bounds};
use super::seed::Chance;

/// 2024-01-01T00:00:00Z.
const START: i64 = 1_704_067_200;
/// 2100-01-01T00:00:00Z.
const FAR_AHEAD: i64 = 4_102_444_800;
const DAY: i64 = 86_400;
const SECOND: i128 = 1_000_000_000;

/// Whether a field of this name holds a moment.
pub(super) fn is_moment(name: &Words) -> bool {
    matches!(
        name.last(),
        "at" | "timestamp" | "datetime" | "date" | "birthday" | "dob"
    ) || (name.last() == "time" && name.len() > 1)
}

/// A moment that suits the name, in seconds since 1970: what is created comes before what is updated, and that
/// before what expires.
pub(super) fn moment(name: &Words, chance: &mut Chance) -> i64 {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let (first, last) = if has(&["birth", "birthday", "dob", "born"]) {
        (-54 * 365, -20 * 365)
    } else if has(&[
        "expire",
        "expires",
        "expiry",
        "expiration",
        "end",
        "ended",
        "until",
        "due",
        "deadline",
    ]) {
        (360, 720)
    } else if has(&["update", "updated", "modified", "changed", "last"]) {
        (180, 359)
    } else {
        (0, 179)
    };
    let day = chance.between(first, last);
    let second = chance.between(0, i128::from(DAY) - 1);
    START + i64::try_from(day * i128::from(DAY) + second).expect("a few decades of seconds fit")
}

/// A moment as text: RFC 3339, or only its date.
pub(super) fn text(name: &Words, chance: &mut Chance) -> String {
    let text = Timestamp {
        seconds: moment(name, chance),
        nanos: 0,
    }
    .to_string();
    let only_date = matches!(name.last(), "date" | "birthday" | "dob") || name.ends_with(&["of", "birth"]);
    text.split_once('T')
        .filter(|_| only_date)
        .map_or(text.clone(), |(date, _)| date.to_owned())
}

/// A `Timestamp` within its rules.
pub(super) fn timestamp(hint: &Hint<'_>, rules: &Rules, chance: &mut Chance) -> Timestamp {
    let rules = rules.inner("timestamp");
    let mut bounds = Bounds::read(&rules, false, as_nanoseconds);
    if !rules.is_empty() {
        narrow_to_now(&mut bounds, &rules);
    }
    // What Timestamp itself allows: the years 1 to 9999.
    let range = (-62_135_596_800 * SECOND, 253_402_300_800 * SECOND - 1);
    let steps = [i128::from(DAY) * SECOND, SECOND, 1];
    let nanoseconds = numbers::integer(&bounds, range, &steps, chance, |chance| {
        i128::from(moment(&hint.words(), chance)) * SECOND
    });
    Timestamp {
        seconds: i64::try_from(nanoseconds.div_euclid(SECOND)).expect("within the range above"),
        nanos: i32::try_from(nanoseconds.rem_euclid(SECOND)).expect("less than a second"),
    }
}

fn narrow_to_now(bounds: &mut Bounds<i128>, rules: &Rules) {
    let at = |value: i128| {
        Some(Bound {
            value,
            inclusive: true,
        })
    };
    let (before, after) = (rules.flag("lt_now"), rules.flag("gt_now"));
    let Some(within) = rules.value("within").as_ref().and_then(as_nanoseconds) else {
        // Every moment of `moment` has passed, so `lt_now` asks for nothing more.
        if after {
            bounds.narrow(at(i128::from(FAR_AHEAD) * SECOND), None);
        }
        return;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i128::try_from(now.as_nanos()).unwrap_or_default();
    // Half the way, so that the time until the message is checked does not matter.
    let (early, late) = (now - within / 2, now + within / 2);
    bounds.narrow(
        at(if after { late } else { early }),
        at(if before { early } else { late }),
    );
}

/// A `Duration` within its rules: one second to an hour where they say nothing.
pub(super) fn duration(rules: &Rules, chance: &mut Chance) -> Duration {
    let bounds = Bounds::read(&rules.inner("duration"), false, as_nanoseconds);
    // What Duration itself allows: ten thousand years either way.
    let range = (-315_576_000_000 * SECOND, 315_576_000_000 * SECOND);
    let nanoseconds = numbers::integer(&bounds, range, &[SECOND, SECOND / 1000, 1], chance, |chance| {
        chance.between(1, 3600) * SECOND
    });
    Duration {
        seconds: i64::try_from(nanoseconds / SECOND).expect("within the range above"),
        nanos: i32::try_from(nanoseconds % SECOND).expect("less than a second"),
    }
}

/// The whole length of a `Duration`, or the whole distance of a `Timestamp` from 1970.
fn as_nanoseconds(value: &Value) -> Option<i128> {
    let message = value.as_message()?;
    let part = |name| message.get_field_by_name(name).map(Cow::into_owned);
    let (seconds, nanos) = (part("seconds")?.as_i64()?, part("nanos")?.as_i32()?);
    Some(i128::from(seconds) * SECOND + i128::from(nanos))
}
