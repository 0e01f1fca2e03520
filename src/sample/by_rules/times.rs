//! `Timestamp` and `Duration` within their rules.
//!
//! Only the rule `timestamp.within` needs the clock; `gt_now` gives a date far in the future.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use prost_reflect::Value;
use prost_types::{Duration, Timestamp};

use super::numbers::{self, Bound, Bounds};
use crate::sample::annotations::ValidationRules;
use crate::sample::by_name::NameHint;
use crate::sample::by_name::moments::{DAY, moment};
use crate::sample::seed::Random;

/// 2100-01-01T00:00:00Z.
const FAR_AHEAD: i64 = 4_102_444_800;
const SECOND: i128 = 1_000_000_000;

/// A `Timestamp` within its rules.
pub(in crate::sample) fn timestamp(
    hint: &NameHint<'_>,
    rules: &ValidationRules,
    random: &mut Random,
) -> Timestamp {
    let rules = rules.inner("timestamp");
    let mut bounds = Bounds::read(&rules, false, as_nanoseconds);
    if !rules.is_empty() {
        narrow_to_now(&mut bounds, &rules);
    }
    // What Timestamp itself allows: the years 1 to 9999.
    let range = (-62_135_596_800 * SECOND, 253_402_300_800 * SECOND - 1);
    let steps = [i128::from(DAY) * SECOND, SECOND, 1];
    let nanoseconds = numbers::integer(&bounds, range, &steps, random, |random| {
        i128::from(moment(&hint.words(), random)) * SECOND
    });
    Timestamp {
        seconds: i64::try_from(nanoseconds.div_euclid(SECOND)).expect("within the range above"),
        nanos: i32::try_from(nanoseconds.rem_euclid(SECOND)).expect("less than a second"),
    }
}

fn narrow_to_now(bounds: &mut Bounds<i128>, rules: &ValidationRules) {
    let at = |value: i128| {
        Some(Bound {
            value,
            inclusive: true,
        })
    };
    let (before, after) = (rules.flag("lt_now"), rules.flag("gt_now"));
    let Some(within) = rules.value("within").as_ref().and_then(as_nanoseconds) else {
        // Every result of `moment` is in the past, so `lt_now` needs nothing more.
        if after {
            bounds.narrow(at(i128::from(FAR_AHEAD) * SECOND), None);
        }
        return;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i128::try_from(now.as_nanos()).unwrap_or_default();
    // Half of the distance, so that the time until the message is checked does not matter.
    let (early, late) = (now - within / 2, now + within / 2);
    bounds.narrow(
        at(if after { late } else { early }),
        at(if before { early } else { late }),
    );
}

/// A `Duration` within its rules: one second to one hour if they say nothing.
pub(in crate::sample) fn duration(rules: &ValidationRules, random: &mut Random) -> Duration {
    let bounds = Bounds::read(&rules.inner("duration"), false, as_nanoseconds);
    // What Duration itself allows: ten thousand years either way.
    let range = (-315_576_000_000 * SECOND, 315_576_000_000 * SECOND);
    let nanoseconds = numbers::integer(&bounds, range, &[SECOND, SECOND / 1000, 1], random, |random| {
        random.between(1, 3600) * SECOND
    });
    Duration {
        seconds: i64::try_from(nanoseconds / SECOND).expect("within the range above"),
        nanos: i32::try_from(nanoseconds % SECOND).expect("less than a second"),
    }
}

/// The length of a `Duration`, or the distance of a `Timestamp` from 1970.
fn as_nanoseconds(value: &Value) -> Option<i128> {
    let message = value.as_message()?;
    let part = |name| message.get_field_by_name(name).map(Cow::into_owned);
    let (seconds, nanos) = (part("seconds")?.as_i64()?, part("nanos")?.as_i32()?);
    Some(i128::from(seconds) * SECOND + i128::from(nanos))
}
