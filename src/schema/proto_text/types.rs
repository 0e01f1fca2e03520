//! [`Types`]: the descriptors of a file and of all that it reaches, as they are served.
//!
//! A pool has some of them in another way: fields with other names, proto2 in place of an edition, no extensions with great
//! numbers. So what is printed is read from the bytes, a file when something of it is asked for.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use prost::Message as _;

use super::serialized::Serialized;
use crate::schema::definitions::{Definitions, SymbolKind};
use crate::schema::descriptor::{Enum, Field, File, Message};
use crate::schema::features::edition_symbols;
use crate::schema::name::{below, qualified};
use crate::schema::source::descriptor_proto;
use crate::schema::tables::Tables;

/// The types that a printed file and its options refer to.
pub(super) struct Types<'s> {
    files: Vec<ReadFile<'s>>,
    /// The place of the printed file among them.
    printed: usize,
    /// What is defined in the files, by full name.
    names: HashMap<&'s str, (usize, SymbolKind)>,
    packages: HashSet<&'s str>,
    /// The places of the files whose names the printed one sees.
    visible: HashSet<usize>,
    /// Those of one number in the order in which they are meant. Few numbers have several.
    extensions: OnceCell<HashMap<(String, i32), Vec<Extension>>>,
    /// The files that import the printed one.
    importers: Vec<Bytes>,
    /// Today's descriptor.proto. The files may have an older one, or none.
    shipped: ReadFile<'s>,
}

struct ReadFile<'s> {
    bytes: Bytes,
    definitions: Option<&'s Definitions>,
    read: OnceCell<File>,
}

/// An extension and its full name.
pub(super) struct Extension {
    pub(super) name: String,
    pub(super) field: Field,
}

impl<'s> Types<'s> {
    /// The types of the file at this place in the tables.
    pub(super) fn of(tables: &'s Tables, file: usize) -> Self {
        let places: HashMap<&str, usize> = tables.files.iter().map(|file| &*file.name).zip(0..).collect();
        let printed = ReadFile::new(tables.files[file].descriptor.clone(), None);
        let for_options = printed.file().option_dependency.iter();
        let for_options = for_options.filter_map(|name| places.get(&**name).copied());
        let seen: HashSet<usize> = tables.links[file]
            .imports
            .iter()
            .copied()
            .chain(for_options)
            .collect();
        let reached = tables.closure(seen.iter().copied().chain([file]));
        let importers = tables.links.iter().zip(&tables.files);
        let importers = importers.filter(|(links, _)| links.imports.contains(&file));
        let mut types = Self {
            printed: reached
                .iter()
                .position(|place| *place == file)
                .unwrap_or_default(),
            files: Vec::with_capacity(reached.len()),
            names: HashMap::new(),
            packages: HashSet::new(),
            visible: HashSet::new(),
            extensions: OnceCell::new(),
            importers: importers
                .map(|(_, importer)| importer.descriptor.clone())
                .collect(),
            shipped: ReadFile::new(descriptor_proto(), None),
        };
        for place in reached {
            let definitions = &*tables.links[place].definitions;
            let names = definitions.names.iter();
            let index = types.files.len();
            if place == file || seen.contains(&place) {
                types.visible.insert(index);
            }
            types
                .names
                .extend(names.map(|(name, kind)| (&**name, (index, *kind))));
            types.packages.extend(definitions.packages());
            let bytes = tables.files[place].descriptor.clone();
            types.files.push(ReadFile::new(bytes, Some(definitions)));
        }
        types
    }

    /// The file that is printed, and its bytes.
    pub(super) fn printed(&self) -> (&File, &[u8]) {
        let printed = &self.files[self.printed];
        (printed.file(), &printed.bytes)
    }

    /// Whether a file that imports the printed one refers to what is for that one alone, as far as its bytes say so.
    pub(super) fn shares_local_names(&self) -> bool {
        let (file, bytes) = self.printed();
        let local = edition_symbols(bytes, file.edition).local;
        let is_local = |name: &str| local.contains(name.trim_start_matches('.'));
        !local.is_empty()
            && self.importers.iter().any(|importer| {
                let importer = File::decode(&**importer).unwrap_or_default();
                let methods = importer.service.iter().flat_map(|service| &service.method);
                let mut in_methods = methods.flat_map(|method| [&method.input_type, &method.output_type]);
                in_methods.any(|name| is_local(name))
                    || importer.extension.iter().any(|field| refers(field, &is_local))
                    || importer
                        .message_type
                        .iter()
                        .any(|message| any_refers(message, &is_local))
            })
    }

    /// The message with this full name.
    pub(super) fn message(&self, name: &str) -> Option<&Message> {
        let own = self.defining(name).and_then(|file| find_message(file, name));
        own.or_else(|| find_message(self.shipped.file(), name))
    }

    /// The enum with this full name.
    pub(super) fn enumeration(&self, name: &str) -> Option<&Enum> {
        let own = self.defining(name).and_then(|file| find_enum(file, name));
        own.or_else(|| find_enum(self.shipped.file(), name))
    }

    /// The field of a message that has a number. An older descriptor.proto does not have all that its options may have.
    pub(super) fn field(&self, message: &str, number: i32) -> Option<&Field> {
        let own = self.message(message);
        let own = own.and_then(|message| field_of(message, number));
        own.or_else(|| field_of(find_message(self.shipped.file(), message)?, number))
    }

    /// The extension of a message that has a number, and may have a value that is written like this one.
    pub(super) fn extension(&self, message: &str, number: i32, value: Serialized<'_>) -> Option<&Extension> {
        let all = self.extensions.get_or_init(|| {
            let mut all = HashMap::new();
            for is_visible in [true, false] {
                let files = self.files.iter().enumerate().filter(|(index, file)| {
                    self.visible.contains(index) == is_visible
                        && file.definitions.is_some_and(Definitions::has_extensions)
                });
                for (_, file) in files {
                    let file = file.file();
                    collect(&file.package, &file.extension, &file.message_type, &mut all);
                }
            }
            all
        });
        let of_number = all.get(&(message.to_owned(), number))?;
        let fitting = of_number.iter().find(|extension| value.may_be(&extension.field));
        fitting.or(of_number.first())
    }

    /// Whether anything has this full name, which is a package or is in one or in a message or service.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(name) || self.packages.contains(name) || self.has_member(name)
    }

    /// Whether a message or a service has a part of this name.
    fn has_member(&self, name: &str) -> bool {
        let Some((scope, member)) = name.rsplit_once('.') else {
            return false;
        };
        match self.names.get(scope) {
            Some((_, SymbolKind::Message)) => self.message(scope).is_some_and(|message| {
                let mut values = message.enum_type.iter().flat_map(|found| &found.value);
                message.field.iter().any(|field| field.name == member)
                    || message.oneof_decl.iter().any(|oneof| oneof.name == member)
                    || values.any(|value| value.name == member)
            }),
            Some((file, SymbolKind::Service)) => {
                let services = self.files[*file].file().service.iter();
                let mut of_name = services.filter(|service| scope.ends_with(&service.name));
                of_name.any(|service| service.method.iter().any(|method| method.name == member))
            }
            _ => false,
        }
    }

    fn defining(&self, name: &str) -> Option<&File> {
        let (file, _) = self.names.get(name)?;
        Some(self.files[*file].file())
    }
}

impl<'s> ReadFile<'s> {
    fn new(bytes: Bytes, definitions: Option<&'s Definitions>) -> Self {
        let read = OnceCell::new();
        Self {
            bytes,
            definitions,
            read,
        }
    }

    fn file(&self) -> &File {
        let read = || File::decode(&*self.bytes).unwrap_or_default();
        self.read.get_or_init(read)
    }
}

fn collect(
    scope: &str,
    extensions: &[Field],
    messages: &[Message],
    all: &mut HashMap<(String, i32), Vec<Extension>>,
) {
    for field in extensions {
        let extendee = field.extendee.trim_start_matches('.').to_owned();
        let extension = Extension {
            name: qualified(scope, &field.name),
            field: field.clone(),
        };
        all.entry((extendee, field.number)).or_default().push(extension);
    }
    for message in messages {
        let scope = qualified(scope, &message.name);
        collect(&scope, &message.extension, &message.nested_type, all);
    }
}

/// Whether a field of a message, or of one in it, refers to such a name.
fn any_refers(message: &Message, is_wanted: &dyn Fn(&str) -> bool) -> bool {
    let fields = message.field.iter().chain(&message.extension);
    let mut nested = message.nested_type.iter();
    { fields }.any(|field| refers(field, is_wanted)) || nested.any(|nested| any_refers(nested, is_wanted))
}

fn refers(field: &Field, is_wanted: &dyn Fn(&str) -> bool) -> bool {
    is_wanted(&field.type_name) || is_wanted(&field.extendee)
}

fn field_of(message: &Message, number: i32) -> Option<&Field> {
    message.field.iter().find(|field| field.number == number)
}

fn find_message<'f>(file: &'f File, name: &str) -> Option<&'f Message> {
    let mut messages = &file.message_type;
    let mut found = None;
    for part in below(&file.package, name)?.split('.') {
        let message = messages.iter().find(|message| message.name == part)?;
        messages = &message.nested_type;
        found = Some(message);
    }
    found
}

fn find_enum<'f>(file: &'f File, name: &str) -> Option<&'f Enum> {
    let (enums, last) = match below(&file.package, name)?.rsplit_once('.') {
        None => (&file.enum_type, below(&file.package, name)?),
        Some((_, last)) => {
            let (message, _) = name.rsplit_once('.')?;
            (&find_message(file, message)?.enum_type, last)
        }
    };
    enums.iter().find(|found| found.name == last)
}
