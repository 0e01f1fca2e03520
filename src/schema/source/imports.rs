//! Import roots: the folders in which an `import "a/b.proto"` is looked up.
//!
//! The order is fixed, and ends long before the whole disk is searched:
//!
//! 1. the import paths that the user gave; an input wins over a copy of it there;
//! 2. the modules of every buf.yaml or buf.work.yaml above the importing file, the nearest first;
//! 3. the input folders that hold the importing file;
//! 4. the dependencies that a buf.lock beside those modules pins, in buf's cache; for a file in the cache these alone;
//! 5. the importing file's folder and those above it, the nearest first, each with its [`USUAL_ROOTS`],
//!    up to the one that holds `.git`; never the root of the file system;
//! 6. the other input folders, with their usual roots.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::iter;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::dependencies::{Dependencies, Named};
use super::inputs::InputProto;
use super::looked_at::LookedAt;
use super::{buf, buf_lock};
use crate::schema::fast_map::{FastMap, FastSet};

/// Folders that are import roots by convention, relative to a project folder.
const USUAL_ROOTS: [&str; 10] = [
    "proto",
    "protos",
    "api",
    "src/main/proto",
    "third_party",
    "third_party/proto",
    "third_party/googleapis",
    "googleapis",
    "vendor",
    "include",
];

/// The import roots of one load.
#[derive(Debug)]
pub(in crate::schema) struct ImportRoots {
    given: Vec<PathBuf>,
    input_folders: Arc<[PathBuf]>,
    /// The roots for files of one folder, in order. As texts, as all keys here: as paths they would be taken apart each time.
    by_folder: FastMap<OsString, Roots>,
    /// The first roots of folders, each list once.
    lists: FastSet<RootList>,
    /// What was looked up in them, by the import: nearly all files have the same list, and many the same imports.
    found: FastMap<String, Vec<(RootList, Option<FoundImport>)>>,
    /// What buf's configuration of a folder names.
    named: FastMap<OsString, Arc<Named>>,
    looked_at: LookedAt,
    /// Where buf keeps the modules that it has downloaded.
    buf_cache: Option<PathBuf>,
    /// The dependencies that are pinned in a folder.
    pinned: BTreeMap<PathBuf, Dependencies>,
    /// The buf.yaml, buf.work.yaml and buf.lock files that were read.
    pub(in crate::schema) configuration_files: BTreeSet<PathBuf>,
    /// Where imports were looked for in the import paths, and no file is: one that comes there is the import from then on.
    pub(in crate::schema) absent: BTreeSet<PathBuf>,
}

/// Roots, in the order in which they are searched.
type RootList = Arc<[Arc<Path>]>;

/// The roots for files of one folder.
#[derive(Debug, Clone)]
struct Roots {
    /// Those in which nearly all imports are found. Two that are equal are one.
    first: RootList,
    /// The others, which are many. `None` if nothing has been looked up there.
    rest: Option<RootList>,
}

/// The file of an import, and the root in which it was found.
#[derive(Debug, Clone)]
pub(in crate::schema) struct FoundImport {
    pub(in crate::schema) root: Arc<Path>,
    pub(in crate::schema) path: Arc<Path>,
}

impl ImportRoots {
    /// All paths are absolute.
    pub(in crate::schema) fn new(given: Vec<PathBuf>, inputs: &[InputProto]) -> Self {
        let mut input_folders: Vec<&Arc<Path>> = inputs.iter().map(|input| &input.folder).collect();
        input_folders.dedup();
        let input_folders = input_folders.into_iter().map(|folder| folder.to_path_buf());
        Self {
            given,
            input_folders: input_folders.collect(),
            by_folder: FastMap::default(),
            lists: FastSet::default(),
            found: FastMap::default(),
            named: FastMap::default(),
            looked_at: LookedAt::with_inputs(inputs.iter().map(|input| &*input.path)),
            buf_cache: None,
            pinned: BTreeMap::new(),
            configuration_files: BTreeSet::new(),
            absent: BTreeSet::new(),
        }
    }

    /// Also looks up dependencies in the cache of buf.
    pub(in crate::schema) fn with_buf_cache(self, buf_cache: Option<PathBuf>) -> Self {
        Self { buf_cache, ..self }
    }

    /// What is to be done about dependencies of files in `folder` that are not on this machine, and a file that is there when
    /// it is done.
    pub(in crate::schema) fn unfetched(&mut self, folder: &Path) -> Option<(String, PathBuf)> {
        self.first_of(Some(folder));
        let is_cached = self.is_cached(folder);
        let mut nearest_first = self.pinned.iter().rev();
        let (_, found) = nearest_first
            .find(|(of, found)| found.unfetched.is_some() && (is_cached || folder.starts_with(of)))?;
        let unfetched = found.unfetched.clone()?;
        Some((unfetched.hint, unfetched.needs))
    }

    /// The folders of the dependencies that are pinned in a folder.
    fn pinned_in(&mut self, folder: &Path) -> &[PathBuf] {
        if self.buf_cache.is_none() {
            return &[];
        }
        let named = self.named_in(folder);
        let Some(cache) = &self.buf_cache else {
            return &[];
        };
        let files = &mut self.configuration_files;
        let read = || buf_lock::dependencies(folder, &named.dependencies, cache, files);
        &self.pinned.entry(folder.to_owned()).or_insert_with(read).folders
    }

    /// Whether a folder is one that buf has downloaded.
    fn is_cached(&self, folder: &Path) -> bool {
        self.buf_cache
            .as_ref()
            .is_some_and(|cache| folder.starts_with(cache))
    }

    /// Whether the user gave this import path.
    fn is_given(&self, root: &Path) -> bool {
        self.given.iter().any(|given| given == root)
    }

    /// The import paths given by the user.
    pub(in crate::schema) fn given(&self) -> &[PathBuf] {
        &self.given
    }

    /// Looks up `import` for a file in `folder`. A file of a descriptor set has no folder.
    pub(in crate::schema) fn find(&mut self, folder: Option<&Path>, import: &str) -> Option<FoundImport> {
        let found = self.find_first(folder, import);
        found.or_else(|| {
            let rest = self.rest_of(folder);
            self.find_in(&rest, import)
        })
    }

    /// The same, only where protoc would be told to look: not in folders that are roots by convention.
    pub(super) fn find_first(&mut self, folder: Option<&Path>, import: &str) -> Option<FoundImport> {
        let first = self.first_of(folder);
        let known = self.found.get(import).into_iter().flatten();
        if let Some((_, found)) = known.clone().find(|(roots, _)| Arc::ptr_eq(roots, &first)) {
            return found.clone();
        }
        let found = self.find_in(&first, import);
        let known = self.found.entry(import.to_owned()).or_default();
        known.push((first, found.clone()));
        found
    }

    /// Whether `import` leads to `path` for the files beside it, where protoc would be told to look.
    pub(super) fn leads_to(&mut self, import: &str, path: &Path) -> bool {
        let found = self.find_first(path.parent(), import);
        found.is_some_and(|found| *found.path == *path)
    }

    fn find_in(&mut self, roots: &[Arc<Path>], import: &str) -> Option<FoundImport> {
        if !is_below_a_root(import) {
            return None;
        }
        let found = roots.iter().find_map(|root| self.look_in(root, import))?;
        Some(self.input_for_copy(&found, import).unwrap_or(found))
    }

    fn look_in(&mut self, root: &Arc<Path>, import: &str) -> Option<FoundImport> {
        let path = root.join(import);
        if self.looked_at.is_file(&path) {
            let (root, path) = (Arc::clone(root), path.into());
            return Some(FoundImport { root, path });
        }
        if self.is_given(root) && !self.looked_at.is_folder(&path) {
            self.absent.insert(path);
        }
        None
    }

    /// The input of which `found` is a copy, if it is one: both are imported by one name, and protoc has no place for two such
    /// files. The order of import paths that hold inputs is kept, as it says how inputs are imported.
    fn input_for_copy(&mut self, found: &FoundImport, import: &str) -> Option<FoundImport> {
        let holds_inputs = |root: &Path| self.input_folders.iter().any(|input| input.starts_with(root));
        if !self.is_given(&found.root) || holds_inputs(&found.root) || self.looked_at.is_input(&found.path) {
            return None;
        }
        let input_folders = Arc::clone(&self.input_folders);
        input_folders.iter().find_map(|input| {
            [Self::first_of, Self::rest_of].into_iter().find_map(|roots| {
                let roots = roots(self, Some(input));
                roots.iter().find_map(|root| {
                    let path = root.join(import);
                    self.looked_at.is_input(&path).then(|| FoundImport {
                        root: Arc::clone(root),
                        path: path.into(),
                    })
                })
            })
        })
    }

    /// Where `import` would be found in the import paths that the user gave.
    pub(in crate::schema) fn given_places(&self, import: &str) -> Vec<PathBuf> {
        let roots = self.given.iter().filter(|_| is_below_a_root(import));
        let places = roots.map(|root| root.join(import));
        places.filter(|place| !place.is_dir()).collect()
    }

    /// The folders that [`find`](Self::find) searches, in order. All of them exist.
    pub(in crate::schema) fn of_folder(&mut self, folder: Option<&Path>) -> Vec<PathBuf> {
        let (first, rest) = (self.first_of(folder), self.rest_of(folder));
        first
            .iter()
            .chain(&*rest)
            .map(|root| root.to_path_buf())
            .collect()
    }

    /// The first of these folders.
    fn first_of(&mut self, folder: Option<&Path>) -> RootList {
        let key = folder.map_or(OsStr::new(""), Path::as_os_str);
        if let Some(roots) = self.by_folder.get(key) {
            return Arc::clone(&roots.first);
        }
        let mut roots = self.list_first(folder);
        match self.lists.get(&roots.first) {
            Some(known) => roots.first = Arc::clone(known),
            None => drop(self.lists.insert(Arc::clone(&roots.first))),
        }
        let first = Arc::clone(&roots.first);
        self.by_folder.insert(key.to_owned(), roots);
        first
    }

    /// The other ones.
    fn rest_of(&mut self, folder: Option<&Path>) -> RootList {
        let first = self.first_of(folder);
        let key = folder.map_or(OsStr::new(""), Path::as_os_str);
        if let Some(rest) = self.by_folder.get(key).and_then(|roots| roots.rest.clone()) {
            return rest;
        }
        let rest = shared(self.list_rest(folder, &first));
        if let Some(roots) = self.by_folder.get_mut(key) {
            roots.rest = Some(Arc::clone(&rest));
        }
        rest
    }

    fn list_first(&mut self, folder: Option<&Path>) -> Roots {
        let mut roots = self.given.clone();
        if let Some(folder) = folder.filter(|folder| self.is_cached(folder)) {
            let all = || self.pinned.values().flat_map(|pinned| &pinned.folders);
            let own = all().filter(|root| folder.starts_with(root));
            roots.extend(own.chain(all()).cloned());
            return Roots {
                first: shared(roots),
                rest: Some(Arc::default()),
            };
        }
        let mut pinned = Vec::new();
        for ancestor in self.project_folders(folder) {
            let named = self.named_in(ancestor);
            let modules = &named.modules;
            // In workspaces of v1 each module has a lock of its own.
            let others = modules.iter().filter(|module| *module != ancestor);
            for folder in iter::once(ancestor).chain(others.map(PathBuf::as_path)) {
                pinned.extend_from_slice(self.pinned_in(folder));
            }
            roots.extend(modules.iter().cloned());
        }
        let around = self.input_folders.iter();
        let around = around.filter(|input| folder.is_some_and(|folder| folder.starts_with(input)));
        roots.extend(around.cloned());
        roots.extend(pinned);
        self.retain_folders(&mut roots, &[]);
        Roots {
            first: shared(roots),
            rest: None,
        }
    }

    fn list_rest(&mut self, folder: Option<&Path>, first: &[Arc<Path>]) -> Vec<PathBuf> {
        let above = self.project_folders(folder).into_iter().map(Path::to_owned);
        let elsewhere = self.input_folders.iter();
        let elsewhere = elsewhere.filter(|input| !folder.is_some_and(|folder| folder.starts_with(input)));
        let mut roots = Vec::new();
        for root in above.chain(elsewhere.cloned()) {
            let usual = USUAL_ROOTS.iter().map(|name| root.join(name));
            roots.extend(iter::once(root.clone()).chain(usual));
        }
        self.retain_folders(&mut roots, first);
        roots
    }

    /// Keeps the folders that exist, each once, without those that are among `others`.
    fn retain_folders(&mut self, roots: &mut Vec<PathBuf>, others: &[Arc<Path>]) {
        let mut seen: HashSet<PathBuf> = others.iter().map(|other| other.to_path_buf()).collect();
        roots.retain(|root| seen.insert(root.clone()) && self.looked_at.is_folder(root));
    }

    /// What the buf configuration of a folder names.
    fn named_in(&mut self, folder: &Path) -> Arc<Named> {
        if let Some(named) = self.named.get(folder.as_os_str()) {
            return Arc::clone(named);
        }
        let named = Arc::new(buf::named_in(folder, &mut self.configuration_files));
        self.named.insert(folder.into(), Arc::clone(&named));
        named
    }

    /// `folder` and those above it that may belong to the same project, the nearest first.
    fn project_folders<'f>(&mut self, folder: Option<&'f Path>) -> Vec<&'f Path> {
        let mut folders = Vec::new();
        for ancestor in folder.into_iter().flat_map(Path::ancestors) {
            if ancestor.parent().is_none() {
                break;
            }
            folders.push(ancestor);
            if self.looked_at.is_there(&ancestor.join(".git")) {
                break;
            }
        }
        folders
    }
}

/// Roots of which each import found there keeps one.
fn shared(roots: Vec<PathBuf>) -> RootList {
    roots.into_iter().map(Arc::from).collect()
}

/// Whether an import leads to a place below the root in which it is looked up.
fn is_below_a_root(import: &str) -> bool {
    let mut parts = Path::new(import).components();
    !import.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tree.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        tree
    }

    fn found(
        roots: &mut ImportRoots,
        tree: &tempfile::TempDir,
        folder: &str,
        import: &str,
    ) -> Option<String> {
        let found = roots.find(Some(&tree.path().join(folder)), import)?;
        Some(
            found
                .path
                .strip_prefix(tree.path())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned(),
        )
    }

    #[test]
    fn given_roots_come_before_buf_modules_before_the_folders_above() {
        let tree = tree(&[
            (".git/config", ""),
            ("buf.yaml", "version: v2\nmodules:\n  - path: module\n"),
            ("module/x.proto", ""),
            ("given/x.proto", ""),
            ("a/b/x.proto", ""),
            ("a/b/near.proto", ""),
            ("third_party/vendored.proto", ""),
        ]);
        let mut roots = ImportRoots::new(vec![tree.path().join("given")], &[]);
        assert_eq!(
            found(&mut roots, &tree, "a/b", "x.proto").as_deref(),
            Some("given/x.proto")
        );
        let mut roots = ImportRoots::new(vec![], &[]);
        assert_eq!(
            found(&mut roots, &tree, "a/b", "x.proto").as_deref(),
            Some("module/x.proto")
        );
        assert_eq!(
            found(&mut roots, &tree, "a/b", "near.proto").as_deref(),
            Some("a/b/near.proto")
        );
        assert_eq!(
            found(&mut roots, &tree, "a/b", "vendored.proto").as_deref(),
            Some("third_party/vendored.proto")
        );
        assert_eq!(roots.configuration_files.len(), 1);
    }

    #[test]
    fn what_was_found_for_one_folder_is_not_taken_for_another_with_other_roots() {
        let tree = tree(&[
            (".git/config", ""),
            ("one/buf.yaml", "version: v1"),
            ("one/common.proto", ""),
            ("one/sub/a.proto", ""),
            ("two/buf.yaml", "version: v1"),
            ("two/common.proto", ""),
            ("three/a.proto", ""),
        ]);
        let mut roots = ImportRoots::new(Vec::new(), &[]);
        let mut found = |folder| found(&mut roots, &tree, folder, "common.proto");
        for _ in 0..2 {
            assert_eq!(found("one").as_deref(), Some("one/common.proto"));
            assert_eq!(found("one/sub").as_deref(), Some("one/common.proto"));
            assert_eq!(found("two").as_deref(), Some("two/common.proto"));
            assert_eq!(found("three"), None);
        }
    }

    #[test]
    fn buf_work_v1_and_v1beta1_name_their_roots() {
        let tree = tree(&[
            (".git/config", ""),
            ("buf.work.yaml", "version: v1\ndirectories: [one, two]\n"),
            ("one/buf.yaml", "version: v1beta1\nbuild: {roots: [deep]}\n"),
            ("one/deep/in_beta_root.proto", ""),
            ("two/buf.yaml", "version: v1\n"),
            ("two/other.proto", ""),
        ]);
        let mut roots = ImportRoots::new(vec![], &[]);
        assert_eq!(
            found(&mut roots, &tree, "one", "other.proto").as_deref(),
            Some("two/other.proto")
        );
        assert_eq!(
            found(&mut roots, &tree, "one/deep", "in_beta_root.proto").as_deref(),
            Some("one/deep/in_beta_root.proto")
        );
    }

    #[test]
    fn a_buf_configuration_that_makes_no_sense_names_no_root() {
        for text in [
            "- ".repeat(8_000),
            "[".repeat(16_000),
            "? ".repeat(8_000),
            "modules: [1, {path: 2}]".into(),
            "{".into(),
        ] {
            let tree = tree(&[(".git/config", ""), ("buf.yaml", &text), ("a/x.proto", "")]);
            let mut roots = ImportRoots::new(vec![], &[]);
            assert_eq!(
                found(&mut roots, &tree, "a", "x.proto").as_deref(),
                Some("a/x.proto")
            );
        }
    }

    #[test]
    fn nothing_outside_the_project_and_no_path_upwards_is_found() {
        let tree = tree(&[
            ("secret.proto", ""),
            ("project/.git/config", ""),
            ("project/a/x.proto", ""),
        ]);
        let mut roots = ImportRoots::new(vec![], &[]);
        assert_eq!(found(&mut roots, &tree, "project/a", "secret.proto"), None);
        assert_eq!(found(&mut roots, &tree, "project/a", "../a/x.proto"), None);
        assert_eq!(found(&mut roots, &tree, "project/a", "/etc/passwd"), None);
    }
}
