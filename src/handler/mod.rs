//! What answers a method: one trait, one shape, for all four kinds of RPC.
//!
//! A [`Handler`] receives zero or more messages, sends zero or more, and finishes with a status. There is no task
//! and no channel per call: the future of the response polls the handler until its headers are due, and the
//! response body ([`CallBody`]) polls it on. Back-pressure is the transport's own, and a body that is dropped
//! takes its handler along.

mod body;
mod call;
mod closures;
mod compression;
mod excerpt;
mod incoming;
mod lifecycle;
mod outgoing;
mod peer;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tonic::Status;

pub use self::body::CallBody;
pub(crate) use self::body::{CallPlace, Respond, Term, trailers_only};
pub use self::call::Call;
pub(crate) use self::call::{CallLimits, CallStart};
pub(crate) use self::closures::{bidi, client_streaming, server_streaming, unary};
pub(crate) use self::compression::{Encoding, accepted_encodings};
pub(crate) use self::excerpt::excerpt;
pub(crate) use self::incoming::RequestBody;
pub(crate) use self::lifecycle::{LAST_WORDS, Lifecycle, Phase};
use self::outgoing::Finished;
pub(crate) use self::outgoing::Frames;
pub use self::peer::{Peer, PeerAddr};

/// Answers the calls of a method.
///
/// ```
/// use protod::{Call, Handler};
/// use tonic::Status;
///
/// /// Sends every message back.
/// struct Echo;
///
/// impl Handler for Echo {
///     async fn handle(&self, call: &mut Call) -> Result<(), Status> {
///         while let Some(message) = call.recv().await? {
///             call.send(message).await?;
///         }
///         Ok(())
///     }
/// }
/// ```
///
/// An error ends the call with that status. How many messages a method may receive and send is enforced around
/// the handler, from the method's descriptor.
pub trait Handler: Send + Sync + 'static {
    /// Answers one call.
    fn handle(&self, call: &mut Call) -> impl Future<Output = Result<(), Status>> + Send;

    /// Whether a call may begin on the task of its connection: if it ends before it first waits, it needs no task of
    /// its own. For handlers that never compute for long, since the connection's other calls wait meanwhile.
    /// Default: no.
    fn begins_in_place(&self) -> bool {
        false
    }
}

/// A handler of any type.
pub(crate) type BoxHandler = Arc<dyn RunHandler>;

/// [`Handler`], as a trait object: owns the call while it runs, so that one allocation holds both.
pub(crate) trait RunHandler: Send + Sync {
    fn run(self: Arc<Self>, call: Call) -> Pin<Box<dyn Future<Output = Finished> + Send>>;

    /// As [`Handler::begins_in_place`].
    fn may_begin_in_place(&self) -> bool {
        false
    }
}

impl<H: Handler> RunHandler for H {
    fn run(self: Arc<Self>, mut call: Call) -> Pin<Box<dyn Future<Output = Finished> + Send>> {
        Box::pin(async move {
            let result = self.handle(&mut call).await;
            call.finish(result)
        })
    }

    fn may_begin_in_place(&self) -> bool {
        self.begins_in_place()
    }
}
