//! A pool for one file alone: in place of the files that it imports, it has stubs of what the file refers to.
//!
//! prost-reflect checks much of a file when it is added to a pool, and a pool with all files of a large tree takes a
//! gigabyte. What it looks up in other files is whether a name is there, and what kind of thing it is. So a pool that has just
//! these names says the same of the file, takes no memory when it is dropped, and many can be filled at once. Names that
//! the file defines and another has already are in it too, so that they are refused as they would be there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prost_types::field_descriptor_proto::Type;
use prost_types::file_options::OptimizeMode;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueDescriptorProto, FileDescriptorProto,
    FileOptions, MessageOptions,
};

use super::symbols::Symbols;
use crate::schema::definitions::{SymbolKind, packages_of};
use crate::schema::each::{each_field_of, each_message_of};
use crate::schema::features::mark;
use crate::schema::source::{FileContents, FileGraph, FileId};
use crate::schema::valid_texts::decoded_file;

/// The files in whose place they are, each with what `file` needs of it. `file` is `id`, and its names are full; `visible`
/// are the files that it sees.
pub(super) fn stubs_for(
    graph: &FileGraph,
    symbols: &Symbols,
    id: FileId,
    visible: &[FileId],
    file: &FileDescriptorProto,
) -> Vec<FileDescriptorProto> {
    let mut stubs = Stubs {
        symbols,
        id,
        files: visible.iter().map(|id| (*id, Scope::default())).collect(),
        packages: BTreeSet::new(),
    };
    let mut owners = Owners {
        graph,
        decoded: HashMap::new(),
    };
    each_field_of(file, |field| {
        stubs.refer_to(field.extendee());
        if let Some((owner, name)) = stubs.refer_to(field.type_name())
            && field.r#type() == Type::Enum
            && let Some(default) = &field.default_value
        {
            let found = owners.enum_of(owner, &name);
            let value = found.and_then(|found| found.value.iter().find(|value| value.name() == default));
            stubs.scope(owner, &name).values.extend(value.cloned().map(plain));
        }
    });
    each_message_of(file, |message| {
        let is_entry = message.options.as_ref().is_some_and(MessageOptions::map_entry);
        for field in message
            .field
            .iter()
            .filter(|field| is_entry && field.r#type() == Type::Enum)
        {
            if let Some((owner, name)) = stubs.refer_to(field.type_name())
                && symbols
                    .definitions(owner)
                    .is_some_and(|definitions| !definitions.is_proto3)
            {
                // It matters whether a map begins with zero, as every enum of proto3 does.
                let first = owners.enum_of(owner, &name).and_then(|found| found.value.first());
                stubs.scope(owner, &name).first = first.cloned().map(plain);
            }
        }
    });
    for method in file.service.iter().flat_map(|service| &service.method) {
        stubs.refer_to(method.input_type());
        stubs.refer_to(method.output_type());
    }
    stubs.collide();
    stubs.files()
}

/// Files whose enums are looked at, each decoded once.
struct Owners<'g> {
    graph: &'g FileGraph,
    decoded: HashMap<FileId, FileDescriptorProto>,
}

impl Owners<'_> {
    /// An enum of another file.
    fn enum_of(&mut self, owner: FileId, name: &str) -> Option<&EnumDescriptorProto> {
        let decode = || match &self.graph.files[owner].contents {
            FileContents::Text(text) => text.parsed().file(),
            FileContents::FromSet(file, _) => decoded_file(&file.descriptor).unwrap_or_default(),
            FileContents::Broken => FileDescriptorProto::default(),
        };
        let file = self.decoded.entry(owner).or_insert_with(decode);
        let path = name.strip_prefix(file.package())?.trim_start_matches('.');
        let mut enums = &file.enum_type;
        let name = match path.rsplit_once('.') {
            None => path,
            Some((messages, name)) => {
                let mut scope = &file.message_type;
                for name in messages.split('.') {
                    let message = scope.iter().find(|message| message.name() == name)?;
                    scope = &message.nested_type;
                    enums = &message.enum_type;
                }
                name
            }
        };
        enums.iter().find(|found| found.name() == name)
    }
}

struct Stubs<'s> {
    symbols: &'s Symbols<'s>,
    id: FileId,
    files: BTreeMap<FileId, Scope>,
    /// Packages of other files that collide with names of this one.
    packages: BTreeSet<String>,
}

/// What is in a file or a message, by name.
#[derive(Default)]
struct Scope {
    kind: Option<SymbolKind>,
    /// The first value of an enum, where it matters.
    first: Option<EnumValueDescriptorProto>,
    /// Other values of an enum.
    values: Vec<EnumValueDescriptorProto>,
    /// Whether it is a closed enum of a file with an edition.
    is_closed: bool,
    children: BTreeMap<String, Scope>,
}

impl Stubs<'_> {
    /// Adds what a full name with a dot in front refers to, unless it is in the file itself.
    fn refer_to(&mut self, name: &str) -> Option<(FileId, String)> {
        let name = name.strip_prefix('.')?;
        let is_visible = |file| file == self.id || self.files.contains_key(&file);
        let (kind, owner) = self.symbols.get_visible(name, is_visible)?;
        if owner == self.id {
            return None;
        }
        let is_closed = self.symbols.is_closed_by_edition(name);
        let scope = self.scope(owner, name);
        scope.kind = Some(kind);
        scope.is_closed = is_closed;
        Some((owner, name.to_owned()))
    }

    /// Adds what has a name already that the file defines.
    fn collide(&mut self) {
        let Some(own) = self.symbols.definitions(self.id) else {
            return;
        };
        let taken = |name: &str| Some((self.symbols.owner_before(self.id, name)?, name.to_owned()));
        let names = own.names.iter().filter_map(|(name, _)| taken(name));
        let packages = packages_of(&own.package).filter_map(taken);
        let collisions: Vec<(FileId, String)> = names.chain(packages).collect();
        for (owner, name) in collisions {
            self.scope(owner, &name).kind.get_or_insert(SymbolKind::Message);
        }
        let names = own.names.iter().map(|(name, _)| &**name);
        let symbols = self.symbols;
        let packages = names.filter(|name| symbols.file_of_package(name).is_some());
        self.packages.extend(packages.map(str::to_owned));
    }

    fn scope(&mut self, owner: FileId, name: &str) -> &mut Scope {
        let package = self.symbols.package(owner);
        let path = name.strip_prefix(package).unwrap_or(name).trim_start_matches('.');
        let mut scope = self.files.entry(owner).or_default();
        for part in path.split('.') {
            scope = scope.children.entry(part.to_owned()).or_default();
        }
        scope
    }

    fn files(self) -> Vec<FileDescriptorProto> {
        let mut files = Vec::with_capacity(self.files.len());
        for (id, scope) in self.files {
            let Some(definitions) = self.symbols.definitions(id) else {
                continue;
            };
            let message = message("", scope);
            files.push(FileDescriptorProto {
                name: Some(self.symbols.file_name(id).to_owned()),
                package: Some(definitions.package.to_string()).filter(|package| !package.is_empty()),
                // The enums of editions are open unless they are marked.
                syntax: (definitions.is_proto3 || definitions.edition.is_some()).then(|| "proto3".to_owned()),
                options: definitions.is_lite.then(|| FileOptions {
                    optimize_for: Some(OptimizeMode::LiteRuntime.into()),
                    ..FileOptions::default()
                }),
                message_type: message.nested_type,
                enum_type: message.enum_type,
                ..FileDescriptorProto::default()
            });
        }
        for package in self.packages {
            let owner = self.symbols.file_of_package(&package);
            let name = owner.map_or("", |owner| self.symbols.file_name(owner));
            // A stub of that file has the package already, and a pool has one file of a name.
            if !files.iter().any(|file| file.name() == name) {
                files.push(FileDescriptorProto {
                    name: Some(name.to_owned()),
                    package: Some(package),
                    ..FileDescriptorProto::default()
                });
            }
        }
        files
    }
}

/// A message with what is in `scope`.
fn message(name: &str, scope: Scope) -> DescriptorProto {
    let mut message = DescriptorProto {
        name: Some(name.to_owned()),
        options: (scope.kind == Some(SymbolKind::MapEntry)).then(|| MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        }),
        ..DescriptorProto::default()
    };
    for (name, child) in scope.children {
        if child.kind == Some(SymbolKind::Enum) {
            message.enum_type.push(enumeration(&name, child));
        } else {
            message.nested_type.push(self::message(&name, child));
        }
    }
    message
}

fn plain(value: EnumValueDescriptorProto) -> EnumValueDescriptorProto {
    EnumValueDescriptorProto {
        options: None,
        ..value
    }
}

/// An enum with the values that matter, and before them one that no file has, unless its first matters.
fn enumeration(name: &str, scope: Scope) -> EnumDescriptorProto {
    let zero = || EnumValueDescriptorProto {
        name: Some(format!("protod_zero_of_{name}")),
        number: Some(0),
        options: None,
    };
    let mut found = EnumDescriptorProto {
        name: Some(name.to_owned()),
        value: vec![scope.first.unwrap_or_else(zero)],
        options: Some(EnumOptions {
            allow_alias: Some(true),
            ..EnumOptions::default()
        }),
        ..EnumDescriptorProto::default()
    };
    if scope.is_closed {
        mark(&mut found);
    }
    for value in scope.values {
        if !found.value.iter().any(|known| known.name == value.name) {
            found.value.push(value);
        }
    }
    found
}
