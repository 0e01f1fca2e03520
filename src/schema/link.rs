//! Links the files of a graph: every name looked up, every option read, every byte of the result settled.
//!
//! Two pools are filled. The first links the texts one by one, so that every file's problems are found and not only
//! the first file's; what it yields is bytes. The second is decoded from those bytes and is the one that is kept:
//! a pool filled from text does not honour `[packed = …]`.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use prost_reflect::{DescriptorError, DescriptorPool};

use super::SchemaFile;
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
    for node in order {
        if !graph.twins.iter().any(|(twin, _)| *twin == node) {
            linker.link(graph, node);
        }
    }
    for (text, encoded) in graph.twins.clone() {
        linker.compare_twins(graph, text, encoded);
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
        let imports_linked = graph.nodes[node]
            .imports
            .iter()
            .all(|import| import.is_some_and(|id| self.linked[id].is_some()));
        if !imports_linked {
            return;
        }
        match link_into(&mut self.pool, graph, node) {
            Ok(file) => {
                self.linked[node] = Some(file);
                self.order.push(node);
            }
            Err(problems) => {
                self.problems.extend(problems);
                // A pool that refused a file may keep extensions of it, so it is not used again.
                let good = self.order.iter().filter_map(|id| self.linked[*id].as_ref());
                if defines_extensions(graph, node) {
                    self.pool = pool_of(good.map(|file| file.for_pool.clone()));
                }
            }
        }
    }

    /// A text beside a set that has a file of the same name: they must say the same.
    fn compare_twins(&mut self, graph: &Graph, text: NodeId, encoded: NodeId) {
        let Body::Encoded(file, set) = &graph.nodes[encoded].body else {
            return;
        };
        let others = self
            .order
            .iter()
            .filter(|id| **id != encoded && !depends_on(graph, **id, encoded));
        let others = others
            .filter_map(|id| self.linked[*id].as_ref())
            .map(|file| file.for_pool.clone());
        let imports_linked = graph.nodes[text]
            .imports
            .iter()
            .all(|import| import.is_some_and(|id| self.linked[id].is_some()));
        if !imports_linked {
            return;
        }
        match link_into(&mut pool_of(others), graph, text) {
            Ok(compiled) if same_file(&compiled.descriptor, &file.descriptor) => {}
            Ok(_) => {
                let Body::Text(text) = &graph.nodes[text].body else {
                    return;
                };
                let message = format!("differs from the file '{}' of the set {set}", file.name);
                self.problems
                    .push(Problem::in_file(text.source.name(), message).with_hint("give one of them"));
            }
            Err(problems) => self.problems.extend(problems),
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

fn pool_of(files: impl Iterator<Item = Bytes>) -> DescriptorPool {
    let mut pool = DescriptorPool::new();
    for file in files {
        pool.decode_file_descriptor_proto(file)
            .expect("it was linked with the same files before");
    }
    pool
}

/// Adds one file to `pool`, which holds its imports.
fn link_into(pool: &mut DescriptorPool, graph: &Graph, node: NodeId) -> Result<LinkedFile, Vec<Problem>> {
    let hidden = hidden_imports(graph, node);
    match &graph.nodes[node].body {
        Body::Text(text) => {
            let mut descriptor = text.descriptor.clone();
            descriptor.dependency.extend(hidden.iter().cloned());
            let name = descriptor.name().to_owned();
            match guarded(|| pool.add_file_descriptor_proto(descriptor)) {
                Ok(Ok(())) => {
                    let file = pool.get_file_by_name(&name).expect("it has just been added");
                    let for_pool: Bytes = file.encode_to_vec().into();
                    Ok(LinkedFile {
                        descriptor: without_last_imports(&for_pool, hidden.len()),
                        for_pool,
                    })
                }
                Ok(Err(error)) => Err(text_problems(&text.source, error)),
                Err(message) => Err(vec![Problem::in_file(text.source.name(), message)]),
            }
        }
        Body::Encoded(file, set) => {
            let for_pool = with_imports(&file.descriptor, &hidden);
            let in_set =
                |message: String| Problem::in_file(&**set, format!("file '{}': {message}", file.name));
            match guarded(|| pool.decode_file_descriptor_proto(for_pool.clone())) {
                Ok(Ok(())) => Ok(LinkedFile {
                    descriptor: file.descriptor.clone(),
                    for_pool,
                }),
                Ok(Err(error)) => {
                    let problems = Problem::unfold(&SourceText::new(&**set, ""), &error);
                    Err(problems
                        .iter()
                        .map(|problem| in_set(problem.to_string()))
                        .collect())
                }
                Err(message) => Err(vec![in_set(message)]),
            }
        }
        Body::Broken => Err(Vec::new()),
    }
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
        Body::Text(text) => text.source.text().contains("extend"),
        Body::Encoded(..) => true,
        Body::Broken => false,
    }
}

fn depends_on(graph: &Graph, node: NodeId, on: NodeId) -> bool {
    let mut waiting = vec![node];
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if id == on {
            return true;
        }
        if seen.insert(id) {
            waiting.extend(graph.nodes[id].imports.iter().copied().flatten());
        }
    }
    false
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
