//! Why a template could not be written.

use tonic::Status;

use crate::cel::{EvalError, Told};
use crate::rules::run::write::each::Hinted;

/// Why a template could not be written with the values of this call. One word wide, so that results go through
/// registers.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(in crate::rules) struct WriteError(Box<WriteErrorKind>);

#[derive(Debug, thiserror::Error)]
pub(in crate::rules) enum WriteErrorKind {
    /// A value that its field does not take.
    #[error("field {field}: {told}")]
    Value {
        field: Told,
        at: Option<usize>,
        told: Told,
    },
    /// An expression that failed.
    #[error("field {field}: {error}")]
    Eval {
        field: Told,
        at: Option<usize>,
        error: EvalError,
    },
    /// The transport does not take the message.
    #[error("{}", .0.message())]
    Transport(Status),
}

impl WriteError {
    /// The same error, in a round of a loop.
    #[cold]
    pub(in crate::rules::run) fn in_element(mut self, index: usize, list: &str) -> Self {
        match &mut *self.0 {
            WriteErrorKind::Value { field, .. } | WriteErrorKind::Eval { field, .. } => {
                let own = std::mem::replace(field, Told::from(""));
                *field = own.followed_by(&format!(" (element {index} of {list})"));
            }
            WriteErrorKind::Transport(_) => {}
        }
        self
    }

    pub(in crate::rules) fn into_kind(self) -> WriteErrorKind {
        *self.0
    }
}

impl Hinted for WriteError {
    #[cold]
    fn hinted(self, hint: &str) -> Self {
        Self(Box::new(match *self.0 {
            WriteErrorKind::Value { field, at, told } => WriteErrorKind::Value {
                told: told.hinted(hint),
                field,
                at,
            },
            WriteErrorKind::Eval { field, at, error } => WriteErrorKind::Eval {
                error: error.hinted(hint),
                field,
                at,
            },
            other @ WriteErrorKind::Transport(_) => other,
        }))
    }
}

impl WriteErrorKind {
    /// Where in the rule's file the value stands.
    pub(in crate::rules::run) fn at(&self) -> Option<usize> {
        match self {
            Self::Value { at, .. } | Self::Eval { at, .. } => *at,
            Self::Transport(_) => None,
        }
    }
}

impl From<WriteErrorKind> for Told {
    fn from(kind: WriteErrorKind) -> Self {
        match kind {
            WriteErrorKind::Value { field, told, .. } => told.of(field).in_front("field "),
            WriteErrorKind::Eval { field, error, .. } => error.into_told().of(field).in_front("field "),
            WriteErrorKind::Transport(status) => Self::from(status.message().to_owned()),
        }
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
