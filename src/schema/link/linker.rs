//! Links the files of a graph in two descriptor pools.
//!
//! The first pool links the texts one by one, so that problems of every file are found and not only of the first. Its
//! result is bytes. The second pool is decoded from those bytes, and is the one that is kept: a pool filled from text
//! ignores `[packed = …]`.

use std::collections::BTreeSet;

use bytes::Bytes;
use prost_reflect::{DescriptorError, DescriptorPool};
use prost_types::field_descriptor_proto::Label;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::empty_options::EmptyOptions;
use super::guard::{check_map_entries, guarded};
use super::imports::{hidden_imports, with_imports, without_last_imports};
use super::map_order::with_maps_in_order;
use super::order::dependency_order;
use crate::error::{Problem, SourceText};
use crate::schema::check::{Checks, check_file};
use crate::schema::compiled::SchemaFile;
use crate::schema::source::{FileContents, FileGraph, FileId, same_file};

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
        checks: Checks::default(),
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

/// One linked file.
#[derive(Debug, Clone)]
struct LinkedFile {
    /// The bytes that the schema hands out.
    descriptor: Bytes,
    /// The same bytes with all imports that a pool needs: see [`hidden_imports`].
    for_pool: Bytes,
}

struct Linker {
    pool: DescriptorPool,
    linked: Vec<Option<LinkedFile>>,
    order: Vec<FileId>,
    problems: Vec<Problem>,
    checks: Checks,
}

impl Linker {
    /// Links a file after its imports. If one of them failed, the file is skipped without a problem of its own.
    fn link(&mut self, graph: &FileGraph, id: FileId) {
        if !self.imports_are_linked(graph, id) {
            return;
        }
        match link_into(&mut self.pool, graph, id) {
            Ok(file) => {
                self.check(graph, id, &file);
                self.linked[id] = Some(file);
                self.order.push(id);
                if defines_packed_options(graph, id) {
                    self.pool = pool_of(self.linked_files());
                }
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

    /// Checks a text that has been linked. It stays in the pool whatever is wrong with it, so that the problems of its
    /// importers are found as well.
    fn check(&mut self, graph: &FileGraph, id: FileId, linked: &LinkedFile) {
        if let FileContents::Text(text) = &graph.files[id].contents {
            let file = self
                .pool
                .get_file_by_name(text.descriptor.name())
                .expect("it has just been added");
            let problems = check_file(
                &mut self.checks,
                &text.source,
                &text.descriptor,
                &linked.descriptor,
                &file,
            );
            self.problems.extend(problems);
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
        for id in self.order.clone() {
            let text = graph
                .counterparts
                .get(&id)
                .filter(|text| self.imports_are_linked(graph, **text));
            match text.map(|text| link_into(&mut pool, graph, *text)) {
                Some(Ok(compiled)) => self.problems.extend(difference(graph, id, &compiled)),
                Some(Err(refused)) => self.problems.extend(refused.problems),
                None => add_again(&mut pool, self.linked[id].as_ref()),
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

/// Why a file could not be linked.
struct LinkFailure {
    problems: Vec<Problem>,
    /// Whether the pool may have the file, or a part of it, nevertheless.
    left_in_pool: bool,
}

impl LinkFailure {
    fn by_the_pool(problems: Vec<Problem>) -> Self {
        Self {
            problems,
            left_in_pool: false,
        }
    }

    fn too_late(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
            left_in_pool: true,
        }
    }
}

/// Adds one file to `pool`, which holds its imports.
fn link_into(pool: &mut DescriptorPool, graph: &FileGraph, id: FileId) -> Result<LinkedFile, LinkFailure> {
    let hidden = hidden_imports(graph, id);
    match &graph.files[id].contents {
        FileContents::Text(text) => {
            let mut descriptor = text.descriptor.clone();
            descriptor.dependency.extend(hidden.iter().cloned());
            let empty_options = EmptyOptions::take_from(&mut descriptor);
            let name = descriptor.name().to_owned();
            let in_text = |message| LinkFailure::too_late(Problem::in_file(text.source.name(), message));
            match guarded(|| pool.add_file_descriptor_proto(descriptor)) {
                Ok(Ok(())) => {
                    let file = pool.get_file_by_name(&name).expect("it has just been added");
                    check_map_entries(&file).map_err(in_text)?;
                    let for_pool = with_maps_in_order(file.encode_to_vec().into(), pool);
                    Ok(LinkedFile {
                        descriptor: empty_options.put_back(without_last_imports(&for_pool, hidden.len())),
                        for_pool,
                    })
                }
                Ok(Err(error)) => Err(LinkFailure::by_the_pool(text_problems(&text.source, error))),
                Err(message) => Err(in_text(message)),
            }
        }
        FileContents::FromSet(file, set) => {
            let for_pool = with_imports(&file.descriptor, &hidden);
            let in_set =
                |message: String| Problem::in_file(&**set, format!("file '{}': {message}", file.name));
            match guarded(|| pool.decode_file_descriptor_proto(for_pool.clone())) {
                Ok(Ok(())) => {
                    let added = pool.get_file_by_name(&file.name).expect("it has just been added");
                    check_map_entries(&added).map_err(|message| LinkFailure::too_late(in_set(message)))?;
                    Ok(LinkedFile {
                        descriptor: file.descriptor.clone(),
                        for_pool,
                    })
                }
                Ok(Err(error)) => {
                    let problems = Problem::unfold(&SourceText::new(&**set, ""), &error);
                    let problems = problems.iter().map(|problem| in_set(problem.to_string()));
                    Err(LinkFailure::by_the_pool(problems.collect()))
                }
                Err(message) => Err(LinkFailure::too_late(in_set(message))),
            }
        }
        FileContents::Broken => Err(LinkFailure::by_the_pool(Vec::new())),
    }
}

fn text_problems(source: &SourceText, error: DescriptorError) -> Vec<Problem> {
    match guarded(|| Problem::unfold(source, &error.with_source_code(source.text()))) {
        Ok(problems) => without_members_of_duplicates(problems),
        Err(message) => vec![Problem::in_file(source.name(), message)],
    }
}

/// Leaves out the members of messages that are defined twice: the problem of the message is enough.
fn without_members_of_duplicates(mut problems: Vec<Problem>) -> Vec<Problem> {
    let duplicate = |problem: &Problem| {
        let text = problem.to_string();
        let (name, rest) = text.strip_prefix("name '")?.split_once('\'')?;
        let twice = rest == " is defined twice" || rest.starts_with(" is already defined in file ");
        twice.then(|| name.to_owned())
    };
    let names: BTreeSet<String> = problems.iter().filter_map(duplicate).collect();
    problems.retain(|problem| {
        let name = duplicate(problem).unwrap_or_default();
        !name
            .rmatch_indices('.')
            .any(|(dot, _)| names.contains(&name[..dot]))
    });
    problems
}

fn defines_extensions(graph: &FileGraph, id: FileId) -> bool {
    match &graph.files[id].contents {
        FileContents::Text(text) => extensions(&text.descriptor).next().is_some(),
        FileContents::FromSet(..) => true,
        FileContents::Broken => false,
    }
}

/// Whether a text may define options with `packed` set. A pool reads this setting from bytes, but not from text.
fn defines_packed_options(graph: &FileGraph, id: FileId) -> bool {
    let FileContents::Text(text) = &graph.files[id].contents else {
        return false;
    };
    text.source.text().contains("packed")
        && extensions(&text.descriptor).any(|field| field.label() == Label::Repeated)
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
