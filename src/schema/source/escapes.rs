//! Escapes in texts that protoc reads and the parser does not: surrogates, and numbers beyond a byte or beyond Unicode. And the
//! bytes of literals whose texts the parser does not take.

use std::ops::Range;

use crate::schema::stand_ins::{as_byte, text_of};

/// The text of literals that follow each other, with stand-ins for what is no UTF-8. `None` if the parser is to refuse one.
pub(super) fn text_of_literals<'l>(literals: impl Iterator<Item = &'l str>) -> Option<String> {
    let mut bytes = Vec::new();
    for literal in literals {
        append_literal(literal, &mut bytes)?;
    }
    Some(text_of(bytes))
}

/// Appends the bytes of a literal, which is given with its quotes.
fn append_literal(literal: &str, bytes: &mut Vec<u8>) -> Option<()> {
    let quote = literal.chars().next()?;
    let end = literal.len() - 1;
    if end == 0 || !literal.ends_with(quote) || literal.contains('\0') {
        return None;
    }
    let mut lowered = lowered_escapes(literal).into_iter().peekable();
    let mut at = 1;
    while at < end {
        if let Some((span, replaced)) = lowered.next_if(|(span, _)| span.start == at) {
            bytes.extend_from_slice(&replaced);
            at = span.end;
            continue;
        }
        let letter = literal[at..].chars().next()?;
        at += letter.len_utf8();
        if letter == '\\' {
            at += append_escape(&literal[at..end], bytes)?;
        } else if let Some(byte) = as_byte(letter) {
            bytes.push(byte);
        } else {
            append(letter, bytes);
        }
    }
    (at == end).then_some(())
}

/// Appends what an escape stands for that the parser reads too, and returns how long it is behind its backslash.
fn append_escape(text: &str, bytes: &mut Vec<u8>) -> Option<usize> {
    let run = |start: usize, longest: usize, base: u32| {
        let digits = text[start..].chars().take(longest);
        start + digits.take_while(|digit| digit.is_digit(base)).count()
    };
    let first = *text.as_bytes().first()?;
    let byte = match first {
        b'a' => 7,
        b'b' => 8,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 11,
        b'f' => 12,
        b'r' => b'\r',
        b'\\' | b'\'' | b'"' | b'?' => first,
        b'0'..=b'7' => {
            let end = run(0, 3, 8);
            bytes.push(u32::from_str_radix(&text[..end], 8).ok()? as u8);
            return Some(end);
        }
        b'x' | b'X' => {
            let end = run(1, 2, 16);
            bytes.push(u8::from_str_radix(&text[1..end], 16).ok()?);
            return Some(end);
        }
        b'u' | b'U' => {
            let count = if first == b'u' { 4 } else { 8 };
            append(char::from_u32(digits(text, 1, count)?)?, bytes);
            return Some(1 + count);
        }
        _ => return None,
    };
    bytes.push(byte);
    Some(1)
}

/// Bytes as escapes of three octal digits.
pub(super) fn octal(bytes: &[u8]) -> String {
    let escapes: Vec<String> = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
    escapes.concat()
}

fn append(letter: char, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The escapes of a text, given with its quotes, that have to be written in another way: where each is, and its bytes.
pub(super) fn lowered_escapes(text: &str) -> Vec<(Range<usize>, Vec<u8>)> {
    let bytes = text.as_bytes();
    let mut lowered = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        let start = at + found;
        let (end, replaced) = match bytes.get(start + 1) {
            Some(b'u') => unicode(text, start),
            Some(b'U') => match digits(text, start + 2, 8) {
                Some(point @ 0xD800..0xE000) => (start + 10, Some(code_point(point))),
                // Beyond Unicode the escape stands for itself. protoc refuses one that has more than 21 bits, as the parser does.
                Some(0x11_0000..0x20_0000) => (start + 10, Some(bytes[start..start + 10].to_vec())),
                _ => (start + 2, None),
            },
            Some(b'4'..=b'7') => great_octal(text, start),
            Some(other) if other.is_ascii() => (start + 2, None),
            _ => (start + 1, None),
        };
        if let Some(replaced) = replaced {
            lowered.push((start..end, replaced));
        }
        at = end;
    }
    lowered
}

/// `\u` with four digits: a surrogate takes the one that follows it along if they make a pair.
fn unicode(text: &str, start: usize) -> (usize, Option<Vec<u8>>) {
    let Some(first) = digits(text, start + 2, 4) else {
        return (start + 2, None);
    };
    if !(0xD800..0xE000).contains(&first) {
        return (start + 6, None);
    }
    let second = text[start + 6..]
        .strip_prefix("\\u")
        .and_then(|_| digits(text, start + 8, 4));
    match second {
        Some(second @ 0xDC00..0xE000) if first < 0xDC00 => {
            let point = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            (start + 12, Some(code_point(point)))
        }
        _ => (start + 6, Some(code_point(first))),
    }
}

/// Three octal digits beyond a byte lose their highest bit.
fn great_octal(text: &str, start: usize) -> (usize, Option<Vec<u8>>) {
    let digits = text.get(start + 1..start + 4);
    let number = digits.and_then(|digits| u32::from_str_radix(digits, 8).ok());
    match number {
        Some(number) => (start + 4, Some(vec![number as u8])),
        None => (start + 2, None),
    }
}

fn digits(text: &str, start: usize, count: usize) -> Option<u32> {
    let digits = text.get(start..start + count)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// A number as UTF-8 encodes it, also one that is no character.
fn code_point(point: u32) -> Vec<u8> {
    let tail = |shift: u32| 0x80 | ((point >> shift) & 0x3F) as u8;
    match point {
        0..0x80 => vec![point as u8],
        0x80..0x800 => vec![0xC0 | (point >> 6) as u8, tail(0)],
        0x800..0x1_0000 => vec![0xE0 | (point >> 12) as u8, tail(6), tail(0)],
        _ => vec![0xF0 | (point >> 18) as u8, tail(12), tail(6), tail(0)],
    }
}
