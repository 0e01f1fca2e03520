//! The comments of protos, by the paths of the elements that they are about.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use prost_reflect::FileDescriptor;

type OfFile = HashMap<Vec<i32>, String>;

/// The comments of files, each of which is read once.
#[derive(Default)]
pub(crate) struct Comments {
    files: RefCell<HashMap<String, Rc<OfFile>>>,
}

impl Comments {
    /// What stands before an element, without the marks of comments.
    pub(crate) fn of(&self, file: &FileDescriptor, path: &[i32]) -> Option<String> {
        let mut files = self.files.borrow_mut();
        let of_file = files
            .entry(file.name().to_owned())
            .or_insert_with(|| Rc::new(read(file)));
        of_file.get(path).cloned()
    }
}

fn read(file: &FileDescriptor) -> OfFile {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let locations = info.iter().flat_map(|info| &info.location);
    let comments = locations.filter_map(|location| {
        let text = location
            .leading_comments
            .as_deref()
            .or(location.trailing_comments.as_deref())?;
        let lines: Vec<&str> = text
            .lines()
            .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
            .collect();
        let text = lines.join("\n").trim().to_owned();
        (!text.is_empty()).then(|| (location.path.clone(), text))
    });
    comments.collect()
}
