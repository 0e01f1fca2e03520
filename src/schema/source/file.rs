//! One file of a schema, before its names are linked.
//!
//! It is either a text, with what is needed to choose its import name, or a file of a descriptor set, which has one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::edition::OPTION_DEPENDENCY;
use super::parsed::Parsed;
use super::set::SetFile;
use super::text::{Loaded, parse, read};
use crate::error::{Problem, SourceText};
use crate::schema::outline::KnownText;
use crate::schema::stand_ins::text_of;
use crate::schema::valid_texts::decoded_file;

/// The index of a file in its graph.
pub(in crate::schema) type FileId = usize;

/// One file, however many paths or inputs lead to it.
#[derive(Debug)]
pub(in crate::schema) struct File {
    /// The import name.
    pub(in crate::schema) name: String,
    pub(in crate::schema) contents: FileContents,
    /// The files that this one imports, in the order of its dependencies, and after them those that it imports for their
    /// options alone. `None` for one that is missing.
    pub(in crate::schema) imports: Vec<Option<FileId>>,
    /// How many of the imports are for their options alone.
    pub(in crate::schema) option_imports: usize,
    /// The folder from which imports are looked up. A file of a set has none.
    pub(super) folder: Option<Arc<Path>>,
}

/// Where a file comes from, and what is in it.
#[derive(Debug)]
pub(in crate::schema) enum FileContents {
    Text(Box<TextFile>),
    /// A file of a set, and the name of the set.
    FromSet(SetFile, Arc<str>),
    /// A text that cannot be read or parsed. Its problems are already among those of the graph.
    Broken,
}

/// A proto as text.
#[derive(Debug)]
pub(in crate::schema) struct TextFile {
    /// What a later load knows it by.
    pub(in crate::schema) known: Arc<KnownText>,
    /// Read when it is needed: a text that is known from an earlier load often is not.
    source: OnceLock<SourceText>,
    parsed: OnceLock<Parsed>,
    /// The place of its file in an earlier load, if it had the same text then.
    pub(in crate::schema) earlier: Option<usize>,
    /// If the file is an input: the folder that is the input, or that the input is in.
    pub(super) input_folder: Option<Arc<Path>>,
    /// The names by which other files import it.
    pub(super) imported_as: BTreeSet<String>,
    /// The roots in which its own imports were found.
    pub(super) roots_used: Vec<Arc<Path>>,
}

impl File {
    /// The files whose names this one sees, if they are there.
    pub(in crate::schema) fn own_imports(&self) -> &[Option<FileId>] {
        &self.imports[..self.imports.len() - self.option_imports]
    }

    /// The files whose extensions this one sees in its options, beside those.
    pub(in crate::schema) fn imports_for_options(&self) -> &[Option<FileId>] {
        &self.imports[self.imports.len() - self.option_imports..]
    }
}

impl TextFile {
    /// A text whose file is not named yet. Fails with the problems of one that was not parsed, and its name.
    pub(super) fn new(
        loaded: Loaded,
        input_folder: Option<&Arc<Path>>,
    ) -> Result<Self, (String, Vec<Problem>)> {
        Ok(Self {
            known: loaded.known?,
            source: loaded.source.map(OnceLock::from).unwrap_or_default(),
            parsed: loaded.parsed.map(OnceLock::from).unwrap_or_default(),
            earlier: loaded.earlier,
            input_folder: input_folder.cloned(),
            imported_as: BTreeSet::new(),
            roots_used: Vec::new(),
        })
    }

    /// The text. One that cannot be read any more is empty; whoever watches its file loads again.
    pub(in crate::schema) fn source(&self) -> &SourceText {
        let KnownText { path, name, .. } = &*self.known;
        let again = || read(path, name).unwrap_or_else(|_| SourceText::new(name, ""));
        self.source.get_or_init(again)
    }

    /// The text as it was parsed.
    pub(in crate::schema) fn parsed(&self) -> &Parsed {
        let again = || {
            parse(self.source())
                .map(|(file, edition)| Parsed::new(file, edition).0)
                .unwrap_or_default()
        };
        self.parsed.get_or_init(again)
    }

    /// The possible import names of this file, the best first: the names by which others import it, then its path below
    /// each root, and at last its whole path.
    pub(super) fn names<'n>(
        &'n self,
        given: &'n [PathBuf],
        current_folder: &'n Path,
    ) -> impl Iterator<Item = String> + 'n {
        let mut imported_as: Vec<&String> = self.imported_as.iter().collect();
        imported_as.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let input_folder = self.input_folder.as_deref();
        let used = self
            .roots_used
            .iter()
            .filter(move |root| input_folder.is_some_and(|input| input.starts_with(root)));
        let roots = given.iter().map(PathBuf::as_path).chain(used.map(|root| &**root));
        let roots = roots.chain(input_folder).chain([current_folder, Path::new("/")]);
        let path = &self.known.path;
        let below_roots = roots.filter_map(|root| import_name(path.strip_prefix(root).ok()?));
        let whole = std::iter::once_with(|| path.to_string_lossy().into_owned());
        // Nearly always the first is taken.
        let names = imported_as.into_iter().cloned().chain(below_roots);
        names.chain(whole)
    }

    /// Where the file name of an `import` statement is in the text.
    pub(super) fn import_span(&self, import: &str) -> Option<std::ops::Range<usize>> {
        let text = self.source().text();
        let is_it = |dependency: &String| dependency == import;
        let edition = self.known.outline.edition.iter();
        let mut for_options = edition.flat_map(|edition| &edition.option_dependencies);
        let path = match self.known.outline.dependencies.iter().position(is_it) {
            Some(index) => [3, i32::try_from(index).ok()?],
            None => [
                OPTION_DEPENDENCY,
                i32::try_from(for_options.position(is_it)?).ok()?,
            ],
        };
        let line = *self
            .parsed()
            .source_info()
            .location
            .iter()
            .find(|location| location.path == path)?
            .span
            .first()?;
        let before = text.split_inclusive('\n').take(usize::try_from(line).ok()?);
        let line_start: usize = before.map(str::len).sum();
        let written = text_of(import.into());
        let start = line_start + text[line_start..].find(&written)?;
        Some(start..start + written.len())
    }
}

/// A path as an import writes it.
fn import_name(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).filter(|name| !name.is_empty())
}

/// Whether two serialized files define the same, apart from comments and places in the source.
pub(in crate::schema) fn same_file(one: &[u8], other: &[u8]) -> bool {
    let decode = |bytes: &[u8]| {
        let mut file = decoded_file(bytes).ok()?;
        file.source_code_info = None;
        Some(file)
    };
    one == other || matches!((decode(one), decode(other)), (Some(one), Some(other)) if one == other)
}
