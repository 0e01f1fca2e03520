//! Why a session was not made.

use std::fmt;
use std::time::Duration;

use super::name::{MAX_NAME, NAME_RULES};
use super::options::SessionOptions;
use crate::excerpt::excerpt;

/// Why [`Sessions::create`](super::Sessions::create) made no session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The name is none that a session can have.
    InvalidName(String),
    /// The time to live is 0, or longer than [`SessionOptions::MAX_TTL`].
    InvalidTtl(Duration),
    /// There is a session of this name.
    AlreadyExists(String),
    /// There are as many sessions as the server takes: so many.
    TooMany(usize),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName(name) => write!(
                f,
                "{:?} cannot be the name of a session: it has 1 to {MAX_NAME} characters, {NAME_RULES}",
                excerpt(name)
            ),
            Self::InvalidTtl(ttl) => write!(
                f,
                "a session cannot live for {ttl:?}: its time is more than 0, and up to {:?}",
                SessionOptions::MAX_TTL
            ),
            Self::AlreadyExists(name) => write!(f, "there is a session {name:?} already"),
            Self::TooMany(most) => write!(
                f,
                "the server has {most} sessions, and takes no more: end some, or give them a shorter time to live"
            ),
        }
    }
}

impl std::error::Error for SessionError {}
