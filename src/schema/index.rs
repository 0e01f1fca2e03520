//! [`SchemaIndex`]: finds the file that defines a name, without a descriptor pool.
//!
//! Files, types, services and extensions are in tables. What is in a type or a service (fields, oneofs, values, methods) is
//! looked up in the bytes of its file.

use std::sync::Arc;

use bytes::Bytes;

use super::definitions::SymbolKind;
use super::fast_map::FastMap;
use super::features::{delimited, text, varint};
use super::name::qualified;
use super::tables::Tables;

/// The names of a schema, and where each is defined. Files are known by their places among those of the schema.
#[derive(Debug)]
pub(crate) struct SchemaIndex {
    tables: Arc<Tables>,
    files: FastMap<Box<str>, usize>,
    symbols: FastMap<Arc<str>, (SymbolKind, usize)>,
    /// By the extended message: the number of each extension, and its file, sorted.
    extensions: FastMap<String, Vec<(i32, usize)>>,
}

impl SchemaIndex {
    pub(super) fn new(tables: &Arc<Tables>) -> Self {
        let files = tables.files.iter().zip(0..);
        let files = files.map(|(file, place)| (file.name.as_str().into(), place));
        let mut symbols = FastMap::default();
        let mut extensions: FastMap<String, Vec<(i32, usize)>> = FastMap::default();
        for (links, place) in tables.links.iter().zip(0..) {
            for (name, kind) in &links.definitions.names {
                symbols.entry(Arc::clone(name)).or_insert((*kind, place));
            }
            if links.definitions.has_extensions() {
                for (extended, number) in extensions_of(&tables.files[place].descriptor) {
                    extensions.entry(extended).or_default().push((number, place));
                }
            }
        }
        for numbers in extensions.values_mut() {
            numbers.sort_unstable();
        }
        Self {
            files: files.collect(),
            tables: Arc::clone(tables),
            symbols,
            extensions,
        }
    }

    /// The serialized files, each after those that it imports.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = &Bytes> {
        self.tables.files.iter().map(|file| &file.descriptor)
    }

    /// The file of this name.
    pub(crate) fn file(&self, name: &str) -> Option<usize> {
        self.files.get(name).copied()
    }

    pub(crate) fn name_of(&self, file: usize) -> &str {
        &self.tables.files[file].name
    }

    /// The files that a file imports, in its order; not those that it imports for its options alone.
    pub(crate) fn imports(&self, file: usize) -> &[usize] {
        let links = &self.tables.links[file];
        &links.imports[..links.own_imports]
    }

    /// Whether there is a message of this full name.
    pub(crate) fn has_message(&self, name: &str) -> bool {
        self.symbols.get(name).is_some_and(|(kind, _)| kind.is_message())
    }

    /// The file that defines what has a full name: also a field, a oneof, a value of an enum, or a method.
    pub(crate) fn file_of(&self, name: &str) -> Option<usize> {
        if let Some((_, file)) = self.symbols.get(name) {
            return Some(*file);
        }
        let (parent, member) = name.rsplit_once('.')?;
        let (_, file) = *self.symbols.get(parent)?;
        has_member(&self.tables.files[file].descriptor, parent, member).then_some(file)
    }

    /// The numbers of a message's extensions, sorted, each with the file that defines it.
    pub(crate) fn extensions(&self, message: &str) -> &[(i32, usize)] {
        let extensions = self.extensions.get(message);
        extensions.map(Vec::as_slice).unwrap_or_default()
    }
}

/// The extensions that a file defines, at any depth: what each extends, and its number.
fn extensions_of(file: &[u8]) -> Vec<(String, i32)> {
    let mut extensions = delimited(file, 7);
    let mut messages = delimited(file, 4);
    while let Some(message) = messages.pop() {
        extensions.extend(delimited(message, 6));
        messages.extend(delimited(message, 3));
    }
    let extensions = extensions.into_iter().filter_map(|extension| {
        let extended = text(extension, 2);
        let extended = extended.strip_prefix('.').unwrap_or(extended);
        Some((extended.to_owned(), i32::try_from(varint(extension, 3)?).ok()?))
    });
    extensions.collect()
}

/// Whether the message or service `parent` of a file has a field, a oneof, a value or a method `member`. The values of an enum
/// are in the scope around it.
fn has_member(file: &[u8], parent: &str, member: &str) -> bool {
    let has = |elements: Vec<&[u8]>| elements.into_iter().any(|element| text(element, 1) == member);
    let mut scope = text(file, 2).to_owned();
    for service in delimited(file, 6) {
        if qualified(&scope, text(service, 1)) == parent {
            return has(delimited(service, 2));
        }
    }
    let mut messages = delimited(file, 4);
    loop {
        let around = messages.into_iter().find_map(|message| {
            let name = qualified(&scope, text(message, 1));
            let rest = parent.strip_prefix(&*name)?;
            (rest.is_empty() || rest.starts_with('.')).then_some((message, name))
        });
        let Some((message, name)) = around else {
            return false;
        };
        if name == parent {
            let mut enums = delimited(message, 4).into_iter();
            return has(delimited(message, 2))
                || has(delimited(message, 8))
                || enums.any(|found| has(delimited(found, 2)));
        }
        scope = name;
        messages = delimited(message, 3);
    }
}
