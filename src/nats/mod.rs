//! The connection to a broker of NATS, whose JetStream several servers share.
//!
//! The client runs on a thread of its own, so that neither a slow broker nor much traffic keeps calls waiting, and blocking
//! code may wait for it.
//!
//! | file | what it is |
//! |---|---|
//! | `address` | where the broker is, and which part of it is ours |
//! | `ask` | how a question gets its answer, and a message comes into a stream |
//! | `jet_stream` | the connection |
//! | `leader` | whether a broker that answers still leads the others |
//! | `reader` | reads a stream in its order |

mod address;
mod ask;
mod jet_stream;
mod leader;
mod reader;

pub use self::address::JetStreamOptions;
pub(crate) use self::ask::{Away, PATIENCE};
pub use self::jet_stream::JetStream;
pub(crate) use self::leader::is_of_leader;
pub(crate) use self::reader::Reader;
