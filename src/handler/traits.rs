//! The trait that answers calls, and its form as a trait object.
//!
//! Everything that answers, closures, rules and samples, is called through [`RunHandler`]: one virtual call and one
//! allocation per RPC.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tonic::Status;

use super::call::Call;
use super::framing::Finished;

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
/// An error ends the call with that status. How many messages a method may receive and send is enforced by the [`Call`],
/// from the method's descriptor.
pub trait Handler: Send + Sync + 'static {
    /// Answers one call.
    fn handle(&self, call: &mut Call) -> impl Future<Output = Result<(), Status>> + Send;

    /// Whether a call may begin on the task of its connection. If it ends before it first waits, it needs no task of its
    /// own. Only for handlers that never compute for long, since the other calls of the connection wait meanwhile.
    /// Default: no.
    fn begins_in_place(&self) -> bool {
        false
    }
}

/// A handler of any type.
pub(crate) type BoxHandler = Arc<dyn RunHandler>;

/// [`Handler`] as a trait object. The future owns the call, so that one allocation holds both.
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
