//! Servers for tests: a [`TestServer`] for each test, or one that tests share, with a [`TestSession`] for each.
//!
//! | file | what it is |
//! |---|---|
//! | `server` | [`TestServer`]: a server on a thread of its own |
//! | `session` | [`TestSession`]: the part of a server that one test has for itself |
//! | `printed` | what is printed of the calls of a test that fails |

mod printed;
mod server;
mod session;

pub use self::server::TestServer;
pub use self::session::TestSession;
