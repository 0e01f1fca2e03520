//! What answers a method: one trait for all four kinds of RPC.
//!
//! A [`Handler`] receives zero or more messages, sends zero or more, and ends with a status. There is no task and no
//! channel per call: the future of the response polls the handler until its headers are due, and the response body
//! ([`CallBody`]) polls it after that. Back-pressure is the transport's own: a body that is not polled does not run its
//! handler, and a body that is dropped cancels it.

mod call;
pub(crate) mod closures;
mod excerpt;
mod expiry;
mod framing;
mod handlers;
mod lifecycle;
mod limits;
mod outgoing_slot;
mod peer;
mod response;
mod traits;

pub use self::call::Call;
pub(crate) use self::call::CallStart;
pub(crate) use self::excerpt::excerpt;
pub(crate) use self::expiry::Expiry;
pub(crate) use self::framing::{Encoding, MessageWriter, RequestBody, accepted_encodings, is_grpc};
pub use self::handlers::Handlers;
pub(crate) use self::handlers::{Shape, handler_methods};
pub(crate) use self::lifecycle::{LINGER_TIMEOUT, Lifecycle, Phase};
pub(crate) use self::limits::CallLimits;
pub use self::peer::{Peer, PeerAddr};
pub use self::response::CallBody;
pub(crate) use self::response::{CallPermit, ResponseFuture, trailers_only};
pub(crate) use self::traits::BoxHandler;
pub use self::traits::Handler;
