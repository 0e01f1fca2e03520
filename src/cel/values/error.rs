//! Why an expression has no value for a call.

use super::told::Told;
use super::value::Value;
use crate::excerpt::excerpt;
use crate::message::Malformed;

/// The result of a function or an operator.
pub(in crate::cel) type Evaluated<T> = Result<T, EvalError>;

/// An expression that failed on the values of this call, such as a division by zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", failure.told)]
pub(crate) struct EvalError {
    /// One word wide, so that results go through registers.
    failure: Box<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    told: Told,
    cause: Cause,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Expression,
    AbsentMetadata,
    Request,
}

impl EvalError {
    /// A text that is made at run time is taken to [quote](Told) a value.
    pub(crate) fn new(told: impl Into<Told>) -> Self {
        Self {
            failure: Box::new(Failure {
                told: told.into(),
                cause: Cause::Expression,
            }),
        }
    }

    /// A text that is made at run time and quotes no value.
    pub(crate) fn without_values(text: String) -> Self {
        Self::new(Told::without_values(text))
    }

    /// What is said of a value, in front of which it stands in the text.
    pub(crate) fn of_value(value: &str, text: &str) -> Self {
        Self::new(Told::quoting(
            format!("{value} {text}"),
            format!("a value {text}"),
        ))
    }

    /// The request asks for what cannot be, and the text says so to the client.
    pub(crate) fn bad_request(told: impl Into<Told>) -> Self {
        let mut error = Self::new(told);
        error.failure.cause = Cause::Request;
        error
    }

    /// A map has not the key that is asked for, which may be any value.
    pub(in crate::cel) fn no_such_key(key: &str) -> Self {
        let text = format!("no such key: {}", excerpt(key));
        Self::new(Told::quoting(text, "no such key".to_owned()))
    }

    /// A map has not the key of that name, which stands in the expression.
    pub(in crate::cel) fn no_such_name(name: &str) -> Self {
        Self::without_values(format!("no such key: {}", excerpt(name)))
    }

    /// The client has not sent metadata of that name.
    pub(in crate::cel) fn absent_metadata(name: &str) -> Self {
        let text = format!("the client has sent no metadata {}", excerpt(name));
        let mut error = Self::new(Told::quoting(text, "the client has not sent metadata".to_owned()));
        error.failure.cause = Cause::AbsentMetadata;
        error
    }

    /// The same failure, in a function of that name.
    pub(in crate::cel) fn in_function(mut self, name: &str) -> Self {
        self.failure.told = self.failure.told.within(name);
        self
    }

    /// The same failure, of a part that has a name.
    pub(crate) fn within(mut self, part: &str) -> Self {
        self.failure.told = self.failure.told.within(format_args!("`{part}`"));
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
        self.failure.told = self.failure.told.hinted(hint);
        self
    }

    /// What failed, for people.
    pub(crate) fn into_text(self) -> String {
        self.failure.told.into_whole()
    }

    /// The same, and what a log may have of it.
    pub(crate) fn into_told(self) -> Told {
        self.failure.told
    }

    /// What failed, as far as a log may have it.
    pub(crate) fn for_log(&self) -> &str {
        self.failure.told.bare()
    }
}

impl From<EvalError> for Told {
    fn from(error: EvalError) -> Self {
        error.into_told()
    }
}

impl From<Malformed> for EvalError {
    fn from(malformed: Malformed) -> Self {
        Self::without_values(format!("the message is malformed: {malformed}"))
    }
}

/// An error: no overload takes these values. It happens only where a type was not known at load.
pub(in crate::cel) fn no_overload<'e>(name: &str, arguments: &[&Value<'_>]) -> Evaluated<Value<'e>> {
    let types: Vec<&str> = arguments.iter().map(|argument| argument.type_name()).collect();
    Err(EvalError::without_values(format!(
        "{name} does not take ({})",
        types.join(", ")
    )))
}
