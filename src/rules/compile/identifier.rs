//! Names that expressions can use.

use crate::cel::is_root_name;

/// Whether CEL accepts it as a name.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A name that was meant by a text that is none, such as `my-item`.
pub(super) fn as_identifier(name: &str) -> Option<String> {
    let plain: String = name
        .trim_matches(|edge: char| !edge.is_ascii_alphanumeric())
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    is_identifier(&plain).then_some(plain)
}

/// Why a name cannot be that of a variable beside `request` and the others that every expression knows.
pub(super) fn hides_root(name: &str) -> Option<String> {
    is_root_name(name)
        .then(|| format!("`{name}` has a meaning of its own in expressions, which this would hide"))
}
