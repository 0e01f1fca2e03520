//! The inputs that the user named: protos, folders of them, descriptor sets.
//!
//! An input is recognized by what is on disk and by its extension; a descriptor set by its contents too, as every tool gives
//! them another one. For each, the folder is kept in which rules are looked for, and the path that the watcher observes.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::buf;
use super::set;
use crate::error::Problem;
use crate::folder::{self, Contents};
use crate::parallel;
use crate::schema::compiled::InputFolder;

/// What the input paths hold.
#[derive(Debug, Default)]
pub(in crate::schema) struct Inputs {
    pub(in crate::schema) protos: Vec<InputProto>,
    /// Descriptor sets, with the name that the user knows them by.
    pub(in crate::schema) sets: Vec<(String, Bytes)>,
    pub(in crate::schema) folders: Vec<InputFolder>,
    pub(in crate::schema) watch_paths: BTreeSet<PathBuf>,
}

/// A proto that is an input, or that a folder which is an input holds.
#[derive(Debug)]
pub(in crate::schema) struct InputProto {
    /// Absolute.
    pub(in crate::schema) path: PathBuf,
    /// The path as the user knows it.
    pub(in crate::schema) name: String,
    /// The folder that is the input, or that the input is in. Absolute.
    pub(in crate::schema) folder: Arc<Path>,
}

impl InputProto {
    /// `folder` is absolute.
    fn new(path: &Path, folder: &Arc<Path>) -> Self {
        Self {
            path: absolute(path),
            name: path.display().to_string(),
            folder: Arc::clone(folder),
        }
    }
}

impl Inputs {
    /// Looks at every input path. What is wrong with one is added to `problems`.
    pub(in crate::schema) fn read(paths: &[PathBuf], problems: &mut Vec<Problem>) -> Self {
        let mut inputs = Self::default();
        for path in paths {
            match classify(path) {
                Ok(kind) => inputs.add(path, kind, problems),
                Err(problem) => problems.push(problem),
            }
        }
        inputs
    }

    fn add(&mut self, path: &Path, kind: InputKind, problems: &mut Vec<Problem>) {
        let name = path.display().to_string();
        let own_folder = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => path,
        };
        let folder = if kind == InputKind::Folder {
            path
        } else {
            own_folder
        };
        let whole = kind == InputKind::Folder;
        match self.folders.iter_mut().find(|known| known.path == folder) {
            Some(known) => known.whole |= whole,
            None => self.folders.push(InputFolder {
                path: folder.to_owned(),
                whole,
            }),
        }
        self.watch_paths.insert(absolute(path));
        match kind {
            InputKind::Proto => self.protos.push(InputProto::new(path, &absolute(folder).into())),
            InputKind::Folder => match protos_below(path) {
                Ok(protos) => {
                    let folder = absolute(folder).into();
                    let new = |at: usize| InputProto::new(&protos[at], &folder);
                    self.protos.extend(parallel::map(protos.len(), new));
                }
                Err(found) => problems.extend(found),
            },
            InputKind::DescriptorSet => match set::read_from_disk(path, &name) {
                Ok(bytes) => self.sets.push((name, bytes)),
                Err(problem) => problems.push(problem),
            },
        }
    }
}

/// The kind of an input path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InputKind {
    Proto,
    Folder,
    DescriptorSet,
}

/// The extensions that descriptor sets have and hardly another file.
const SET_EXTENSIONS: [&str; 6] = ["binpb", "pb", "protoset", "desc", "dsc", "fds"];

/// The kind of `path`, according to the file system, its extension and its contents.
fn classify(path: &Path) -> Result<InputKind, Problem> {
    let name = path.display().to_string();
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let problem = Problem::in_file(&name, "no such file or folder");
            problem.with_hint_if(other_input(&name))
        }
        _ => Problem::in_file(&name, format!("cannot be read: {error}")),
    })?;
    if metadata.is_dir() {
        return Ok(InputKind::Folder);
    }
    // A pipe can be read once only.
    let beginning = metadata
        .is_file()
        .then(|| beginning_of(path))
        .flatten()
        .unwrap_or_default();
    let is_set = set::begins_as_set(&beginning);
    if path.extension() == Some(OsStr::new("proto")) {
        // A text may begin so by chance.
        let is_set = is_set && fs::read(path).is_ok_and(|contents| set::is_set(&contents));
        return Ok(if is_set {
            InputKind::DescriptorSet
        } else {
            InputKind::Proto
        });
    }
    if is_set || is_descriptor_set(path.as_os_str()) {
        return Ok(InputKind::DescriptorSet);
    }
    let hint = match &*beginning {
        [0x1f, 0x8b, ..] => "it is compressed: unpack it by `gunzip`",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "it is compressed: unpack it by `unzstd`",
        _ => set::HOW_TO_MAKE_A_SET,
    };
    let problem = Problem::in_file(name, "is neither a .proto nor a folder nor a descriptor set");
    Err(problem.with_hint(hint))
}

/// What to write instead of an input that is no path.
fn other_input(name: &str) -> Option<&'static str> {
    if name == "-" {
        Some("standard input is no input: write the set to a file, such as `api.binpb`")
    } else if name.contains("://") {
        Some(
            "URLs of protos are `grpc://HOST:PORT` and `grpcs://HOST:PORT`, servers with reflection, and `https://…`, descriptor sets",
        )
    } else {
        None
    }
}

/// The first bytes of a file, in which the name of the first file of a set ends.
fn beginning_of(path: &Path) -> Option<Vec<u8>> {
    let mut beginning = Vec::new();
    let file = File::open(path).ok()?;
    file.take(4096).read_to_end(&mut beginning).ok()?;
    Some(beginning)
}

fn is_proto(name: &OsStr) -> bool {
    Path::new(name).extension() == Some(OsStr::new("proto"))
}

fn is_descriptor_set(name: &OsStr) -> bool {
    Path::new(name)
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|extension| SET_EXTENSIONS.contains(&extension))
}

/// Whether a file of this name, in a folder that is an input or an import path, can change the schema.
pub(crate) fn is_schema_source(name: &OsStr) -> bool {
    is_proto(name) || buf::is_configuration(name)
}

/// Every `.proto` in and below `folder`, sorted by path. Copies of `google/protobuf` are left out, which big trees bring along
/// with tests of compilers: they are what an import leads to, and no inputs.
fn protos_below(folder: &Path) -> Result<Vec<PathBuf>, Vec<Problem>> {
    let Contents { files, errors, .. } =
        folder::contents_below(folder, |name| is_proto(name) || is_descriptor_set(name));
    let unreadable = |(folder, error): (PathBuf, std::io::Error)| {
        Problem::in_file(folder.display().to_string(), format!("cannot be read: {error}"))
    };
    let mut problems: Vec<Problem> = errors.into_iter().map(unreadable).collect();
    let is_copy = |file: &Path| {
        // Nearly no path has it.
        if !file
            .as_os_str()
            .as_encoded_bytes()
            .windows(8)
            .any(|part| part == b"protobuf")
        {
            return false;
        }
        let mut folders = file.ancestors().skip(1).take_while(|above| *above != folder);
        folders.any(|above| above.ends_with("google/protobuf"))
    };
    let has_name = |file: &Path, is_kind: fn(&OsStr) -> bool| file.file_name().is_some_and(is_kind);
    let is_input = |file: &&PathBuf| has_name(file, is_proto) && !is_copy(file);
    let (protos, others): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(|file| is_input(&file));
    if protos.is_empty() && problems.is_empty() {
        let set = others.iter().find(|file| has_name(file, is_descriptor_set));
        let message = match set {
            Some(_) => "this folder has descriptor sets and no .proto file",
            None => "there is no .proto file in this folder",
        };
        let problem = Problem::in_file(folder.display().to_string(), message);
        let hint = set.map(|set| format!("descriptor sets are given by name: {}", set.display()));
        problems.push(problem.with_hint_if(hint));
    }
    if problems.is_empty() {
        Ok(protos)
    } else {
        Err(problems)
    }
}

/// The absolute path. Symbolic links stay as they are, unless the path has a `..`.
pub(in crate::schema) fn absolute(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let climbs = absolute.components().any(|part| part == Component::ParentDir);
    if climbs {
        fs::canonicalize(&absolute).unwrap_or(absolute)
    } else {
        absolute
    }
}
