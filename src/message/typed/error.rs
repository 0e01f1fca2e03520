//! Why a value of Rust could not be read from a message or written to one, and in which field.

use std::fmt;

/// An error of serde, with the path of the field that it is about.
#[derive(Debug)]
pub(super) struct TypedError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    message: String,
    /// Names of fields, the innermost first.
    path: Vec<String>,
    /// The field that a struct misses.
    missing: Option<&'static str>,
    /// Whether reading again will give the field.
    again: bool,
}

impl TypedError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            message: message.into(),
            path: Vec::new(),
            missing: None,
            again: false,
        }))
    }

    /// The same error, found in the field `name`.
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.0.path.push(name.to_owned());
        self
    }

    /// The field that a struct misses.
    pub(super) fn missing(&self) -> Option<&'static str> {
        self.0.missing
    }

    /// The same error, and what it wants is given when the message is read again.
    pub(super) fn read_again(mut self) -> Self {
        self.0.again = true;
        self
    }

    pub(super) fn wants_again(&self) -> bool {
        self.0.again
    }
}

impl fmt::Display for TypedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, path, .. } = &*self.0;
        for (index, name) in path.iter().rev().enumerate() {
            f.write_str(if index == 0 { "" } else { "." })?;
            f.write_str(name)?;
        }
        f.write_str(if path.is_empty() { "" } else { ": " })?;
        f.write_str(message)
    }
}

impl std::error::Error for TypedError {}

impl serde::de::Error for TypedError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        let mut error = Self::new(format!("the field `{field}` is missing"));
        error.0.missing = Some(field);
        error
    }
}

impl serde::ser::Error for TypedError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

impl From<crate::message::wire::Malformed> for TypedError {
    fn from(malformed: crate::message::wire::Malformed) -> Self {
        Self::new(format!("malformed message: {malformed}"))
    }
}

impl From<serde_json::Error> for TypedError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error.to_string())
    }
}
