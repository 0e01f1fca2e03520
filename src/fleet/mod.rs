//! Several servers that serve the same protos and rules, and change at the same moment.
//!
//! A [`Generation`] is protos and rules as one piece. [`Fleet::publish`] puts it into the broker and names it as the candidate;
//! each [`Replica`] loads and checks it beside what it serves, and says whether it could serve it. When all that live can, the
//! current generation is changed, by compare-and-set, and each replica swaps as it hears of it. If one cannot, nothing changes.
//!
//! ```text
//! publish ── generation, candidate ─► broker ─► replicas load, check
//!         ◄── ready, or why not ──── broker ◄──
//!         ── current ──────────────► broker ─► replicas swap
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `generation` | protos and rules as bytes, and back |
//! | `records` | what is kept of generations and replicas |
//! | `shelf` | where that is, on the broker |
//! | `replica` | a server's part |
//! | `publishing`, `answers` | a publisher's part, and what the replicas answer to it |
//! | `calls` | the calls of all servers, in short |
//! | `handle` | who publishes, and looks; with `options`, `publication` and `state`, which it takes and gives |

mod answers;
mod calls;
mod generation;
mod handle;
mod options;
mod publication;
mod publishing;
mod records;
mod replica;
mod shelf;
mod state;

pub use self::calls::{CallSummary, SummaryCounts, SummarySender, SummaryWatch};
pub use self::generation::Generation;
pub use self::handle::Fleet;
pub use self::options::PublishOptions;
pub use self::publication::{Outcome, Publication, Refusal};
pub use self::replica::Replica;
pub use self::state::{FleetState, PublishedGeneration, ReplicaState};
