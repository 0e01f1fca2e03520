//! [`Scope`]: the names that a file sees, and how a relative name is looked up among them.
//!
//! A file sees what it defines, what the files define that it imports, and what those import publicly. Nothing else counts,
//! not even as a package. A name is looked up from the inside to the outside: the first scope that knows its first part
//! decides, unless that part is no scope while more parts follow. So do protoc's linker and C++.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, OneofDescriptorProto,
};

use super::symbols::Symbols;
use crate::schema::definitions::{SymbolKind, packages_of};
use crate::schema::name::{outwards, qualified};
use crate::schema::source::FileId;

impl NotFound {
    /// What is wrong with `name`, where `wanted` was looked for: "a message type".
    pub(super) fn message(&self, name: &str, wanted: &str) -> String {
        match self {
            Self::Unknown | Self::NotImported { .. } => format!("name '{name}' is not defined"),
            Self::Hidden { resolved } => format!("'{name}' resolves to '{resolved}', which is not defined"),
            Self::Local { name, .. } => format!("'{name}' is for its own file alone"),
            Self::OtherKind { name } | Self::Method { name, .. } => format!("'{name}' is not {wanted}"),
        }
    }

    /// What to do about it, where that is known.
    pub(super) fn hint(&self, name: &str, symbols: &Symbols) -> Option<String> {
        match self {
            Self::NotImported { name, file } => {
                let file = symbols.file_name(*file);
                Some(format!("'{name}' is defined in '{file}', which is not imported"))
            }
            // What begins with the outermost is not mended by saying so.
            Self::Hidden { resolved } if resolved == name => None,
            Self::Hidden { .. } => Some(format!(
                "the innermost scope that has its first part counts: write '.{name}' to begin with the outermost"
            )),
            Self::Method { meant, .. } => {
                let meant = meant.as_ref()?;
                Some(format!(
                    "in its service this is the name of a method: write '.{meant}'"
                ))
            }
            Self::Local { file, .. } => {
                let file = symbols.file_name(*file);
                Some(format!("'{file}' can share it with `export`"))
            }
            Self::Unknown | Self::OtherKind { .. } => None,
        }
    }
}

/// The names that one file sees.
pub(super) struct Scope<'a> {
    symbols: &'a Symbols<'a>,
    own: FileId,
    /// The file itself among them.
    visible: BTreeSet<FileId>,
    /// The packages of visible files, and those above them.
    packages: HashSet<&'a str>,
    /// The files in which a name has been found.
    used: RefCell<BTreeSet<FileId>>,
}

/// What has a name in a file and cannot be referred to, by full name: its fields, oneofs and methods, and the values of its
/// enums.
#[derive(Debug, Default)]
pub(super) struct Members(HashSet<String>);

impl Members {
    pub(super) fn of(file: &FileDescriptorProto) -> Self {
        let mut names = HashSet::new();
        add_values(&file.enum_type, file.package(), &mut names);
        for message in &file.message_type {
            add_members(message, file.package(), &mut names);
        }
        for service in &file.service {
            let name = qualified(file.package(), service.name());
            names.extend(
                service
                    .method
                    .iter()
                    .map(|method| qualified(&name, method.name())),
            );
        }
        Self(names)
    }
}

/// The values of an enum have their names beside it.
fn add_values(enums: &[EnumDescriptorProto], scope: &str, names: &mut HashSet<String>) {
    let values = enums.iter().flat_map(|found| &found.value);
    names.extend(values.map(|value| qualified(scope, value.name())));
}

fn add_members(message: &DescriptorProto, scope: &str, names: &mut HashSet<String>) {
    let scope = qualified(scope, message.name());
    add_values(&message.enum_type, &scope, names);
    let fields = message.field.iter().map(FieldDescriptorProto::name);
    let oneofs = message.oneof_decl.iter().map(OneofDescriptorProto::name);
    names.extend(fields.chain(oneofs).map(|name| qualified(&scope, name)));
    for nested in &message.nested_type {
        add_members(nested, &scope, names);
    }
}

/// Why a name was not found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotFound {
    /// There is nothing of this name.
    Unknown,
    /// It is defined in a file that is not imported.
    NotImported { name: String, file: FileId },
    /// It is for the file that defines it alone.
    Local { name: String, file: FileId },
    /// Its first part is something nearer, in which there is nothing of this name.
    Hidden { resolved: String },
    /// It is something else than what is looked for.
    OtherKind { name: String },
    /// It is a method of the service in which it is looked for; `meant` is what it is outside.
    Method { name: String, meant: Option<String> },
}

impl<'a> Scope<'a> {
    /// The scope of the file `own`, which sees `visible` too.
    pub(super) fn new(symbols: &'a Symbols<'a>, own: FileId, visible: impl Iterator<Item = FileId>) -> Self {
        let visible: BTreeSet<FileId> = visible.chain([own]).collect();
        let mut packages = HashSet::new();
        for id in &visible {
            packages.extend(packages_of(symbols.package(*id)));
        }
        Self {
            symbols,
            own,
            visible,
            packages,
            used: RefCell::default(),
        }
    }

    /// The files in which a name has been found.
    pub(super) fn into_used(self) -> BTreeSet<FileId> {
        self.used.into_inner()
    }

    /// The full name, without a dot in front, of what `name` stands for in the scope `from`.
    pub(super) fn resolve(
        &self,
        name: &str,
        from: &str,
        wanted: fn(SymbolKind) -> bool,
    ) -> Result<(String, SymbolKind), NotFound> {
        self.look_up(name, from, wanted, None)
    }

    /// `hiding` are the members that hide what they are nearer than, if anything does that is not `wanted`.
    fn look_up(
        &self,
        name: &str,
        from: &str,
        wanted: fn(SymbolKind) -> bool,
        hiding: Option<&Members>,
    ) -> Result<(String, SymbolKind), NotFound> {
        if let Some(full) = name.strip_prefix('.') {
            return match self.get(full) {
                Some(kind) if wanted(kind) => Ok((full.to_owned(), kind)),
                Some(_) => Err(NotFound::OtherKind {
                    name: full.to_owned(),
                }),
                None => Err(self.elsewhere(full).unwrap_or(NotFound::Unknown)),
            };
        }
        let first = name.split('.').next().unwrap_or(name);
        let mut not_found = NotFound::Unknown;
        for scope in outwards(from) {
            let candidate = qualified(scope, first);
            let Some(kind) = self.get(&candidate) else {
                if first.len() == name.len() && hiding.is_some_and(|members| members.0.contains(&candidate)) {
                    return Err(NotFound::OtherKind { name: candidate });
                }
                if first.len() == name.len() && not_found == NotFound::Unknown {
                    not_found = self.elsewhere(&candidate).unwrap_or(NotFound::Unknown);
                }
                continue;
            };
            if first.len() == name.len() {
                if wanted(kind) {
                    return Ok((candidate, kind));
                }
                if hiding.is_some() {
                    return Err(NotFound::OtherKind { name: candidate });
                }
                if !matches!(not_found, NotFound::OtherKind { .. }) {
                    not_found = NotFound::OtherKind { name: candidate };
                }
            } else if kind.is_scope() {
                let full = qualified(scope, name);
                return match self.get(&full) {
                    Some(kind) if wanted(kind) => Ok((full, kind)),
                    Some(_) => Err(NotFound::OtherKind { name: full }),
                    None => Err(self
                        .elsewhere(&full)
                        .unwrap_or(NotFound::Hidden { resolved: full })),
                };
            }
        }
        if not_found == NotFound::Unknown {
            let mut scopes = outwards(from);
            not_found = scopes
                .find_map(|scope| self.elsewhere(&qualified(scope, name)))
                .unwrap_or(NotFound::Unknown);
        }
        Err(not_found)
    }

    /// As [`resolve`](Self::resolve), where the nearest thing of a name counts whatever it is: in options, and for what an
    /// extension extends. `members` are those of the file.
    pub(super) fn nearest(
        &self,
        name: &str,
        from: &str,
        wanted: fn(SymbolKind) -> bool,
        members: &Members,
    ) -> Result<(String, SymbolKind), NotFound> {
        self.look_up(name, from, wanted, Some(members))
    }

    /// Whether the file itself defines what has a full name.
    pub(super) fn is_own(&self, name: &str) -> bool {
        let own = self.symbols.get_visible(name, |file| file == self.own);
        own.is_some()
    }

    /// Whether what a full name stands for is for another file alone; the file.
    pub(super) fn local_elsewhere(&self, name: &str) -> Option<NotFound> {
        let (_, file) = self.symbols.get(name)?;
        let name = name.to_owned();
        (file != self.own && self.symbols.is_local(&name)).then_some(NotFound::Local { name, file })
    }

    /// What is defined in all files.
    pub(super) fn symbols(&self) -> &Symbols<'_> {
        self.symbols
    }

    /// What a full name stands for, if this file sees it.
    fn get(&self, name: &str) -> Option<SymbolKind> {
        let symbol = self
            .symbols
            .get_visible(name, |file| self.visible.contains(&file));
        match symbol {
            Some((kind, file)) => {
                self.used.borrow_mut().insert(file);
                Some(kind)
            }
            None => self.packages.contains(name).then_some(SymbolKind::Package),
        }
    }

    fn elsewhere(&self, name: &str) -> Option<NotFound> {
        let (_, file) = self.symbols.get(name)?;
        let name = name.to_owned();
        Some(NotFound::NotImported { name, file })
    }
}
