//! What can be wrong with one message, and the gRPC status that says so.
//!
//! One function maps a cause to a code, and a test holds a table of all of them.

use std::fmt;

use prost_reflect::text_format::ParseError;
use tonic::{Code, Status};

use super::check::MAX_DEPTH;
use super::wire::Malformed;

/// A message that cannot be read or written. It becomes a [`Status`] by `?`.
///
/// ```
/// use protod::tonic::{Code, Status};
/// use protod::{Message, MessageError, Schema};
///
/// let schema = Schema::load("proto")?;
/// let request = schema.pool().get_message_by_name("proto.SearchRequest").expect("it is there");
/// let error: MessageError = Message::from_json(request, r#"{"reqest": ""}"#).unwrap_err();
/// assert_eq!(Status::from(error).code(), Code::InvalidArgument);
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug)]
pub struct MessageError {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Malformed(Malformed),
    Decode(prost::DecodeError),
    Json(serde_json::Error),
    /// The path of the field.
    JsonAt(String, serde_json::Error),
    Text(Box<ParseError>),
    /// Where the first bracket is that is too deep, in bytes.
    TextTooDeep(usize),
    UnknownType(String),
    /// It does not fit a type of Rust.
    UnfitType(String),
    /// A value of Rust does not fit it.
    UnfitValue(String),
    WrongType {
        expected: String,
        found: String,
    },
    AnyTooDeep,
    /// Its JSON has more bytes than this.
    JsonTooLarge(usize),
    TimeOutOfRange(String),
    /// A path to a field, and why it does not fit the type.
    Path(String),
    /// The path of an element that a list or a map does not have.
    MissingElement(String),
}

impl MessageError {
    pub(super) fn decode(error: prost::DecodeError) -> Self {
        Self {
            kind: Kind::Decode(error),
        }
    }

    pub(super) fn json(error: serde_json::Error) -> Self {
        Self {
            kind: Kind::Json(error),
        }
    }

    /// JSON does not fit the field at this path; empty for the message itself.
    pub(super) fn json_at(path: String, error: serde_json::Error) -> Self {
        if path.is_empty() {
            return Self::json(error);
        }
        Self {
            kind: Kind::JsonAt(path, error),
        }
    }

    /// It has no JSON form.
    pub(super) fn unfit_json(why: impl fmt::Display) -> Self {
        Self::json(serde::ser::Error::custom(why))
    }

    pub(super) fn text(error: ParseError) -> Self {
        Self {
            kind: Kind::Text(Box::new(error)),
        }
    }

    pub(super) fn text_too_deep(at: usize) -> Self {
        Self {
            kind: Kind::TextTooDeep(at),
        }
    }

    pub(super) fn unfit_type(why: String) -> Self {
        Self {
            kind: Kind::UnfitType(why),
        }
    }

    pub(super) fn unfit_value(why: String) -> Self {
        Self {
            kind: Kind::UnfitValue(why),
        }
    }

    pub(super) fn unknown_type(name: &str) -> Self {
        Self {
            kind: Kind::UnknownType(name.to_owned()),
        }
    }

    pub(crate) fn wrong_type(expected: &str, found: &str) -> Self {
        Self {
            kind: Kind::WrongType {
                expected: expected.to_owned(),
                found: found.to_owned(),
            },
        }
    }

    pub(super) fn any_too_deep() -> Self {
        Self {
            kind: Kind::AnyTooDeep,
        }
    }

    pub(super) fn json_too_large(limit: usize) -> Self {
        Self {
            kind: Kind::JsonTooLarge(limit),
        }
    }

    pub(super) fn time_out_of_range(name: &str) -> Self {
        Self {
            kind: Kind::TimeOutOfRange(name.to_owned()),
        }
    }

    pub(super) fn path(path: &str, why: &str) -> Self {
        Self {
            kind: Kind::Path(format!("{path}: {why}")),
        }
    }

    pub(super) fn missing_element(path: &str) -> Self {
        Self {
            kind: Kind::MissingElement(path.to_owned()),
        }
    }

    /// Whether the message is sound but larger than a limit allows.
    pub fn is_too_large(&self) -> bool {
        matches!(
            self.kind,
            Kind::Malformed(Malformed::TooManyElements(_) | Malformed::TooDeep) | Kind::JsonTooLarge(_)
        )
    }

    /// The gRPC code for this cause: a malformed message is `INTERNAL`, as in grpc-go and grpc-java; one over a
    /// limit `RESOURCE_EXHAUSTED`; what JSON cannot express `INVALID_ARGUMENT`. A malformed request ends a call of Connect or
    /// REST with `INVALID_ARGUMENT`, as their servers have it.
    pub fn code(&self) -> Code {
        match &self.kind {
            Kind::Malformed(Malformed::TooManyElements(_) | Malformed::TooDeep)
            | Kind::AnyTooDeep
            | Kind::JsonTooLarge(_)
            | Kind::TextTooDeep(_) => Code::ResourceExhausted,
            Kind::Json(_)
            | Kind::JsonAt(..)
            | Kind::Text(_)
            | Kind::TimeOutOfRange(_)
            | Kind::MissingElement(_)
            | Kind::UnfitType(_) => Code::InvalidArgument,
            Kind::Malformed(_)
            | Kind::Decode(_)
            | Kind::UnknownType(_)
            | Kind::WrongType { .. }
            | Kind::Path(_)
            | Kind::UnfitValue(_) => Code::Internal,
        }
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Malformed(sound @ (Malformed::TooManyElements(_) | Malformed::TooDeep)) => sound.fmt(f),
            Kind::Malformed(malformed) => write!(f, "malformed message: {malformed}"),
            Kind::Decode(error) => write!(f, "malformed message: {error}"),
            Kind::Json(error) => write!(f, "JSON does not fit the message: {error}"),
            Kind::JsonAt(path, error) => write!(f, "JSON does not fit the message: {path}: {error}"),
            Kind::Text(error) => write!(f, "the text does not fit the message: {error}"),
            Kind::TextTooDeep(at) => {
                write!(f, "brackets nest more than {MAX_DEPTH} levels deep at byte {at}")
            }
            Kind::UnknownType(name) => write!(f, "the schema has no message {name}"),
            Kind::WrongType { expected, found } => {
                write!(f, "expected a message {expected}, found a {found}")
            }
            Kind::AnyTooDeep => {
                f.write_str("messages are nested too deep for JSON, those in google.protobuf.Any included")
            }
            Kind::JsonTooLarge(limit) => {
                write!(f, "a message in JSON is larger than the limit of {limit} bytes")
            }
            Kind::TimeOutOfRange(name) => write!(f, "a {name} is out of range for JSON"),
            Kind::Path(message) => f.write_str(message),
            Kind::UnfitType(why) => write!(f, "the message does not fit the type: {why}"),
            Kind::UnfitValue(why) => write!(f, "the value does not fit the message: {why}"),
            Kind::MissingElement(path) => write!(f, "the message has no {path}"),
        }
    }
}

impl std::error::Error for MessageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Decode(error) => Some(error),
            Kind::Json(error) | Kind::JsonAt(_, error) => Some(error),
            Kind::Text(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<Malformed> for MessageError {
    fn from(malformed: Malformed) -> Self {
        Self {
            kind: Kind::Malformed(malformed),
        }
    }
}

impl From<MessageError> for Status {
    fn from(error: MessageError) -> Self {
        Status::new(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_code() {
        let json = serde_json::from_str::<u8>("x").expect_err("not a number");
        let table = [
            (MessageError::from(Malformed::Truncated), Code::Internal),
            (MessageError::from(Malformed::Utf8(1)), Code::Internal),
            (MessageError::from(Malformed::TooDeep), Code::ResourceExhausted),
            (
                MessageError::from(Malformed::TooManyElements(1)),
                Code::ResourceExhausted,
            ),
            (MessageError::json(json), Code::InvalidArgument),
            (MessageError::unknown_type("a.B"), Code::Internal),
            (
                MessageError::unfit_type("no field".to_owned()),
                Code::InvalidArgument,
            ),
            (MessageError::unfit_value("no field".to_owned()), Code::Internal),
            (MessageError::wrong_type("a.B", "a.C"), Code::Internal),
            (MessageError::text_too_deep(7), Code::ResourceExhausted),
            (MessageError::any_too_deep(), Code::ResourceExhausted),
            (MessageError::json_too_large(1), Code::ResourceExhausted),
            (MessageError::path("a.b", "there is no a"), Code::Internal),
            (MessageError::missing_element("a[1]"), Code::InvalidArgument),
            (
                MessageError::time_out_of_range("google.protobuf.Duration"),
                Code::InvalidArgument,
            ),
        ];
        for (error, code) in table {
            assert_eq!(Status::from(error).code(), code);
        }
    }
}
