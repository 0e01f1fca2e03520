//! What the user gave: protos, folders of them, descriptor sets.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Problem;

/// What an input path turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceKind {
    Proto,
    Folder,
    DescriptorSet,
}

/// The extensions that descriptor sets go by.
const SET_EXTENSIONS: [&str; 6] = ["binpb", "pb", "protoset", "desc", "dsc", "fds"];

/// Tells what `path` is, by the file system and its extension.
pub(super) fn classify(path: &Path) -> Result<SourceKind, Problem> {
    let name = path.display().to_string();
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Problem::in_file(&name, "no such file or folder"),
        _ => Problem::in_file(&name, format!("cannot be read: {error}")),
    })?;
    if metadata.is_dir() {
        return Ok(SourceKind::Folder);
    }
    match path.extension().and_then(OsStr::to_str) {
        Some("proto") => Ok(SourceKind::Proto),
        _ if is_descriptor_set(path) => Ok(SourceKind::DescriptorSet),
        _ => {
            let known = SET_EXTENSIONS.map(|extension| format!(".{extension}")).join(" ");
            Err(
                Problem::in_file(name, "is neither a .proto nor a folder nor a descriptor set")
                    .with_hint(format!("the extensions of descriptor sets are {known}")),
            )
        }
    }
}

fn is_descriptor_set(path: &Path) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|extension| SET_EXTENSIONS.contains(&extension))
}

/// Every `.proto` below `folder`, sorted by path. Hidden folders, `node_modules` and copies of `google/protobuf` are
/// left out: what lies there is found when it is imported, and is nothing to serve.
pub(super) fn protos_below(folder: &Path) -> Result<Vec<PathBuf>, Vec<Problem>> {
    let mut protos = Vec::new();
    let mut problems = Vec::new();
    let mut a_set = None;
    let mut waiting = vec![folder.to_owned()];
    // A folder can be met again through a symbolic link.
    let mut visited = BTreeSet::new();
    while let Some(folder) = waiting.pop() {
        if !visited.insert(fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone())) {
            continue;
        }
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                let name = folder.display().to_string();
                problems.push(Problem::in_file(name, format!("cannot be read: {error}")));
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                let left_out = name.as_encoded_bytes().starts_with(b".")
                    || name == "node_modules"
                    || path.ends_with("google/protobuf");
                if !left_out {
                    waiting.push(path);
                }
            } else if path.extension() == Some(OsStr::new("proto")) {
                protos.push(path);
            } else if is_descriptor_set(&path) {
                a_set = Some(a_set.map_or(path.clone(), |first: PathBuf| first.min(path)));
            }
        }
    }
    if protos.is_empty() && problems.is_empty() {
        let problem = Problem::in_file(
            folder.display().to_string(),
            "there is no .proto file in this folder",
        );
        problems.push(match a_set {
            Some(set) => problem.with_hint(format!("descriptor sets are given by name: {}", set.display())),
            None => problem,
        });
    }
    protos.sort();
    if problems.is_empty() {
        Ok(protos)
    } else {
        Err(problems)
    }
}
