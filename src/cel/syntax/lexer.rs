//! Splits text into tokens; each is the longest that fits, as CEL's grammar asks.
//!
//! The lexer never fails: a character that begins no token is a token of its own, and so is a literal without an end.
//! No rule of the parser takes them, so that it reports them in their place. [`literals`](super::literals) reads what
//! literals hold.

use std::ops::Range;

/// A token and its place, as byte offsets into the text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Int,
    Uint,
    Double,
    /// With its quotes, and an `r` before them where it is raw.
    String,
    /// A `b`, and the rest as in [`TokenKind::String`].
    Bytes,
    /// Reserved words included, but not [keywords](KEYWORDS).
    Name,
    /// With its backquotes.
    QuotedName,
    True,
    False,
    Null,
    In,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Dot,
    Comma,
    Colon,
    Question,
    Not,
    Minus,
    Plus,
    Star,
    Slash,
    Percent,
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// A string, bytes or a quoted name that does not end; the token is its beginning up to the end of its line.
    Unclosed,
    /// A character that CEL has no use for.
    Unknown,
    /// Stands after the last token.
    End,
}

/// Words that are tokens of their own, and never names.
const KEYWORDS: [(&str, TokenKind); 4] = [
    ("true", TokenKind::True),
    ("false", TokenKind::False),
    ("null", TokenKind::Null),
    ("in", TokenKind::In),
];

/// The symbols, the longer ones first.
const SYMBOLS: [(&str, TokenKind); 24] = [
    ("&&", TokenKind::And),
    ("||", TokenKind::Or),
    ("==", TokenKind::Equal),
    ("!=", TokenKind::NotEqual),
    ("<=", TokenKind::LessOrEqual),
    (">=", TokenKind::GreaterOrEqual),
    ("(", TokenKind::LeftParen),
    (")", TokenKind::RightParen),
    ("[", TokenKind::LeftBracket),
    ("]", TokenKind::RightBracket),
    ("{", TokenKind::LeftBrace),
    ("}", TokenKind::RightBrace),
    (".", TokenKind::Dot),
    (",", TokenKind::Comma),
    (":", TokenKind::Colon),
    ("?", TokenKind::Question),
    ("!", TokenKind::Not),
    ("-", TokenKind::Minus),
    ("+", TokenKind::Plus),
    ("*", TokenKind::Star),
    ("/", TokenKind::Slash),
    ("%", TokenKind::Percent),
    ("<", TokenKind::Less),
    (">", TokenKind::Greater),
];

/// All tokens of the text, with an [end](TokenKind::End).
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = skip_blanks(text, 0);
    while start < text.len() {
        let (kind, length) = token(&text[start..]);
        let span = start..start + length;
        start = skip_blanks(text, span.end);
        tokens.push(Token { kind, span });
    }
    tokens.push(Token {
        kind: TokenKind::End,
        span: text.len()..text.len(),
    });
    tokens
}

/// Where the white space and the comments at `place` end.
fn skip_blanks(text: &str, place: usize) -> usize {
    let mut rest = &text[place..];
    loop {
        rest = rest.trim_start_matches(['\t', ' ', '\r', '\n', '\u{c}']);
        if !rest.starts_with("//") {
            return text.len() - rest.len();
        }
        let end = rest.find('\n').unwrap_or(rest.len());
        rest = &rest[end..];
    }
}

/// The kind and the length of the token that the text begins with.
fn token(text: &str) -> (TokenKind, usize) {
    match text.as_bytes() {
        [b'0'..=b'9', ..] | [b'.', b'0'..=b'9', ..] => number(text),
        [b'`', ..] => quoted_name(text),
        [b'\'' | b'"', ..]
        | [b'r' | b'R' | b'b' | b'B', b'\'' | b'"', ..]
        | [b'b' | b'B', b'r' | b'R', b'\'' | b'"', ..] => quoted(text),
        [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] => word(text),
        _ => symbol(text),
    }
}

fn number(text: &str) -> (TokenKind, usize) {
    let digits = |from: usize| length_of(&text[from..], |byte| byte.is_ascii_digit());
    let is_unsigned = |end: usize| matches!(text.as_bytes().get(end), Some(b'u' | b'U'));
    if let Some(rest) = text.strip_prefix("0x") {
        let end = 2 + length_of(rest, |byte| byte.is_ascii_hexdigit());
        if end > 2 {
            return if is_unsigned(end) {
                (TokenKind::Uint, end + 1)
            } else {
                (TokenKind::Int, end)
            };
        }
    }
    let mut end = digits(0);
    if is_unsigned(end) {
        return (TokenKind::Uint, end + 1);
    }
    let mut kind = TokenKind::Int;
    // `1.` is a number and a dot: `1.size()`.
    if text[end..].starts_with('.') && digits(end + 1) > 0 {
        kind = TokenKind::Double;
        end += 1 + digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            kind = TokenKind::Double;
            end += 1 + sign + exponent;
        }
    }
    (kind, end)
}

fn word(text: &str) -> (TokenKind, usize) {
    let length = length_of(text, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let keyword = KEYWORDS.iter().find(|(word, _)| *word == &text[..length]);
    (keyword.map_or(TokenKind::Name, |(_, kind)| *kind), length)
}

/// A name in backquotes, which may also have `.`, `-`, `/` and spaces.
fn quoted_name(text: &str) -> (TokenKind, usize) {
    let inner = length_of(&text[1..], |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b' ')
    });
    if inner > 0 && text[1 + inner..].starts_with('`') {
        (TokenKind::QuotedName, inner + 2)
    } else {
        (TokenKind::Unclosed, 1 + inner)
    }
}

/// A string or bytes, with its prefix.
fn quoted(text: &str) -> (TokenKind, usize) {
    let prefix = text.find(['\'', '"']).unwrap_or(0);
    let is_raw = text[..prefix].contains(['r', 'R']);
    let kind = if text.starts_with(['b', 'B']) {
        TokenKind::Bytes
    } else {
        TokenKind::String
    };
    let quote = &text[prefix..=prefix];
    let triple = quote.repeat(3);
    let (quotes, is_triple) = if text[prefix..].starts_with(&triple) {
        (triple.as_str(), true)
    } else {
        (quote, false)
    };
    let mut place = prefix + quotes.len();
    while let Some(next) = text[place..].chars().next() {
        if text[place..].starts_with(quotes) {
            return (kind, place + quotes.len());
        }
        if matches!(next, '\n' | '\r') && !is_triple {
            break;
        }
        place += next.len_utf8();
        if next == '\\' && !is_raw {
            let escaped = text[place..].chars().next();
            let is_in_line = |escaped: &char| is_triple || !matches!(escaped, '\n' | '\r');
            place += escaped.filter(is_in_line).map_or(0, char::len_utf8);
        }
    }
    let line = text.find(['\n', '\r']).unwrap_or(text.len());
    (TokenKind::Unclosed, line)
}

fn symbol(text: &str) -> (TokenKind, usize) {
    let known = SYMBOLS.iter().find(|(symbol, _)| text.starts_with(symbol));
    match known {
        Some((symbol, kind)) => (*kind, symbol.len()),
        None => (TokenKind::Unknown, text.chars().next().map_or(0, char::len_utf8)),
    }
}

/// How many bytes at the beginning of the text satisfy a condition that only ASCII does.
fn length_of(text: &str, is_so: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| is_so(*byte)).count()
}
