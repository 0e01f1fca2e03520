//! [`SchemaIndex`]: finds the file that defines a name, without a descriptor pool.
//!
//! Types, services and extensions are in a table. What is in them (fields, oneofs, values, methods) is looked up in the bytes of
//! their file.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::definitions::SymbolKind;
use super::name::qualified;
use super::schema_file::SchemaFile;
use super::tables::Tables;
use super::wire::without_source_info;

/// The names of a schema, and where each is defined.
#[derive(Debug)]
pub(crate) struct SchemaIndex {
    tables: Arc<Tables>,
    files: HashMap<Box<str>, usize>,
    symbols: HashMap<Arc<str>, (SymbolKind, usize)>,
    /// By the extended message: the number of each extension, and its file.
    extensions: HashMap<String, Vec<(i32, usize)>>,
}

impl SchemaIndex {
    pub(super) fn new(tables: Arc<Tables>) -> Self {
        let files = tables.files.iter().zip(0..);
        let files = files
            .map(|(file, place)| (file.name.as_str().into(), place))
            .collect();
        let mut symbols = HashMap::new();
        let mut extensions: HashMap<String, Vec<(i32, usize)>> = HashMap::new();
        for (links, place) in tables.links.iter().zip(0..) {
            for (name, kind) in &links.definitions.names {
                symbols.entry(Arc::clone(name)).or_insert((*kind, place));
            }
            if links.definitions.has_extensions() {
                for extension in extensions_of(&decoded(&tables.files[place])) {
                    let extended = extension.extendee().trim_start_matches('.').to_owned();
                    extensions
                        .entry(extended)
                        .or_default()
                        .push((extension.number(), place));
                }
            }
        }
        for numbers in extensions.values_mut() {
            numbers.sort_unstable();
        }
        Self {
            tables,
            files,
            symbols,
            extensions,
        }
    }

    /// The file of this name, by its place.
    pub(crate) fn file(&self, name: &str) -> Option<usize> {
        self.files.get(name).copied()
    }

    pub(crate) fn name_of(&self, file: usize) -> &str {
        &self.tables.files[file].name
    }

    /// The serialized `FileDescriptorProto` of a file.
    pub(crate) fn descriptor(&self, file: usize) -> &Bytes {
        &self.tables.files[file].descriptor
    }

    /// The files that a file imports.
    pub(crate) fn imports(&self, file: usize) -> &[usize] {
        let links = &self.tables.links[file];
        &links.imports[..links.own_imports]
    }

    /// The file that defines a message, with its full name.
    pub(crate) fn file_of_message(&self, name: &str) -> Option<usize> {
        let (kind, file) = self.symbols.get(name)?;
        kind.is_message().then_some(*file)
    }

    /// The file that defines what has a full name: also a field, a oneof, a value of an enum, or a method.
    pub(crate) fn file_of(&self, name: &str) -> Option<usize> {
        if let Some((_, file)) = self.symbols.get(name) {
            return Some(*file);
        }
        let (parent, member) = name.rsplit_once('.')?;
        let (_, file) = *self.symbols.get(parent)?;
        let decoded = decoded(&self.tables.files[file]);
        let package = decoded.package();
        let is_method = decoded.service.iter().any(|service| {
            let mut methods = service.method.iter();
            qualified(package, service.name()) == parent && methods.any(|method| method.name() == member)
        });
        (is_method || has_member(&decoded.message_type, package, parent, member)).then_some(file)
    }

    /// The numbers of a message's extensions, sorted, each with the file that defines it.
    pub(crate) fn extensions(&self, message: &str) -> &[(i32, usize)] {
        self.extensions
            .get(message)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

fn decoded(file: &SchemaFile) -> FileDescriptorProto {
    FileDescriptorProto::decode(without_source_info(&file.descriptor)).unwrap_or_default()
}

/// Whether the message `parent`, which is among `messages` or in one of them, has a field, a oneof or a value `member`.
fn has_member(messages: &[DescriptorProto], scope: &str, parent: &str, member: &str) -> bool {
    messages.iter().any(|message| {
        let name = qualified(scope, message.name());
        if name != parent {
            let is_around = parent
                .strip_prefix(&*name)
                .is_some_and(|rest| rest.starts_with('.'));
            return is_around && has_member(&message.nested_type, &name, parent, member);
        }
        let has_value = |found: &EnumDescriptorProto| found.value.iter().any(|value| value.name() == member);
        message.field.iter().any(|field| field.name() == member)
            || message.oneof_decl.iter().any(|oneof| oneof.name() == member)
            || message.enum_type.iter().any(has_value)
    })
}

/// The extensions that a file defines, at any depth.
fn extensions_of(file: &FileDescriptorProto) -> impl Iterator<Item = &FieldDescriptorProto> {
    let mut waiting: Vec<&DescriptorProto> = file.message_type.iter().collect();
    let nested = std::iter::from_fn(move || {
        let message = waiting.pop()?;
        waiting.extend(&message.nested_type);
        Some(&message.extension)
    });
    file.extension.iter().chain(nested.flatten())
}
