//! Why a message is refused, and the status that says so.

use std::fmt;

use bytes::Bytes;
use tonic::{Code, Status};

use super::path::{put_field, put_text};
use super::run::MAX_VIOLATIONS;
use super::violation::Violation;
use crate::message::{WireType, key, put_varint};

/// Why a message is refused. It becomes a [`Status`] by `?`. [`Validator`](super::Validator) has an example.
///
/// | cause | code | details |
/// |---|---|---|
/// | the message breaks rules | `INVALID_ARGUMENT` | `buf.validate.Violations`, `google.rpc.BadRequest` |
/// | a rule fails on this message, such as by a division by zero | `INTERNAL` | none |
/// | its check costs more than it may | `RESOURCE_EXHAUSTED` | none |
#[derive(Debug)]
pub struct ValidationError {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Violations(Vec<Violation>),
    Failed { id: String, text: String },
    TooCostly,
}

/// How many violations the message of a status names.
const NAMED: usize = 5;

impl ValidationError {
    pub(super) fn violations_of(violations: Vec<Violation>) -> Self {
        Self {
            kind: Kind::Violations(violations),
        }
    }

    pub(super) fn failed(id: String, text: String) -> Self {
        Self {
            kind: Kind::Failed { id, text },
        }
    }

    pub(super) fn too_costly() -> Self {
        Self {
            kind: Kind::TooCostly,
        }
    }

    /// The rules that the message breaks, at most 32. Empty if a rule could not be checked.
    pub fn violations(&self) -> &[Violation] {
        match &self.kind {
            Kind::Violations(violations) => violations,
            _ => &[],
        }
    }

    /// Whether the check cost more than it may.
    pub(crate) fn is_too_costly(&self) -> bool {
        matches!(self.kind, Kind::TooCostly)
    }

    /// The gRPC code for this cause.
    pub fn code(&self) -> Code {
        match &self.kind {
            Kind::Violations(_) => Code::InvalidArgument,
            Kind::Failed { .. } => Code::Internal,
            Kind::TooCostly => Code::ResourceExhausted,
        }
    }

    /// The serialized `buf.validate.Violations`.
    pub fn encode_violations(&self) -> Vec<u8> {
        let mut encoded = Vec::new();
        for violation in self.violations() {
            let mut inner = Vec::new();
            violation.encode(&mut inner);
            put_field(&mut encoded, 1, &inner);
        }
        encoded
    }

    fn encode_bad_request(&self) -> Vec<u8> {
        let mut encoded = Vec::new();
        for violation in self.violations() {
            let mut inner = Vec::new();
            violation.encode_field_violation(&mut inner);
            put_field(&mut encoded, 1, &inner);
        }
        encoded
    }

    /// The serialized `google.rpc.Status`.
    fn encode_status(&self) -> Vec<u8> {
        let mut status = Vec::new();
        put_varint(&mut status, key(1, WireType::Varint).into());
        put_varint(&mut status, self.code() as u64);
        put_text(&mut status, 2, &self.to_string());
        let details = [
            ("buf.validate.Violations", self.encode_violations()),
            ("google.rpc.BadRequest", self.encode_bad_request()),
        ];
        for (name, contents) in details {
            let mut any = Vec::new();
            put_text(&mut any, 1, &format!("type.googleapis.com/{name}"));
            put_field(&mut any, 2, &contents);
            put_field(&mut status, 3, &any);
        }
        status
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Violations(violations) => {
                for (index, violation) in violations.iter().take(NAMED).enumerate() {
                    let separator = if index == 0 { "" } else { "; " };
                    write!(f, "{separator}{violation}")?;
                }
                match violations.len() {
                    ..=NAMED => Ok(()),
                    MAX_VIOLATIONS.. => write!(f, "; and more"),
                    count => write!(f, "; and {} more", count - NAMED),
                }
            }
            Kind::Failed { id, text } if id.is_empty() => write!(f, "the message cannot be checked: {text}"),
            Kind::Failed { id, text } => write!(f, "the constraint `{id}` failed: {text}"),
            Kind::TooCostly => f.write_str("the check of the message costs more than evaluations may cost"),
        }
    }
}

impl std::error::Error for ValidationError {}

impl From<ValidationError> for Status {
    fn from(error: ValidationError) -> Self {
        if error.violations().is_empty() {
            return Self::new(error.code(), error.to_string());
        }
        let details = Bytes::from(error.encode_status());
        Self::with_details(error.code(), error.to_string(), details)
    }
}
