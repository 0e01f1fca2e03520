//! The text of a file that problems point into.
//!
//! A file may have thousands of problems, and each is printed with its line. So the lines of a text are found once, and a
//! place by them: the time for all problems grows with their number, and not with its product with the file's length.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::lines::Lines;

/// A text that problems point into, shared by all problems of one file.
#[derive(Clone)]
pub(crate) struct SourceText(Arc<Contents>);

struct Contents {
    name: String,
    text: String,
    /// Found when someone asks for the first time.
    lines: OnceLock<Lines>,
    /// What people see of it, if that is something else, and where it differs, in the order of the text.
    shown: Option<(SourceText, Vec<Replaced>)>,
}

/// A place of a text that people see as something else. It has no line break.
pub(crate) struct Replaced {
    pub(crate) written: Range<usize>,
    pub(crate) shown: Range<usize>,
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceText").field(&self.name()).finish()
    }
}

impl SourceText {
    /// `name` is the path as the user gave it.
    pub(crate) fn new(name: impl AsRef<str>, text: impl Into<String>) -> Self {
        Self::with_shown(name.as_ref(), text.into(), None)
    }

    /// A text that people see as another one.
    pub(crate) fn shown_as(name: &str, text: String, shown: String, replaced: Vec<Replaced>) -> Self {
        let shown = Self::new(name, shown);
        Self::with_shown(name, text, Some((shown, replaced)))
    }

    fn with_shown(name: &str, text: String, shown: Option<(Self, Vec<Replaced>)>) -> Self {
        Self(Arc::new(Contents {
            name: name.to_owned(),
            text,
            lines: OnceLock::new(),
            shown,
        }))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn text(&self) -> &str {
        &self.0.text
    }

    /// Line and column of a byte, both from 1; columns count characters, without a byte order mark. `None` past the end, or
    /// within a character.
    pub(crate) fn position(&self, offset: usize) -> Option<(usize, usize)> {
        if let Some((shown, _)) = &self.0.shown {
            return shown.position(self.shown_offset(offset));
        }
        let (line, start) = self.lines().of(offset);
        let before = self.text().get(start..offset)?;
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        Some((line + 1, before.chars().count() + 1))
    }

    /// Where a byte is in the text that people see, and in which excerpts are.
    pub(crate) fn shown_offset(&self, offset: usize) -> usize {
        let Some((_, replaced)) = &self.0.shown else {
            return offset;
        };
        let before = replaced.partition_point(|replaced| replaced.written.start <= offset);
        match replaced[..before].last() {
            None => offset,
            Some(Replaced { written, shown }) if offset < written.end => shown.start,
            Some(Replaced { written, shown }) => shown.end + (offset - written.end),
        }
    }

    /// Where its lines begin.
    pub(crate) fn lines(&self) -> &Lines {
        self.0.lines.get_or_init(|| Lines::new(self.text()))
    }
}

impl SourceCode for SourceText {
    /// What miette reads of a string, without a search from its beginning. The span is one of the text that people see.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        if let Some((shown, _)) = &self.0.shown {
            return shown.read_span(span, context_lines_before, context_lines_after);
        }
        let (line, _) = self.lines().of(span.offset());
        let first = line.saturating_sub(context_lines_before);
        let start = self.lines().start(first).ok_or(MietteError::OutOfBounds)?;
        let text = self.text().get(start..).ok_or(MietteError::OutOfBounds)?;
        let within = SourceSpan::from((span.offset() - start, span.len()));
        let read = text.read_span(&within, context_lines_before, context_lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name().to_owned(),
            read.data(),
            SourceSpan::from((read.span().offset() + start, read.span().len())),
            read.line() + first,
            read.column(),
            read.line_count() + first,
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_those_of_the_text() {
        let source = SourceText::new("f", "aé\n\nb\r\nlast");
        for (offset, position) in [
            (0, Some((1, 1))),
            (1, Some((1, 2))),
            (2, None),
            (3, Some((1, 3))),
            (4, Some((2, 1))),
            (5, Some((3, 1))),
            (8, Some((4, 1))),
            (12, Some((4, 5))),
            (13, None),
        ] {
            assert_eq!(source.position(offset), position, "{offset}");
        }
    }

    #[test]
    fn excerpts_are_those_of_the_text() {
        let text = "one\ntwo\nthree\nfour\n\nsix";
        let source = SourceText::new("f", text);
        for offset in 0..text.len() {
            for (before, after) in [(0, 0), (1, 1), (2, 1)] {
                let span = SourceSpan::from((offset, 2.min(text.len() - offset)));
                let ours = source.read_span(&span, before, after).expect("it is in the text");
                let whole = text.read_span(&span, before, after).expect("it is in the text");
                assert_eq!(
                    (ours.data(), ours.span(), ours.line(), ours.column()),
                    (whole.data(), whole.span(), whole.line(), whole.column()),
                    "{offset} {before} {after}"
                );
            }
        }
    }

    /// Each search from the beginning would read 4 MB, and all of them 800 GB.
    #[test]
    fn very_many_places_of_a_long_text_are_found() {
        let lines = 200_000;
        let source = SourceText::new("f", "a line of 20 letters\n".repeat(lines));
        let places = (0..lines).map(|line| source.position(line * 21 + 3));
        assert!(places.zip(1..).all(|(place, line)| place == Some((line, 4))));
        let mut excerpts = (0..lines).map(|line| source.read_span(&(line * 21, 5).into(), 1, 1));
        assert!(excerpts.all(|excerpt| excerpt.is_ok_and(|excerpt| excerpt.data().len() < 70)));
    }
}
