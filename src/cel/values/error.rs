//! Why an expression has no value for a call.

use super::value::Value;
use crate::excerpt::excerpt;
use crate::message::Malformed;

/// The result of a function or an operator.
pub(in crate::cel) type Evaluated<T> = Result<T, EvalError>;

/// An expression that failed on the values of this call, such as a division by zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", failure.text)]
pub(crate) struct EvalError {
    /// One word wide, so that results go through registers.
    failure: Box<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    text: String,
    cause: Cause,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Expression,
    AbsentMetadata,
    Request,
}

impl EvalError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            failure: Box::new(Failure {
                text: text.into(),
                cause: Cause::Expression,
            }),
        }
    }

    /// The request asks for what cannot be, and the text says so to the client.
    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        let mut error = Self::new(text);
        error.failure.cause = Cause::Request;
        error
    }

    /// A map has not the key that is asked for.
    pub(in crate::cel) fn no_such_key(name: &str) -> Self {
        Self::new(format!("no such key: {}", excerpt(name)))
    }

    /// The client has not sent metadata of that name.
    pub(in crate::cel) fn absent_metadata(name: &str) -> Self {
        let mut error = Self::new(format!("the client has sent no metadata {}", excerpt(name)));
        error.failure.cause = Cause::AbsentMetadata;
        error
    }

    /// The same failure, of a part that has a name.
    pub(crate) fn within(mut self, part: &str) -> Self {
        self.failure.text = format!("`{part}`: {}", self.failure.text);
        self
    }

    /// Whether it is only that the client has not sent metadata which is asked for. Most calls have none.
    pub(crate) fn is_absent_metadata(&self) -> bool {
        self.failure.cause == Cause::AbsentMetadata
    }

    /// Whether it is the client that asks for what cannot be.
    pub(crate) fn is_bad_request(&self) -> bool {
        self.failure.cause == Cause::Request
    }

    /// The same failure, with what may be done about it.
    #[cold]
    pub(crate) fn hinted(mut self, hint: &str) -> Self {
        if !self.failure.text.ends_with(hint) {
            self.failure.text = format!("{}; {hint}", self.failure.text);
        }
        self
    }

    /// What failed, for people.
    pub(crate) fn into_text(self) -> String {
        self.failure.text
    }
}

impl From<Malformed> for EvalError {
    fn from(malformed: Malformed) -> Self {
        Self::new(format!("the message is malformed: {malformed}"))
    }
}

/// An error: no overload takes these values. It happens only where a type was not known at load.
pub(in crate::cel) fn no_overload<'e>(name: &str, arguments: &[&Value<'_>]) -> Evaluated<Value<'e>> {
    let types: Vec<&str> = arguments.iter().map(|argument| argument.type_name()).collect();
    Err(EvalError::new(format!(
        "{name} does not take ({})",
        types.join(", ")
    )))
}
