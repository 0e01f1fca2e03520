//! Finds the extension that a name in an option stands for, and the message that an `Any` in it holds.

use prost_reflect::{DescriptorPool, MessageDescriptor};

use super::contents::Slot;
use super::fault::{Fault, Lookup};
use super::great::{GreatExtension, GreatExtensions};
use crate::schema::definitions::SymbolKind;
use crate::schema::link::scope::{Members, Scope};
use crate::schema::named::field_named;

/// What a file sees.
pub(super) struct Visible<'a> {
    /// It has the file.
    pub(super) pool: &'a DescriptorPool,
    pub(super) scope: &'a Scope<'a>,
    /// Those of the file.
    pub(super) members: &'a Members,
    pub(super) great: GreatExtensions<'a>,
}

impl Lookup for Visible<'_> {
    fn extension(&self, message: &MessageDescriptor, name: &str, scope: &str) -> Result<Slot, Fault> {
        self.find_extension(message, name, scope)
    }

    fn is_own(&self, full_name: &str) -> bool {
        self.scope.is_own(full_name)
    }

    fn message(&self, full_name: &str) -> Option<MessageDescriptor> {
        let found = self
            .scope
            .resolve(&format!(".{full_name}"), "", SymbolKind::is_message);
        found.ok().and_then(|_| self.pool.get_message_by_name(full_name))
    }
}

/// Nothing: options of descriptor.proto are read before the file is linked.
pub(super) struct Nothing;

impl Lookup for Nothing {
    fn extension(&self, _: &MessageDescriptor, name: &str, _: &str) -> Result<Slot, Fault> {
        Err(Fault::from(format!("name '{name}' is not defined")))
    }

    fn is_own(&self, _: &str) -> bool {
        false
    }

    fn message(&self, _: &str) -> Option<MessageDescriptor> {
        None
    }
}

impl Visible<'_> {
    /// The extension of `message` that `name` stands for in the scope `from`.
    ///
    /// A field of the message itself may be named in parentheses too. In a message set, which holds each message once, an
    /// extension also goes by the name of its message.
    fn find_extension(&self, message: &MessageDescriptor, name: &str, from: &str) -> Result<Slot, Fault> {
        let wanted = |kind: SymbolKind| matches!(kind, SymbolKind::Extension | SymbolKind::Message);
        let resolved = self.scope.nearest(name, from, wanted, self.members);
        let (full, kind) = match resolved {
            Ok(found) => found,
            Err(not_found) => {
                return self.own_field(message, name, from).ok_or_else(|| Fault {
                    message: not_found.message(name, "an extension"),
                    hint: not_found.hint(name, self.scope.symbols()),
                });
            }
        };
        if kind == SymbolKind::Extension {
            self.named(message, &full)
                .unwrap_or_else(|| Err(Fault::from(format!("name '{name}' is not defined"))))
        } else {
            self.of_message(message, &full)
                .ok_or_else(|| Fault::from(format!("'{full}' is not an extension")))
        }
    }

    /// The field of `message` that `name` stands for, with the name of its message in front.
    fn own_field(&self, message: &MessageDescriptor, name: &str, from: &str) -> Option<Slot> {
        let (owner, field) = name.rsplit_once('.')?;
        let (owner, _) = self.scope.resolve(owner, from, SymbolKind::is_message).ok()?;
        let field = field_named(message, field);
        let field = field.filter(|_| owner == message.full_name())?;
        Some(Slot::of_field(&field))
    }

    /// The extension with this full name, if there is one, and if it extends `message`.
    fn named(&self, message: &MessageDescriptor, full: &str) -> Option<Result<Slot, Fault>> {
        let (slot, extended) = if let Some(found) = self.pool.get_extension_by_name(full) {
            let extended = found.containing_message().full_name().to_owned();
            (Slot::of_extension(&found), extended)
        } else {
            let found = self.great.named(full)?;
            (self.slot_of_great(&found)?, found.extended)
        };
        Some(if extended == message.full_name() {
            Ok(slot)
        } else {
            Err(Fault::from(format!(
                "expected an extension to type '{}', but '{full}' extends '{extended}'",
                message.full_name(),
            )))
        })
    }

    /// The extension of a message set that the message `full` declares for itself.
    fn of_message(&self, message: &MessageDescriptor, full: &str) -> Option<Slot> {
        let nested = self.pool.get_message_by_name(full);
        let mut extensions = nested.iter().flat_map(MessageDescriptor::child_extensions);
        let of_set = extensions.find(|extension| {
            let is_of_message = extension.kind().as_message().map(MessageDescriptor::full_name) == Some(full);
            is_of_message && extension.containing_message().full_name() == message.full_name()
        });
        match of_set {
            Some(extension) => Some(Slot::of_extension(&extension)),
            None => self.slot_of_great(&self.great.of_message(full, message.full_name())?),
        }
    }

    fn slot_of_great(&self, found: &GreatExtension) -> Option<Slot> {
        let message = self.pool.get_message_by_name(&found.message)?;
        Some(Slot::of_message(&found.name, found.number, message))
    }
}
