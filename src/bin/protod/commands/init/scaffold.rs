//! The folder to begin with: the files as they are in `template/`, which tests serve and walk through.

use std::path::{Path, PathBuf};

const FILES: [(&str, &str); 3] = [
    ("proto/kitchen.proto", include_str!("template/kitchen.proto")),
    (
        "proto/kitchen.rules.yaml",
        include_str!("template/kitchen.rules.yaml"),
    ),
    ("README.md", include_str!("template/README.md")),
];

/// The files of a new folder, with their texts.
pub(super) fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    FILES
        .iter()
        .map(|(path, text)| (folder.join(path), (*text).to_owned()))
        .collect()
}
