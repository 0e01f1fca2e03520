//! Escapes in texts that protoc reads and the parser does not: surrogates, and numbers beyond a byte or beyond Unicode.

use std::ops::Range;

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
                // Beyond Unicode the escape stands for itself.
                Some(point) if char::from_u32(point).is_none() => {
                    (start + 10, Some(bytes[start..start + 10].to_vec()))
                }
                _ => (start + 2, None),
            },
            Some(b'4'..=b'7') => octal(text, start),
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
fn octal(text: &str, start: usize) -> (usize, Option<Vec<u8>>) {
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
