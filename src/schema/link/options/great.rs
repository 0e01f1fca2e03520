//! Extensions of message sets whose numbers are too great for a pool, which has the files without them.
//!
//! They are seldom, so they are looked for in their file when an option names one.

use prost_types::{FieldDescriptorProto, FileDescriptorProto};

use crate::schema::definitions::SymbolKind;
use crate::schema::descriptor::MAX_FIELD_NUMBER;
use crate::schema::link::imports::visible_files;
use crate::schema::link::scope::Scope;
use crate::schema::link::symbols::Symbols;
use crate::schema::name::qualified;
use crate::schema::source::{FileContents, FileGraph};
use crate::schema::valid_texts::decoded_file;

/// Where they are looked for.
pub(super) struct GreatExtensions<'a> {
    pub(super) graph: &'a FileGraph,
    pub(super) symbols: &'a Symbols<'a>,
}

/// One of them. All are messages.
pub(super) struct GreatExtension {
    /// Its full name, and those of the message that it extends and of its type.
    pub(super) name: String,
    pub(super) extended: String,
    pub(super) message: String,
    pub(super) number: u32,
}

impl GreatExtensions<'_> {
    /// The one with this full name.
    pub(super) fn named(&self, name: &str) -> Option<GreatExtension> {
        let scope = name.rsplit_once('.').map_or("", |(scope, _)| scope);
        let mut all = self.declared_in(scope, name)?.into_iter();
        all.find(|found| found.name == name)
    }

    /// The one that a message declares of its own type, for the message set `extended`.
    pub(super) fn of_message(&self, message: &str, extended: &str) -> Option<GreatExtension> {
        let mut all = self.declared_in(message, message)?.into_iter();
        all.find(|found| found.message == message && found.extended == extended)
    }

    /// Those that are declared in a scope of the file that defines the name `defined`.
    fn declared_in(&self, scope: &str, defined: &str) -> Option<Vec<GreatExtension>> {
        let (_, owner) = self.symbols.get(defined)?;
        let file = match &self.graph.files[owner].contents {
            FileContents::Text(text) => text.parsed().file(),
            FileContents::FromSet(file, _) => decoded_file(&file.descriptor).unwrap_or_default(),
            FileContents::Broken => return None,
        };
        let visible = visible_files(self.graph, owner);
        let names = Scope::new(self.symbols, owner, visible.into_iter());
        let full = |name: &str| names.resolve(name, scope, SymbolKind::is_message).ok();
        let great = |extension: &FieldDescriptorProto| {
            let number = extension.number();
            let (extended, _) = full(extension.extendee()).filter(|_| number > MAX_FIELD_NUMBER)?;
            let (message, _) = full(extension.type_name())?;
            Some(GreatExtension {
                name: qualified(scope, extension.name()),
                extended,
                message,
                number: u32::try_from(number).ok()?,
            })
        };
        Some(extensions_in(&file, scope)?.iter().filter_map(great).collect())
    }
}

/// The extensions that a file declares in a scope: its package, or one of its messages.
fn extensions_in<'f>(file: &'f FileDescriptorProto, scope: &str) -> Option<&'f [FieldDescriptorProto]> {
    let below = scope.strip_prefix(file.package())?;
    let (mut messages, mut extensions) = (&file.message_type, &file.extension);
    for name in below.split('.').filter(|name| !name.is_empty()) {
        let message = messages.iter().find(|message| message.name() == name)?;
        (messages, extensions) = (&message.nested_type, &message.extension);
    }
    Some(extensions)
}
