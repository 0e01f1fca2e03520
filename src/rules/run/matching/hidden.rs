//! What a difference does not tell: fields and headers that are not to be seen.

use prost_reflect::{Kind, MessageDescriptor};

use super::pattern::Mismatch;
use crate::journal::Redaction;
use crate::rules::plan::Equality;
use crate::schema::field_called;

/// What stands in the place of what is not to be seen.
pub(super) const REDACTED: &str = "<redacted>";

impl Equality {
    /// Whether the field of a request of type `input` is not to be seen.
    pub(super) fn is_hidden(&self, input: &MessageDescriptor, hidden: &Redaction) -> bool {
        let mut way = Vec::new();
        let mut message = input.clone();
        for name in names(&self.path) {
            let Some((number, kind)) = field_of(&message, name) else {
                break;
            };
            way.push((message, number));
            let Kind::Message(inner) = kind else { break };
            message = inner;
        }
        let way = way.iter().map(|(message, number)| (message, *number));
        hidden.hidden_on(way).is_some()
    }
}

impl Mismatch {
    /// For people. Of what is not to be seen, it says no more than where it is.
    pub(super) fn told(self, hidden: Option<&Redaction>) -> String {
        let way = self.way.iter().rev().map(|(message, number)| (message, *number));
        match hidden.and_then(|hidden| hidden.hidden_on(way)) {
            Some(path) => format!("{path} is {REDACTED}, and does not fit"),
            None => self.text,
        }
    }
}

/// The names in a path, of which those of extensions stand in brackets.
fn names(path: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    path.split(move |letter| {
        is_inside = (is_inside || letter == '[') && letter != ']';
        letter == '.' && !is_inside
    })
}

/// The number and the type of a field by its name, which a rule may write as in JSON, or of an extension.
fn field_of(message: &MessageDescriptor, name: &str) -> Option<(u32, Kind)> {
    if let Some(field) = field_called(message, name) {
        return Some((field.number(), field.kind()));
    }
    let extension = message
        .extensions()
        .find(|extension| extension.json_name() == name)?;
    Some((extension.number(), extension.kind()))
}
