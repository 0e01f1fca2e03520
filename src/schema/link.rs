//! Links the files of a graph: every name looked up, every option read, every byte of the result settled.
//!
//! Two pools are filled. The first links the texts one by one, so that every file's problems are found and not only
//! the first file's; what it yields is bytes. The second is decoded from those bytes and is the one that is kept:
//! a pool filled from text does not honour `[packed = …]`.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use prost_reflect::{DescriptorError, DescriptorPool, FileDescriptor, Kind, MessageDescriptor};
use prost_types::field_descriptor_proto::Label;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::SchemaFile;
use super::empty_options::EmptyOptions;
use super::graph::{Body, Graph, NodeId, same_file};
use super::wire::records;
use crate::error::{Problem, SourceText};

/// A pool and the files it was decoded from, each after those it imports.
pub(super) struct Linked {
    pub(super) pool: DescriptorPool,
    pub(super) files: Vec<SchemaFile>,
}

/// Links all files of `graph`; problems go to the graph's own.
pub(super) fn link(graph: &mut Graph) -> Option<Linked> {
    let order = dependency_order(graph);
    let mut linker = Linker {
        pool: DescriptorPool::new(),
        linked: vec![None; graph.nodes.len()],
        order: Vec::new(),
        problems: Vec::new(),
    };
    let twins: BTreeSet<NodeId> = graph.twins.values().copied().collect();
    for node in order.into_iter().filter(|node| !twins.contains(node)) {
        linker.link(graph, node);
    }
    if !twins.is_empty() {
        linker.compare_twins(graph);
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
    /// The same for a pool: see [`hidden_imports`].
    for_pool: Bytes,
}

struct Linker {
    pool: DescriptorPool,
    linked: Vec<Option<LinkedFile>>,
    order: Vec<NodeId>,
    problems: Vec<Problem>,
}

impl Linker {
    /// Links a node whose imports have been tried; one with an import that failed is passed over in silence.
    fn link(&mut self, graph: &Graph, node: NodeId) {
        if !self.imports_are_linked(graph, node) {
            return;
        }
        match link_into(&mut self.pool, graph, node) {
            Ok(file) => {
                self.linked[node] = Some(file);
                self.order.push(node);
                if defines_packed_options(graph, node) {
                    self.pool = pool_of(self.linked_files());
                }
            }
            Err(refused) => {
                self.problems.extend(refused.problems);
                // What refused a file may keep extensions of it.
                if refused.left_in_pool || defines_extensions(graph, node) {
                    self.pool = pool_of(self.linked_files());
                }
            }
        }
    }

    fn imports_are_linked(&self, graph: &Graph, node: NodeId) -> bool {
        let mut imports = graph.nodes[node].imports.iter();
        imports.all(|import| import.is_some_and(|id| self.linked[id].is_some()))
    }

    fn linked_files(&self) -> impl Iterator<Item = &LinkedFile> {
        self.order.iter().filter_map(|id| self.linked[*id].as_ref())
    }

    /// Texts beside a set that has files of the same names: they must say the same. They are linked in the places
    /// of those files, in a pool of their own.
    fn compare_twins(&mut self, graph: &Graph) {
        let mut pool = DescriptorPool::new();
        for node in self.order.clone() {
            let text = graph
                .twins
                .get(&node)
                .filter(|text| self.imports_are_linked(graph, **text));
            match text.map(|text| link_into(&mut pool, graph, *text)) {
                Some(Ok(compiled)) => self.problems.extend(difference(graph, node, &compiled)),
                Some(Err(refused)) => self.problems.extend(refused.problems),
                None => add_again(&mut pool, self.linked[node].as_ref()),
            }
        }
    }

    fn finish(self, graph: &mut Graph) -> Option<Linked> {
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
                    name: graph.nodes[id].name.clone(),
                    descriptor: file.descriptor.clone(),
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

/// Adds a file that was linked before. One that does not decode after all is left out, and is told of when the
/// whole is decoded.
fn add_again(pool: &mut DescriptorPool, file: Option<&LinkedFile>) {
    if let Some(file) = file {
        let _ = guarded(|| pool.decode_file_descriptor_proto(file.for_pool.clone()));
    }
}

/// Says so where a text, compiled, is not the file of the set that has its name.
fn difference(graph: &Graph, encoded: NodeId, compiled: &LinkedFile) -> Option<Problem> {
    let Body::Encoded(file, set) = &graph.nodes[encoded].body else {
        return None;
    };
    let Body::Text(text) = &graph.nodes[*graph.twins.get(&encoded)?].body else {
        return None;
    };
    if same_file(&compiled.descriptor, &file.descriptor) {
        return None;
    }
    let message = format!("differs from the file '{}' of the set {set}", file.name);
    Some(Problem::in_file(text.source.name(), message).with_hint("give one of them"))
}

/// A file that does not link.
struct Refused {
    problems: Vec<Problem>,
    /// Whether the pool has the file all the same, or what of it came in before a panic.
    left_in_pool: bool,
}

impl Refused {
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
fn link_into(pool: &mut DescriptorPool, graph: &Graph, node: NodeId) -> Result<LinkedFile, Refused> {
    let hidden = hidden_imports(graph, node);
    match &graph.nodes[node].body {
        Body::Text(text) => {
            let mut descriptor = text.descriptor.clone();
            descriptor.dependency.extend(hidden.iter().cloned());
            let empty_options = EmptyOptions::take_from(&mut descriptor);
            let name = descriptor.name().to_owned();
            let in_text = |message| Refused::too_late(Problem::in_file(text.source.name(), message));
            match guarded(|| pool.add_file_descriptor_proto(descriptor)) {
                Ok(Ok(())) => {
                    let file = pool.get_file_by_name(&name).expect("it has just been added");
                    check_map_entries(&file).map_err(in_text)?;
                    let for_pool: Bytes = file.encode_to_vec().into();
                    Ok(LinkedFile {
                        descriptor: empty_options.put_back(without_last_imports(&for_pool, hidden.len())),
                        for_pool,
                    })
                }
                Ok(Err(error)) => Err(Refused::by_the_pool(text_problems(&text.source, error))),
                Err(message) => Err(in_text(message)),
            }
        }
        Body::Encoded(file, set) => {
            let for_pool = with_imports(&file.descriptor, &hidden);
            let in_set =
                |message: String| Problem::in_file(&**set, format!("file '{}': {message}", file.name));
            match guarded(|| pool.decode_file_descriptor_proto(for_pool.clone())) {
                Ok(Ok(())) => {
                    let added = pool.get_file_by_name(&file.name).expect("it has just been added");
                    check_map_entries(&added).map_err(|message| Refused::too_late(in_set(message)))?;
                    Ok(LinkedFile {
                        descriptor: file.descriptor.clone(),
                        for_pool,
                    })
                }
                Ok(Err(error)) => {
                    let problems = Problem::unfold(&SourceText::new(&**set, ""), &error);
                    let problems = problems.iter().map(|problem| in_set(problem.to_string()));
                    Err(Refused::by_the_pool(problems.collect()))
                }
                Err(message) => Err(Refused::too_late(in_set(message))),
            }
        }
        Body::Broken => Err(Refused::by_the_pool(Vec::new())),
    }
}

/// Fails on a message that says it is the entry of a map and is none. prost-reflect takes its word for it, and
/// panics when it decodes one without a key or a value, or with a key of a type that has no order.
fn check_map_entries(file: &FileDescriptor) -> Result<(), String> {
    let is_entry = |message: &MessageDescriptor| {
        let (key, value) = (message.get_field(1), message.get_field(2));
        let has_key = key.is_some_and(|key| !key.is_list() && can_be_map_key(&key.kind()));
        has_key && value.is_some_and(|value| !value.is_list() && !value.is_map())
    };
    // The library looks messages up by their names, and names that are none are not found.
    guarded(|| {
        let mut messages: Vec<MessageDescriptor> = file.messages().collect();
        while let Some(message) = messages.pop() {
            if message.is_map_entry() && !is_entry(&message) {
                let name = message.full_name();
                return Err(format!(
                    "message '{name}' is marked as the entry of a map, and is none"
                ));
            }
            messages.extend(message.child_messages());
        }
        Ok(())
    })?
}

fn can_be_map_key(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Double | Kind::Float | Kind::Bytes | Kind::Message(_) | Kind::Enum(_)
    )
}

fn text_problems(source: &SourceText, error: DescriptorError) -> Vec<Problem> {
    match guarded(|| Problem::unfold(source, &error.with_source_code(source.text()))) {
        Ok(problems) => without_members_of_duplicates(problems),
        Err(message) => vec![Problem::in_file(source.name(), message)],
    }
}

/// Where a message is defined twice, so are all its fields: the message is enough.
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

/// Runs a library on bytes from outside. What it should not have done is a problem, not the end of the process.
fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let said = panic
            .downcast_ref::<&str>()
            .copied()
            .or(panic.downcast_ref::<String>().map(String::as_str));
        format!(
            "the descriptor library failed on it: {}",
            said.unwrap_or("no reason given")
        )
    })
}

/// The files that `node` sees through public imports and does not name itself, the nearest first.
///
/// prost-reflect follows public imports for one step only, so its pools are told of all of them.
fn hidden_imports(graph: &Graph, node: NodeId) -> Vec<String> {
    let own: Vec<NodeId> = graph.nodes[node].imports.iter().copied().flatten().collect();
    let mut seen: BTreeSet<NodeId> = own.iter().copied().collect();
    let mut visible = own.clone();
    let mut next = 0;
    while let Some(id) = visible.get(next) {
        let public = public_imports(graph, *id);
        visible.extend(public.into_iter().filter(|id| seen.insert(*id)));
        next += 1;
    }
    visible[own.len()..]
        .iter()
        .map(|id| graph.nodes[*id].name.clone())
        .collect()
}

fn public_imports(graph: &Graph, node: NodeId) -> Vec<NodeId> {
    let indices: Vec<usize> = match &graph.nodes[node].body {
        Body::Text(text) => text
            .descriptor
            .public_dependency
            .iter()
            .filter_map(|index| usize::try_from(*index).ok())
            .collect(),
        Body::Encoded(file, _) => file.public_dependencies.clone(),
        Body::Broken => Vec::new(),
    };
    indices
        .into_iter()
        .filter_map(|index| *graph.nodes[node].imports.get(index)?)
        .collect()
}

/// Appends dependencies to a serialized file: fields of one message may come in any order.
fn with_imports(descriptor: &Bytes, imports: &[String]) -> Bytes {
    if imports.is_empty() {
        return descriptor.clone();
    }
    let mut bytes = descriptor.to_vec();
    for import in imports {
        prost::encoding::string::encode(3, import, &mut bytes);
    }
    bytes.into()
}

/// Takes the last `count` dependencies out of a serialized file.
fn without_last_imports(descriptor: &Bytes, count: usize) -> Bytes {
    if count == 0 {
        return descriptor.clone();
    }
    let records: Vec<_> = records(descriptor).flatten().collect();
    let imports = records.iter().filter(|record| record.number == 3).count();
    let mut met = 0;
    let mut bytes = Vec::with_capacity(descriptor.len());
    for record in &records {
        met += usize::from(record.number == 3);
        if record.number != 3 || met <= imports - count {
            bytes.extend_from_slice(record.whole);
        }
    }
    bytes.into()
}

fn defines_extensions(graph: &Graph, node: NodeId) -> bool {
    match &graph.nodes[node].body {
        Body::Text(text) => extensions(&text.descriptor).next().is_some(),
        Body::Encoded(..) => true,
        Body::Broken => false,
    }
}

/// Whether a text may define options that are packed, or not, against the default. A pool learns which of a file's
/// bytes, not of its text.
fn defines_packed_options(graph: &Graph, node: NodeId) -> bool {
    let Body::Text(text) = &graph.nodes[node].body else {
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

/// All nodes, each after those it imports; an import that closes a cycle becomes a problem.
fn dependency_order(graph: &mut Graph) -> Vec<NodeId> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; graph.nodes.len()];
    let mut order = Vec::with_capacity(graph.nodes.len());
    for start in 0..graph.nodes.len() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        // Each entry: a node, and which of its imports comes next.
        let mut path: Vec<(NodeId, usize)> = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            let index = *next;
            *next += 1;
            match graph.nodes[node].imports.get(index).copied() {
                None => {
                    marks[node] = Mark::Done;
                    order.push(node);
                    path.pop();
                }
                Some(Some(import)) if marks[import] == Mark::New => {
                    marks[import] = Mark::Open;
                    path.push((import, 0));
                }
                Some(Some(import)) if marks[import] == Mark::Open => {
                    let from = path
                        .iter()
                        .position(|(id, _)| *id == import)
                        .expect("open nodes are on the path");
                    let cycle: Vec<&str> = path[from..]
                        .iter()
                        .map(|(id, _)| *id)
                        .chain([import])
                        .map(|id| graph.nodes[id].name.as_str())
                        .collect();
                    let message = format!("import cycle: {}", cycle.join(" -> "));
                    let name = graph.nodes[import].name.clone();
                    let problem = graph.problem_at_import(node, &name, message);
                    graph.problems.push(problem);
                    // The file that closes the cycle cannot be linked, and so neither can its importers.
                    graph.nodes[node].imports[index] = None;
                }
                Some(_) => {}
            }
        }
    }
    order
}
