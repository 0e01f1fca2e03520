//! The import names of texts: those by which others import them, or else those that their places give them.

use std::path::Path;

use super::file::{FileContents, FileId};
use super::graph::FileGraph;

impl FileGraph {
    /// An input whose path ends with the import, which shows what its root is. If there are several, the one nearest to
    /// `folder`.
    pub(super) fn input_that_ends_with(&self, import: &str, folder: Option<&Path>) -> Option<FileId> {
        let shared = |path: &Path| {
            let folder = folder.into_iter().flat_map(Path::components);
            path.components().zip(folder).take_while(|(a, b)| a == b).count()
        };
        let inputs = self
            .files
            .iter()
            .enumerate()
            .filter_map(|(id, file)| match &file.contents {
                FileContents::Text(text) if text.input_folder.is_some() => Some((id, &text.known.path)),
                _ => None,
            });
        inputs
            .filter(|(_, path)| path.ends_with(import))
            .min_by_key(|(_, path)| (std::cmp::Reverse(shared(path)), (*path).clone()))
            .map(|(id, _)| id)
    }

    /// Gives each text one import name. The imports of all texts are rewritten to these names when they are linked.
    pub(super) fn choose_names(&mut self) {
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
