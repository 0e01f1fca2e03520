//! [`Definitions`]: what a file defines, by full name, in a few bytes a name.
//!
//! All files are linked by these tables, and none needs the descriptors of another. It has what names can refer to:
//! messages, enums, services and extensions; and the values of its enums that stand in its package, where they may
//! collide with names of other files. What else has a name is compared with its siblings when the file is linked.

use std::collections::HashSet;
use std::sync::Arc;

use prost_types::file_options::OptimizeMode;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileOptions,
    MessageOptions,
};

use super::name::qualified;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SymbolKind {
    Package,
    Message,
    /// A message that the compiler makes for a map.
    MapEntry,
    Enum,
    /// A value of an enum that is not in a message.
    Value,
    Service,
    Extension,
}

impl SymbolKind {
    /// Whether other names can be in its scope.
    pub(super) fn is_scope(self) -> bool {
        !matches!(self, Self::Extension | Self::Value)
    }

    pub(super) fn is_message(self) -> bool {
        matches!(self, Self::Message | Self::MapEntry)
    }

    pub(super) fn is_type(self) -> bool {
        self.is_message() || self == Self::Enum
    }
}

/// What a file defines.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    pub(crate) package: Box<str>,
    /// Full names, each before those in its scope.
    pub(crate) names: Box<[(Arc<str>, SymbolKind)]>,
    pub(super) is_proto3: bool,
    /// What the edition of the file says of them.
    pub(super) edition: Option<EditionSymbols>,
    /// Whether it is for the lite runtimes.
    pub(super) is_lite: bool,
}

/// What the edition of a file says of its messages and enums, by full name.
#[derive(Debug, Default)]
pub(super) struct EditionSymbols {
    /// The enums that are closed.
    pub(super) closed: HashSet<String>,
    /// The messages and enums that are for their own file alone.
    pub(super) local: HashSet<String>,
}

impl Definitions {
    /// What `file` defines, whether it is linked or not.
    pub(super) fn of(file: &FileDescriptorProto) -> Self {
        let mut walk = Walk { names: Vec::new() };
        let package = file.package();
        walk.extensions(package, &file.extension);
        walk.enums(package, &file.enum_type);
        for value in file.enum_type.iter().flat_map(|found| &found.value) {
            walk.define(package, value.name(), SymbolKind::Value);
        }
        for service in &file.service {
            walk.define(package, service.name(), SymbolKind::Service);
        }
        for message in &file.message_type {
            walk.message(package, message);
        }
        Self {
            package: package.into(),
            names: walk.names.into(),
            is_proto3: file.syntax() == "proto3",
            edition: None,
            is_lite: file.options.as_ref().is_some_and(is_lite),
        }
    }

    /// Whether an extension is among them.
    pub(super) fn has_extensions(&self) -> bool {
        self.names.iter().any(|(_, kind)| *kind == SymbolKind::Extension)
    }

    /// Its package, and those above it.
    pub(super) fn packages(&self) -> impl Iterator<Item = &str> {
        packages_of(&self.package)
    }
}

/// A package, and those above it.
pub(crate) fn packages_of(package: &str) -> impl Iterator<Item = &str> {
    let above = package.match_indices('.').map(|(dot, _)| &package[..dot]);
    above.chain((!package.is_empty()).then_some(package))
}

/// `option optimize_for = LITE_RUNTIME`, read or as it is written.
fn is_lite(options: &FileOptions) -> bool {
    let mut written = options.uninterpreted_option.iter();
    options.optimize_for() == OptimizeMode::LiteRuntime
        || written.any(|option| {
            let is_named =
                matches!(&*option.name, [part] if part.name_part == "optimize_for" && !part.is_extension);
            is_named && option.identifier_value() == OptimizeMode::LiteRuntime.as_str_name()
        })
}

struct Walk {
    names: Vec<(Arc<str>, SymbolKind)>,
}

impl Walk {
    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let is_entry = message.options.as_ref().is_some_and(MessageOptions::map_entry);
        let kind = if is_entry {
            SymbolKind::MapEntry
        } else {
            SymbolKind::Message
        };
        let name = self.define(scope, message.name(), kind);
        self.extensions(&name, &message.extension);
        self.enums(&name, &message.enum_type);
        for nested in &message.nested_type {
            self.message(&name, nested);
        }
    }

    fn extensions(&mut self, scope: &str, extensions: &[FieldDescriptorProto]) {
        for extension in extensions {
            self.define(scope, extension.name(), SymbolKind::Extension);
        }
    }

    fn enums(&mut self, scope: &str, enums: &[EnumDescriptorProto]) {
        for found in enums {
            self.define(scope, found.name(), SymbolKind::Enum);
        }
    }

    fn define(&mut self, scope: &str, name: &str, kind: SymbolKind) -> Arc<str> {
        let name: Arc<str> = qualified(scope, name).into();
        self.names.push((Arc::clone(&name), kind));
        name
    }
}
