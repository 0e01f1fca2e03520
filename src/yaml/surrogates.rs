//! Characters beyond U+FFFF as JSON writes them: `\ud83d\ude00`, a pair of escapes for the halves of one character.
//!
//! YAML's escapes have no pairs, and its parser refuses each half. So a file with pairs is parsed with YAML's own escape in
//! the place of each, `\U0001f600`. Places are mapped back to the file as it is, and texts in which a backslash is no
//! escape get back what they had.

use std::fmt::Write as _;
use std::ops::Range;

/// How many bytes an escape of a half has, and YAML's escape of a whole character.
const HALF: usize = "\\ud83d".len();
const WHOLE: usize = "\\U0001f600".len();

/// A text whose pairs are joined.
#[derive(Debug)]
pub(super) struct JoinedPairs {
    pub(super) text: String,
    /// Where each pair was, as an offset into `text`, and what it was.
    pairs: Vec<(usize, String)>,
}

impl JoinedPairs {
    /// Joins the pairs of a text; `None` if it has none.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut joined = Self {
            text: String::new(),
            pairs: Vec::new(),
        };
        let mut copied = 0;
        for (at, escape) in escapes(text) {
            let halves = half(escape).zip(text.get(at + HALF..).and_then(half));
            let Some((high @ 0xd800..0xdc00, low @ 0xdc00..0xe000)) = halves else {
                continue;
            };
            if at < copied {
                continue;
            }
            let character = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            joined.text.push_str(&text[copied..at]);
            copied = at + 2 * HALF;
            joined
                .pairs
                .push((joined.text.len(), text[at..copied].to_owned()));
            let _ = write!(joined.text, "\\U{character:08x}");
        }
        joined.text.push_str(&text[copied..]);
        (!joined.pairs.is_empty()).then_some(joined)
    }

    /// The place in the file of an offset into the joined text.
    pub(super) fn original(&self, offset: usize) -> usize {
        offset + (2 * HALF - WHOLE) * self.pairs.partition_point(|(at, _)| *at < offset)
    }

    /// The text of a scalar in which a backslash is no escape; `span` is its place in the joined text.
    pub(super) fn restored(&self, scalar: &str, span: Range<usize>) -> String {
        let source = &self.text[span.clone()];
        // The scalar has the same ones in the same order.
        let mut ours = source.match_indices("\\U").map(|(at, _)| {
            let place = self.pairs.binary_search_by_key(&(span.start + at), |(at, _)| *at);
            place.ok().map(|place| self.pairs[place].1.as_str())
        });
        let mut restored = String::with_capacity(scalar.len());
        let mut copied = 0;
        for (at, _) in scalar.match_indices("\\U") {
            if let Some(Some(pair)) = ours.next() {
                restored.push_str(&scalar[copied..at]);
                restored.push_str(pair);
                copied = at + WHOLE;
            }
        }
        restored.push_str(&scalar[copied..]);
        restored
    }
}

/// The first half without the other one in a text in double quotes, which begins at `start`: its place, and what is wrong.
pub(super) fn lone_half(text: &str, start: usize) -> Option<(Range<usize>, String)> {
    let mut at = start + text.get(start..)?.starts_with('"').then_some(1)?;
    let number = loop {
        let rest = &text[at..];
        match rest.bytes().next()? {
            b'"' => return None,
            b'\\' => match half(rest) {
                Some(number) => break number,
                None => at += 1 + rest.chars().nth(1)?.len_utf8(),
            },
            _ => at += rest.chars().next()?.len_utf8(),
        }
    };
    let place = at..at + HALF;
    let escape = &text[place.clone()];
    let message = if number < 0xdc00 {
        format!("`{escape}` is the first half of a character, and the second does not follow")
    } else {
        format!("`{escape}` is the second half of a character, and the first is not before it")
    };
    Some((place, message))
}

/// Each backslash that begins an escape, if it is in double quotes, and the text from there on.
fn escapes(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let at = next + text.get(next..)?.find('\\')?;
        let rest = &text[at..];
        // An escaped backslash is no escape of what follows.
        next = at + if rest.starts_with("\\\\") { 2 } else { 1 };
        Some((at, rest))
    })
}

/// The number of a half that a text begins with, as an escape.
fn half(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)?;
    (0xd800..0xe000).contains(&number).then_some(number)
}
