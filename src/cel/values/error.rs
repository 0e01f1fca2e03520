//! Why an expression has no value for a call.

use super::value::Value;
use crate::message::Malformed;

/// The result of a function or an operator.
pub(in crate::cel) type Evaluated<T> = Result<T, EvalError>;

/// An expression that failed on the values of this call, such as a division by zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct EvalError {
    /// One word wide, so that results go through registers.
    #[expect(clippy::box_collection, reason = "as above")]
    text: Box<String>,
}

impl EvalError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: Box::new(text.into()),
        }
    }

    /// What failed, for people.
    pub(crate) fn into_text(self) -> String {
        *self.text
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
