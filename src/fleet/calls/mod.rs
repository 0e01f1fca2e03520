//! The calls of all servers of a fleet, in short: each server tells the others of the calls that it has answered.
//!
//! A summary has what is known of a call, without its headers, its messages and what its status says: those are in the journal of
//! the server that answered it. The journal is also what keeps calls until they are told, so a call costs nothing more, and a
//! broker that is away costs those that the journal has no room for any more.
//!
//! | file | what it is |
//! |---|---|
//! | `summary` | what is told of a call |
//! | `records` | how that is written: chunks of records |
//! | `stream` | where chunks are on the broker, and for how long |
//! | `sender` | tells of the calls of one server |
//! | `newest` | finds the newest of all servers |
//! | `watch` | gives them as they come |

mod newest;
mod records;
mod sender;
mod stream;
mod summary;
mod watch;

pub(super) use self::newest::newest;
pub use self::sender::{SummaryCounts, SummarySender};
pub use self::summary::CallSummary;
pub use self::watch::SummaryWatch;
