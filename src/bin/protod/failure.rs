//! Why a command did not do what it was asked to: an error of the library, or of the command itself.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

use protod::Error;

use crate::output::problems::print_problems;
use crate::output::stderr::say_line;

/// A command that failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The library failed; an error of its own may carry many problems.
    Library(Error),
    /// The command itself failed.
    Command {
        message: String,
        cause: Option<Box<dyn StdError + Send + Sync>>,
    },
}

impl Failure {
    /// A failure that one sentence explains.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Command {
            message: message.into(),
            cause: None,
        }
    }

    /// A failure with what caused it: an error, or a sentence.
    pub(crate) fn caused(
        message: impl Into<String>,
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Command {
            message: message.into(),
            cause: Some(cause.into()),
        }
    }

    /// Prints it on stderr, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Library(error) if !error.problems().is_empty() => print_problems(error.problems()),
            Self::Library(error) => {
                say_line(format_args!("error: {error}"));
                print_causes(error.source());
            }
            Self::Command { message, cause } => {
                say_line(format_args!("error: {message}"));
                print_causes(cause.as_deref().map(|cause| cause as &dyn StdError));
            }
        }
        ExitCode::FAILURE
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => error.fmt(f),
            Self::Command { message, .. } => f.write_str(message),
        }
    }
}

fn print_causes(mut cause: Option<&(dyn StdError + 'static)>) {
    while let Some(error) = cause {
        say_line(format_args!("caused by: {error}"));
        cause = error.source();
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}
