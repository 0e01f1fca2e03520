//! Points in time that a field's name suggests.
//!
//! They are in the years after a fixed start, not around the current time, so that a sample is the same tomorrow.

use prost_types::Timestamp;

use super::hint::Words;
use crate::sample::seed::Random;

/// 2024-01-01T00:00:00Z.
const START: i64 = 1_704_067_200;
/// In seconds.
pub(in crate::sample) const DAY: i64 = 86_400;

/// Whether a field with this name holds a point in time. `time` alone may be anything.
pub(super) fn is_moment(name: &Words) -> bool {
    matches!(
        name.last(),
        "at" | "timestamp" | "datetime" | "date" | "birthday" | "dob"
    ) || (name.last() == "time" && name.len() > 1)
}

/// A point in time that suits the name, in seconds since 1970. Times of creation are before times of change, and those
/// before times of expiry.
pub(in crate::sample) fn moment(name: &Words, random: &mut Random) -> i64 {
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
    let day = random.between(first, last);
    let second = random.between(0, i128::from(DAY) - 1);
    START + i64::try_from(day * i128::from(DAY) + second).expect("a few decades of seconds fit")
}

/// A point in time as text: RFC 3339, or only its date.
pub(super) fn text(name: &Words, random: &mut Random) -> String {
    let text = Timestamp {
        seconds: moment(name, random),
        nanos: 0,
    }
    .to_string();
    let only_date = matches!(name.last(), "date" | "birthday" | "dob") || name.ends_with(&["of", "birth"]);
    text.split_once('T')
        .filter(|_| only_date)
        .map_or(text.clone(), |(date, _)| date.to_owned())
}
