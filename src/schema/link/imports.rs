//! The imports of a file as prost-reflect needs them.
//!
//! prost-reflect follows public imports for one step only. So the files that it gets name all of them as imports of their
//! own, which those that the schema hands out do not have.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::schema::source::{FileContents, FileGraph, FileId};

/// The files that a file sees: those that it imports, in their order, and then those that it sees through public imports,
/// the nearest first.
pub(super) fn visible_files(graph: &FileGraph, id: FileId) -> Vec<FileId> {
    let mut visible: Vec<FileId> = graph.files[id].own_imports().iter().copied().flatten().collect();
    follow_public(graph, &mut visible);
    visible
}

/// The files that a file imports for its options, and those that it sees through them.
pub(super) fn files_for_options(graph: &FileGraph, id: FileId) -> Vec<FileId> {
    let imports = graph.files[id].imports_for_options().iter();
    let mut visible: Vec<FileId> = imports.copied().flatten().collect();
    follow_public(graph, &mut visible);
    visible
}

fn follow_public(graph: &FileGraph, visible: &mut Vec<FileId>) {
    // Most files see no public import.
    let mut seen: Option<BTreeSet<FileId>> = None;
    let mut next = 0;
    while let Some(seen_file) = visible.get(next) {
        let public = public_imports(graph, *seen_file);
        if !public.is_empty() {
            let seen = seen.get_or_insert_with(|| visible.iter().copied().collect());
            visible.extend(public.into_iter().filter(|id| seen.insert(*id)));
        }
        next += 1;
    }
}

/// The names of those of the `visible` files that a file sees through public imports and does not import itself.
pub(super) fn hidden_imports(graph: &FileGraph, id: FileId, visible: &[FileId]) -> Vec<String> {
    let own = graph.files[id].own_imports().iter().flatten().count();
    let hidden = visible.iter().skip(own);
    hidden.map(|id| graph.files[*id].name.clone()).collect()
}

pub(super) fn public_imports(graph: &FileGraph, id: FileId) -> Vec<FileId> {
    let indices: &[usize] = match &graph.files[id].contents {
        FileContents::Text(text) => &text.known.outline.public_dependencies,
        FileContents::FromSet(file, _) => &file.public_dependencies,
        FileContents::Broken => &[],
    };
    let imports = &graph.files[id].imports;
    indices.iter().filter_map(|index| *imports.get(*index)?).collect()
}

/// Appends imports to a serialized file. Fields of a message may come in any order.
pub(super) fn with_imports(descriptor: &Bytes, imports: &[String]) -> Bytes {
    if imports.is_empty() {
        return descriptor.clone();
    }
    let mut bytes = descriptor.to_vec();
    for import in imports {
        prost::encoding::string::encode(3, import, &mut bytes);
    }
    bytes.into()
}
