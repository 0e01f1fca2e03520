//! What is wrong with an option, and how the names in it are looked up.

use prost_reflect::MessageDescriptor;

use super::contents::Slot;

/// What is wrong with an option.
#[derive(Debug)]
pub(in crate::schema::link) struct Fault {
    pub(in crate::schema::link) message: String,
    pub(in crate::schema::link) hint: Option<String>,
}

/// What the names in options stand for.
pub(super) trait Lookup {
    /// The extension of a message that has this name in a scope.
    fn extension(&self, message: &MessageDescriptor, name: &str, scope: &str) -> Result<Slot, Fault>;

    /// Whether the file that has the options defines what has this full name.
    fn is_own(&self, full_name: &str) -> bool;

    /// The message with this full name.
    fn message(&self, full_name: &str) -> Option<MessageDescriptor>;
}

impl Fault {
    /// The same, of what is named.
    pub(super) fn of(self, subject: &str) -> Self {
        Self {
            message: format!("{subject}: {}", self.message),
            ..self
        }
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self { message, hint: None }
    }
}
