//! Durations as text, in the grammar of Go's `time.ParseDuration`, which CEL's `duration()` takes too.
//!
//! A duration is a sequence of decimal numbers, each with a unit: `1h30m`, `-1.5s`, `200ms`. The units are `h`, `m`,
//! `s`, `ms`, `us` (or `µs`) and `ns`; a sign may come first, and `0` needs no unit.

/// The whole length in nanoseconds, exactly; what is finer is cut off. `None` if the text is no duration.
pub(crate) fn parse_nanoseconds(text: &str) -> Option<i128> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if unsigned.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    let mut rest = if unsigned == "0" { "" } else { unsigned };
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !is_of_number(c))?);
        let (unit, after) = after.split_at(after.find(is_of_number).unwrap_or(after.len()));
        total = total.checked_add(nanoseconds(number, unit)?)?;
        rest = after;
    }
    Some(if negative { -total } else { total })
}

fn is_of_number(character: char) -> bool {
    character == '.' || character.is_ascii_digit()
}

fn nanoseconds(number: &str, unit: &str) -> Option<i128> {
    let scale: i128 = match unit {
        "h" => 3_600_000_000_000,
        "m" => 60_000_000_000,
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        // The micro sign, and the Greek letter that looks like it.
        "us" | "µs" | "μs" => 1_000,
        "ns" => 1,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || whole.len() > 18 {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(18)];
    let parse = |digits: &str| {
        if digits.is_empty() {
            Some(0)
        } else {
            digits.parse::<i128>().ok()
        }
    };
    let tenths = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    Some(parse(whole)? * scale + parse(fraction)? * scale / tenths)
}

#[cfg(test)]
mod tests {
    use super::parse_nanoseconds;

    const SECOND: i128 = 1_000_000_000;

    #[test]
    fn durations_have_units() {
        for (text, nanoseconds) in [
            ("200ms", SECOND / 5),
            ("1.5s", SECOND * 3 / 2),
            ("1h30m", 90 * 60 * SECOND),
            ("-1.5h", -90 * 60 * SECOND),
            ("+.5s", SECOND / 2),
            ("1.s", SECOND),
            ("1µs2us3ns", 3003),
            ("0", 0),
            ("0.0000000019s", 1),
        ] {
            assert_eq!(parse_nanoseconds(text), Some(nanoseconds), "{text}");
        }
        for wrong in [
            "",
            "-",
            "5",
            "s",
            ".s",
            "1 s",
            "1x",
            "1..5s",
            "1.5.5s",
            "99999999999999999999999s",
        ] {
            assert_eq!(parse_nanoseconds(wrong), None, "{wrong}");
        }
    }
}
