//! Why an expression has no value for a call.

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
