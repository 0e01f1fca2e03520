//! The connection to a broker of NATS, whose JetStream several servers share.
//!
//! The client runs on a thread of its own, so that neither a slow broker nor much traffic keeps calls waiting, and blocking
//! code may wait for it.
//!
//! | file | what it is |
//! |---|---|
//! | `address` | where the broker is, and which part of it is ours |
//! | `jet_stream` | the connection |

mod address;
mod jet_stream;

pub use self::address::JetStreamOptions;
pub use self::jet_stream::JetStream;
