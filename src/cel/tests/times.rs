//! Timestamps and durations: `timestamps`.

use super::{Given, Type, Uses, Value, fails, gives, holds};

#[test]
fn texts_become_times() {
    holds(&[
        "timestamp('2009-02-13T23:31:30Z') == timestamp(1234567890)",
        "timestamp('2009-02-13T23:31:30+01:00') == timestamp('2009-02-13T22:31:30Z')",
        "timestamp('1970-01-01T00:00:00.5Z') > timestamp(0)",
        "timestamp('0001-01-01T00:00:00Z') < timestamp('9999-12-31T23:59:59.999999999Z')",
        "int(timestamp('1969-12-31T23:59:59.500Z')) == -1",
        "duration('1h30m') == duration('90m')",
        "duration('1.5h') == duration('5400s')",
        "duration('-1.5s') == duration('-1500ms')",
        "duration('100us') == duration('100000ns')",
        "duration('0') == duration('0s')",
        "duration('1m0.5s') == duration('60500ms')",
        "duration('.5s') == duration('500ms')",
        "duration(duration('1s')) == duration('1s')",
    ]);
    fails(&[
        ("timestamp('2023-13-01T00:00:00Z')", "is not a timestamp"),
        ("timestamp('0000-01-01T00:00:00Z')", "out of range"),
        ("timestamp('9999-12-31T23:59:59-01:00')", "out of range"),
        ("timestamp(253402300800)", "out of range"),
        ("timestamp(-62135596801)", "out of range"),
        ("duration('1x')", "is not a duration"),
        ("duration('')", "is not a duration"),
        ("duration('1')", "is not a duration"),
        ("duration('1.2.3s')", "is not a duration"),
        ("duration('--1s')", "is not a duration"),
        ("duration('320000000000s')", "out of range"),
        ("duration('-320000000000s')", "out of range"),
        (
            "duration('99999999999999999999999999999999s')",
            "is not a duration",
        ),
    ]);
}

#[test]
fn arithmetic_stays_in_range() {
    holds(&[
        "timestamp('2009-02-13T23:00:00Z') + duration('240s') == timestamp('2009-02-13T23:04:00Z')",
        "duration('120s') + timestamp('2009-02-13T23:01:00Z') == timestamp('2009-02-13T23:03:00Z')",
        "timestamp('2009-02-13T23:10:00Z') - duration('600s') == timestamp('2009-02-13T23:00:00Z')",
        "timestamp('2009-02-13T23:31:00Z') - timestamp('2009-02-13T23:29:00Z') == duration('120s')",
        "duration('600s') + duration('50s') == duration('650s')",
        "duration('600s') - duration('50.5s') == duration('549.5s')",
        "timestamp(0) - duration('0.25s') == timestamp('1969-12-31T23:59:59.75Z')",
        "timestamp(10) - timestamp(12) == duration('-2s')",
    ]);
    fails(&[
        (
            "timestamp('9999-12-31T23:59:59Z') + duration('1s')",
            "timestamp overflow",
        ),
        (
            "timestamp('0001-01-01T00:00:00Z') - duration('1ns')",
            "timestamp overflow",
        ),
        (
            "timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z')",
            "duration overflow",
        ),
        (
            "duration('9000000000s') + duration('9000000000s')",
            "duration overflow",
        ),
        (
            "duration('-9000000000s') - duration('9000000000s')",
            "duration overflow",
        ),
        (
            "timestamp(0) + timestamp(0)",
            "`+` does not take timestamp and timestamp",
        ),
        ("duration('1s') * 2", "`*` does not take duration and int"),
        (
            "duration('1s') - timestamp(0)",
            "does not take duration and timestamp",
        ),
    ]);
}

#[test]
fn parts_of_a_time() {
    gives(&[
        ("timestamp('2009-02-13T23:31:30Z').getFullYear()", "2009"),
        ("timestamp('2009-02-13T23:31:30Z').getMonth()", "1"),
        ("timestamp('2009-02-13T23:31:30Z').getDate()", "13"),
        ("timestamp('2009-02-13T23:31:30Z').getDayOfMonth()", "12"),
        ("timestamp('2009-02-13T23:31:30Z').getDayOfWeek()", "5"),
        ("timestamp('2009-02-13T23:31:30Z').getDayOfYear()", "43"),
        ("timestamp('2009-02-13T23:31:30Z').getHours()", "23"),
        ("timestamp('2009-02-13T23:31:30Z').getMinutes()", "31"),
        ("timestamp('2009-02-13T23:31:20.123456789Z').getSeconds()", "20"),
        (
            "timestamp('2009-02-13T23:31:20.123456789Z').getMilliseconds()",
            "123",
        ),
        (
            "timestamp('2009-02-13T23:31:30Z').getDate('Australia/Sydney')",
            "14",
        ),
        (
            "timestamp('2009-02-13T23:31:30Z').getDayOfMonth('US/Central')",
            "12",
        ),
        ("timestamp('2009-02-13T23:31:30Z').getHours('02:00')", "1"),
        (
            "timestamp('2009-02-13T23:31:30Z').getMinutes('Asia/Kathmandu')",
            "16",
        ),
        ("timestamp('2009-02-13T02:00:00Z').getDate('-02:30')", "12"),
        ("timestamp('2009-02-13T02:00:00Z').getFullYear('-00:00')", "2009"),
        ("timestamp('2023-07-01T00:00:00Z').getHours('Europe/Berlin')", "2"),
        ("timestamp('2023-01-01T00:00:00Z').getHours('Europe/Berlin')", "1"),
        ("timestamp('2023-01-01T00:00:00Z').getHours('')", "0"),
    ]);
    fails(&[
        (
            "timestamp(0).getHours('Mars/Base')",
            "unknown time zone \"Mars/Base\"",
        ),
        ("timestamp(0).getHours('24:00')", "unknown time zone"),
        ("timestamp(0).getHours('01:60')", "unknown time zone"),
        ("timestamp(0).getHours(1)", "does not take (timestamp, int)"),
        (
            "duration('1h').getFullYear()",
            "`getFullYear` does not take (duration)",
        ),
    ]);
}

#[test]
fn whole_units_of_a_duration() {
    gives(&[
        ("duration('10000s').getHours()", "2"),
        ("duration('3730s').getMinutes()", "62"),
        ("duration('-3730s').getSeconds()", "-3730"),
        ("duration('123.321456789s').getSeconds()", "123"),
        ("duration('123.321456789s').getMilliseconds()", "321"),
        ("duration('-1.234s').getMilliseconds()", "-234"),
    ]);
}

#[test]
fn now_is_one_time_within_an_expression() {
    let given = Given::nothing();
    given.holds(&[
        "now == now",
        "now > timestamp('2024-01-01T00:00:00Z')",
        "now - now == duration('0s')",
    ]);
    assert_eq!(
        given.uses("now"),
        Uses {
            volatile: true,
            ..Uses::default()
        }
    );
}

#[test]
fn times_print_as_rfc_3339_and_seconds() {
    let far = Given::nothing().local(
        "t",
        Type::Timestamp,
        Value::Timestamp {
            seconds: 1,
            nanos: 20_000_000,
        },
    );
    assert_eq!(far.text("t").as_deref(), Ok("1970-01-01T00:00:01.02Z"));
    assert_eq!(far.text("duration('1500ms')").as_deref(), Ok("1.5s"));
    assert_eq!(far.text("duration('-1ns')").as_deref(), Ok("-0.000000001s"));
    assert_eq!(
        far.text("[duration('2s'), t]").as_deref(),
        Ok(r#"["2s","1970-01-01T00:00:01.02Z"]"#)
    );
}
