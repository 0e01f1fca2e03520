//! Where a constraint stands in its proto, for problems.

use std::ops::Range;

use prost_reflect::FileDescriptor;

use crate::error::{Problem, SourceText};
use crate::schema::Schema;

/// The number of `options` in the descriptors of messages, and in those of fields.
pub(super) const OPTIONS_OF_MESSAGE: i32 = 7;
pub(super) const OPTIONS_OF_FIELD: i32 = 8;

/// An element of a file: its name, and its path among the file's descriptors.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) file: FileDescriptor,
    pub(super) path: Vec<i32>,
    /// The number of its options.
    pub(super) options: i32,
    /// What the problem is about: `message acme.Order`, `field acme.Order.id`.
    pub(super) what: String,
    /// The full name of the message type that it is, or is in.
    pub(super) message: String,
}

impl Place {
    /// A problem of the constraints here: at their place in the proto if its text is at hand.
    pub(super) fn problem(&self, schema: &Schema, message: &str) -> Problem {
        let message = format!("{}: {message}", self.what);
        let Some((name, text)) = schema.source_of(self.file.name()) else {
            return Problem::in_file(self.file.name(), message);
        };
        match self.span(&text) {
            Some(span) => Problem::at(&SourceText::new(name, text), span, message),
            None => Problem::in_file(name, message),
        }
    }

    /// The options, or else the element.
    fn span(&self, text: &str) -> Option<Range<usize>> {
        let info = self.file.file_descriptor_proto().source_code_info.as_ref()?;
        let options = [&self.path[..], &[self.options]].concat();
        let mut locations = info.location.iter();
        let of_options = locations.find(|location| location.path.starts_with(&options));
        let location = of_options.or_else(|| info.location.iter().find(|one| one.path == self.path))?;
        let (line, start, end) = match location.span[..] {
            [line, start, end] => (line, start, Some(end)),
            [line, start, ..] => (line, start, None),
            _ => return None,
        };
        let mut lines = text.split_inclusive('\n');
        let before: usize = lines
            .by_ref()
            .take(usize::try_from(line).ok()?)
            .map(str::len)
            .sum();
        let line = lines.next()?.trim_end();
        let place = |column: i32| {
            let column = usize::try_from(column).unwrap_or(0).min(line.len());
            (0..=column)
                .rev()
                .find(|at| line.is_char_boundary(*at))
                .unwrap_or(0)
        };
        let end = end.map_or(line.len(), place);
        Some(before + place(start)..before + end.max(place(start)))
    }
}
