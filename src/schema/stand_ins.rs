//! Bytes of a text that are no UTF-8, as characters that stand for them while it is compiled.
//!
//! protoc takes any bytes in comments and literals, as those of old protos in Latin-1, and the parser reads Rust strings. So
//! each such byte is a character at the end of Unicode's private use, U+10FF00 and the byte, until what is served is written. A text
//! that has one of these characters itself gets one for each of its bytes, so that all texts come back as they were.
//!
//! Literals become their bytes before the parser reads them. Names in JSON and reserved names, which it reads as texts, keep their
//! stand-ins until their file is linked. People never see one: problems show a text as it was written.

use std::ops::Range;

use bytes::Bytes;

use super::wire::{DescriptorKind, RecordValue, put, records};
use crate::error::{Replaced, SourceText};

/// The character that would stand for a zero byte.
const FIRST: u32 = 0x10_FF00;

/// What the stand-ins of bytes beyond ASCII begin with in UTF-8, and how long they are.
const BEGINNINGS: [&[u8]; 2] = [b"\xf4\x8f\xbe", b"\xf4\x8f\xbf"];
pub(super) const LENGTH: usize = 4;

/// A text with stand-ins for the bytes that are no UTF-8.
pub(super) fn text_of(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if !has_any(text.as_bytes()) => return text,
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len() + 64);
    let stand_in = |byte: &u8| char::from_u32(FIRST + u32::from(*byte));
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if is_stand_in(letter) {
                text.extend(
                    letter
                        .encode_utf8(&mut [0; LENGTH])
                        .as_bytes()
                        .iter()
                        .filter_map(stand_in),
                );
            } else {
                text.push(letter);
            }
        }
        text.extend(chunk.invalid().iter().filter_map(stand_in));
    }
    text
}

/// Whether a character stands for a byte.
pub(super) fn is_stand_in(letter: char) -> bool {
    letter >= '\u{10ff80}'
}

/// Whether there are any in a text.
pub(super) fn has_any(text: &[u8]) -> bool {
    let mut rest = text;
    // Nearly no text has the first of these bytes.
    while let Some(found) = rest.iter().position(|byte| *byte == BEGINNINGS[0][0]) {
        rest = &rest[found..];
        if BEGINNINGS.iter().any(|beginning| rest.starts_with(beginning)) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// Where stand-ins are in a literal, each with its byte; not those behind a backslash, which is no escape that there is.
pub(super) fn in_literal(literal: &str) -> Vec<(Range<usize>, u8)> {
    let mut found = Vec::new();
    if !has_any(literal.as_bytes()) {
        return found;
    }
    let mut is_escaped = false;
    for (at, letter) in literal.char_indices() {
        if let Some(byte) = as_byte(letter).filter(|_| !is_escaped) {
            found.push((at..at + LENGTH, byte));
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    found
}

/// A source with stand-ins, which shows itself as it was written, with U+FFFD for what is no UTF-8.
pub(super) fn source_of(name: &str, text: String) -> SourceText {
    if !has_any(text.as_bytes()) {
        return SourceText::new(name, text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut replaced = Vec::new();
    let mut rest = &*text;
    while let Some(found) = rest.find(is_stand_in) {
        shown.push_str(&rest[..found]);
        rest = &rest[found..];
        let end = rest.find(|letter| !is_stand_in(letter)).unwrap_or(rest.len());
        let mut at = text.len() - rest.len();
        let mut show = |letter: char, bytes: usize| {
            let written = at..at + bytes * LENGTH;
            at = written.end;
            let start = shown.len();
            shown.push(letter);
            let shown = start..shown.len();
            replaced.push(Replaced { written, shown });
        };
        for chunk in bytes_of(&rest.as_bytes()[..end]).utf8_chunks() {
            chunk
                .valid()
                .chars()
                .for_each(|letter| show(letter, letter.len_utf8()));
            if !chunk.invalid().is_empty() {
                show(char::REPLACEMENT_CHARACTER, chunk.invalid().len());
            }
        }
        rest = &rest[end..];
    }
    shown.push_str(rest);
    SourceText::shown_as(name, text, shown, replaced)
}

/// What people see of a part of a text with stand-ins.
pub(super) fn shown(text: String) -> String {
    if has_any(text.as_bytes()) {
        String::from_utf8_lossy(&bytes_of(text.as_bytes())).into_owned()
    } else {
        text
    }
}

/// A serialized file without options, with the bytes of its names in JSON and its reserved names.
pub(super) fn file_as_written(file: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(file.len());
    put_names(DescriptorKind::File, file, &mut written);
    written
}

fn put_names(kind: DescriptorKind, descriptor: &[u8], written: &mut Vec<u8>) {
    use DescriptorKind::{Enum, Field, Message};
    for record in records(descriptor).flatten() {
        match (kind, record.number, record.value) {
            (Message | Field, 10, RecordValue::Delimited(name)) | (Enum, 5, RecordValue::Delimited(name)) => {
                put(record.number, &bytes_of(name), written);
            }
            (_, _, RecordValue::Delimited(contents))
                if let Some(child) = kind.child(record.number).filter(|_| has_any(contents)) =>
            {
                let mut inner = Vec::with_capacity(contents.len());
                put_names(child, contents, &mut inner);
                put(record.number, &inner, written);
            }
            _ => written.extend_from_slice(record.whole),
        }
    }
}

/// A serialized `SourceCodeInfo` with the bytes of its comments.
pub(super) fn info_as_written(info: &Bytes) -> Bytes {
    if !has_any(info) {
        return info.clone();
    }
    let mut written = Vec::with_capacity(info.len());
    for location in records(info).flatten() {
        let RecordValue::Delimited(contents) = location.value else {
            continue;
        };
        let mut inner = Vec::with_capacity(contents.len());
        for record in records(contents).flatten() {
            match record.value {
                // Path and span are numbers.
                RecordValue::Delimited(comment) if record.number > 2 && has_any(comment) => {
                    put(record.number, &bytes_of(comment), &mut inner);
                }
                _ => inner.extend_from_slice(record.whole),
            }
        }
        put(location.number, &inner, &mut written);
    }
    written.into()
}

/// A text with the bytes for which it has stand-ins.
pub(super) fn bytes_of(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in String::from_utf8_lossy(text).chars() {
        if let Some(byte) = as_byte(letter) {
            bytes.push(byte);
        } else {
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    bytes
}

/// The byte for which a character stands, if it stands for one.
pub(super) fn as_byte(letter: char) -> Option<u8> {
    is_stand_in(letter).then(|| (u32::from(letter) - FIRST) as u8)
}

#[cfg(test)]
mod tests {
    use miette::Diagnostic as _;

    use super::*;
    use crate::error::Problem;

    #[test]
    fn every_text_comes_back_as_it_was() {
        let texts: [&[u8]; 6] = [
            b"plain",
            "\u{e9}\u{10ff00}\u{10ff7f}".as_bytes(),
            b"caf\xe9\xff\x80",
            "\u{10ff80}\u{10ffff}".as_bytes(),
            b"\xf4\x8f\xbe",
            b"\xf4\x8f\xbf\xbf\xed\xa0\xbd\xf4\xf4\x8f\xbe\x80",
        ];
        for text in texts {
            let with_stand_ins = text_of(text.to_vec());
            assert_eq!(bytes_of(with_stand_ins.as_bytes()), text);
            let is_plain = text.utf8_chunks().all(|chunk| chunk.invalid().is_empty()) && !has_any(text);
            assert_eq!(with_stand_ins.as_bytes() == text, is_plain, "{text:?}");
            let source = source_of("f", with_stand_ins);
            let end = source.position(source.text().len()).expect("the end has a place");
            let seen = String::from_utf8_lossy(text);
            assert_eq!(end, (1, seen.chars().count() + 1), "{text:?}");
        }
    }

    #[test]
    fn problems_show_the_text_that_was_written() {
        let source = source_of(
            "f",
            text_of(b"a\xff\n\xe9\xff \xf4\x8f\xbf\xbf\xf4\x8f:\tb".to_vec()),
        );
        let at = source.text().find('b').expect("it is in the text");
        assert_eq!(source.position(at), Some((2, 8)));
        let odd = source.text().find('\u{10fff4}').expect("it is in the text");
        let problem = Problem::at(&source, odd..at + 1, "odd");
        let label = problem
            .labels()
            .into_iter()
            .flatten()
            .next()
            .expect("it has a place");
        let code = problem.source_code().expect("it has a text");
        let shown = code.read_span(label.inner(), 1, 0).expect("it is in the text");
        let wanted = "a\u{fffd}\n\u{fffd}\u{fffd} \u{10ffff}\u{fffd}:\tb";
        assert_eq!(String::from_utf8_lossy(shown.data()), wanted);
        let span = label.offset()..label.offset() + label.len();
        assert_eq!(&wanted[span], "\u{10ffff}\u{fffd}:\tb");
    }
}
