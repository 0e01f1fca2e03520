//! Why a value does not fit a field: where in it, which value, and which type.

use std::fmt;

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use crate::cel::values::{Told, Value};
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
    /// The same without keys of maps, which are values.
    bare_path: String,
    told: Told,
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
        Self::of_text(&text, expected)
    }

    /// The same of a value as it is written.
    #[cold]
    pub(super) fn of_text(value: &str, expected: &str) -> Self {
        let fits_not = |value: &str| format!("{value} does not fit {expected}");
        Self::because(Told::quoting(fits_not(value), fits_not("a value")))
    }

    #[cold]
    pub(crate) fn because(told: impl Into<Told>) -> Self {
        Self(Box::new(Contents {
            path: String::new(),
            bare_path: String::new(),
            told: told.into(),
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
    pub(super) fn in_field(self, name: &str) -> Self {
        self.put_first(&format!(".{name}"), None)
    }

    /// The same, of an element of a list.
    pub(super) fn in_element(self, index: usize) -> Self {
        self.put_first(&format!("[{index}]"), None)
    }

    /// The same, of the value of an entry.
    pub(super) fn in_entry(self, key: &Value<'_>) -> Self {
        let mut name = String::from("[");
        key.write_json(&mut name);
        name.push(']');
        self.put_first(&name, Some("[…]"))
    }

    fn put_first(mut self, part: &str, bare: Option<&str>) -> Self {
        self.0.path.insert_str(0, part);
        self.0.bare_path.insert_str(0, bare.unwrap_or(part));
        self
    }

    /// What does not fit, and the path to it from a field of that name.
    pub(crate) fn of(self, field: &str) -> (Told, Told) {
        let place = |path: &str| format!("{field}{path}");
        (
            Told::quoting(place(&self.0.path), place(&self.0.bare_path)),
            self.0.told,
        )
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            f.write_str(self.0.path.strip_prefix('.').unwrap_or(&self.0.path))?;
            f.write_str(": ")?;
        }
        self.0.told.fmt(f)
    }
}

impl From<Misfit> for Told {
    fn from(misfit: Misfit) -> Self {
        let Contents {
            path,
            bare_path,
            told,
        } = *misfit.0;
        if path.is_empty() {
            return told;
        }
        let place = |path: &str| path.strip_prefix('.').unwrap_or(path).to_owned();
        told.of(Self::quoting(place(&path), place(&bare_path)))
    }
}
