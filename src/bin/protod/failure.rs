//! Why a command did not do what it was asked to: an error of the library, or of the command itself.
//!
//! The library's `Error` can only be made by the library. What goes wrong here is a sentence, with a cause if there is
//! one. How it is printed is not its concern: see `output::report`.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

use protod::client::ConnectFault;
use protod::{Error, Problem};
use tonic::{Code, Status};

use crate::output::codes::code_name;

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
    /// What was asked for makes no sense.
    Usage(String),
}

impl Failure {
    /// A failure that one sentence explains.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Command {
            message: message.into(),
            cause: None,
        }
    }

    /// A command line that makes no sense as a whole, where clap cannot tell.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// With what the process ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Library(_) | Self::Command { .. } => ExitCode::FAILURE,
            Self::Usage(_) => ExitCode::from(2),
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

    /// What failed beneath it, outermost first, each in words.
    pub(crate) fn causes(&self) -> impl Iterator<Item = String> {
        let first = match self {
            Self::Library(error) => error.source(),
            Self::Command { cause, .. } => cause.as_deref().map(|cause| cause as &(dyn StdError + 'static)),
            Self::Usage(_) => None,
        };
        // The message of a status says what lies beneath it.
        let causes = std::iter::successors(first, |&cause| match cause.downcast_ref::<Status>() {
            Some(_) => None,
            None => cause.source(),
        });
        causes.map(|cause| match cause.downcast_ref::<Status>() {
            Some(status) => format!("{}: {}", code_name(status.code()), status.message()),
            None => cause.to_string(),
        })
    }

    /// What to do about it, where one can tell.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        let Self::Library(error) = self else {
            return None;
        };
        match (ConnectFault::of(error), error.status().map(Status::code)) {
            (Some(fault), _) => hint_of(fault),
            (None, Some(Code::DeadlineExceeded)) => Some(
                "give the protos with --proto; or, to `list`, `describe` and `call`, more time: --deadline TIME",
            ),
            (None, Some(Code::Unimplemented)) => Some("give them with --proto"),
            (None, Some(Code::Unauthenticated | Code::PermissionDenied)) => Some(
                "send credentials, as in -H 'authorization: Bearer TOKEN'; or give the protos with --proto",
            ),
            _ => None,
        }
    }

    /// The problems of protos or rules, if they are what failed.
    pub(crate) fn problems(&self) -> &[Problem] {
        match self {
            Self::Library(error) => error.problems(),
            Self::Command { .. } | Self::Usage(_) => &[],
        }
    }
}

/// What to do about a connection that was not made.
pub(crate) fn hint_of(fault: ConnectFault) -> Option<&'static str> {
    Some(match fault {
        ConnectFault::UnknownHost => "an address is HOST:PORT; is the host's name right?",
        ConnectFault::Unreachable => "is the server running, and is the port right?",
        ConnectFault::SpeaksTls => "this server speaks TLS: --tls",
        ConnectFault::SpeaksPlainText => {
            "this server does not speak TLS: leave out --tls, and write http:// instead of https://"
        }
        ConnectFault::SpeaksHttp1 => {
            "is this the port of its gRPC server? One of Connect or gRPC-Web is called with --protocol, and with --proto, for \
             its protos are asked for by gRPC"
        }
        ConnectFault::UnknownIssuer => {
            "trust the authority that signed it: --tls-ca FILE; or do without verification: --insecure"
        }
        ConnectFault::WrongName => {
            "say which of its names to expect: --tls-server-name NAME; or do without verification: --insecure"
        }
        ConnectFault::WrongTime => "renew it; or do without verification: --insecure",
        ConnectFault::BadCertificate => {
            "docs/tls.md shows how to make one with openssl; or do without verification: --insecure"
        }
        ConnectFault::ClientCertificate => "show one that the server trusts: --tls-cert FILE --tls-key FILE",
        ConnectFault::HungUp => {
            "it may want a certificate of the client, --tls-cert FILE --tls-key FILE, or be no gRPC server"
        }
        _ => return None,
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => error.fmt(f),
            Self::Command { message, .. } | Self::Usage(message) => f.write_str(message),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}
