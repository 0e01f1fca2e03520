//! Why something cannot be shared with other servers.

use tonic::Status;

#[cfg(feature = "nats")]
use crate::nats::Away;

/// Why something cannot be shared with other servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The broker is not there, or does not answer in time.
    Unreachable,
    /// More waits to be sent than is kept.
    Busy,
    /// It is larger than what may be sent: what it is, and how many bytes it may have.
    TooLarge(&'static str, usize),
    /// The broker refuses it; the log says why.
    Refused,
    /// The server ends.
    Ending,
}

impl Trouble {
    /// What the client is told.
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Unreachable | Self::Busy | Self::Refused | Self::Ending => {
                Status::unavailable(self.to_string())
            }
            Self::TooLarge(..) => Status::resource_exhausted(self.to_string()),
        }
    }
}

#[cfg(feature = "nats")]
impl From<Away> for Trouble {
    fn from(_: Away) -> Self {
        Self::Unreachable
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable => f.write_str("the store that servers share cannot be reached"),
            Self::Busy => f.write_str("too much waits for the store that servers share"),
            Self::TooLarge(what, most) => {
                write!(f, "{what} takes more than the {most} bytes that servers share")
            }
            Self::Ending => f.write_str("the server ends"),
            Self::Refused => f.write_str("the store that servers share does not take this"),
        }
    }
}
