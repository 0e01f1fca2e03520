//! [`Symbols`]: what is defined in the files that are linked, by full name.
//!
//! It has what names can refer to: messages, enums, services and extensions. What else has a name (fields, values, methods)
//! is compared with its siblings by the pool.

use std::collections::HashMap;

use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use crate::schema::name::qualified;
use crate::schema::source::FileId;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SymbolKind {
    Package,
    Message,
    Enum,
    Service,
    Extension,
}

impl SymbolKind {
    /// Whether other names can be in its scope.
    pub(super) fn is_scope(self) -> bool {
        self != Self::Extension
    }

    pub(super) fn is_message(self) -> bool {
        self == Self::Message
    }

    pub(super) fn is_type(self) -> bool {
        matches!(self, Self::Message | Self::Enum)
    }
}

/// What is defined in the files so far.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    by_name: HashMap<String, (SymbolKind, FileId)>,
    /// The name and the package of each file.
    files: HashMap<FileId, (String, String)>,
}

impl Symbols {
    /// Adds all that a file defines. Of two definitions with one name the first is kept: the pool refuses the second.
    pub(super) fn add(&mut self, id: FileId, file: &FileDescriptorProto) {
        let package = file.package();
        self.files
            .insert(id, (file.name().to_owned(), package.to_owned()));
        self.add_extensions(id, package, &file.extension);
        self.add_enums(id, package, &file.enum_type);
        for service in &file.service {
            self.define(id, package, service.name(), SymbolKind::Service);
        }
        for message in &file.message_type {
            self.add_message(id, package, message);
        }
    }

    fn add_message(&mut self, id: FileId, scope: &str, message: &DescriptorProto) {
        let name = self.define(id, scope, message.name(), SymbolKind::Message);
        self.add_extensions(id, &name, &message.extension);
        self.add_enums(id, &name, &message.enum_type);
        for nested in &message.nested_type {
            self.add_message(id, &name, nested);
        }
    }

    fn add_extensions(&mut self, id: FileId, scope: &str, extensions: &[FieldDescriptorProto]) {
        for extension in extensions {
            self.define(id, scope, extension.name(), SymbolKind::Extension);
        }
    }

    fn add_enums(&mut self, id: FileId, scope: &str, enums: &[EnumDescriptorProto]) {
        for found in enums {
            self.define(id, scope, found.name(), SymbolKind::Enum);
        }
    }

    fn define(&mut self, id: FileId, scope: &str, name: &str, kind: SymbolKind) -> String {
        let name = qualified(scope, name);
        self.by_name.entry(name.clone()).or_insert((kind, id));
        name
    }

    /// What a full name stands for, and the file that defines it. Packages are not found.
    pub(super) fn get(&self, name: &str) -> Option<(SymbolKind, FileId)> {
        self.by_name.get(name).copied()
    }

    /// The package of a file; empty if it has none.
    pub(super) fn package(&self, id: FileId) -> &str {
        self.files.get(&id).map_or("", |(_, package)| package)
    }

    pub(super) fn file_name(&self, id: FileId) -> &str {
        self.files.get(&id).map_or("", |(name, _)| name)
    }
}
