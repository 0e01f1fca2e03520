//! One constraint that a message breaks.

use std::fmt;
use std::sync::Arc;

use super::path::{PathStep, Subscript, path_text, put_path, put_text};
use super::plan::About;
use crate::excerpt::excerpt;
use crate::message::{WireType, key, put_varint};

/// One constraint that a message breaks, from [`ValidationError::violations`](super::ValidationError::violations):
/// [`Validator`](super::Validator) has an example.
///
/// Its `Display` is for people: `items[2].count: must be greater than 0 [int32.gt]`.
#[derive(Clone)]
pub struct Violation {
    /// From the message down to the value. Empty if the whole message is at fault. While the check runs it is the other way
    /// round.
    pub(super) field: Vec<PathStep>,
    /// Where in the field of the next step it is, while the check runs.
    pub(super) subscript: Option<Subscript>,
    pub(super) about: Arc<About>,
    /// What the expression said itself.
    pub(super) text: Option<String>,
    pub(super) for_key: bool,
}

impl Violation {
    pub(super) fn new(about: &Arc<About>, text: Option<String>) -> Self {
        Self {
            field: Vec::new(),
            subscript: None,
            about: Arc::clone(about),
            text,
            for_key: false,
        }
    }

    /// The path of the field that is at fault, such as `items[2].count`. Empty if it is the message as a whole.
    pub fn field(&self) -> String {
        path_text(&self.field)
    }

    /// The id of the constraint, such as `int32.gt`.
    pub fn rule_id(&self) -> &str {
        &self.about.id
    }

    /// What is wrong, such as `must be greater than 0`. Texts that quote the message are shortened.
    pub fn message(&self) -> &str {
        self.text.as_deref().unwrap_or(&self.about.message)
    }

    /// Whether the key of a map's entry is at fault, and not its value.
    pub fn is_for_key(&self) -> bool {
        self.for_key
    }

    /// The `buf.validate.Violation`.
    pub(super) fn encode(&self, buffer: &mut Vec<u8>) {
        put_path(buffer, 5, &self.field);
        put_path(buffer, 6, &self.about.rule);
        put_text(buffer, 2, self.rule_id());
        put_text(buffer, 3, &excerpt(self.message()));
        if self.for_key {
            put_varint(buffer, key(4, WireType::Varint).into());
            put_varint(buffer, 1);
        }
    }

    /// The `google.rpc.BadRequest.FieldViolation`.
    pub(super) fn encode_field_violation(&self, buffer: &mut Vec<u8>) {
        put_text(buffer, 1, &self.field());
        put_text(buffer, 2, &excerpt(self.message()));
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field();
        if !field.is_empty() {
            let key = if self.for_key { " (key)" } else { "" };
            write!(f, "{field}{key}: ")?;
        }
        write!(f, "{} [{}]", excerpt(self.message()), self.rule_id())
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
