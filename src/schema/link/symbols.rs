//! [`Symbols`]: what is defined in all files, by full name, and which file has a name first.

use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;

use crate::schema::definitions::{Definitions, EditionSymbols, SymbolKind};
use crate::schema::fast_map::FastMap;
use crate::schema::source::FileId;

/// What is defined in all files.
#[derive(Debug, Default)]
pub(super) struct Symbols<'d> {
    by_name: FastMap<&'d str, (SymbolKind, FileId)>,
    /// Definitions of names that are defined already, in another file or in the same.
    again: FastMap<&'d str, Vec<(SymbolKind, FileId)>>,
    /// The packages, and those above them, each with the first file that has it.
    packages: FastMap<&'d str, FileId>,
    files: FastMap<FileId, (&'d str, &'d Definitions)>,
}

impl<'d> Symbols<'d> {
    /// Nothing, with room for as many names: a table that grows is made anew each time.
    pub(super) fn with_room(names: usize) -> Self {
        Self {
            by_name: FastMap::with_capacity_and_hasher(names, RandomState::default()),
            ..Self::default()
        }
    }

    /// Adds all that the file `name` defines. Of two definitions with one name the first is kept: linking refuses the second.
    pub(super) fn add(&mut self, id: FileId, name: &'d str, definitions: &'d Definitions) {
        for (full_name, kind) in &definitions.names {
            match self.by_name.entry(full_name) {
                Entry::Vacant(entry) => {
                    entry.insert((*kind, id));
                }
                Entry::Occupied(_) => {
                    let again = self.again.entry(full_name).or_default();
                    again.push((*kind, id));
                }
            }
        }
        for package in definitions.packages() {
            self.packages.entry(package).or_insert(id);
        }
        self.files.insert(id, (name, definitions));
    }

    /// What a full name stands for, and the file that defines it. Packages are not found, nor are values of enums, to which
    /// no name refers.
    pub(super) fn get(&self, name: &str) -> Option<(SymbolKind, FileId)> {
        let found = self.by_name.get(name).copied();
        found.filter(|(kind, _)| *kind != SymbolKind::Value)
    }

    /// The same, among what is defined in files that are visible.
    pub(super) fn get_visible(
        &self,
        name: &str,
        is_visible: impl Fn(FileId) -> bool,
    ) -> Option<(SymbolKind, FileId)> {
        let first = self.get(name).filter(|(_, file)| is_visible(*file));
        // Nearly no name is defined twice.
        if first.is_some() || self.again.is_empty() {
            return first;
        }
        let mut again = self.again.get(name)?.iter();
        let found = again.find(|(kind, file)| *kind != SymbolKind::Value && is_visible(*file));
        found.copied()
    }

    /// The file that has a name, of whatever kind, before `id`.
    pub(super) fn owner_before(&self, id: FileId, name: &str) -> Option<FileId> {
        let (_, owner) = self.by_name.get(name)?;
        (*owner != id).then_some(*owner)
    }

    /// The first file whose package has this name, or is in one of this name.
    pub(super) fn file_of_package(&self, name: &str) -> Option<FileId> {
        self.packages.get(name).copied()
    }

    /// What a file defines.
    pub(super) fn definitions(&self, id: FileId) -> Option<&'d Definitions> {
        self.files.get(&id).map(|(_, definitions)| *definitions)
    }

    /// Whether a message or an enum is for its own file alone.
    pub(super) fn is_local(&self, name: &str) -> bool {
        self.edition_of(name)
            .is_some_and(|edition| edition.local.contains(name))
    }

    /// Whether an enum of a file with an edition is closed.
    pub(super) fn is_closed_by_edition(&self, name: &str) -> bool {
        self.edition_of(name)
            .is_some_and(|edition| edition.closed.contains(name))
    }

    fn edition_of(&self, name: &str) -> Option<&EditionSymbols> {
        let (_, file) = self.by_name.get(name)?;
        self.definitions(*file)?.edition.as_ref()
    }

    /// The package of a file; empty if it has none.
    pub(super) fn package(&self, id: FileId) -> &str {
        self.definitions(id)
            .map_or("", |definitions| &definitions.package)
    }

    pub(super) fn file_name(&self, id: FileId) -> &str {
        self.files.get(&id).map_or("", |(name, _)| name)
    }
}
