//! Finds the extension that a name in an option stands for, and the message that an `Any` in it holds.

use prost_reflect::{DescriptorPool, MessageDescriptor};

use super::contents::Slot;
use super::fault::{Fault, Lookup};
use crate::schema::definitions::SymbolKind;
use crate::schema::link::scope::Scope;
use crate::schema::named::field_named;

/// What a file sees.
pub(super) struct Visible<'a> {
    /// It has the file.
    pub(super) pool: &'a DescriptorPool,
    pub(super) scope: &'a Scope<'a>,
}

impl Lookup for Visible<'_> {
    fn extension(&self, message: &MessageDescriptor, name: &str, scope: &str) -> Result<Slot, Fault> {
        find_extension(self.pool, self.scope, message, name, scope)
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

    fn message(&self, _: &str) -> Option<MessageDescriptor> {
        None
    }
}

/// The extension of `message` that `name` stands for in the scope `from`.
///
/// A field of the message itself may be named in parentheses too. In a message set, which holds each message once, an extension also goes by the name of its message.
fn find_extension(
    pool: &DescriptorPool,
    scope: &Scope<'_>,
    message: &MessageDescriptor,
    name: &str,
    from: &str,
) -> Result<Slot, Fault> {
    let wanted = |kind: SymbolKind| matches!(kind, SymbolKind::Extension | SymbolKind::Message);
    let not_found = match scope.resolve(name, from, wanted) {
        Ok((full, SymbolKind::Extension)) => {
            let extension = pool.get_extension_by_name(&full);
            let extension = extension.ok_or_else(|| Fault::from(format!("name '{name}' is not defined")))?;
            let extended = extension.containing_message();
            if extended.full_name() == message.full_name() {
                return Ok(Slot::of_extension(&extension));
            }
            return Err(Fault::from(format!(
                "expected an extension to type '{}', but '{full}' extends '{}'",
                message.full_name(),
                extended.full_name()
            )));
        }
        Ok((full, _)) => {
            let nested = pool.get_message_by_name(&full);
            let mut extensions = nested.iter().flat_map(MessageDescriptor::child_extensions);
            let of_set = extensions.find(|extension| {
                let is_of_message =
                    extension.kind().as_message().map(MessageDescriptor::full_name) == Some(&full);
                is_of_message && extension.containing_message().full_name() == message.full_name()
            });
            return match of_set {
                Some(extension) => Ok(Slot::of_extension(&extension)),
                None => Err(Fault::from(format!("'{full}' is not an extension"))),
            };
        }
        Err(not_found) => not_found,
    };
    if let Some((owner, field)) = name.rsplit_once('.')
        && let Ok((owner, _)) = scope.resolve(owner, from, SymbolKind::is_message)
        && owner == message.full_name()
        && let Some(field) = field_named(message, field)
    {
        return Ok(Slot::of_field(&field));
    }
    Err(Fault {
        message: not_found.message(name, "an extension"),
        hint: not_found.hint(name, scope.symbols()),
    })
}
