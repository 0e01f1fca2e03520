//! Every file of a schema and what it imports, before any name is linked.
//!
//! A file is one [`Node`], however many paths or inputs lead to it: texts are told apart by what they say, files of
//! sets by their name. A node whose text is damaged stays, so that its importers know why they cannot be linked.
//! In the end each node has one import name, and the imports of every text use it.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use prost_types::FileDescriptorProto;

use super::imports::ImportRoots;
use super::set::SetFile;
use super::{shipped, text};
use crate::error::{Problem, SourceText};

/// A node's place in its graph.
pub(super) type NodeId = usize;

#[derive(Debug)]
pub(super) struct Node {
    /// The one name that this file is imported by.
    pub(super) name: String,
    pub(super) body: Body,
    /// What the file's dependencies lead to, in their order; nothing where one is missing.
    pub(super) imports: Vec<Option<NodeId>>,
    /// The folder that imports are looked up from; a file of a set has none.
    folder: Option<PathBuf>,
}

#[derive(Debug)]
pub(super) enum Body {
    Text(Box<TextBody>),
    /// A file of a set, and what its set is called.
    Encoded(SetFile, Rc<str>),
    /// A text that cannot be read or parsed; the problems are told already.
    Broken,
}

#[derive(Debug)]
pub(super) struct TextBody {
    pub(super) source: SourceText,
    pub(super) descriptor: FileDescriptorProto,
    path: PathBuf,
    /// The input folder that it came with, if it is an input.
    input_folder: Option<PathBuf>,
    /// The names that other files import it by.
    imported_as: BTreeSet<String>,
    /// The roots that its own imports were found in.
    roots_used: Vec<PathBuf>,
}

#[derive(Debug)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) problems: Vec<Problem>,
    pub(super) roots: ImportRoots,
    /// Texts whose name is that of a file in a set, and that file: the two must be the same.
    pub(super) twins: Vec<(NodeId, NodeId)>,
    /// The texts read from disk, for the watcher.
    pub(super) paths_read: BTreeSet<PathBuf>,
    current_folder: PathBuf,
    by_name: HashMap<String, NodeId>,
    by_path: HashMap<PathBuf, NodeId>,
    by_text: HashMap<u64, Vec<NodeId>>,
}

impl Graph {
    pub(super) fn new(roots: ImportRoots, current_folder: PathBuf) -> Self {
        Self {
            nodes: Vec::new(),
            problems: Vec::new(),
            roots,
            twins: Vec::new(),
            paths_read: BTreeSet::new(),
            current_folder,
            by_name: HashMap::new(),
            by_path: HashMap::new(),
            by_text: HashMap::new(),
        }
    }

    /// Adds the files of a set; `set` is what the user calls it.
    pub(super) fn add_set(&mut self, set: &str, files: Vec<SetFile>) {
        let set: Rc<str> = set.into();
        for file in files {
            match self.by_name.get(&file.name).map(|known| &self.nodes[*known].body) {
                None => {
                    self.add_encoded(file, Rc::clone(&set), None);
                }
                Some(Body::Encoded(known, _)) if same_file(&known.descriptor, &file.descriptor) => {}
                Some(_) => self.problems.push(
                    Problem::in_file(
                        &*set,
                        format!("file '{}' is in two sets, and they differ", file.name),
                    )
                    .with_hint("give one of them"),
                ),
            }
        }
    }

    /// Adds a text from disk. `name` is the path as the user knows it, `input_folder` that of an input.
    pub(super) fn add_path(&mut self, path: &Path, name: &str, input_folder: Option<&Path>) -> NodeId {
        if let Some(known) = self.by_path.get(path) {
            return *known;
        }
        self.paths_read.insert(path.to_owned());
        let built_in = path.to_str().map(|path| path.replace('\\', "/"));
        let node = match built_in.as_deref().and_then(shipped::built_in_name) {
            Some(name) => self
                .known_by_name(name, None)
                .expect("a built-in name has a file"),
            None => match text::read(path, name) {
                Ok(source) => self.add_text(source, path, input_folder),
                Err(problem) => self.add_broken(name, vec![problem]),
            },
        };
        self.by_path.insert(path.to_owned(), node);
        node
    }

    /// Adds a text, or finds it where a copy of it is known.
    pub(super) fn add_text(
        &mut self,
        source: SourceText,
        path: &Path,
        input_folder: Option<&Path>,
    ) -> NodeId {
        let mut hasher = DefaultHasher::new();
        source.text().hash(&mut hasher);
        let hash = hasher.finish();
        let copies = self.by_text.get(&hash).into_iter().flatten();
        if let Some(copy) = copies
            .copied()
            .find(|node| self.text_of(*node) == Some(source.text()))
        {
            return copy;
        }
        let descriptor = match text::parse(&source) {
            Ok(descriptor) => descriptor,
            Err(problems) => return self.add_broken(source.name(), problems),
        };
        let body = Body::Text(Box::new(TextBody {
            source,
            descriptor,
            path: path.to_owned(),
            input_folder: input_folder.map(Path::to_owned),
            imported_as: BTreeSet::new(),
            roots_used: Vec::new(),
        }));
        let folder = path.parent().map(Path::to_owned);
        self.nodes.push(Node {
            name: String::new(),
            body,
            imports: Vec::new(),
            folder,
        });
        self.by_text.entry(hash).or_default().push(self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// Adds a text that lies on no disk: its imports are those that need none.
    pub(super) fn add_loose_text(&mut self, source: SourceText) {
        let path = PathBuf::from(source.name());
        let node = self.add_text(source, &path, None);
        self.nodes[node].folder = None;
    }

    fn text_of(&self, node: NodeId) -> Option<&str> {
        match &self.nodes[node].body {
            Body::Text(text) => Some(text.source.text()),
            _ => None,
        }
    }

    fn add_broken(&mut self, name: &str, problems: Vec<Problem>) -> NodeId {
        self.problems.extend(problems);
        self.nodes.push(Node {
            name: name.to_owned(),
            body: Body::Broken,
            imports: Vec::new(),
            folder: None,
        });
        self.nodes.len() - 1
    }

    fn add_encoded(&mut self, file: SetFile, set: Rc<str>, folder: Option<PathBuf>) -> NodeId {
        let name = file.name.clone();
        self.by_name.insert(name.clone(), self.nodes.len());
        self.nodes.push(Node {
            name,
            body: Body::Encoded(file, set),
            imports: Vec::new(),
            folder,
        });
        self.nodes.len() - 1
    }

    /// Follows every import, of the files that this adds too, and settles the names.
    pub(super) fn resolve(&mut self) {
        let mut next = 0;
        while next < self.nodes.len() {
            let dependencies = match &self.nodes[next].body {
                Body::Text(text) => text.descriptor.dependency.clone(),
                Body::Encoded(file, _) => file.dependencies.clone(),
                Body::Broken => Vec::new(),
            };
            for dependency in &dependencies {
                let target = self.target_of(next, dependency);
                if target.is_none() {
                    let problem = self.missing(next, dependency);
                    self.problems.push(problem);
                }
                if target.is_some() && self.nodes[next].imports.contains(&target) {
                    let message = format!("'{dependency}' is imported twice");
                    let problem = self.problem_at_import(next, dependency, message);
                    self.problems.push(problem);
                }
                self.nodes[next].imports.push(target);
            }
            next += 1;
        }
        self.settle_names();
    }

    /// The file that `import` means in the file `importer`.
    fn target_of(&mut self, importer: NodeId, import: &str) -> Option<NodeId> {
        let folder = self.nodes[importer].folder.clone();
        if let Some(known) = self.known_by_name(import, folder.as_deref()) {
            return Some(known);
        }
        let target = if let Some(found) = self.roots.find(folder.as_deref(), import) {
            if let Body::Text(text) = &mut self.nodes[importer].body {
                text.roots_used.push(found.root);
            }
            let name = self.name_for_people(&found.path);
            self.add_path(&found.path, &name, None)
        } else if let Some(input) = self.input_that_ends_with(import, folder.as_deref()) {
            input
        } else {
            let file = shipped::bundled(import)?.clone();
            return Some(self.add_encoded(file, "bundled protos".into(), folder));
        };
        if let Body::Text(text) = &mut self.nodes[target].body {
            text.imported_as.insert(import.to_owned());
        }
        Some(target)
    }

    /// A file of a set, or a built-in one.
    fn known_by_name(&mut self, name: &str, folder: Option<&Path>) -> Option<NodeId> {
        if let Some(known) = self.by_name.get(name) {
            return Some(*known);
        }
        let file = shipped::built_in(name)?;
        Some(self.add_encoded(file, "google/protobuf".into(), folder.map(Path::to_owned)))
    }

    /// An input whose path ends with the import: its root is then clear. Of several the one nearest to `folder`.
    fn input_that_ends_with(&self, import: &str, folder: Option<&Path>) -> Option<NodeId> {
        let shared = |path: &Path| {
            let folder = folder.into_iter().flat_map(Path::components);
            path.components().zip(folder).take_while(|(a, b)| a == b).count()
        };
        let inputs = self
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(id, node)| match &node.body {
                Body::Text(text) if text.input_folder.is_some() => Some((id, &text.path)),
                _ => None,
            });
        inputs
            .filter(|(_, path)| path.ends_with(import))
            .min_by_key(|(_, path)| (std::cmp::Reverse(shared(path)), (*path).clone()))
            .map(|(id, _)| id)
    }

    fn name_for_people(&self, path: &Path) -> String {
        path.strip_prefix(&self.current_folder)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    fn missing(&mut self, importer: NodeId, import: &str) -> Problem {
        if let Body::Encoded(file, set) = &self.nodes[importer].body {
            let message = format!("file '{}' imports '{import}', which is not in the set", file.name);
            return Problem::in_file(&**set, message)
                .with_hint("`protoc --include_imports` and `buf build` make sets that hold their imports");
        }
        let folder = self.nodes[importer].folder.clone();
        let roots = self.roots.of_folder(folder.as_deref());
        let shown: Vec<String> = roots
            .iter()
            .take(6)
            .map(|root| self.name_for_people(root))
            .collect();
        let hint = match shown.as_slice() {
            [] => "only google/protobuf, google/api, google/rpc, google/type and buf/validate are built in"
                .to_owned(),
            _ => format!(
                "looked in {}{}; give the folder that the name starts from with -I",
                shown
                    .iter()
                    .map(|name| if name.is_empty() { "." } else { name })
                    .collect::<Vec<_>>()
                    .join(", "),
                if roots.len() > shown.len() { ", …" } else { "" },
            ),
        };
        self.problem_at_import(importer, import, format!("import '{import}' is not found"))
            .with_hint(hint)
    }

    /// A problem with an `import` statement: at its place in a text, on the whole of a set.
    pub(super) fn problem_at_import(&self, importer: NodeId, import: &str, message: String) -> Problem {
        match &self.nodes[importer].body {
            Body::Text(text) => match text.import_span(import) {
                Some(span) => Problem::at(&text.source, span, message).with_label("imported here"),
                None => Problem::in_file(text.source.name(), message),
            },
            Body::Encoded(file, set) => Problem::in_file(&**set, format!("file '{}': {message}", file.name)),
            Body::Broken => Problem::in_file(&self.nodes[importer].name, message),
        }
    }

    /// Gives each text the one name it is imported by, and rewrites the imports of all texts to those names.
    fn settle_names(&mut self) {
        let texts: Vec<NodeId> = (0..self.nodes.len())
            .filter(|id| matches!(self.nodes[*id].body, Body::Text(_)))
            .collect();
        let (imported, rest): (Vec<NodeId>, Vec<NodeId>) = texts.iter().partition(
            |id| matches!(&self.nodes[**id].body, Body::Text(text) if !text.imported_as.is_empty()),
        );
        for id in imported.into_iter().chain(rest) {
            let Body::Text(text) = &self.nodes[id].body else {
                continue;
            };
            let names = text.names(self.roots.given(), &self.current_folder);
            if let Some(twin) = names.first().and_then(|name| self.by_name.get(name))
                && matches!(self.nodes[*twin].body, Body::Encoded(..))
            {
                self.twins.push((id, *twin));
                self.nodes[id].name.clone_from(&names[0]);
                continue;
            }
            let name = names.into_iter().find(|name| !self.by_name.contains_key(name));
            let name = name.expect("the last name is the whole path, which no other file has");
            self.by_name.insert(name.clone(), id);
            self.nodes[id].name = name;
        }
        for id in texts {
            let names: Vec<Option<String>> = self.nodes[id]
                .imports
                .iter()
                .map(|import| Some(self.nodes[(*import)?].name.clone()))
                .collect();
            let own = self.nodes[id].name.clone();
            let Body::Text(text) = &mut self.nodes[id].body else {
                continue;
            };
            text.descriptor.name = Some(own);
            for (dependency, name) in text.descriptor.dependency.iter_mut().zip(names) {
                if let Some(name) = name {
                    *dependency = name;
                }
            }
        }
    }
}

impl TextBody {
    /// The names that this file could be imported by, the best first: what others import it by, then what it is
    /// below a root, and at last its whole path.
    fn names(&self, given: &[PathBuf], current_folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = self.imported_as.iter().cloned().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let input_folder = self.input_folder.as_deref();
        let used = self
            .roots_used
            .iter()
            .filter(|root| input_folder.is_some_and(|input| input.starts_with(root)));
        let roots = given.iter().chain(used).map(PathBuf::as_path);
        let roots = roots.chain(input_folder).chain([current_folder, Path::new("/")]);
        names.extend(roots.filter_map(|root| import_name(self.path.strip_prefix(root).ok()?)));
        names.push(self.path.to_string_lossy().into_owned());
        names
    }

    /// The bytes of the file name in an `import` statement.
    fn import_span(&self, import: &str) -> Option<std::ops::Range<usize>> {
        let text = self.source.text();
        let index = self
            .descriptor
            .dependency
            .iter()
            .position(|dependency| dependency == import)?;
        let path = [3, i32::try_from(index).ok()?];
        let locations = &self.descriptor.source_code_info.as_ref()?.location;
        let line = *locations
            .iter()
            .find(|location| location.path == path)?
            .span
            .first()?;
        let before = text.split_inclusive('\n').take(usize::try_from(line).ok()?);
        let line_start: usize = before.map(str::len).sum();
        let start = line_start + text[line_start..].find(import)?;
        Some(start..start + import.len())
    }
}

/// A path as an import writes it.
fn import_name(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).filter(|name| !name.is_empty())
}

/// Whether two serialized files define the same, comments and places aside.
pub(super) fn same_file(one: &[u8], other: &[u8]) -> bool {
    use prost::Message as _;
    let decode = |bytes: &[u8]| {
        let mut file = FileDescriptorProto::decode(bytes).ok()?;
        file.source_code_info = None;
        Some(file)
    };
    one == other || matches!((decode(one), decode(other)), (Some(one), Some(other)) if one == other)
}
