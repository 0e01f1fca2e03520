//! Sessions: calls that are kept apart, for tests that run in parallel against one server.
//!
//! A call names its session in its metadata. It is found there once, where the call begins; what calls leave behind, the
//! session keeps for them, until it ends. A call that names a session that is not there is refused, so that nothing of one
//! test gets into another.
//!
//! | file | what it is |
//! |---|---|
//! | `sessions` | [`Sessions`]: those of a server |
//! | `session` | [`Session`]: one of them, its idle time, and what is kept for it |
//! | `options`, `error` | how one is made, and why not |
//! | `id` | which session it is, for who must not keep it from ending |
//! | `name`, `named` | which names there are, and which one a request has |
//! | `mark` | what the journal knows its calls by |
//! | `beside` | values that stand beside others, and go with them |

mod beside;
mod error;
mod id;
mod mark;
mod name;
mod named;
mod options;
#[expect(clippy::module_inception, reason = "a session is what the room is about")]
mod session;
mod sessions;

pub(crate) use self::beside::Beside;
pub use self::error::SessionError;
pub(crate) use self::id::SessionId;
pub(crate) use self::mark::Mark;
pub use self::options::SessionOptions;
pub use self::session::{ListedSession, Session};
pub use self::sessions::Sessions;
