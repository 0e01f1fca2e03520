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
///
/// Handlers may be shared: an `Arc` of a handler is a handler. For handlers of different types in one place see
/// [`DynHandler`].
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

/// [`Handler`] as a trait object: every handler is one, and an `Arc<dyn DynHandler>` or a `Box<dyn DynHandler>` is a handler.
///
/// It is for handlers that are chosen while the program runs:
///
/// ```
/// use std::sync::Arc;
///
/// use protod::DynHandler;
/// use protod::{Call, Handler, Handlers};
/// use tonic::Status;
///
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
///
/// /// Refuses every call, and says which method it was for.
/// struct Closed;
///
/// impl Handler for Closed {
///     async fn handle(&self, call: &mut Call) -> Result<(), Status> {
///         Err(Status::unavailable(format!("{} is closed", call.method().name())))
///     }
/// }
///
/// let is_open = true;
/// let handler: Arc<dyn DynHandler> = if is_open { Arc::new(Echo) } else { Arc::new(Closed) };
/// let handlers = Handlers::new().handler("shapes.Shapes/Both", handler.clone()).fallback(handler);
/// ```
pub trait DynHandler: Send + Sync + 'static {
    /// As [`Handler::handle`].
    fn handle_boxed<'a>(&'a self, call: &'a mut Call) -> BoxFuture<'a, Result<(), Status>>;

    /// As [`Handler::begins_in_place`].
    fn may_begin_in_place(&self) -> bool;
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl<H: Handler> DynHandler for H {
    fn handle_boxed<'a>(&'a self, call: &'a mut Call) -> BoxFuture<'a, Result<(), Status>> {
        Box::pin(self.handle(call))
    }

    fn may_begin_in_place(&self) -> bool {
        self.begins_in_place()
    }
}

impl Handler for dyn DynHandler {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        self.handle_boxed(call).await
    }

    fn begins_in_place(&self) -> bool {
        self.may_begin_in_place()
    }
}

impl<H: Handler + ?Sized> Handler for Arc<H> {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        H::handle(self, call).await
    }

    fn begins_in_place(&self) -> bool {
        H::begins_in_place(self)
    }
}

impl<H: Handler + ?Sized> Handler for Box<H> {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        H::handle(self, call).await
    }

    fn begins_in_place(&self) -> bool {
        H::begins_in_place(self)
    }
}

/// Stands in front of another handler: it answers some calls, and passes the others on.
pub(crate) trait Front: Send + Sync + 'static {
    /// Answers one call, or passes it on. A call that is passed on begins anew: what the front has received comes again.
    /// Headers and trailers that it has set stay.
    fn answer_or_pass(
        self: &Arc<Self>,
        call: &mut Call,
    ) -> impl Future<Output = Result<Passage, Status>> + Send;

    /// As [`Handler::begins_in_place`].
    fn begins_in_place(&self) -> bool;
}

/// What a [`Front`] did with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    Answered,
    PassedOn,
}

/// A front and what is behind it.
struct Fronted<F> {
    front: Arc<F>,
    next: BoxHandler,
}

impl<F: Front> RunHandler for Fronted<F> {
    fn run(self: Arc<Self>, mut call: Call) -> BoxFuture<'static, Finished> {
        Box::pin(async move {
            match self.front.answer_or_pass(&mut call).await {
                Ok(Passage::PassedOn) => Arc::clone(&self.next).run(call).await,
                Ok(Passage::Answered) => call.finish(Ok(())),
                Err(status) => call.finish(Err(status)),
            }
        })
    }

    fn may_begin_in_place(&self) -> bool {
        self.front.begins_in_place() && self.next.may_begin_in_place()
    }
}

/// The handler that is `front` with `next` behind it.
pub(super) fn fronted(front: Arc<impl Front>, next: BoxHandler) -> BoxHandler {
    Arc::new(Fronted { front, next })
}

/// A handler of any type.
pub(crate) type BoxHandler = Arc<dyn RunHandler>;

/// What runs the calls of a method. The future owns the call, so that one allocation holds both.
pub(crate) trait RunHandler: Send + Sync {
    fn run(self: Arc<Self>, call: Call) -> BoxFuture<'static, Finished>;

    /// As [`Handler::begins_in_place`].
    fn may_begin_in_place(&self) -> bool {
        false
    }
}

impl<H: Handler> RunHandler for H {
    fn run(self: Arc<Self>, mut call: Call) -> BoxFuture<'static, Finished> {
        Box::pin(async move {
            let result = self.handle(&mut call).await;
            call.finish(result)
        })
    }

    fn may_begin_in_place(&self) -> bool {
        self.begins_in_place()
    }
}
