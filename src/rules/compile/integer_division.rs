//! Finds `a // b` in an expression: an integer division elsewhere, and in CEL `a`, with a comment.

use std::ops::Range;

/// The comment of an expression, if it is hardly one: a number, or the path of something.
pub(super) fn commented_divisor(source: &str) -> Option<Range<usize>> {
    let start = comment(source)?;
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

/// Where the first comment begins. The slashes in strings are none.
fn comment(source: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut quote = None;
    let mut at = 0;
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (None, byte @ (b'\'' | b'"')) => quote = Some(byte),
            (None, b'/') if bytes.get(at + 1) == Some(&b'/') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
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
