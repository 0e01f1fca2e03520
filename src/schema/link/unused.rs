//! Imports that a file does not use. As in protoc, what is imported publicly, or passes others on, counts as used.

use std::collections::BTreeSet;

use super::imports::public_imports;
use crate::schema::source::{FileGraph, FileId, OPTION_DEPENDENCY, TextFile};

/// `FileDescriptorProto.dependency`.
const DEPENDENCY: i32 = 3;

/// An import that nothing uses.
pub(super) struct UnusedImport<'g> {
    pub(super) name: &'g str,
    /// The list of imports that it is in, as a field of the file, and its place there.
    pub(super) list: i32,
    pub(super) index: usize,
}

/// The imports of a text from which it has none of the names that it `used`.
pub(super) fn unused_imports<'g>(
    graph: &'g FileGraph,
    id: FileId,
    text: &'g TextFile,
    used: &BTreeSet<FileId>,
) -> Vec<UnusedImport<'g>> {
    let file = &graph.files[id];
    let is_used = &|import: FileId| used.contains(&import) || !public_imports(graph, import).is_empty();
    let own = text
        .known
        .outline
        .dependencies
        .iter()
        .zip(file.own_imports())
        .zip(0..);
    let own = own.filter(|(_, index)| !text.known.outline.public_dependencies.contains(index));
    let edition = text.known.outline.edition.iter();
    let for_options = edition.flat_map(|edition| &edition.option_dependencies);
    let for_options = for_options.zip(file.imports_for_options()).zip(0..);
    let in_list = |number: i32| {
        move |((name, import), index): ((&'g String, &Option<FileId>), usize)| {
            import.filter(|import| !is_used(*import))?;
            Some(UnusedImport {
                name,
                list: number,
                index,
            })
        }
    };
    let mut unused: Vec<UnusedImport<'g>> = own.filter_map(in_list(DEPENDENCY)).collect();
    unused.extend(for_options.filter_map(in_list(OPTION_DEPENDENCY)));
    unused
}
