//! Why a value does not fit a field: where in it, which value, and which type.

use std::fmt;

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use crate::cel::values::Value;
use crate::excerpt::excerpt;
use crate::schema::field_name;
use crate::suggest;

/// A value that does not fit. One word wide, so that results go through registers.
#[derive(Debug)]
pub(crate) struct Misfit(Box<Contents>);

#[derive(Debug)]
struct Contents {
    /// Where in the field the value stands: `[1].name`. Empty if it is the field's own.
    path: String,
    message: String,
}

impl Misfit {
    /// A value that is not one of that type: "3000000000 does not fit int32".
    #[cold]
    pub(super) fn new(value: &Value<'_>, expected: &str) -> Self {
        let text = match value {
            Value::Null => "null".to_owned(),
            Value::String(text) => format!("{:?}", excerpt(text)),
            Value::Message(message) => {
                let text = excerpt(&value.to_text()).into_owned();
                format!("{} {text}", message.descriptor.full_name())
            }
            other => excerpt(&other.to_text()).into_owned(),
        };
        Self::because(format!("{text} does not fit {expected}"))
    }

    #[cold]
    pub(crate) fn because(message: impl Into<String>) -> Self {
        Self(Box::new(Contents {
            path: String::new(),
            message: message.into(),
        }))
    }

    /// A name that is none of a field of the message.
    #[cold]
    pub(super) fn no_field(descriptor: &MessageDescriptor, name: &str) -> Self {
        let fields: Vec<FieldDescriptor> = descriptor.fields().collect();
        let near = suggest::did_you_mean(name, fields.iter().map(field_name));
        let near = near.map_or_else(String::new, |near| format!("; {near}"));
        let (message, name) = (descriptor.full_name(), excerpt(name));
        Self::because(format!("the message {message} has no field `{name}`{near}"))
    }

    /// The same, of a field of a message.
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.0.path.insert_str(0, &format!(".{name}"));
        self
    }

    /// The same, of an element of a list.
    pub(super) fn in_element(mut self, index: usize) -> Self {
        self.0.path.insert_str(0, &format!("[{index}]"));
        self
    }

    /// The same, of the value of an entry.
    pub(super) fn in_entry(mut self, key: &Value<'_>) -> Self {
        let mut name = String::from("[");
        key.write_json(&mut name);
        name.push(']');
        self.0.path.insert_str(0, &name);
        self
    }

    /// What does not fit, and the path to it from a field of that name.
    pub(crate) fn of(self, field: &str) -> (String, String) {
        (format!("{field}{}", self.0.path), self.0.message)
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            f.write_str(self.0.path.strip_prefix('.').unwrap_or(&self.0.path))?;
            f.write_str(": ")?;
        }
        f.write_str(&self.0.message)
    }
}
