//! The kinds of the keys by which places of the store are set and read.
//!
//! A map of the store finds what is asked for only by the kind by which it was set: `'5'` is not `5`. What is known of keys
//! when rules load tells of maps that are set by keys of one kind and asked for those of another.

use crate::cel::Type;

/// What a key is, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::compile) enum KeyKind {
    Unknown,
    /// A text, or the name of an enum's value.
    Text,
    /// A whole number, signed or not.
    Number,
    Bool,
}

/// A key of a place, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules::compile) struct TypedKey {
    pub(in crate::rules::compile) kind: KeyKind,
    pub(in crate::rules::compile) text: String,
    /// The map that it is a key of.
    pub(in crate::rules::compile) container: String,
}

impl KeyKind {
    /// The kind of keys of a type.
    pub(in crate::rules::compile) fn of(found: &Type) -> Self {
        match found {
            Type::String | Type::Enum(_) => Self::Text,
            Type::Int | Type::Uint => Self::Number,
            Type::Bool => Self::Bool,
            _ => Self::Unknown,
        }
    }

    fn one(self) -> &'static str {
        match self {
            Self::Unknown => "a key",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Bool => "a bool",
        }
    }

    fn many(self) -> &'static str {
        match self {
            Self::Unknown => "keys",
            Self::Text => "texts",
            Self::Number => "numbers",
            Self::Bool => "bools",
        }
    }
}

impl TypedKey {
    /// Keeps the kind if that of the other is the same.
    pub(super) fn keep_kind(&mut self, other: &Self) {
        if self.kind != other.kind {
            self.kind = KeyKind::Unknown;
        }
    }

    /// What is wrong with a key whose map is set by keys of another kind, such as `made_by`, and what to do. `is_name` tells
    /// whether it is written as a name.
    pub(super) fn misfit(&self, made_by: &Self, is_name: bool) -> (String, String) {
        let Self { text, container, .. } = self;
        let made = &made_by.text;
        let (due, found) = (made_by.kind.many(), self.kind.one());
        let named = if is_name {
            format!("'{text}'")
        } else {
            text.clone()
        };
        let message =
            format!("`{container}` is set by {due}, and `{named}` is {found}, which is never in it");
        let hint = match (made_by.kind, self.kind) {
            (KeyKind::Text, _) => format!("write `string({text})`"),
            (KeyKind::Number, KeyKind::Text) if is_name && text.parse::<i64>().is_ok() => {
                format!("write `{text}`, without quotes")
            }
            (KeyKind::Number, KeyKind::Text) if !is_name => {
                format!("write `int({text})`, or set it by a text: `string({made})`")
            }
            _ => format!("it is set by `{made}`: read it by one of these"),
        };
        (message, hint)
    }
}
