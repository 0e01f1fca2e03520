//! Finds `a // b` in an expression: an integer division elsewhere, and in CEL `a`, with a comment.

use std::ops::Range;

use super::interpolation::strings;

/// The comment of an expression, if it is hardly one: a number, or the path of something.
pub(super) fn commented_divisor(source: &str) -> Option<Range<usize>> {
    let mut slashes = source.match_indices("//").map(|(at, _)| at);
    let start = slashes.find(|at| !strings(source).any(|string| string.contains(at)))?;
    let end = source[start..].find('\n').map_or(source.len(), |end| start + end);
    let divisor = source[start + 2..end].trim();
    let is_divisor = !divisor.is_empty()
        && divisor
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        // A word alone is a comment, too.
        && (divisor.contains('.') || divisor.bytes().all(|byte| byte.is_ascii_digit()));
    is_divisor.then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_that_is_a_divisor_is_found() {
        for (source, found) in [
            ("request.count // 2", true),
            ("request.count // request.size\n + 1", true),
            ("request.count // how many", false),
            ("request.count // cents", false),
            ("'http://1.2'", false),
            (r#""a\"//2""#, false),
            ("a / 2", false),
            ("a //", false),
        ] {
            assert_eq!(commented_divisor(source).is_some(), found, "{source}");
        }
    }
}
