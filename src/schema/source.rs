//! What the user gave: protos, folders of them, descriptor sets.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::imports::BUF_FILES;
use crate::error::Problem;
use crate::folder::{self, Contents};

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

/// Whether a file of this name, in a folder that is an input or an import path, can change the schema.
pub(crate) fn is_schema_source(name: &OsStr) -> bool {
    Path::new(name).extension() == Some(OsStr::new("proto")) || BUF_FILES.iter().any(|file| name == *file)
}

/// Every `.proto` in and below `folder`, sorted by path. Copies of `google/protobuf` are left out: the built-in files
/// win over them anyway.
pub(super) fn protos_below(folder: &Path) -> Result<Vec<PathBuf>, Vec<Problem>> {
    let Contents { files, errors, .. } = folder::contents_below(folder);
    let unreadable = |(folder, error): (PathBuf, std::io::Error)| {
        Problem::in_file(folder.display().to_string(), format!("cannot be read: {error}"))
    };
    let mut problems: Vec<Problem> = errors.into_iter().map(unreadable).collect();
    let is_copy = |file: &Path| {
        let mut folders = file.ancestors().skip(1).take_while(|above| *above != folder);
        folders.any(|above| above.ends_with("google/protobuf"))
    };
    let is_proto = |file: &&PathBuf| file.extension() == Some(OsStr::new("proto")) && !is_copy(file);
    let protos: Vec<PathBuf> = files.iter().filter(is_proto).cloned().collect();
    if protos.is_empty() && problems.is_empty() {
        let problem = Problem::in_file(
            folder.display().to_string(),
            "there is no .proto file in this folder",
        );
        problems.push(match files.iter().find(|file| is_descriptor_set(file)) {
            Some(set) => problem.with_hint(format!("descriptor sets are given by name: {}", set.display())),
            None => problem,
        });
    }
    if problems.is_empty() {
        Ok(protos)
    } else {
        Err(problems)
    }
}
