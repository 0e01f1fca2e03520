//! What is wrong with an option, and how extensions are found.

use prost_reflect::MessageDescriptor;

use super::contents::Slot;

/// What is wrong with an option.
#[derive(Debug)]
pub(in crate::schema::link) struct Fault {
    pub(in crate::schema::link) message: String,
    pub(in crate::schema::link) hint: Option<String>,
}

/// Finds an extension of a message by its name in a scope.
pub(super) type FindExtension<'f> = &'f dyn Fn(&MessageDescriptor, &str, &str) -> Result<Slot, Fault>;

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
