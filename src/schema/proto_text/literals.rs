//! Literals of proto text: strings and numbers.

use std::fmt::Write as _;

/// A string literal. Control characters and bytes that are not UTF-8 are escaped byte by byte.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let mut literal = String::from("\"");
    let escape = |literal: &mut String, byte: u8| {
        let _ = write!(literal, "\\{byte:03o}");
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => literal.push_str("\\n"),
                '\r' => literal.push_str("\\r"),
                '\t' => literal.push_str("\\t"),
                '"' | '\\' => literal.extend(['\\', character]),
                control if control.is_control() => {
                    for byte in control.encode_utf8(&mut [0; 4]).bytes() {
                        escape(&mut literal, byte);
                    }
                }
                other => literal.push(other),
            }
        }
        for byte in chunk.invalid() {
            escape(&mut literal, *byte);
        }
    }
    literal.push('"');
    literal
}

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
