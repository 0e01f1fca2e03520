//! The values of literals: numbers, strings and bytes.

use std::ops::Range;

use super::lexer::{Token, TokenKind};
use super::problems::{shortened, syntax_problem};
use super::tree::Literal;
use crate::cel::problem::ExprProblem;

/// The value of a literal's token, where `minus` says whether a number has a sign before it.
///
/// An error comes with a stand-in value, so that the parser can go on.
pub(super) fn literal(text: &str, token: &Token, minus: bool) -> Result<Literal, (Literal, ExprProblem)> {
    let written = &text[token.span.clone()];
    let out_of_range = |stand_in: Literal, hint: &str| {
        let message = format!(
            "the number `{}{}` is out of range",
            if minus { "-" } else { "" },
            shortened(written)
        );
        (
            stand_in,
            syntax_problem(token.span.clone(), message, hint.to_owned()),
        )
    };
    match token.kind {
        TokenKind::True => Ok(Literal::Bool(true)),
        TokenKind::False => Ok(Literal::Bool(false)),
        TokenKind::Int => int(written, minus)
            .map(Literal::Int)
            .ok_or_else(|| out_of_range(Literal::Int(0), "an int has 64 bits; `1.0` is a double")),
        TokenKind::Uint => uint(written)
            .map(Literal::Uint)
            .ok_or_else(|| out_of_range(Literal::Uint(0), "a uint has 64 bits; `1.0` is a double")),
        TokenKind::Double => double(written, minus)
            .map(Literal::Double)
            .ok_or_else(|| out_of_range(Literal::Double(0.0), "the largest double is about 1.8e308")),
        TokenKind::String => {
            let decoded = decode(text, &token.span, true);
            decoded
                .map(|bytes| Literal::String(String::from_utf8(bytes).expect("text and whole characters")))
                .map_err(|problem| (Literal::String(String::new()), problem))
        }
        TokenKind::Bytes => decode(text, &token.span, false)
            .map(Literal::Bytes)
            .map_err(|problem| (Literal::Bytes(Vec::new()), problem)),
        _ => Ok(Literal::Null),
    }
}

fn int(written: &str, minus: bool) -> Option<i64> {
    let (digits, radix) = match written.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (written, 10),
    };
    let size = u64::from_str_radix(digits, radix).ok()?;
    if minus {
        0_i64.checked_sub_unsigned(size)
    } else {
        i64::try_from(size).ok()
    }
}

fn uint(written: &str) -> Option<u64> {
    let digits = written.trim_end_matches(['u', 'U']);
    match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    }
}

fn double(written: &str, minus: bool) -> Option<f64> {
    let number: f64 = written.parse().ok()?;
    let number = if minus { -number } else { number };
    number.is_finite().then_some(number)
}

/// What a string or bytes literal holds, without prefix and quotes. Escapes are decoded, and line ends become `\n`.
fn decode(text: &str, span: &Range<usize>, is_text: bool) -> Result<Vec<u8>, ExprProblem> {
    let written = &text[span.clone()];
    let prefix = written.find(['\'', '"']).unwrap_or(0);
    let is_raw = written[..prefix].contains(['r', 'R']);
    let quoted = &written[prefix..];
    let is_triple = quoted.len() >= 6 && (quoted.starts_with("'''") || quoted.starts_with("\"\"\""));
    let quotes = if is_triple { 3 } else { 1 };
    let inner = &quoted[quotes..quoted.len() - quotes];

    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(special) = rest.find(['\\', '\r']) {
        bytes.extend_from_slice(&rest.as_bytes()[..special]);
        rest = &rest[special..];
        if let Some(after) = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\r')) {
            bytes.push(b'\n');
            rest = after;
        } else if is_raw {
            bytes.push(b'\\');
            rest = &rest[1..];
        } else {
            match escape(rest, is_text, &mut bytes) {
                Ok(length) => rest = &rest[length..],
                Err((length, hint)) => {
                    let start = span.start + prefix + quotes + inner.len() - rest.len();
                    let message = format!("`{}` is not an escape", rest[..length].escape_debug());
                    // `escape_debug` doubles the backslash.
                    let message = message.replace("\\\\", "\\");
                    return Err(syntax_problem(start..start + length, message, hint));
                }
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// Decodes the escape that the text begins with. Returns its length, or the length of the part that is wrong and a
/// hint.
fn escape(text: &str, is_text: bool, bytes: &mut Vec<u8>) -> Result<usize, (usize, &'static str)> {
    let Some(kind) = text[1..].chars().next() else {
        return Err((1, "write `\\\\` for a backslash"));
    };
    let simple = match kind {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' | '\'' | '"' | '`' | '?' => kind as u8,
        'x' | 'X' => {
            return code(text, 2..4, 16, is_text, bytes).ok_or((2, "two hexadecimal digits follow `\\x`"));
        }
        '0'..='3' => {
            return code(text, 1..4, 8, is_text, bytes).ok_or((2, "an octal escape has three digits"));
        }
        'u' | 'U' if !is_text => return Err((2, "bytes have no characters: write their bytes as `\\xff`")),
        'u' => {
            return code(text, 2..6, 16, is_text, bytes).ok_or((
                2,
                "`\\u` and four hexadecimal digits name a character that is no surrogate",
            ));
        }
        'U' => {
            return code(text, 2..10, 16, is_text, bytes).ok_or((
                2,
                "`\\U` and eight hexadecimal digits name a character, up to 10ffff",
            ));
        }
        other => {
            return Err((
                1 + other.len_utf8(),
                "write `\\\\` for a backslash, or `r` before the quotes",
            ));
        }
    };
    bytes.push(simple);
    Ok(2)
}

/// Appends the character with that code to a text, or the byte with that code to bytes. Returns where the escape ends.
fn code(text: &str, digits: Range<usize>, radix: u32, is_text: bool, bytes: &mut Vec<u8>) -> Option<usize> {
    let end = digits.end;
    let digits = text
        .get(digits)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let code = u32::from_str_radix(digits, radix).ok()?;
    if is_text {
        let character = char::from_u32(code)?;
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        bytes.push(u8::try_from(code).ok()?);
    }
    Some(end)
}
