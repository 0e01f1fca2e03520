//! [`Block`]: in what braces a statement stands, which decides what its first word means.
//!
//! The words of the language are names, too: `import` begins a statement of a file, and may be the type of a field in a message.

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// In no braces.
    File,
    /// A message or a group.
    Message,
    /// The fields that are added to a message.
    Extensions,
    Oneof,
    Enum,
    Service,
    /// A method, or what is no statement.
    Other,
}

impl Block {
    /// The block that a statement opens with its first words.
    pub(super) fn opened_by(words: &[&str]) -> Self {
        let first = match words {
            ["export" | "local", next, ..] => next,
            [first, ..] => first,
            [] => "",
        };
        match first {
            "extend" => Self::Extensions,
            "oneof" => Self::Oneof,
            "enum" => Self::Enum,
            "service" => Self::Service,
            "rpc" => Self::Other,
            _ => Self::Message,
        }
    }

    /// Whether fields stand in it.
    pub(super) fn has_fields(self) -> bool {
        self.has_labels() || self == Self::Oneof
    }

    /// Whether fields stand in it that have a label in proto2.
    pub(super) fn has_labels(self) -> bool {
        matches!(self, Self::Message | Self::Extensions)
    }

    /// Whether a semicolon may stand in it by itself.
    pub(super) fn has_empty_statements(self) -> bool {
        !matches!(self, Self::Extensions | Self::Oneof)
    }
}
