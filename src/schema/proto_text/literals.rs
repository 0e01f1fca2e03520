//! Literals of proto text: numbers. Strings are in `quoted`.

/// The shortest digits that a compiler reads as this value.
pub(super) fn float(value: f32) -> String {
    let short = format!("{value:?}");
    // A compiler reads a double, and makes a float of it.
    let is_read = short.parse::<f64>().is_ok_and(|read| read as f32 == value);
    if is_read && value.is_finite() {
        short
    } else {
        double(value.into())
    }
}

/// The shortest digits of a double, or the word for one that has none.
pub(super) fn double(value: f64) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_nan() {
        format!("{sign}nan")
    } else if value.is_infinite() {
        format!("{sign}inf")
    } else {
        format!("{value:?}")
    }
}

/// A range of numbers with an exclusive end.
pub(super) fn range(start: i32, end: i32, max: i32) -> String {
    match end {
        end if end == max => format!("{start} to max"),
        end if i64::from(end) == i64::from(start) + 1 => start.to_string(),
        end => format!("{start} to {}", end.wrapping_sub(1)),
    }
}
