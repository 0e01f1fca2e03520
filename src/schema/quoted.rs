//! Texts as proto text and people get them: escaped, since many need not be UTF-8.

use std::fmt::Write as _;

/// A string literal.
pub(super) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", escaped(bytes))
}

/// What is between the quotes of a string literal. Control characters and bytes that are not UTF-8 are escaped byte by byte.
pub(super) fn escaped(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    let escape = |escaped: &mut String, byte: u8| {
        let _ = write!(escaped, "\\{byte:03o}");
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => escaped.push_str("\\n"),
                '\r' => escaped.push_str("\\r"),
                '\t' => escaped.push_str("\\t"),
                '"' | '\\' => escaped.extend(['\\', character]),
                control if control.is_control() => {
                    for byte in control.encode_utf8(&mut [0; 4]).bytes() {
                        escape(&mut escaped, byte);
                    }
                }
                other => escaped.push(other),
            }
        }
        for byte in chunk.invalid() {
            escape(&mut escaped, *byte);
        }
    }
    escaped
}
