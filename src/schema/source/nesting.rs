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
    let mut depth = 0;
    signs(text).find_map(|(at, sign)| (depth_after(sign, &mut depth) > limit).then_some(at))
}

/// What of a text is first too deep for the parser, if anything is, in one pass: its offset, and what is wrong.
pub(super) fn first_too_deep(text: &str) -> Option<(usize, String)> {
    let (mut depth, mut dots) = (0, 0);
    signs(text).find_map(|(at, sign)| {
        let message = if depth_after(sign, &mut depth) > MAX_NESTING {
            format!("braces nest more than {MAX_NESTING} levels deep")
        } else if dots_after(sign, &mut dots) >= MAX_NAME_PARTS {
            format!("a name has more than {MAX_NAME_PARTS} parts")
        } else {
            return None;
        };
        Some((at, message))
    })
}

fn depth_after(sign: u8, depth: &mut usize) -> usize {
    match sign {
        b'{' | b'[' | b'<' => *depth += 1,
        b'}' | b']' | b'>' => *depth = depth.saturating_sub(1),
        _ => {}
    }
    *depth
}

/// How many dots a name has so far.
fn dots_after(sign: u8, dots: &mut usize) -> usize {
    match sign {
        b'.' => *dots += 1,
        // `(a).b` is one name.
        b'(' | b')' => {}
        _ => *dots = 0,
    }
    *dots
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
        let name = |parts: usize| format!("(a.b){}", ".c".repeat(parts - 2));
        let text = |parts| {
            let name = name(parts);
            format!("option {name} = 1.5; // {name}.d\npackage {name}; /* . */ option x = '{name}.d';")
        };
        assert_eq!(first_too_deep(&text(MAX_NAME_PARTS)), None);
        let (at, message) = first_too_deep(&text(MAX_NAME_PARTS + 1)).expect("it is too long");
        assert_eq!(&text(MAX_NAME_PARTS + 1)[at..at + 4], ".c =", "{message}");
    }
}
