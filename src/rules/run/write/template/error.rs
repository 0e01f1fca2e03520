//! Why a template could not be written.

use tonic::Status;

use crate::cel::EvalError;

/// Why a template could not be written with the values of this call. One word wide, so that results go through
/// registers.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(in crate::rules) struct WriteError(Box<WriteErrorKind>);

#[derive(Debug, thiserror::Error)]
pub(in crate::rules) enum WriteErrorKind {
    /// A value that its field does not take.
    #[error("field {field}: {message}")]
    Value { field: String, message: String },
    /// An expression that failed.
    #[error("field {field}: {error}")]
    Eval { field: String, error: EvalError },
    /// The transport does not take the message.
    #[error("{}", .0.message())]
    Transport(Status),
}

impl WriteError {
    pub(in crate::rules) fn into_kind(self) -> WriteErrorKind {
        *self.0
    }
}

impl From<WriteErrorKind> for WriteError {
    fn from(kind: WriteErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<Status> for WriteError {
    fn from(status: Status) -> Self {
        WriteErrorKind::Transport(status).into()
    }
}
