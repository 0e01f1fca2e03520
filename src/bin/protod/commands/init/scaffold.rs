//! The files of a new folder.
//!
//! They are kept as files in `template/` and compiled into the binary. Tests serve them, and walk through the README.

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
