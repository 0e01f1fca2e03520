//! [`FileGraph`]: every file of a schema and what it imports, before any name is linked.
//!
//! Texts with the same content are one file, and so are files of sets with the same name. A file whose text is damaged
//! stays in the graph, so that its importers are not linked either. In the end each file has one import name, which the
//! imports of all texts use.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{File, FileContents, FileId, TextFile, same_file};
use super::imports::ImportRoots;
use super::inputs::InputProto;
use super::resolver::Resolvers;
use super::set::{self, SetFile};
use super::shipped;
use super::text::{self, Loaded, OnDisk};
use bytes::Bytes;
use prost_types::FileDescriptorProto;

use crate::error::{Problem, SourceText};
use crate::schema::earlier::Earlier;
use crate::schema::parallel;
use crate::suggest;

/// The files of a schema, and which of them import which.
#[derive(Debug)]
pub(in crate::schema) struct FileGraph {
    pub(in crate::schema) files: Vec<File>,
    pub(in crate::schema) problems: Vec<Problem>,
    pub(in crate::schema) roots: ImportRoots,
    resolvers: Resolvers,
    /// For files of sets: the text with the same name. The two must define the same.
    pub(in crate::schema) counterparts: BTreeMap<FileId, FileId>,
    /// The files that the user asked for. All others are imported by them.
    requested: BTreeSet<FileId>,
    /// The texts that were read from disk, for the watcher.
    pub(in crate::schema) paths_read: Vec<PathBuf>,
    current_folder: PathBuf,
    pub(in crate::schema) earlier: Option<Earlier>,
    by_name: HashMap<String, FileId>,
    by_path: HashMap<PathBuf, FileId>,
    by_text: HashMap<u64, Vec<FileId>>,
}

impl FileGraph {
    pub(in crate::schema) fn new(
        roots: ImportRoots,
        resolvers: Resolvers,
        current_folder: PathBuf,
        earlier: Option<Earlier>,
    ) -> Self {
        Self {
            files: Vec::new(),
            problems: Vec::new(),
            roots,
            resolvers,
            counterparts: BTreeMap::new(),
            requested: BTreeSet::new(),
            paths_read: Vec::new(),
            current_folder,
            earlier,
            by_name: HashMap::new(),
            by_path: HashMap::new(),
            by_text: HashMap::new(),
        }
    }

    /// Adds the files of a set. `set` is what the user calls it.
    pub(in crate::schema) fn add_set(&mut self, set: &str, files: Vec<SetFile>) {
        let set: Arc<str> = set.into();
        for file in files {
            match self
                .by_name
                .get(&file.name)
                .map(|known| &self.files[*known].contents)
            {
                None => {
                    let file = self.add_from_set(file, Arc::clone(&set), None);
                    self.requested.insert(file);
                }
                // One that a program gave.
                Some(FileContents::Text(_)) => {
                    let text = self.by_name[&file.name];
                    let file = self.add_from_set(file, Arc::clone(&set), None);
                    self.counterparts.insert(file, text);
                }
                Some(FileContents::FromSet(known, _)) if same_file(&known.descriptor, &file.descriptor) => {}
                Some(FileContents::Broken) => {}
                Some(FileContents::FromSet(..)) => self.problems.push(
                    Problem::in_file(
                        &*set,
                        format!("file '{}' is in two sets, and they differ", file.name),
                    )
                    .with_hint("give one of them"),
                ),
            }
        }
    }

    /// Adds the inputs that have the name of a proto: sets, as those of other names, and then the texts, which may define the
    /// same.
    pub(in crate::schema) fn add_inputs(&mut self, inputs: &[InputProto]) {
        let earlier = self.earlier.as_ref();
        let loaded = parallel::map(inputs.len(), |index| {
            let InputProto { path, name, .. } = &inputs[index];
            built_in_name(path)
                .is_none()
                .then(|| text::load(path, name, earlier))
        });
        let mut texts = Vec::new();
        for (input, loaded) in inputs.iter().zip(loaded) {
            let text = match loaded {
                Some(OnDisk::Set(bytes)) => {
                    match set::read(&input.name, &bytes) {
                        Ok(files) => self.add_set(&input.name, files),
                        Err(found) => self.problems.extend(found),
                    }
                    continue;
                }
                Some(OnDisk::Text(text)) => Some(text),
                None => None,
            };
            texts.push((input, text));
        }
        for (input, text) in texts {
            let file = self.add_path(&input.path, &input.name, Some(&input.folder), text);
            self.requested.insert(file);
        }
    }

    /// Adds what an import leads to on disk.
    fn add_found(&mut self, importer: Option<FileId>, import: &str, path: &Path) -> FileId {
        if let Some(known) = self.by_path.get(path) {
            return *known;
        }
        let name = self.display_name(path);
        let loaded = built_in_name(path)
            .is_none()
            .then(|| text::load(path, &name, self.earlier.as_ref()));
        let text = match loaded {
            Some(OnDisk::Set(bytes)) => {
                self.paths_read.push(path.to_owned());
                return self.add_set_for_import(importer, import, &name, &bytes);
            }
            Some(OnDisk::Text(text)) => Some(text),
            None => None,
        };
        self.add_path(path, &name, None, text)
    }

    /// Adds what a set has that nothing else has, for an import that leads to it. It has to have a file of that name.
    fn add_set_for_import(
        &mut self,
        importer: Option<FileId>,
        import: &str,
        set: &str,
        bytes: &Bytes,
    ) -> FileId {
        let files = match set::read(set, bytes) {
            Ok(files) => files,
            Err(problems) => return self.add_broken_import(import, problems),
        };
        let is_there = files.iter().any(|file| file.name == import);
        if let Some(last) = files.last().filter(|_| !is_there) {
            let message =
                format!("import '{import}' leads to a descriptor set that has no file of this name");
            let problem = self.problem_at_import(importer, import, message);
            let hint = format!(
                "give {set} as an input, and import its files by the names that they have in it, such as '{}'",
                last.name
            );
            return self.add_broken_import(import, vec![problem.with_hint(hint)]);
        }
        let set: Arc<str> = set.into();
        for file in files {
            if self.known_by_name(&file.name, None).is_none() {
                self.add_from_set(file, Arc::clone(&set), None);
            }
        }
        self.by_name[import]
    }

    /// Adds a text from disk. `name` is the path as the user knows it. For an input, `input_folder` is the folder that is
    /// the input, or that the input is in. `text` is what was read, unless it is a copy of a built-in file.
    fn add_path(
        &mut self,
        path: &Path,
        name: &str,
        input_folder: Option<&Path>,
        text: Option<Result<Loaded, Problem>>,
    ) -> FileId {
        if let Some(known) = self.by_path.get(path) {
            return *known;
        }
        self.paths_read.push(path.to_owned());
        let file = match built_in_name(path) {
            Some(name) => self
                .known_by_name(&name, None)
                .expect("a built-in name has a file"),
            None => match text.expect("only built-in files are not read") {
                Ok(text) => self.add_text(text, path, input_folder),
                Err(problem) => self.add_broken(name, vec![problem]),
            },
        };
        self.by_path.insert(path.to_owned(), file);
        file
    }

    /// Adds a text, unless a copy of it is in the graph. Files that define nothing may be copies of one another.
    fn add_text(&mut self, loaded: Loaded, path: &Path, input_folder: Option<&Path>) -> FileId {
        let hash = loaded.hash.hash;
        let text = match TextFile::new(loaded, path, input_folder) {
            Ok(text) => text,
            Err((name, problems)) => return self.add_broken(&name, problems),
        };
        let defines_something = !text.outline.definitions.names.is_empty();
        let copies = self.by_text.get(&hash).filter(|_| defines_something);
        let mut copies = copies.into_iter().flatten().copied();
        if let Some(copy) = copies.find(|file| self.text_of(*file) == Some(text.source().text())) {
            return copy;
        }
        let contents = FileContents::Text(Box::new(text));
        let folder = path.parent().map(Path::to_owned);
        self.files.push(File {
            name: String::new(),
            contents,
            imports: Vec::new(),
            option_imports: 0,
            folder,
        });
        self.by_text.entry(hash).or_default().push(self.files.len() - 1);
        self.files.len() - 1
    }

    /// Adds a text that a program gave: see [`Self::add_source`].
    pub(in crate::schema) fn add_given(&mut self, name: &str, text: &str) {
        let file = self.add_source(name, text);
        self.requested.insert(file);
    }

    /// Adds a text that is not on disk. Other files import it by its name.
    fn add_source(&mut self, name: &str, given: &str) -> FileId {
        let source = match text::given(name, given) {
            Ok(source) => source,
            Err(problem) => return self.add_broken_import(name, vec![problem]),
        };
        let Some(known) = self.known_by_name(name, None) else {
            let file = self.add_named_text(name, source);
            self.by_name.insert(name.to_owned(), file);
            return file;
        };
        let known = self.counterparts.get(&known).copied().unwrap_or(known);
        match &self.files[known].contents {
            FileContents::FromSet(..) if shipped::built_in(name).is_none() => {
                let file = self.add_named_text(name, source);
                self.counterparts.insert(known, file);
                file
            }
            FileContents::Text(text) if text.source().text() != source.text() => {
                self.problems.push(
                    Problem::in_file(name, "is given twice, and the texts differ")
                        .with_hint("give one of them"),
                );
                known
            }
            _ => known,
        }
    }

    /// Adds a text whose import name is known.
    fn add_named_text(&mut self, name: &str, source: SourceText) -> FileId {
        let path = Path::new(name);
        let known = self.earlier.as_ref().and_then(|earlier| earlier.text_at(path));
        let next = self.files.len();
        let file = self.add_text(Loaded::new(source, None, known), path, None);
        if self.files[file].name.is_empty() {
            name.clone_into(&mut self.files[file].name);
        }
        if file == next {
            self.files[file].folder = None;
        }
        file
    }

    /// Adds a file that cannot be read, so that its importers have no second problem.
    fn add_broken_import(&mut self, name: &str, problems: Vec<Problem>) -> FileId {
        let broken = self.add_broken(name, problems);
        self.by_name.insert(name.to_owned(), broken);
        broken
    }

    /// Adds a file by its import name, wherever imports are looked up.
    pub(in crate::schema) fn add_import(&mut self, name: &str) {
        if let Some(file) = self.target_of(None, name) {
            self.requested.insert(file);
        } else {
            let problem = self.missing(None, name);
            self.problems.push(problem);
        }
    }

    /// Whether the user asked for a file, by itself or by the text that defines the same.
    pub(in crate::schema) fn is_requested(&self, file: FileId) -> bool {
        let counterpart = self.counterparts.get(&file);
        self.requested.contains(&file) || counterpart.is_some_and(|text| self.requested.contains(text))
    }

    /// The descriptor of a text as it was parsed, without source info. It and its imports have the names that were chosen.
    pub(in crate::schema) fn parsed(&self, id: FileId, text: &TextFile) -> FileDescriptorProto {
        let mut file = text.parsed().file();
        file.name = Some(self.files[id].name.clone());
        let imports = &self.files[id].imports;
        for (dependency, import) in file.dependency.iter_mut().zip(imports) {
            if let Some(import) = import {
                dependency.clone_from(&self.files[*import].name);
            }
        }
        file
    }

    fn text_of(&self, file: FileId) -> Option<&str> {
        match &self.files[file].contents {
            FileContents::Text(text) => Some(text.source().text()),
            _ => None,
        }
    }

    fn add_broken(&mut self, name: &str, problems: Vec<Problem>) -> FileId {
        self.problems.extend(problems);
        self.files.push(File {
            name: name.to_owned(),
            contents: FileContents::Broken,
            imports: Vec::new(),
            option_imports: 0,
            folder: None,
        });
        self.files.len() - 1
    }

    fn add_from_set(&mut self, file: SetFile, set: Arc<str>, folder: Option<PathBuf>) -> FileId {
        let name = file.name.clone();
        self.by_name.insert(name.clone(), self.files.len());
        self.files.push(File {
            name,
            contents: FileContents::FromSet(file, set),
            imports: Vec::new(),
            option_imports: 0,
            folder,
        });
        self.files.len() - 1
    }

    /// Finds the file of every import, also of the files that this adds, and chooses the names.
    pub(in crate::schema) fn resolve(&mut self) {
        let mut next = 0;
        while next < self.files.len() {
            let (dependencies, for_options) = match &self.files[next].contents {
                FileContents::Text(text) => {
                    let edition = text.outline.edition.as_ref();
                    let for_options = edition.map(|edition| edition.option_dependencies.clone());
                    (
                        text.outline.dependencies.to_vec(),
                        for_options.unwrap_or_default(),
                    )
                }
                FileContents::FromSet(file, _) => {
                    (file.dependencies.clone(), file.option_dependencies.clone())
                }
                FileContents::Broken => (Vec::new(), Vec::new()),
            };
            self.files[next].option_imports = for_options.len();
            // The options of a set have been read, so that what they need can be missing.
            let needed = match &self.files[next].contents {
                FileContents::FromSet(..) => dependencies.len(),
                _ => usize::MAX,
            };
            for (index, dependency) in dependencies.iter().chain(&for_options).enumerate() {
                let target = self.target_of(Some(next), dependency);
                if target.is_none() && index < needed {
                    let problem = self.missing(Some(next), dependency);
                    self.problems.push(problem);
                }
                if target.is_some() && self.files[next].imports.contains(&target) {
                    let message = format!("'{dependency}' is imported twice");
                    let problem = self.problem_at_import(Some(next), dependency, message);
                    self.problems.push(problem);
                }
                self.files[next].imports.push(target);
            }
            next += 1;
        }
        self.choose_names();
    }

    /// The file that `import` refers to in the file `importer`, or for the user.
    fn target_of(&mut self, importer: Option<FileId>, import: &str) -> Option<FileId> {
        let folder = importer.and_then(|importer| self.files[importer].folder.clone());
        if let Some(known) = self.known_by_name(import, folder.as_deref()) {
            return Some(known);
        }
        match self.resolvers.resolve(import) {
            Ok(Some(text)) => return Some(self.add_source(import, &text)),
            Ok(None) => {}
            Err(why) => {
                let message = format!("import '{import}' cannot be resolved: {why}");
                let problem = self.problem_at_import(importer, import, message);
                return Some(self.add_broken_import(import, vec![problem]));
            }
        }
        let target = if let Some(found) = self.roots.find(folder.as_deref(), import) {
            let contents = importer.map(|importer| &mut self.files[importer].contents);
            if let Some(FileContents::Text(text)) = contents {
                text.roots_used.push(found.root);
            }
            self.add_found(importer, import, &found.path)
        } else if let Some(input) = self.input_that_ends_with(import, folder.as_deref()) {
            input
        } else {
            let file = shipped::bundled(import)?.clone();
            return Some(self.add_from_set(file, "bundled protos".into(), folder));
        };
        if let FileContents::Text(text) = &mut self.files[target].contents {
            text.imported_as.insert(import.to_owned());
        }
        Some(target)
    }

    /// A file of a set, or a built-in one.
    fn known_by_name(&mut self, name: &str, folder: Option<&Path>) -> Option<FileId> {
        if let Some(known) = self.by_name.get(name) {
            return Some(*known);
        }
        let file = shipped::built_in(name)?;
        Some(self.add_from_set(file, "google/protobuf".into(), folder.map(Path::to_owned)))
    }

    /// An input whose path ends with the import, which shows what its root is. If there are several, the one nearest to
    /// `folder`.
    fn input_that_ends_with(&self, import: &str, folder: Option<&Path>) -> Option<FileId> {
        let shared = |path: &Path| {
            let folder = folder.into_iter().flat_map(Path::components);
            path.components().zip(folder).take_while(|(a, b)| a == b).count()
        };
        let inputs = self
            .files
            .iter()
            .enumerate()
            .filter_map(|(id, file)| match &file.contents {
                FileContents::Text(text) if text.input_folder.is_some() => Some((id, &text.path)),
                _ => None,
            });
        inputs
            .filter(|(_, path)| path.ends_with(import))
            .min_by_key(|(_, path)| (std::cmp::Reverse(shared(path)), (*path).clone()))
            .map(|(id, _)| id)
    }

    fn display_name(&self, path: &Path) -> String {
        path.strip_prefix(&self.current_folder)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    fn missing(&mut self, importer: Option<FileId>, import: &str) -> Problem {
        let file = importer.map(|importer| &self.files[importer]);
        if let Some(FileContents::FromSet(file, set)) = file.map(|file| &file.contents) {
            let message = format!("file '{}' imports '{import}', which is not in the set", file.name);
            return Problem::in_file(&**set, message)
                .with_hint("`protoc --include_imports` and `buf build` make sets that hold their imports");
        }
        let folder = file.and_then(|file| file.folder.clone());
        let hint = self.places_searched(importer, folder.as_deref(), import);
        let problem = self.problem_at_import(importer, import, format!("import '{import}' is not found"));
        let problem = problem.needing(self.roots.given_places(import));
        match folder.and_then(|folder| self.roots.unfetched(&folder)) {
            Some((what, needs)) => problem.with_hint(format!("{what}; {hint}")).needing([needs]),
            None => problem.with_hint(hint),
        }
    }

    /// The hint for an import that is not found. No file means to import itself.
    fn places_searched(&mut self, importer: Option<FileId>, folder: Option<&Path>, import: &str) -> String {
        let given = self.files.iter().enumerate();
        let given = given
            .filter(|(id, file)| Some(*id) != importer && file.folder.is_none() && !file.name.is_empty())
            .map(|(_, file)| file.name.as_str());
        if let Some(question) = suggest::did_you_mean(import, given) {
            return question;
        }
        if import == "validate/validate.proto" {
            // That of protoc-gen-validate, which came before `buf.validate`.
            return "write `import \"buf/validate/validate.proto\";`, which is built in, and `(buf.validate.field)` for \
                    `(validate.rules)`"
                .to_owned();
        }
        if let Some(near) = shipped::name_near(import)
            .map(str::to_owned)
            .or_else(|| shipped::bundled_file_of(import))
            .or_else(|| self.name_on_disk_near(folder, import))
        {
            return format!("did you mean `{near}`?");
        }
        let roots = self.roots.of_folder(folder);
        let shown: Vec<String> = roots.iter().take(6).map(|root| self.display_name(root)).collect();
        let built_in = shipped::name_that_ends_with(import);
        let built_in = built_in.map(|name| format!("; or write `{name}`, which is built in"));
        match shown.as_slice() {
            [] => "only google/protobuf, google/api, google/rpc, google/type and buf/validate are built in"
                .to_owned(),
            _ => format!(
                "looked in {}{}; give the folder that the name starts from with -I{}",
                shown
                    .iter()
                    .map(|name| if name.is_empty() { "." } else { name })
                    .collect::<Vec<_>>()
                    .join(", "),
                if roots.len() > shown.len() { ", …" } else { "" },
                built_in.unwrap_or_default(),
            ),
        }
    }

    /// The name of a file in the folder that an import names, if it is like that import's.
    fn name_on_disk_near(&mut self, folder: Option<&Path>, import: &str) -> Option<String> {
        let (before, name) = import.rsplit_once('/').unwrap_or(("", import));
        let roots = self.roots.of_folder(folder);
        let names = roots
            .iter()
            .filter_map(|root| fs::read_dir(root.join(before)).ok());
        let names = names
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let names: Vec<String> = names.collect();
        // The ending would make all short names alike, and those of a letter or two are one slip apart.
        let stem = |name| str::strip_suffix(name, ".proto");
        let wanted = stem(name).filter(|stem| stem.len() > 2)?;
        let near = suggest::nearest(wanted, names.iter().filter_map(|name| stem(name)))?;
        let slash = if before.is_empty() { "" } else { "/" };
        Some(format!("{before}{slash}{near}.proto"))
    }

    /// A problem with an `import` statement, at its place in a text. In a set it has no place, and neither has an import
    /// that the user asked for.
    pub(in crate::schema) fn problem_at_import(
        &self,
        importer: Option<FileId>,
        import: &str,
        message: String,
    ) -> Problem {
        let Some(importer) = importer else {
            return Problem::new(message);
        };
        match &self.files[importer].contents {
            FileContents::Text(text) => match text.import_span(import) {
                Some(span) => Problem::at(text.source(), span, message).with_label("imported here"),
                None => Problem::in_file(text.source().name(), message),
            },
            FileContents::FromSet(file, set) => {
                Problem::in_file(&**set, format!("file '{}': {message}", file.name))
            }
            FileContents::Broken => Problem::in_file(&self.files[importer].name, message),
        }
    }

    /// Gives each text one import name. The imports of all texts are rewritten to these names when they are linked.
    fn choose_names(&mut self) {
        let texts: Vec<FileId> = (0..self.files.len())
            .filter(|id| matches!(self.files[*id].contents, FileContents::Text(_)))
            .collect();
        let (imported, rest): (Vec<FileId>, Vec<FileId>) = texts.iter().partition(
            |id| matches!(&self.files[**id].contents, FileContents::Text(text) if !text.imported_as.is_empty()),
        );
        let unnamed = |id: &FileId| self.files[*id].name.is_empty();
        let unnamed: Vec<FileId> = imported.into_iter().chain(rest).filter(unnamed).collect();
        for id in unnamed {
            let FileContents::Text(text) = &self.files[id].contents else {
                continue;
            };
            let mut names = text.names(self.roots.given(), &self.current_folder);
            let first = names.next().expect("the last name is the whole path");
            if let Some(counterpart) = self.by_name.get(&first).copied()
                && matches!(self.files[counterpart].contents, FileContents::FromSet(..))
                && !self.counterparts.contains_key(&counterpart)
            {
                drop(names);
                self.files[id].name = first;
                self.counterparts.insert(counterpart, id);
                continue;
            }
            let mut names = std::iter::once(first).chain(names);
            let name = names.find(|name| !self.by_name.contains_key(name));
            let name = name.expect("the last name is the whole path, which no other file has");
            drop(names);
            self.by_name.insert(name.clone(), id);
            self.files[id].name = name;
        }
    }
}

/// The import name of a file on disk, if it is a copy of one that is built in.
fn built_in_name(path: &Path) -> Option<String> {
    let path = path.to_str()?.replace('\\', "/");
    shipped::built_in_name(&path).map(str::to_owned)
}
