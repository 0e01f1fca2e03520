//! Functions of times and durations.

use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use prost_types::{Duration, Timestamp};

use super::Twin::Each;
use super::{Case, In, Out, case, number, saying, text};

/// Looked up once, as a program that knows its zones does.
static ZURICH: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/Zurich").expect("a zone of the bundled database"));

pub(super) const CASES: &[Case] = &[
    case(
        "FullYear",
        &["t.getFullYear()"],
        at,
        Each(|it| number(utc(it.at).year().into())),
    ),
    case(
        "Month",
        &["getMonth"],
        at,
        Each(|it| number(i64::from(utc(it.at).month()) - 1)),
    ),
    case(
        "Date",
        &["getDate"],
        at,
        Each(|it| number(utc(it.at).day().into())),
    ),
    case(
        "DayOfMonth",
        &["getDayOfMonth"],
        at,
        Each(|it| number(i64::from(utc(it.at).day()) - 1)),
    ),
    case(
        "DayOfWeek",
        &["getDayOfWeek"],
        at,
        Each(|it| number(utc(it.at).weekday().to_sunday_zero_offset().into())),
    ),
    case(
        "DayOfYear",
        &["getDayOfYear"],
        at,
        Each(|it| number(i64::from(utc(it.at).day_of_year()) - 1)),
    ),
    case(
        "Hours",
        &["getHours"],
        at,
        Each(|it| number(utc(it.at).hour().into())),
    ),
    case(
        "Minutes",
        &["getMinutes"],
        at,
        Each(|it| number(utc(it.at).minute().into())),
    ),
    case(
        "Seconds",
        &["getSeconds"],
        at,
        Each(|it| number(utc(it.at).second().into())),
    ),
    case(
        "Milliseconds",
        &["getMilliseconds"],
        at,
        Each(|it| number(utc(it.at).millisecond().into())),
    ),
    case(
        "HoursInZone",
        &[],
        at,
        Each(|it| number(instant(it.at).to_zoned_datetime(ZURICH.clone()).hour().into())),
    ),
    case(
        "HoursOfDuration",
        &[],
        waiting,
        Each(|it| number(it.wait.unwrap_or_default().seconds / 3600)),
    ),
    case(
        "MillisecondsOfDuration",
        &[],
        waiting,
        Each(|it| number((it.wait.unwrap_or_default().nanos / 1_000_000).into())),
    ),
    case(
        "ToTimestamp",
        &["timestamp"],
        || saying("2026-01-31T12:00:00Z"),
        Each(|it| Out {
            at: it.text.parse().ok(),
            ..Out::default()
        }),
    ),
    case(
        "ToDuration",
        &["duration"],
        || saying("90s"),
        Each(|it| Out {
            wait: it.text.parse().ok(),
            ..Out::default()
        }),
    ),
    case(
        "TextOfTime",
        &[],
        at,
        Each(|it| text(format!("at {}", it.at.unwrap_or_default()))),
    ),
    case(
        "TextOfDuration",
        &[],
        waiting,
        Each(|it| text(format!("in {}", it.wait.unwrap_or_default()))),
    ),
    case(
        "CompareTimes",
        &[],
        at,
        Each(|it| super::truth(it.at.is_some_and(|at| at.seconds > 1_000_000_000))),
    ),
];

fn at() -> In {
    In {
        at: Some(Timestamp {
            seconds: 1_769_860_800,
            nanos: 123_000_000,
        }),
        ..In::default()
    }
}

fn waiting() -> In {
    In {
        wait: Some(Duration {
            seconds: 5400,
            nanos: 123_000_000,
        }),
        ..In::default()
    }
}

fn instant(at: Option<Timestamp>) -> jiff::Timestamp {
    let at = at.unwrap_or_default();
    jiff::Timestamp::new(at.seconds, at.nanos).unwrap_or_default()
}

fn utc(at: Option<Timestamp>) -> DateTime {
    TimeZone::UTC.to_datetime(instant(at))
}
