//! The comments of a file's elements, and their places in the source.
//!
//! Both are in the source code info of a file, which compilers may leave out.

use std::collections::HashMap;

use prost_types::SourceCodeInfo;
use prost_types::source_code_info::Location;

/// A file's source locations, by the path of their element.
pub(super) struct Comments {
    locations: HashMap<Vec<i32>, Location>,
}

impl Comments {
    pub(super) fn of(info: SourceCodeInfo) -> Self {
        let mut locations = HashMap::new();
        for location in info.location {
            // An extend block and its first field may share a path; the first location is the element's own.
            locations.entry(location.path.clone()).or_insert(location);
        }
        Self { locations }
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
fn lines(comment: &str) -> String {
    let text = comment.strip_suffix('\n').unwrap_or(comment);
    text.split('\n')
        .flat_map(|line| ["//", line.trim_end(), "\n"])
        .collect()
}
