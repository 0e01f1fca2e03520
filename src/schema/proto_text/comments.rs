//! The comments of a file's elements, and their places in the source.
//!
//! Both are in the source code info of a file, which compilers may leave out.

use std::collections::HashMap;

use prost::Message as _;

use crate::schema::descriptor::{Location, SourceInfo};
use crate::schema::wire::{RecordValue, SOURCE_INFO, records};

/// A file's source locations, by the path of their element.
pub(super) struct Comments {
    locations: HashMap<Vec<i32>, Location>,
}

impl Comments {
    /// Those of a serialized file.
    pub(super) fn of(file: &[u8]) -> Self {
        let mut locations = HashMap::new();
        for record in records(file).flatten() {
            let (SOURCE_INFO, RecordValue::Delimited(info)) = (record.number, record.value) else {
                continue;
            };
            for location in SourceInfo::decode(info).unwrap_or_default().location {
                // An extend block and its first field may share a path; the first location is the element's own.
                locations.entry(location.path.clone()).or_insert(location);
            }
        }
        Self { locations }
    }

    /// Whether the place of an element is known.
    pub(super) fn has(&self, path: &[i32]) -> bool {
        self.locations.contains_key(path)
    }

    /// Where an element begins: line and column. Elements without source come last.
    pub(super) fn place(&self, path: &[i32]) -> (i32, i32) {
        match self.locations.get(path).map(|location| location.span.as_slice()) {
            Some([line, column, ..]) => (*line, *column),
            _ => (i32::MAX, i32::MAX),
        }
    }

    /// The comments before an element: its own, and those detached from it.
    pub(super) fn before(&self, path: &[i32]) -> String {
        let Some(location) = self.locations.get(path) else {
            return String::new();
        };
        let mut text = String::new();
        for detached in &location.leading_detached_comments {
            text += &lines(detached);
            text.push('\n');
        }
        if let Some(leading) = &location.leading_comments {
            text += &lines(leading);
        }
        text
    }

    /// The comment after an element, or after its opening brace.
    pub(super) fn after(&self, path: &[i32]) -> Option<String> {
        let location = self.locations.get(path)?;
        location.trailing_comments.as_deref().map(lines)
    }
}

/// A comment's text as `//` lines.
fn lines(comment: &[u8]) -> String {
    // A compiler takes a null for the end of the text.
    let text = String::from_utf8_lossy(comment).replace('\0', "\u{fffd}");
    let text = text.strip_suffix('\n').unwrap_or(&text);
    text.split('\n')
        .flat_map(|line| ["//", line.trim_end(), "\n"])
        .collect()
}
