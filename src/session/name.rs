//! Which names sessions can have.
//!
//! A name stands in a header as it is, and in the header `baggage` with or without percent-encoding, so it has none of the
//! characters that one of them gives a meaning to.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use crate::uuid;

/// How many bytes a name has at most.
pub(super) const MAX_NAME: usize = 128;

/// What else holds of names, for people.
pub(super) const NAME_RULES: &str = r#"printable ASCII without blanks, `"`, `,`, `;`, `\` and `%`"#;

/// Whether a session can have this name.
pub(super) fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\' | b'%');
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// A name that nobody else has: a call that names a session of another server, or of this one before it was started again,
/// must not find one here.
pub(super) fn made_up() -> String {
    // Each has random keys of its own.
    let random = || u128::from(RandomState::new().hash_one(()));
    uuid::version_4(random() << 64 | random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_headers_and_baggage_carry_as_they_are() {
        let longest = "x".repeat(MAX_NAME);
        for name in [
            "a",
            "checkout-7",
            "tests/shop.py::test_pay[eur]",
            "A=b&c~!'()",
            &longest,
        ] {
            assert!(is_name(name), "{name}");
        }
        let longer = "x".repeat(MAX_NAME + 1);
        for name in [
            "", " ", "a b", "a,b", "a;b", "a%20b", "\"a\"", "a\\b", "é", "a\tb", "a\u{7f}", &longer,
        ] {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn names_that_are_made_up_are_names_and_differ() {
        let names: std::collections::HashSet<String> = (0..1000).map(|_| made_up()).collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|name| is_name(name)));
    }
}
