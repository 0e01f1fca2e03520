//! The imports of a file as prost-reflect needs them.
//!
//! prost-reflect follows public imports for one step only. So the files that it gets name all of them as imports of their
//! own, which are removed again from the bytes that the schema hands out.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::schema::source::{FileContents, FileGraph, FileId};
use crate::schema::wire::records;

/// The names of the files that a file sees through public imports and does not import itself, the nearest first.
pub(super) fn hidden_imports(graph: &FileGraph, id: FileId) -> Vec<String> {
    let own: Vec<FileId> = graph.files[id].imports.iter().copied().flatten().collect();
    let mut seen: BTreeSet<FileId> = own.iter().copied().collect();
    let mut visible = own.clone();
    let mut next = 0;
    while let Some(seen_file) = visible.get(next) {
        let public = public_imports(graph, *seen_file);
        visible.extend(public.into_iter().filter(|id| seen.insert(*id)));
        next += 1;
    }
    visible[own.len()..]
        .iter()
        .map(|id| graph.files[*id].name.clone())
        .collect()
}

fn public_imports(graph: &FileGraph, id: FileId) -> Vec<FileId> {
    let indices: Vec<usize> = match &graph.files[id].contents {
        FileContents::Text(text) => text
            .descriptor
            .public_dependency
            .iter()
            .filter_map(|index| usize::try_from(*index).ok())
            .collect(),
        FileContents::FromSet(file, _) => file.public_dependencies.clone(),
        FileContents::Broken => Vec::new(),
    };
    indices
        .into_iter()
        .filter_map(|index| *graph.files[id].imports.get(index)?)
        .collect()
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

/// Removes the last `count` imports from a serialized file.
pub(super) fn without_last_imports(descriptor: &Bytes, count: usize) -> Bytes {
    if count == 0 {
        return descriptor.clone();
    }
    let records: Vec<_> = records(descriptor).flatten().collect();
    let imports = records.iter().filter(|record| record.number == 3).count();
    let mut met = 0;
    let mut bytes = Vec::with_capacity(descriptor.len());
    for record in &records {
        met += usize::from(record.number == 3);
        if record.number != 3 || met <= imports - count {
            bytes.extend_from_slice(record.whole);
        }
    }
    bytes.into()
}
