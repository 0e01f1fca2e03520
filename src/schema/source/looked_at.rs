//! [`LookedAt`]: what one load has seen of the file system.
//!
//! Thousands of files import the same few, from folders that have the same folders above them. Each place is looked at once
//! in a load; the next load looks again, so that a file which came meanwhile is found.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::schema::fast_map::FastMap;

/// What is where.
#[derive(Debug, Default)]
pub(super) struct LookedAt {
    /// As texts: as paths they would be taken apart each time.
    places: FastMap<OsString, Option<Place>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Input,
    /// Another file.
    File,
    Folder,
    Other,
}

impl LookedAt {
    /// With the files that are inputs.
    pub(super) fn with_inputs<'p>(files: impl Iterator<Item = &'p Path>) -> Self {
        Self {
            places: files.map(|file| (file.into(), Some(Place::Input))).collect(),
        }
    }

    pub(super) fn is_file(&mut self, path: &Path) -> bool {
        matches!(self.at(path), Some(Place::File | Place::Input))
    }

    /// Whether an input is at the path.
    pub(super) fn is_input(&self, path: &Path) -> bool {
        self.places.get(path.as_os_str()) == Some(&Some(Place::Input))
    }

    pub(super) fn is_folder(&mut self, path: &Path) -> bool {
        self.at(path) == Some(Place::Folder)
    }

    /// Whether anything is at the path. A link that leads nowhere is nothing.
    pub(super) fn is_there(&mut self, path: &Path) -> bool {
        self.at(path).is_some()
    }

    fn at(&mut self, path: &Path) -> Option<Place> {
        if let Some(known) = self.places.get(path.as_os_str()) {
            return *known;
        }
        let place = fs::metadata(path).ok().map(|metadata| {
            if metadata.is_file() {
                Place::File
            } else if metadata.is_dir() {
                Place::Folder
            } else {
                Place::Other
            }
        });
        self.places.insert(path.into(), place);
        place
    }
}
