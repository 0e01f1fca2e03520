//! The tokens of a proto, with their places: as much of its grammar as is needed to find statements.

use std::borrow::Cow;
use std::ops::Range;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::schema) struct Token {
    pub(in crate::schema) kind: TokenKind,
    pub(in crate::schema) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schema) enum TokenKind {
    Word,
    /// A number, with its point and exponent.
    Number,
    /// A text with its quotes. One that is not closed ends with its line.
    Text,
    Sign(u8),
}

/// A mistake in the tokens that the parser does not see.
#[derive(Debug)]
pub(super) struct TokenFault {
    pub(super) span: Range<usize>,
    pub(super) message: Cow<'static, str>,
    pub(super) hint: Option<&'static str>,
}

impl Token {
    pub(super) fn is_sign(&self, sign: u8) -> bool {
        self.kind == TokenKind::Sign(sign)
    }
}

/// The tokens of `text`, without blanks and comments.
pub(in crate::schema) fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let bytes = text.as_bytes();
    let mut next = 0;
    std::iter::from_fn(move || {
        loop {
            let start = next;
            let byte = *bytes.get(start)?;
            let kind = match byte {
                b'#' => {
                    next = end_of_line(bytes, start);
                    continue;
                }
                b'/' if bytes.get(start + 1) == Some(&b'/') => {
                    next = end_of_line(bytes, start);
                    continue;
                }
                b'/' if bytes.get(start + 1) == Some(&b'*') => {
                    let rest = bytes.get(start + 2..).unwrap_or_default();
                    let end = rest.windows(2).position(|pair| pair == b"*/");
                    next = end.map_or(bytes.len(), |end| start + end + 4);
                    continue;
                }
                b'"' | b'\'' => {
                    next = (end_of_text(bytes, start, byte) + 1).min(bytes.len());
                    TokenKind::Text
                }
                b'0'..=b'9' => {
                    next = end_of_number(bytes, start);
                    TokenKind::Number
                }
                b'.' if bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => {
                    next = end_of_number(bytes, start);
                    TokenKind::Number
                }
                b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                    next = end_while(bytes, start, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                    TokenKind::Word
                }
                _ if byte.is_ascii_punctuation() => {
                    next = start + 1;
                    TokenKind::Sign(byte)
                }
                _ => {
                    next = start + 1;
                    continue;
                }
            };
            return Some(Token {
                kind,
                span: start..next,
            });
        }
    })
}

/// The comments in what is between two tokens, with their signs.
pub(super) fn comments(gap: &str) -> Vec<Range<usize>> {
    let mut comments = Vec::new();
    let mut at = 0;
    while let Some(found) = gap[at..].find(['/', '#']) {
        let start = at + found;
        at = match gap[start..].strip_prefix("/*") {
            Some(rest) => rest.find("*/").map(|end| end + 4),
            None => gap[start..].find('\n'),
        }
        .map_or(gap.len(), |end| start + end);
        comments.push(start..at);
    }
    comments
}

fn end_while(bytes: &[u8], start: usize, holds: impl Fn(u8) -> bool) -> usize {
    let length = bytes[start..].iter().position(|byte| !holds(*byte));
    length.map_or(bytes.len(), |length| start + length)
}

fn end_of_line(bytes: &[u8], start: usize) -> usize {
    end_while(bytes, start, |byte| byte != b'\n')
}

/// The offset of the closing quote. A text that is not closed ends with its line.
fn end_of_text(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != quote && bytes[at] != b'\n' {
        let escaped = bytes[at] == b'\\' && bytes.get(at + 1).is_some_and(|byte| *byte != b'\n');
        at += if escaped { 2 } else { 1 };
    }
    at
}

/// The end of a number: decimal with point and exponent, octal, or hexadecimal.
fn end_of_number(bytes: &[u8], start: usize) -> usize {
    if bytes[start] == b'0' && matches!(bytes.get(start + 1), Some(b'x' | b'X')) {
        return end_while(bytes, start + 2, |byte| byte.is_ascii_hexdigit());
    }
    let mut end = end_while(bytes, start, |byte| byte.is_ascii_digit());
    if bytes.get(end) == Some(&b'.') {
        end = end_while(bytes, end + 1, |byte| byte.is_ascii_digit());
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(signed).is_some_and(u8::is_ascii_digit) {
            end = end_while(bytes, signed, |byte| byte.is_ascii_digit());
        }
    }
    end
}
