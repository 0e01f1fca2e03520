//! [`Lowered`]: a text for the parser, and the way back from its places to those of the text that was written.
//!
//! The places of a lowered text are in order, and so are its edits: an offset is found by the last edit before it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::comments::Commented;
use super::edition::{EditionText, Replacement};

/// A text for the parser, and the way back to the one that was written.
#[derive(Debug)]
pub(super) struct Lowered<'t> {
    pub(super) text: Cow<'t, str>,
    edits: Vec<Edit>,
    /// What the placeholders stand for, by their numbers.
    pub(super) names: Vec<String>,
    /// What was taken out of a text with an edition.
    pub(super) edition: Option<EditionText>,
    /// The great numbers, by where they were written.
    pub(super) numbers: HashMap<usize, i32>,
    /// Where the texts of defaults are that stand as options for the parser, by where these begin.
    pub(super) text_defaults: HashMap<usize, usize>,
    /// The comments, which the parser does not deal out as protoc does.
    pub(super) comments: Vec<Commented>,
}

/// A place that is written in another way.
#[derive(Debug)]
struct Edit {
    written: Range<usize>,
    lowered: Range<usize>,
}

impl<'t> Lowered<'t> {
    /// `text` as it was written.
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            edits: Vec::new(),
            names: Vec::new(),
            edition: None,
            numbers: HashMap::new(),
            text_defaults: HashMap::new(),
            comments: Vec::new(),
        }
    }

    /// Writes places in another way. They are in the order of the text, and none is within another.
    pub(super) fn replace(&mut self, replaced: Vec<Replacement>) {
        if replaced.is_empty() {
            return;
        }
        let mut lowered = String::with_capacity(self.text.len() + 64);
        let mut copied = 0;
        for (written, replacement) in replaced {
            lowered.push_str(&self.text[copied..written.start]);
            let start = lowered.len();
            lowered.push_str(&replacement);
            copied = written.end;
            self.edits.push(Edit {
                written,
                lowered: start..lowered.len(),
            });
        }
        lowered.push_str(&self.text[copied..]);
        self.text = Cow::Owned(lowered);
    }

    /// Whether the text is as it was written.
    pub(super) fn is_as_written(&self) -> bool {
        self.edits.is_empty()
    }

    /// Where a span of the lowered text stands in the one that was written.
    pub(super) fn written(&self, span: Range<usize>) -> Range<usize> {
        // What was taken away in front of a span is not in it.
        let before = |edit: &Edit| edit.lowered.start < span.start || edit.lowered.end <= span.start;
        let start = self.offset(span.start, before, |edit| edit.start);
        let end = self.offset(span.end, |edit| edit.lowered.start < span.end, |edit| edit.end);
        start..end.max(start)
    }

    /// The offset in the text that was written, by the last edit `before` it; `within` chooses one for an offset within an
    /// edit.
    fn offset(
        &self,
        lowered: usize,
        before: impl Fn(&Edit) -> bool,
        within: fn(&Range<usize>) -> usize,
    ) -> usize {
        let before = self.edits.partition_point(before);
        match self.edits[..before].last() {
            None => lowered,
            Some(edit) if lowered < edit.lowered.end => within(&edit.written),
            Some(edit) => edit.written.end + (lowered - edit.lowered.end),
        }
    }
}
