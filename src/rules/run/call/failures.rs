//! What a call ends with when an expression or a message of a step fails.

use tonic::{Code, Status};

use crate::cel::EvalError;
use crate::rules::plan::Rule;
use crate::rules::run::fault::{failed, failed_at};
use crate::rules::run::write::template::{WriteError, WriteErrorKind};

/// What a request asks for that cannot be is the client's fault; all else is the rule's.
#[cold]
pub(super) fn eval_failed(rule: &Rule, part: &str, error: EvalError) -> Status {
    if error.is_bad_request() {
        return Status::invalid_argument(error.into_text());
    }
    failed(rule, error.within(part))
}

#[cold]
pub(super) fn write_failed(rule: &Rule, error: WriteError) -> Status {
    match error.into_kind() {
        // A second message is the rule's; a client that does not take the message is not.
        WriteErrorKind::Transport(status) if status.code() == Code::Internal => {
            failed(rule, status.message().to_owned())
        }
        WriteErrorKind::Transport(status) => status,
        WriteErrorKind::Eval { error, .. } if error.is_bad_request() => {
            Status::invalid_argument(error.into_text())
        }
        other => failed_at(rule, other.at(), other),
    }
}
