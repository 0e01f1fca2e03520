//! [`SchemaBuilder`]: from inputs to a [`Schema`], or to everything that is wrong with them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use bytes::Bytes;

use super::graph::Graph;
use super::imports::ImportRoots;
use super::source::{self, SourceKind};
use super::{InputFolder, Schema, link, set};
use crate::Error;
use crate::error::{Problem, SourceText};

/// Collects what a [`Schema`] is made from.
///
/// ```no_run
/// let schema = protod::Schema::builder()
///     .input("api")
///     .input("descriptors/billing.binpb")
///     .import_path("third_party/googleapis")
///     .build()?;
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct SchemaBuilder {
    inputs: Vec<PathBuf>,
    import_paths: Vec<PathBuf>,
    descriptor_sets: Vec<Bytes>,
}

impl SchemaBuilder {
    /// Adds a `.proto` file, a folder with all the `.proto` files below it (hidden folders, `node_modules` and
    /// copies of `google/protobuf` left out), or a descriptor set (`.binpb .pb .protoset .desc .dsc .fds`).
    /// Default: none, and one is needed.
    pub fn input(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.push(path.into());
        self
    }

    /// Adds a folder that imports are looked up in before any other, as `protoc -I` does. Default: none; roots are
    /// found around the importing files.
    pub fn import_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.import_paths.push(folder.into());
        self
    }

    /// Adds a serialized `google.protobuf.FileDescriptorSet`. Default: none.
    pub fn descriptor_set(mut self, bytes: impl Into<Bytes>) -> Self {
        self.descriptor_sets.push(bytes.into());
        self
    }

    /// Reads, compiles and checks everything. The error holds every problem of every file.
    pub fn build(self) -> Result<Schema, Error> {
        let mut problems = Vec::new();
        for path in self.import_paths.iter().filter(|path| !path.is_dir()) {
            let message = "this import path is not a folder";
            problems.push(Problem::in_file(path.display().to_string(), message));
        }
        let import_paths = self.import_paths.iter().map(|path| absolute(path)).collect();
        let inputs = Inputs::read(&self.inputs, &mut problems);
        let sets = self.descriptor_sets.into_iter().zip(1..).map(|(bytes, number)| {
            let name = if number == 1 {
                "descriptor set".to_owned()
            } else {
                format!("descriptor set {number}")
            };
            (name, bytes)
        });
        let sets: Vec<(String, Bytes)> = inputs.sets.into_iter().chain(sets).collect();
        if self.inputs.is_empty() && sets.is_empty() {
            problems.push(Problem::new(
                "there is no input: a .proto, a folder or a descriptor set is needed",
            ));
        }

        let current_folder = env::current_dir().unwrap_or_default();
        let mut proto_folders: Vec<PathBuf> =
            inputs.protos.iter().map(|(.., folder)| folder.clone()).collect();
        proto_folders.dedup();
        let mut graph = Graph::new(ImportRoots::new(import_paths, proto_folders), current_folder);
        for (name, bytes) in sets {
            match set::read(&name, &bytes) {
                Ok(files) => graph.add_set(&name, files),
                Err(found) => problems.extend(found),
            }
        }
        for (path, name, folder) in &inputs.protos {
            graph.add_path(path, name, Some(folder));
        }
        problems.append(&mut graph.problems);
        graph.problems = problems;

        let mut schema = compile(&mut graph)?;
        let mut watch_paths: BTreeSet<PathBuf> = inputs.watch_paths;
        watch_paths.append(&mut graph.paths_read);
        watch_paths.append(&mut graph.roots.configuration_files);
        watch_paths.extend(graph.roots.given().iter().cloned());
        schema.watch_paths = watch_paths.into_iter().collect();
        schema.input_folders = inputs.folders;
        Ok(Schema::new(schema))
    }
}

/// Resolves and links what `graph` holds.
pub(super) fn compile(graph: &mut Graph) -> Result<super::Inner, Error> {
    graph.resolve();
    match link::link(graph) {
        Some(linked) => Ok(super::Inner::of(linked)),
        None => Err(Error::schema(in_order(std::mem::take(&mut graph.problems)))),
    }
}

/// Problems by file and place, each once.
fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_cached_key(|problem| (problem.file(), problem.position(), problem.to_string()));
    problems.dedup_by_key(|problem| problem.located());
    problems
}

/// Builds a schema of one text that lies on no disk.
pub(super) fn from_source(name: &str, text: &str) -> Result<Schema, Error> {
    let mut graph = Graph::new(ImportRoots::new(Vec::new(), Vec::new()), PathBuf::new());
    graph.add_loose_text(SourceText::new(name, text));
    compile(&mut graph).map(Schema::new)
}

/// The input paths, looked at.
#[derive(Debug, Default)]
struct Inputs {
    /// Path, the path as the user knows it, and the folder that it is an input of.
    protos: Vec<(PathBuf, String, PathBuf)>,
    sets: Vec<(String, Bytes)>,
    folders: Vec<InputFolder>,
    watch_paths: BTreeSet<PathBuf>,
}

impl Inputs {
    fn read(paths: &[PathBuf], problems: &mut Vec<Problem>) -> Self {
        let mut inputs = Self::default();
        for path in paths {
            match source::classify(path) {
                Ok(kind) => inputs.add(path, kind, problems),
                Err(problem) => problems.push(problem),
            }
        }
        inputs
    }

    fn add(&mut self, path: &Path, kind: SourceKind, problems: &mut Vec<Problem>) {
        let name = path.display().to_string();
        let own_folder = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => path,
        };
        let folder = if kind == SourceKind::Folder {
            path
        } else {
            own_folder
        };
        let whole = kind == SourceKind::Folder;
        match self.folders.iter_mut().find(|known| known.path == folder) {
            Some(known) => known.whole |= whole,
            None => self.folders.push(InputFolder {
                path: folder.to_owned(),
                whole,
            }),
        }
        self.watch_paths.insert(absolute(path));
        match kind {
            SourceKind::Proto => self.protos.push((absolute(path), name, absolute(folder))),
            SourceKind::Folder => match source::protos_below(path) {
                Ok(protos) => self.protos.extend(
                    protos
                        .iter()
                        .map(|proto| (absolute(proto), proto.display().to_string(), absolute(folder))),
                ),
                Err(found) => problems.extend(found),
            },
            SourceKind::DescriptorSet => match set::read_from_disk(path, &name) {
                Ok(bytes) => self.sets.push((name, bytes)),
                Err(problem) => problems.push(problem),
            },
        }
    }
}

/// The absolute path, without `..`, and with symbolic links as they are.
fn absolute(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let climbs = absolute
        .components()
        .any(|part| part == std::path::Component::ParentDir);
    if climbs {
        fs::canonicalize(&absolute).unwrap_or(absolute)
    } else {
        absolute
    }
}
