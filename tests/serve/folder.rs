//! The protos and rules of a test.

use tempfile::TempDir;

/// A folder with these files: names and contents.
pub(crate) fn folder<const FILES: usize>(files: [(&str, &str); FILES]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("it can be written");
    }
    folder
}
