//! What can be put at run time in front of what files say, or over it, and how that went.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::outcome::{ReloadOutcome, ToldProblem};
use super::prepared::ProjectToLoad;
use crate::error::Error;
use crate::session::Session;

/// Rules to be put at run time: what [`ReloadTrigger::put_rules`](super::ReloadTrigger::put_rules) takes.
#[derive(Debug, Clone, Default)]
#[must_use = "rules answer nothing until they are put"]
pub struct PutRules {
    pub(super) name: String,
    pub(super) yaml: String,
    pub(super) keep: bool,
    pub(super) check_only: bool,
    pub(super) session: Option<Session>,
}

impl PutRules {
    /// The text of a rules file.
    pub fn new(yaml: impl Into<String>) -> Self {
        Self {
            yaml: yaml.into(),
            ..Self::default()
        }
    }

    /// What they are called in problems, in lists, and by who replaces or deletes them: up to 100 ASCII letters, digits, `.`, `-`
    /// and `_`, the first no `.` and no `-`. Rules that were put by the same name are replaced. Default: `put-1`, or the next number that is
    /// free.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Whether they are there again after a restart. The [`Reloader`](super::Reloader) needs a
    /// [folder](super::Reloader::kept_rules) for that. Default: no.
    pub fn keep(mut self, on: bool) -> Self {
        self.keep = on;
        self
    }

    /// The session whose calls alone they answer, in front of rules that are put for all. They have its store and its signals, and
    /// go when it ends; so they cannot be [kept](Self::keep). Names are those of the session, too. Default: they answer the calls of all.
    pub fn session(mut self, session: &Session) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// Whether they are only checked. Default: no.
    pub fn check_only(mut self, on: bool) -> Self {
        self.check_only = on;
        self
    }
}

/// Protos to be put at run time: what [`ReloadTrigger::put_protos`](super::ReloadTrigger::put_protos) takes.
#[derive(Debug, Clone, Default)]
#[must_use = "protos are not served until they are put"]
pub struct PutProtos {
    pub(super) texts: Vec<(String, String)>,
    pub(super) sets: Vec<Bytes>,
}

impl PutProtos {
    /// No protos: putting them takes away what was put before.
    pub fn new() -> Self {
        Self::default()
    }

    /// A proto as text, with the name by which others import it. May be called more than once.
    pub fn file(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.texts.push((name.into(), text.into()));
        self
    }

    /// The files of a serialized `google.protobuf.FileDescriptorSet`. May be called more than once.
    pub fn descriptor_set(mut self, bytes: impl Into<Bytes>) -> Self {
        self.sets.push(bytes.into());
        self
    }
}

/// How [putting rules](super::ReloadTrigger::put_rules) went.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PutOutcome {
    /// Their name; one that was made if none was given.
    pub name: String,
    /// How many rules there are in the text. 0 if something is wrong with it.
    pub rules: usize,
    /// What is wrong with them. If there is anything, nothing was changed.
    pub problems: Vec<ToldProblem>,
    /// What is hardly meant.
    pub warnings: Vec<ToldProblem>,
}

/// Rules that were [put](super::ReloadTrigger::put_rules) at run time, and do not fit what was loaded since: they answer nothing. They
/// are tried again at each reload.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// Their name.
    pub name: String,
    /// The name of the session whose calls alone they answered. `None` if it was all calls.
    pub session: Option<String>,
    /// Why they do not fit.
    pub problems: Vec<ToldProblem>,
}

/// As in "rules put as sold-out for the session \"checkout-7\"".
impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rules put as {}", self.name)?;
        match &self.session {
            Some(session) => write!(f, " for the session {session:?}"),
            None => Ok(()),
        }
    }
}

/// Why nothing was [put](super::ReloadTrigger::put_rules) or deleted, besides what is wrong with the rules themselves.
#[derive(Debug)]
#[non_exhaustive]
pub enum PutError {
    /// The name cannot be one, for this reason.
    InvalidName(String),
    /// They are of a session, and are to be kept over a restart, over which no session lives.
    KeptOfSession,
    /// The session of this name has ended.
    NoSession(String),
    /// There is no room: so many have been put, or so many bytes.
    Full(String),
    /// They are to be kept, and there is no [folder](super::Reloader::kept_rules) for that.
    NoFolder,
    /// A file in the folder cannot be written or removed.
    Failed(Error),
    /// Nothing was put by this name.
    Unknown(String),
    /// The [`Reloader`](super::Reloader) does not run any more, or does not reload a server.
    NotRunning,
}

impl fmt::Display for PutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName(text) | Self::Full(text) => f.write_str(text),
            Self::KeptOfSession => f.write_str(
                "rules of a session end with it, and so cannot be kept over a restart: put them without a session, or do not keep them",
            ),
            Self::NoSession(name) => write!(f, "the session {name:?} has ended, and takes no rules any more"),
            Self::NoFolder => f.write_str("this server has no folder in which rules are kept"),
            Self::Failed(error) => match error.source() {
                Some(cause) => write!(f, "{error}: {cause}"),
                None => write!(f, "{error}"),
            },
            Self::Unknown(name) => write!(f, "no rules were put by the name {name}"),
            Self::NotRunning => f.write_str("the server takes no rules any more"),
        }
    }
}

impl StdError for PutError {}

/// Something that is to be changed, and who waits for the answer.
#[derive(Debug)]
pub(super) enum Edit {
    PutRules(PutRules, Answer<PutOutcome>),
    /// Those of a name, or all, of a session, or of none. The answer is how many were put.
    DeleteRules(Option<String>, Option<Session>, Answer<usize>),
    /// Changes nothing: the answer is the text that was put by a name, for a session or for all.
    Text(String, Option<Session>, Answer<String>),
    PutProtos(PutProtos, Answer<Arc<ReloadOutcome>>),
    /// Changes nothing that is served: a project is loaded, and kept by this name.
    Prepare(String, ProjectToLoad, oneshot::Sender<Arc<ReloadOutcome>>),
    /// The answer is `None` if nothing is prepared by this name.
    ServePrepared(String, oneshot::Sender<Option<Arc<ReloadOutcome>>>),
}

/// Whom to answer. An error of sending means that nobody waits any more.
pub(super) type Answer<T> = oneshot::Sender<Result<T, PutError>>;
