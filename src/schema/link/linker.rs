//! Links the files of a graph in two descriptor pools.
//!
//! The first pool takes the files one by one, so that problems of every file are found and not only of the first, and has
//! the types that options are read in. The result is bytes. The second pool is decoded from those bytes, and is the one that
//! is kept: the first has none of the custom options.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::guard::{check_map_entries, guarded};
use super::imports::{hidden_imports, visible_files, with_imports};
use super::order::dependency_order;
use super::text::{Known, LinkedFile, LinkedText, Refused, link_text};
use crate::error::{Problem, SourceText};
use crate::schema::compiled::SchemaFile;
use crate::schema::source::{FileContents, FileGraph, FileId, SetFile, same_file};

/// A pool and the files it was decoded from, each after those it imports.
pub(in crate::schema) struct Linked {
    pub(in crate::schema) pool: DescriptorPool,
    pub(in crate::schema) files: Vec<SchemaFile>,
}

/// Links all files of `graph`. Returns `None` if there are problems, which are added to those of the graph.
pub(in crate::schema) fn link(graph: &mut FileGraph) -> Option<Linked> {
    let order = dependency_order(graph);
    let mut linker = Linker {
        pool: DescriptorPool::new(),
        linked: vec![None; graph.files.len()],
        order: Vec::new(),
        problems: Vec::new(),
        known: Known::default(),
    };
    let counterparts: BTreeSet<FileId> = graph.counterparts.values().copied().collect();
    for id in order.into_iter().filter(|id| !counterparts.contains(id)) {
        linker.link(graph, id);
    }
    if !counterparts.is_empty() {
        linker.compare_counterparts(graph);
    }
    graph.problems.append(&mut linker.problems);
    if !graph.problems.is_empty() {
        return None;
    }
    linker.finish(graph)
}

struct Linker {
    pool: DescriptorPool,
    linked: Vec<Option<LinkedFile>>,
    order: Vec<FileId>,
    problems: Vec<Problem>,
    known: Known,
}

impl Linker {
    /// Links a file after its imports. If one of them failed, the file is skipped without a problem of its own.
    fn link(&mut self, graph: &FileGraph, id: FileId) {
        if !self.imports_are_linked(graph, id) {
            return;
        }
        match link_into(&mut self.pool, graph, &mut self.known, id, None) {
            // A text with a problem stays in the pool, so that those of its importers are found as well.
            Ok(LinkedText { file, problems }) => {
                self.problems.extend(problems);
                self.linked[id] = Some(file);
                self.order.push(id);
            }
            Err(refused) => {
                self.problems.extend(refused.problems);
                // A pool that refused a file may have kept extensions of it.
                if refused.left_in_pool || defines_extensions(graph, id) {
                    self.pool = pool_of(self.linked_files());
                }
            }
        }
    }

    fn imports_are_linked(&self, graph: &FileGraph, id: FileId) -> bool {
        let mut imports = graph.files[id].imports.iter();
        imports.all(|import| import.is_some_and(|id| self.linked[id].is_some()))
    }

    fn linked_files(&self) -> impl Iterator<Item = &LinkedFile> {
        self.order.iter().filter_map(|id| self.linked[*id].as_ref())
    }

    /// Compares texts with the files of sets that have the same names: they must define the same. The texts are linked
    /// in place of those files, in a separate pool.
    fn compare_counterparts(&mut self, graph: &FileGraph) {
        let mut pool = DescriptorPool::new();
        let mut known = Known::default();
        for id in self.order.clone() {
            let text = graph
                .counterparts
                .get(&id)
                .filter(|text| self.imports_are_linked(graph, **text));
            match text.map(|text| link_into(&mut pool, graph, &mut known, *text, Some(id))) {
                Some(Ok(LinkedText { file, problems })) => {
                    self.problems.extend(problems);
                    self.problems.extend(difference(graph, id, &file));
                }
                Some(Err(refused)) => self.problems.extend(refused.problems),
                None => {
                    note_symbols(&mut known, graph, id, id);
                    add_again(&mut pool, self.linked[id].as_ref());
                }
            }
        }
    }

    fn finish(self, graph: &mut FileGraph) -> Option<Linked> {
        let files = self
            .order
            .iter()
            .filter_map(|id| Some((*id, self.linked[*id].as_ref()?)));
        let set: Vec<u8> = files
            .clone()
            .flat_map(|(_, file)| {
                let mut record = Vec::new();
                prost::encoding::bytes::encode(1, &file.for_pool, &mut record);
                record
            })
            .collect();
        match guarded(|| DescriptorPool::decode(set.as_slice())) {
            Ok(Ok(pool)) => {
                let files = files.map(|(id, file)| SchemaFile {
                    name: graph.files[id].name.clone(),
                    descriptor: file.descriptor.clone(),
                    is_import: !graph.is_requested(id),
                });
                return Some(Linked {
                    files: files.collect(),
                    pool,
                });
            }
            Ok(Err(error)) => {
                let source = SourceText::new(error.file().unwrap_or("the files together"), "");
                graph.problems.extend(Problem::unfold(&source, &error));
            }
            Err(message) => graph.problems.push(Problem::new(message)),
        }
        None
    }
}

fn pool_of<'a>(files: impl Iterator<Item = &'a LinkedFile>) -> DescriptorPool {
    let mut pool = DescriptorPool::new();
    files.for_each(|file| add_again(&mut pool, Some(file)));
    pool
}

/// Adds a file that was linked before. If it does not decode, it is left out here, and the problem is found when all
/// files are decoded.
fn add_again(pool: &mut DescriptorPool, file: Option<&LinkedFile>) {
    if let Some(file) = file {
        let _ = guarded(|| pool.decode_file_descriptor_proto(file.for_pool.clone()));
    }
}

/// The problem of a text that, when compiled, differs from the file of a set with the same name.
fn difference(graph: &FileGraph, encoded: FileId, compiled: &LinkedFile) -> Option<Problem> {
    let FileContents::FromSet(file, set) = &graph.files[encoded].contents else {
        return None;
    };
    let FileContents::Text(text) = &graph.files[*graph.counterparts.get(&encoded)?].contents else {
        return None;
    };
    if same_file(&compiled.descriptor, &file.descriptor) {
        return None;
    }
    let message = format!("differs from the file '{}' of the set {set}", file.name);
    Some(Problem::in_file(text.source.name(), message).with_hint("give one of them"))
}

/// Adds one file to `pool`, which holds its imports. `twin` is the file of a set in whose place it is linked.
fn link_into(
    pool: &mut DescriptorPool,
    graph: &FileGraph,
    known: &mut Known,
    id: FileId,
    twin: Option<FileId>,
) -> Result<LinkedText, Refused> {
    note_symbols(known, graph, id, twin.unwrap_or(id));
    match &graph.files[id].contents {
        FileContents::Text(text) => link_text(pool, graph, known, id, text, twin),
        FileContents::FromSet(file, set) => {
            let file = link_set_file(
                pool,
                file,
                set,
                &hidden_imports(graph, id, &visible_files(graph, id)),
            )?;
            let problems = Vec::new();
            Ok(LinkedText { file, problems })
        }
        FileContents::Broken => Err(Refused {
            problems: Vec::new(),
            left_in_pool: false,
        }),
    }
}

/// Notes what a file defines, so that those that import `imported_as` can refer to it.
fn note_symbols(known: &mut Known, graph: &FileGraph, id: FileId, imported_as: FileId) {
    match &graph.files[id].contents {
        FileContents::Text(text) => known.symbols.add(imported_as, &text.descriptor),
        FileContents::FromSet(file, _) => {
            if let Ok(file) = FileDescriptorProto::decode(&*file.descriptor) {
                known.symbols.add(imported_as, &file);
            }
        }
        FileContents::Broken => {}
    }
}

/// Adds a file of the set `set`, with the imports that a pool needs.
fn link_set_file(
    pool: &mut DescriptorPool,
    file: &SetFile,
    set: &str,
    hidden: &[String],
) -> Result<LinkedFile, Refused> {
    let for_pool = with_imports(&file.descriptor, hidden);
    let in_set = |message: String| Problem::in_file(set, format!("file '{}': {message}", file.name));
    let left_in_pool = |message| Refused {
        problems: vec![in_set(message)],
        left_in_pool: true,
    };
    match guarded(|| pool.decode_file_descriptor_proto(for_pool.clone())) {
        Ok(Ok(())) => {
            let added = pool.get_file_by_name(&file.name).expect("it has just been added");
            check_map_entries(&added).map_err(left_in_pool)?;
            Ok(LinkedFile {
                descriptor: file.descriptor.clone(),
                for_pool,
            })
        }
        Ok(Err(error)) => {
            let problems = Problem::unfold(&SourceText::new(set, ""), &error);
            Err(Refused {
                problems: problems
                    .iter()
                    .map(|problem| in_set(problem.to_string()))
                    .collect(),
                left_in_pool: false,
            })
        }
        Err(message) => Err(left_in_pool(message)),
    }
}

fn defines_extensions(graph: &FileGraph, id: FileId) -> bool {
    match &graph.files[id].contents {
        FileContents::Text(text) => extensions(&text.descriptor).next().is_some(),
        FileContents::FromSet(..) => true,
        FileContents::Broken => false,
    }
}

/// The extension fields that a file defines, at any depth.
fn extensions(file: &FileDescriptorProto) -> impl Iterator<Item = &FieldDescriptorProto> {
    let mut messages: Vec<&DescriptorProto> = file.message_type.iter().collect();
    let nested = std::iter::from_fn(move || {
        let message = messages.pop()?;
        messages.extend(&message.nested_type);
        Some(&message.extension)
    });
    file.extension.iter().chain(nested.flatten())
}
