//! How deep a text nests.
//!
//! The parser recurses into the braces of option values without a limit, and what follows it into the parts of option names,
//! so both are measured first.

use super::tokens::{TokenKind, tokens};

/// How deep braces may nest: messages nest at most 31 levels deep, and those in an option 100.
pub(super) const MAX_NESTING: usize = 140;

/// How many parts a name may have. A package may have no more in protoc, and each part of an option's name is a level.
pub(super) const MAX_NAME_PARTS: usize = 100;

/// The offset of the first bracket that opens level `limit + 1`. Brackets in strings and comments do not count.
pub(crate) fn first_bracket_below(text: &str, limit: usize) -> Option<usize> {
    let mut depth = 0_usize;
    signs(text).find_map(|(at, byte)| {
        match byte {
            b'{' | b'[' | b'<' => depth += 1,
            b'}' | b']' | b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth > limit).then_some(at)
    })
}

/// The offset of the first dot in a name after which the name has `limit + 1` parts.
pub(super) fn first_dot_beyond(text: &str, limit: usize) -> Option<usize> {
    let mut dots = 0_usize;
    signs(text).find_map(|(at, byte)| {
        match byte {
            b'.' => dots += 1,
            // `(a).b` is one name.
            b'(' | b')' => {}
            _ => dots = 0,
        }
        (dots >= limit).then_some(at)
    })
}

/// The signs of a text and their offsets, without those in strings, numbers and comments.
fn signs(text: &str) -> impl Iterator<Item = (usize, u8)> {
    tokens(text).filter_map(|token| match token.kind {
        TokenKind::Sign(sign) => Some((token.span.start, sign)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let text = "// {{{\n/* {{{ */ option (a) = { b: \"{{{\\\"{\" c: '{' # {{{\n };";
        assert_eq!(first_bracket_below(text, 1), None);
        assert_eq!(first_bracket_below(text, 0), Some(text.find("{ b").unwrap()));
    }

    #[test]
    fn parts_of_a_name_count_and_those_of_several_do_not() {
        let text = "option (a.b).c = 1.5; // a.b.c.d.e.f\npackage a.b.c; /* . */ option x = '.....';";
        assert_eq!(first_dot_beyond(text, 3), None);
        assert_eq!(first_dot_beyond(text, 2), text.find(".c"));
    }
}
