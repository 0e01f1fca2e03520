//! What is taken from an earlier load: files that have not changed, and import nothing that has.

use std::collections::HashSet;
use std::sync::Arc;

use super::text::LinkedFile;
use crate::schema::definitions::{Definitions, SymbolKind};
use crate::schema::outline::KnownText;
use crate::schema::source::{FileContents, FileGraph, FileId};

/// The place of each file in the earlier load, if it and all that it imports are as they were there.
pub(super) fn unchanged(graph: &FileGraph, order: &[FileId]) -> Vec<Option<usize>> {
    let mut unchanged: Vec<Option<usize>> = vec![None; graph.files.len()];
    let Some(earlier) = &graph.earlier else {
        return unchanged;
    };
    for id in order {
        let file = &graph.files[*id];
        let place = match &file.contents {
            FileContents::Text(text) => text.earlier,
            FileContents::FromSet(..) => earlier.place_of(&file.name),
            FileContents::Broken => None,
        };
        unchanged[*id] = place.filter(|place| {
            let then = &earlier.tables.files[*place];
            let links = &earlier.tables.links[*place];
            let is_same = match &file.contents {
                FileContents::FromSet(set, _) => links.text.is_none() && then.descriptor == *set.served(),
                _ => links.text.is_some(),
            };
            let imports = file.own_imports().iter().map(|import| unchanged[(*import)?]);
            let mut for_options = file.imports_for_options().iter().flatten();
            let is_same = is_same && for_options.all(|import| unchanged[*import].is_some());
            let imports_then = links.imports[..links.own_imports]
                .iter()
                .map(|place| Some(*place));
            is_same && then.name == file.name && imports.eq(imports_then)
        });
    }
    unchanged
}

/// Takes out of the unchanged files those that are linked again nevertheless: those that define options for files that are
/// linked, and those that define a name that another now defines too.
pub(super) fn link_again(
    graph: &FileGraph,
    order: &[FileId],
    definitions: &[Arc<Definitions>],
    with_options: &[bool],
    unchanged: &mut [Option<usize>],
) {
    let mut names: HashSet<&str> = HashSet::new();
    let mut needed = vec![false; graph.files.len()];
    // Whoever imports a file comes after it.
    for id in order.iter().rev().copied() {
        if unchanged[id].is_none() {
            needed[id] = true;
            if with_options[id] {
                names.extend(definitions[id].names.iter().map(|(name, _)| &**name));
            }
        }
        if needed[id] {
            graph.files[id]
                .imports
                .iter()
                .flatten()
                .for_each(|import| needed[*import] = true);
        }
    }
    for id in order.iter().copied() {
        let is_defined = |(name, _): &(Arc<str>, SymbolKind)| names.contains(&**name);
        let is_twice = !names.is_empty() && definitions[id].names.iter().any(is_defined);
        if is_twice || needed[id] && with_options[id] {
            unchanged[id] = None;
        }
    }
}

/// A file as it was linked earlier.
pub(super) fn earlier_file(graph: &FileGraph, place: usize) -> Option<LinkedFile> {
    let tables = &graph.earlier.as_ref()?.tables;
    let links = &tables.links[place];
    Some(LinkedFile {
        edition: links.edition,
        descriptor: tables.files[place].descriptor.clone(),
        for_pool: links.for_pool.clone(),
        methods: Arc::clone(&links.methods),
        warnings: Arc::clone(&links.warnings),
    })
}

/// What a later load knows a text by.
pub(super) fn known_text(graph: &FileGraph, id: FileId) -> Option<Arc<KnownText>> {
    match &graph.files[id].contents {
        FileContents::Text(text) => Some(Arc::clone(&text.known)),
        _ => None,
    }
}
