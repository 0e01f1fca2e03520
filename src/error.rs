//! The crate's one error type, and the problems that it carries.
//!
//! Loading protos and rules and building a server find many things wrong at once, so an [`Error`] of that kind holds every
//! [`Problem`], each with its file, its place and a hint where there is one. The kinds are private: callers ask by predicate, so that a
//! new kind breaks nobody.

mod lines;
mod problem;
mod source_text;

use std::error::Error as StdError;
use std::fmt;
use std::io;

use tonic::Status;

pub(crate) use self::lines::Lines;
pub use self::problem::Problem;
pub(crate) use self::source_text::{Replaced, SourceText};

/// What went wrong while protos or rules were loaded, a server was built or bound, or a client connected.
///
/// | cause | predicate |
/// |---|---|
/// | protos or descriptor sets that do not load | [`is_schema`](Self::is_schema) |
/// | rules that do not fit their schema | [`is_rules`](Self::is_rules) |
/// | a condition on calls that does not compile | [`is_condition`](Self::is_condition) |
/// | a name that the schema does not have | [`is_unknown_name`](Self::is_unknown_name) |
/// | a handler for a method of another shape | [`is_wrong_shape`](Self::is_wrong_shape) |
/// | a closure that takes state which the server does not have | [`is_missing_state`](Self::is_missing_state) |
/// | a type that does not fit the messages of its method | [`is_misfit`](Self::is_misfit) |
/// | a certificate, a key or an address that makes no sense | [`is_invalid_input`](Self::is_invalid_input) |
/// | the operating system: a socket, a file | [`is_io`](Self::is_io) |
/// | a server that refused a client's own request | [`status`](Self::status) |
///
/// A server is built of many handlers, so several causes may be true of one error: [`problems`](Self::problems) has each.
pub struct Error {
    kind: Box<Kind>,
}

enum Kind {
    /// Protos or descriptor sets that do not load.
    Schema(Vec<Problem>),
    /// Rules that do not fit their schema.
    Rules(Vec<Problem>),
    /// A condition on calls that does not compile.
    Condition(Vec<Problem>),
    /// Handlers that do not fit their schema, and in which ways.
    Handlers(Vec<Fault>, Vec<Problem>),
    /// A name that the schema does not have.
    UnknownName(String),
    /// Something that was read or given, and makes no sense.
    InvalidInput {
        action: String,
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The operating system said no.
    Io { action: String, source: io::Error },
    /// A server said no.
    Status { action: String, source: Box<Status> },
}

/// What is wrong with a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The schema does not have its method.
    UnknownName,
    /// Its method has another shape.
    WrongShape,
    /// It takes state that the server does not have.
    MissingState,
    /// It takes a type that does not fit the messages of its method.
    Misfit,
}

impl Error {
    pub(crate) fn schema(problems: Vec<Problem>) -> Self {
        Self::of(Kind::Schema(problems))
    }

    pub(crate) fn rules(problems: Vec<Problem>) -> Self {
        Self::of(Kind::Rules(problems))
    }

    pub(crate) fn condition(problems: Vec<Problem>) -> Self {
        Self::of(Kind::Condition(problems))
    }

    pub(crate) fn unknown_name(message: impl Into<String>) -> Self {
        Self::of(Kind::UnknownName(message.into()))
    }

    pub(crate) fn handlers(problems: Vec<(Fault, Problem)>) -> Self {
        let (faults, problems) = problems.into_iter().unzip();
        Self::of(Kind::Handlers(faults, problems))
    }

    pub(crate) fn invalid_input(
        action: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::of(Kind::InvalidInput {
            action: action.into(),
            source: source.into(),
        })
    }

    pub(crate) fn io(action: impl Into<String>, source: io::Error) -> Self {
        Self::of(Kind::Io {
            action: action.into(),
            source,
        })
    }

    pub(crate) fn of_status(action: impl Into<String>, source: Status) -> Self {
        Self::of(Kind::Status {
            action: action.into(),
            source: Box::new(source),
        })
    }

    fn of(kind: Kind) -> Self {
        Self { kind: Box::new(kind) }
    }

    /// Every problem found, in the order of files and places, or of handlers; empty unless protos, rules or handlers were
    /// at fault.
    pub fn problems(&self) -> &[Problem] {
        match &*self.kind {
            Kind::Schema(problems)
            | Kind::Rules(problems)
            | Kind::Condition(problems)
            | Kind::Handlers(_, problems) => problems,
            _ => &[],
        }
    }

    /// Its problems, or itself if it has none.
    pub(crate) fn into_problems(self) -> Result<Vec<Problem>, Self> {
        match *self.kind {
            Kind::Schema(problems)
            | Kind::Rules(problems)
            | Kind::Condition(problems)
            | Kind::Handlers(_, problems) => Ok(problems),
            other => Err(Self::of(other)),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        matches!(&*self.kind, Kind::Handlers(faults, _) if faults.contains(&fault))
    }

    /// Whether protos or descriptor sets were at fault.
    pub fn is_schema(&self) -> bool {
        matches!(&*self.kind, Kind::Schema(_))
    }

    /// Whether rules were at fault.
    pub fn is_rules(&self) -> bool {
        matches!(&*self.kind, Kind::Rules(_))
    }

    /// Whether a condition on calls was at fault: see [`CallFilter`](crate::CallFilter).
    pub fn is_condition(&self) -> bool {
        matches!(&*self.kind, Kind::Condition(_))
    }

    /// Whether a service, method or message was named that the schema does not have.
    pub fn is_unknown_name(&self) -> bool {
        matches!(&*self.kind, Kind::UnknownName(_)) || self.has(Fault::UnknownName)
    }

    /// Whether a handler was given for a method of another shape, such as a unary one for a stream.
    pub fn is_wrong_shape(&self) -> bool {
        self.has(Fault::WrongShape)
    }

    /// Whether a closure takes a [`State`](crate::handler::State) that the server does not have.
    pub fn is_missing_state(&self) -> bool {
        self.has(Fault::MissingState)
    }

    /// Whether a type of a [`Typed`](crate::message::Typed) does not fit the messages of its method.
    pub fn is_misfit(&self) -> bool {
        self.has(Fault::Misfit)
    }

    /// Whether something that was read or given makes no sense: the contents of a certificate or a key, an address.
    pub fn is_invalid_input(&self) -> bool {
        matches!(&*self.kind, Kind::InvalidInput { .. })
    }

    /// Whether the operating system was at fault: a socket, a file.
    pub fn is_io(&self) -> bool {
        matches!(&*self.kind, Kind::Io { .. })
    }

    /// What a server answered to a client's own request: the one for its schema.
    pub fn status(&self) -> Option<&Status> {
        match &*self.kind {
            Kind::Status { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            Kind::Schema(problems) | Kind::Rules(problems) | Kind::Condition(problems) => {
                match problems.as_slice() {
                    [] => f.write_str("the load failed"),
                    [only] => f.write_str(&only.located()),
                    [first, rest @ ..] => write!(f, "{} (and {} more)", first.located(), rest.len()),
                }
            }
            Kind::Handlers(_, problems) => f.write_str(&lines(problems)),
            Kind::UnknownName(message) => f.write_str(message),
            Kind::InvalidInput { action, .. } | Kind::Io { action, .. } | Kind::Status { action, .. } => {
                f.write_str(action)
            }
        }
    }
}

/// All problems, one on a line.
fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::on_one_line).collect();
    lines.join("\n")
}

/// All problems, since this is what a `main` prints that returns the error.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            Kind::Schema(problems)
            | Kind::Rules(problems)
            | Kind::Condition(problems)
            | Kind::Handlers(_, problems) => f.write_str(&lines(problems)),
            Kind::UnknownName(message) => f.debug_tuple("UnknownName").field(message).finish(),
            Kind::InvalidInput { action, source } => f
                .debug_struct("InvalidInput")
                .field("action", action)
                .field("source", source)
                .finish(),
            Kind::Io { action, source } => f
                .debug_struct("Io")
                .field("action", action)
                .field("source", source)
                .finish(),
            Kind::Status { action, source } => f
                .debug_struct("Status")
                .field("action", action)
                .field("source", source)
                .finish(),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.kind {
            Kind::InvalidInput { source, .. } => Some(&**source),
            Kind::Io { source, .. } => Some(source),
            Kind::Status { source, .. } => Some(&**source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_predicate_and_no_other() {
        let problems = || vec![Problem::in_file("a.proto", "is empty")];
        let handler = |fault| Error::handlers(vec![(fault, Problem::new("that of a.B/C is wrong"))]);
        let table = [
            ("schema", Error::schema(problems())),
            ("rules", Error::rules(problems())),
            ("condition", Error::condition(problems())),
            ("unknown name", Error::unknown_name("there is no a.B")),
            ("unknown name", handler(Fault::UnknownName)),
            ("wrong shape", handler(Fault::WrongShape)),
            ("missing state", handler(Fault::MissingState)),
            ("misfit", handler(Fault::Misfit)),
            (
                "invalid input",
                Error::invalid_input("cannot use a.pem", "it holds no certificate"),
            ),
            (
                "io",
                Error::io("cannot read a.pem", io::ErrorKind::NotFound.into()),
            ),
            (
                "status",
                Error::of_status("no schema", Status::unavailable("not now")),
            ),
        ];
        for (cause, error) in table {
            let predicates = [
                ("schema", error.is_schema()),
                ("rules", error.is_rules()),
                ("condition", error.is_condition()),
                ("unknown name", error.is_unknown_name()),
                ("wrong shape", error.is_wrong_shape()),
                ("missing state", error.is_missing_state()),
                ("misfit", error.is_misfit()),
                ("invalid input", error.is_invalid_input()),
                ("io", error.is_io()),
                ("status", error.status().is_some()),
            ];
            let true_ones: Vec<_> = predicates
                .into_iter()
                .filter_map(|(name, holds)| holds.then_some(name))
                .collect();
            assert_eq!(true_ones, [cause], "{error:?}");
            let has_source = matches!(cause, "invalid input" | "io" | "status");
            let is_one = matches!(&*error.kind, Kind::UnknownName(_));
            assert_eq!(error.problems().is_empty(), is_one || has_source, "{error:?}");
            assert_eq!(error.source().is_some(), has_source, "{error:?}");
        }
    }
}
