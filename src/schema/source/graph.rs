//! [`FileGraph`]: every file of a schema and what it imports, before any name is linked.
//!
//! Texts with the same content are one file, and so are files of sets with the same name. A file whose text is damaged
//! stays in the graph, so that its importers are not linked either. In the end each file has one import name, which the
//! imports of all texts use.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{File, FileContents, FileId, TextFile, same_file};
use super::imports::{FoundImport, ImportRoots};
use super::inputs::InputProto;
use super::resolver::Resolvers;
use super::set::{self, SetFile};
use super::shipped;
use super::text::{self, Loaded, OnDisk};
use bytes::Bytes;
use prost_types::FileDescriptorProto;

use crate::error::{Problem, SourceText};
use crate::parallel;
use crate::schema::earlier::Earlier;
use crate::schema::fast_map::FastMap;

/// The files of a schema, and which of them import which.
#[derive(Debug)]
pub(in crate::schema) struct FileGraph {
    pub(in crate::schema) files: Vec<File>,
    pub(in crate::schema) problems: Vec<Problem>,
    pub(in crate::schema) roots: ImportRoots,
    pub(super) resolvers: Resolvers,
    /// For files of sets: the text with the same name. The two must define the same.
    pub(in crate::schema) counterparts: BTreeMap<FileId, FileId>,
    /// The files that the user asked for. All others are imported by them.
    requested: BTreeSet<FileId>,
    /// The texts that were read from disk, for the watcher.
    pub(in crate::schema) paths_read: Vec<PathBuf>,
    pub(super) current_folder: PathBuf,
    pub(in crate::schema) earlier: Option<Earlier>,
    pub(super) by_name: FastMap<String, FileId>,
    /// As texts: as paths they would be taken apart each time.
    by_path: FastMap<OsString, FileId>,
    /// The inputs that are copies of built-in files, and have no file yet.
    copies: Vec<(PathBuf, String)>,
    by_text: FastMap<u64, Vec<FileId>>,
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
            by_name: FastMap::default(),
            by_path: FastMap::default(),
            copies: Vec::new(),
            by_text: FastMap::default(),
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

    /// Adds files that were linked before, of which some are only imported.
    pub(in crate::schema) fn add_served(
        &mut self,
        set: &str,
        files: Vec<SetFile>,
        is_import: impl Fn(&str) -> bool,
    ) {
        let set: Arc<str> = set.into();
        for file in files {
            let is_import = is_import(&file.name);
            let file = self.add_from_set(file, Arc::clone(&set), None);
            if !is_import {
                self.requested.insert(file);
            }
        }
    }

    /// Adds the inputs that have the name of a proto: sets, as those of other names, and then the texts, which may define the
    /// same.
    pub(in crate::schema) fn add_inputs(&mut self, inputs: &[InputProto]) {
        let earlier = self.earlier.as_ref();
        let loaded = parallel::map(inputs.len(), |index| {
            let InputProto { path, name, .. } = &inputs[index];
            text::load(path, name, earlier)
        });
        // What grows is made anew each time.
        self.files.reserve(inputs.len());
        self.by_path.reserve(inputs.len());
        self.by_text.reserve(inputs.len());
        self.paths_read.reserve(inputs.len());
        let mut texts = Vec::with_capacity(inputs.len());
        for (input, loaded) in inputs.iter().zip(loaded) {
            match loaded {
                OnDisk::Set(bytes) => match set::read(&input.name, &bytes) {
                    Ok(files) => self.add_set(&input.name, files),
                    Err(found) => self.problems.extend(found),
                },
                OnDisk::Text(text) => texts.push((input, text)),
            }
        }
        for (input, text) in texts {
            let path = &input.path;
            let built_in = built_in_name(path);
            if let Some(name) = &built_in
                && (self.by_name.contains_key(name) || !self.roots.leads_to(name, path))
            {
                self.copies.push((path.clone(), name.clone()));
                continue;
            }
            let file = self.add_path(path, &input.name, Some(&input.folder), text);
            self.requested.insert(file);
            if let Some(name) = built_in {
                self.name_file(file, &name);
            }
        }
    }

    /// Takes the files with the names of built-in ones for the copies to which no import leads, or that are not the first.
    fn resolve_copies(&mut self) {
        for (path, name) in std::mem::take(&mut self.copies) {
            let known = self.by_path.get(path.as_os_str()).copied();
            let file = known.or_else(|| self.by_name.get(&name).copied());
            let file = file.or_else(|| self.built_in(&name, None));
            self.requested.extend(file);
            self.paths_read.push(path);
        }
    }

    /// Adds what an import leads to on disk.
    fn add_found(&mut self, importer: Option<FileId>, import: &str, found: FoundImport) -> FileId {
        let FoundImport { root, path } = found;
        if let Some(FileContents::Text(text)) = importer.map(|importer| &mut self.files[importer].contents)
            && !text.roots_used.contains(&root)
        {
            text.roots_used.push(root);
        }
        let path = &*path;
        if let Some(known) = self.by_path.get(path.as_os_str()) {
            return *known;
        }
        let name = self.display_name(path);
        match text::load(path, &name, self.earlier.as_ref()) {
            OnDisk::Set(bytes) => {
                self.paths_read.push(path.to_owned());
                self.add_set_for_import(importer, import, &name, &bytes)
            }
            OnDisk::Text(text) => self.add_path(path, &name, None, text),
        }
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
            if !self.by_name.contains_key(&file.name) {
                self.add_from_set(file, Arc::clone(&set), None);
            }
        }
        self.by_name[import]
    }

    /// Adds a text from disk. `name` is the path as the user knows it. For an input, `input_folder` is the folder that is
    /// the input, or that the input is in. `text` is what was read.
    fn add_path(
        &mut self,
        path: &Path,
        name: &str,
        input_folder: Option<&Arc<Path>>,
        text: Result<Loaded, Problem>,
    ) -> FileId {
        if let Some(known) = self.by_path.get(path.as_os_str()) {
            return *known;
        }
        self.paths_read.push(path.to_owned());
        let file = match text {
            Ok(text) => self.add_text(text, input_folder),
            Err(problem) => self.add_broken(name, vec![problem]),
        };
        self.by_path.insert(path.into(), file);
        file
    }

    /// Adds a text, unless a copy of it is in the graph. Files that define nothing may be copies of one another.
    fn add_text(&mut self, loaded: Loaded, input_folder: Option<&Arc<Path>>) -> FileId {
        let text = match TextFile::new(loaded, input_folder) {
            Ok(text) => text,
            Err((name, problems)) => return self.add_broken(&name, problems),
        };
        let hash = text.known.hash.hash;
        let defines_something = !text.known.outline.definitions.names.is_empty();
        let copies = self.by_text.get(&hash).filter(|_| defines_something);
        let mut copies = copies.into_iter().flatten().copied();
        if let Some(copy) = copies.find(|file| self.text_of(*file) == Some(text.source().text())) {
            return copy;
        }
        let folder = text.known.path.parent().map(Arc::from);
        let contents = FileContents::Text(Box::new(text));
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
        let Some(known) = self.by_name.get(name).copied() else {
            let file = self.add_named_text(name, source);
            self.by_name.insert(name.to_owned(), file);
            return file;
        };
        let known = self.counterparts.get(&known).copied().unwrap_or(known);
        match &self.files[known].contents {
            FileContents::FromSet(..) => {
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
        let file = self.add_text(Loaded::new(path, source, None, known), None);
        if self.files[file].name.is_empty() {
            name.clone_into(&mut self.files[file].name);
        }
        if file == next {
            self.files[file].folder = None;
        }
        file
    }

    /// Gives a text the name of a built-in file, whose place it takes for all imports.
    fn name_file(&mut self, file: FileId, name: &str) {
        self.by_name.insert(name.to_owned(), file);
        if self.files[file].name.is_empty() {
            name.clone_into(&mut self.files[file].name);
        }
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

    fn add_from_set(&mut self, file: SetFile, set: Arc<str>, folder: Option<Arc<Path>>) -> FileId {
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
        let first = self.resolve_imports(0);
        self.resolve_copies();
        self.resolve_imports(first);
        self.choose_names();
    }

    /// Finds the files of the imports of all files from the `next` on. Returns how many files there are then.
    fn resolve_imports(&mut self, mut next: usize) -> usize {
        while next < self.files.len() {
            let (outline, of_set);
            let (dependencies, for_options): (&[String], &[String]) = match &self.files[next].contents {
                FileContents::Text(text) => {
                    outline = Arc::clone(&text.known.outline);
                    let edition = outline.edition.as_ref();
                    let for_options = edition.map(|edition| &*edition.option_dependencies);
                    (&outline.dependencies, for_options.unwrap_or_default())
                }
                FileContents::FromSet(file, _) => {
                    of_set = (file.dependencies.clone(), file.option_dependencies.clone());
                    (&of_set.0, &of_set.1)
                }
                FileContents::Broken => (&[], &[]),
            };
            self.files[next].option_imports = for_options.len();
            // The options of a set have been read, so that what they need can be missing.
            let needed = match &self.files[next].contents {
                FileContents::FromSet(..) => dependencies.len(),
                _ => usize::MAX,
            };
            for (index, dependency) in dependencies.iter().chain(for_options).enumerate() {
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
        next
    }

    /// The file that `import` refers to in the file `importer`, or for the user.
    fn target_of(&mut self, importer: Option<FileId>, import: &str) -> Option<FileId> {
        if let Some(known) = self.by_name.get(import) {
            return Some(*known);
        }
        let folder = importer.and_then(|importer| self.files[importer].folder.clone());
        if shipped::built_in(import).is_some() {
            let Some(found) = self.roots.find_first(folder.as_deref(), import) else {
                return self.built_in(import, folder);
            };
            let own = self.add_found(importer, import, found);
            self.name_file(own, import);
            return Some(own);
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
            self.add_found(importer, import, found)
        } else if let Some(input) = self.input_that_ends_with(import, folder.as_deref()) {
            input
        } else {
            let file = shipped::bundled(import)?.clone();
            return Some(self.add_from_set(file, "bundled protos".into(), folder));
        };
        if let FileContents::Text(text) = &mut self.files[target].contents
            && !text.imported_as.contains(import)
        {
            text.imported_as.insert(import.to_owned());
        }
        Some(target)
    }

    /// A file of `google/protobuf` that comes with protod.
    fn built_in(&mut self, name: &str, folder: Option<Arc<Path>>) -> Option<FileId> {
        let file = shipped::built_in(name)?;
        Some(self.add_from_set(file, "google/protobuf".into(), folder))
    }
}

/// The import name of a file on disk, if it is a copy of one that is built in.
fn built_in_name(path: &Path) -> Option<String> {
    let path = path.to_str()?.replace('\\', "/");
    shipped::built_in_name(&path).map(str::to_owned)
}
