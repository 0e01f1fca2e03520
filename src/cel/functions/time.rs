//! Timestamps and durations: their parts, in a time zone where one is given, and their ranges.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use super::function::{Code, Function, Overload, Parameter, ResultType, Style};
use crate::cel::values::{CalendarTime, EvalError, Evaluated, Value, no_overload, total_nanos};
use crate::excerpt::excerpt;

/// A part of a point in time, in UTC, or in a zone by its IANA name or offset.
macro_rules! part {
    ($name:literal, $part:expr) => {
        [
            Function {
                name: $name,
                style: Style::Member,
                code: Code::One(|time| part_of($name, &time, None, $part)),
                overloads: &[Overload(&[Parameter::Timestamp], ResultType::Is(Parameter::Int))],
            },
            Function {
                name: $name,
                style: Style::Member,
                code: Code::Two(|time, zone| part_of($name, &time, Some(&zone), $part)),
                overloads: &[Overload(
                    &[Parameter::Timestamp, Parameter::Text],
                    ResultType::Is(Parameter::Int),
                )],
            },
        ]
    };
}

/// A part of a point in time, or what a number of nanoseconds gives, which is a duration.
macro_rules! part_or_unit {
    ($name:literal, $part:expr, $of_nanos:expr) => {
        [
            Function {
                name: $name,
                style: Style::Member,
                code: Code::One(|value| match value {
                    Value::Duration { seconds, nanos } => {
                        let of_nanos: fn(i128) -> i128 = $of_nanos;
                        Ok(Value::Int(of_nanos(total_nanos(seconds, nanos)) as i64))
                    }
                    time => part_of($name, &time, None, $part),
                }),
                overloads: &[
                    Overload(&[Parameter::Timestamp], ResultType::Is(Parameter::Int)),
                    Overload(&[Parameter::Duration], ResultType::Is(Parameter::Int)),
                ],
            },
            Function {
                name: $name,
                style: Style::Member,
                code: Code::Two(|time, zone| part_of($name, &time, Some(&zone), $part)),
                overloads: &[Overload(
                    &[Parameter::Timestamp, Parameter::Text],
                    ResultType::Is(Parameter::Int),
                )],
            },
        ]
    };
}

pub(super) const FUNCTIONS: &[Function] = [
    part!("getFullYear", |time| time.year),
    part!("getMonth", |time| i64::from(time.in_cycle.month()) - 1),
    part!("getDayOfYear", |time| i64::from(time.in_cycle.day_of_year()) - 1),
    part!("getDayOfMonth", |time| i64::from(time.in_cycle.day()) - 1),
    part!("getDate", |time| i64::from(time.in_cycle.day())),
    part!("getDayOfWeek", |time| i64::from(
        time.in_cycle.weekday().to_sunday_zero_offset()
    )),
    part_or_unit!("getHours", |time| i64::from(time.in_cycle.hour()), |nanos| nanos
        / 3_600_000_000_000),
    part_or_unit!(
        "getMinutes",
        |time| i64::from(time.in_cycle.minute()),
        |nanos| nanos / 60_000_000_000
    ),
    part_or_unit!(
        "getSeconds",
        |time| i64::from(time.in_cycle.second()),
        |nanos| nanos / 1_000_000_000
    ),
    // The others give the whole duration in their unit; this one gives a part of it, as the specification says.
    part_or_unit!(
        "getMilliseconds",
        |time| i64::from(time.in_cycle.millisecond()),
        |nanos| nanos / 1_000_000 % 1000
    ),
]
.as_flattened();

fn part_of<'e>(
    name: &str,
    time: &Value<'_>,
    zone: Option<&Value<'_>>,
    part: fn(CalendarTime) -> i64,
) -> Evaluated<Value<'e>> {
    let (Value::Timestamp { seconds, nanos }, None | Some(Value::String(_))) = (time, zone) else {
        return match zone {
            None => no_overload(name, &[time]),
            Some(zone) => no_overload(name, &[time, zone]),
        };
    };
    if !(0..1_000_000_000).contains(nanos) {
        return Err(EvalError::without_values(format!(
            "{name}: the timestamp is out of range"
        )));
    }
    let offset = match zone {
        Some(Value::String(zone)) => offset_at(*seconds, zone)?,
        _ => 0,
    };
    Ok(Value::Int(part(CalendarTime::new(*seconds, *nanos, offset))))
}

/// The offset of a zone at a point in time, in seconds: the zone is an IANA name, or `[+-]HH:MM`.
fn offset_at(time: i64, zone: &str) -> Evaluated<i32> {
    let unknown = || EvalError::new(format!("unknown time zone {:?}", excerpt(zone)));
    let Some((hours, minutes)) = zone.split_once(':') else {
        return offset_in(zone, time).ok_or_else(unknown);
    };
    let hour: i32 = hours.parse().map_err(|_| unknown())?;
    let minute: i32 = minutes.parse().map_err(|_| unknown())?;
    if !(-23..=23).contains(&hour) || !(0..=59).contains(&minute) {
        return Err(unknown());
    }
    let minute = if hours.starts_with('-') { -minute } else { minute };
    Ok(hour * 3600 + minute * 60)
}

/// The offset of a zone of the IANA database at a point in time.
fn offset_in(zone: &str, time: i64) -> Option<i32> {
    // Not the system's database: a rule means the same everywhere.
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    if zone.is_empty() {
        return Some(0);
    }
    // Timestamps of CEL reach a day further on both ends, where no zone changes its offset.
    let second = time.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let zone = ZONES.get(zone).ok()?;
    Some(zone.to_offset(Timestamp::from_second(second).ok()?).seconds())
}
