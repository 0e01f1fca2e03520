//! Closures for the four kinds of RPC, as handlers.
//!
//! A closure takes what it asks for: first anything [`FromCall`], then the request if the method has one, then, if it wants
//! it, the [`Call`]. It owns its call, so that it can be written as `|request, call| async move { … }`. When the call is
//! dropped, what it has not sent yet, messages and trailers, goes to an [`OutgoingSlot`], from where it is sent after the
//! closure has ended.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tonic::Status;

use super::call::Call;
use super::extract::FromCall;
use super::framing::Finished;
use super::outgoing_slot::OutgoingSlot;
use super::setup::Setup;
use super::traits::{BoxHandler, RunHandler};
use crate::message::{FromMessage, IntoMessage};

/// One request, one response: what [`Handlers::unary`](super::Handlers::unary) takes.
#[derive(Debug)]
pub enum Unary {}

/// One request, any number of responses: what [`Handlers::server_streaming`](super::Handlers::server_streaming) takes.
#[derive(Debug)]
pub enum ServerStreaming {}

/// Any number of requests, one response: what [`Handlers::client_streaming`](super::Handlers::client_streaming) takes.
#[derive(Debug)]
pub enum ClientStreaming {}

/// Any number of both, in any order: what [`Handlers::bidi`](super::Handlers::bidi) takes.
#[derive(Debug)]
pub enum Bidi {}

/// A closure, or an `async fn`, that answers methods of a kind.
///
/// It takes, in this order:
///
/// 1. up to six values that are [`FromCall`], such as [`State`](super::State);
/// 2. if its method takes one request, the request: [`Message`](crate::message::Message), `DynamicMessage`, or
///    [`Typed`](crate::message::Typed);
/// 3. the [`Call`], which may be left out where the request and the answer are all that the closure needs.
///
/// It returns a future of `Result<_, Status>`: with the answer, in one of the same forms, if the method answers with one
/// message, or else with `()`.
///
/// ```
/// use protod::{Call, Handlers, Message, State};
///
/// # drop(
/// Handlers::new()
///     .state("the first shop")
///     .unary("till.Till/Pay", |payment: Message| async move { Ok(payment) })
///     .unary("till.Till/Refund", |State(shop): State<&'static str>, _: Message, call: Call| async move {
///         println!("a refund in {shop} for {:?}", call.peer());
///         Ok(call.response())
///     })
/// # );
/// ```
#[diagnostic::on_unimplemented(
    message = "this closure cannot answer such a method",
    note = "it takes what implements `FromCall`, then the request if the method takes one, then the `Call`; each argument has its type written out",
    note = "it returns a `Send` future of `Result<answer, tonic::Status>`, or of `Result<(), tonic::Status>` if answers are sent on the call"
)]
pub trait HandlerFn<Kind, Arguments>: Send + Sync + 'static {
    /// Checks it against its method, and notes what does not fit.
    #[doc(hidden)]
    fn prepare(self, setup: &mut Setup<'_>) -> Prepared;
}

/// A closure that was checked against its method.
pub struct Prepared(pub(super) BoxHandler);

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

type Run = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// A closure, and how to call it.
struct Closure<F> {
    answer: F,
    run: fn(Arc<Self>, Call) -> Run,
}

impl<F: Send + Sync + 'static> Closure<F> {
    fn prepared(answer: F, run: fn(Arc<Self>, Call) -> Run) -> Prepared {
        Prepared(Arc::new(Self { answer, run }))
    }
}

impl<F: Send + Sync + 'static> RunHandler for Closure<F> {
    fn run(self: Arc<Self>, call: Call) -> Run {
        (self.run)(self, call)
    }
}

/// The arguments of a closure that takes a request and no call.
#[derive(Debug)]
pub enum RequestOnly {}

/// The arguments of a closure that takes a call.
#[derive(Debug)]
pub enum WithCall {}

async fn single_request<M: FromMessage>(call: &mut Call) -> Result<M, Status> {
    let request = call.recv_as::<M>().await?;
    let request = request.expect("a method that takes one message has received it or failed");
    Ok(M::from_value(request))
}

/// The value of a step that can end the call.
macro_rules! or_finish {
    ($call:ident, $step:expr) => {
        match $step.await {
            Ok(value) => value,
            Err(status) => return $call.finish(Err(status)),
        }
    };
}

/// Implements [`HandlerFn`] for closures that take these values before the request or the call.
macro_rules! closures_taking {
    ($($value:ident $taken:ident)*) => {
        impl<F, A, Request, Response, $($value,)*> HandlerFn<Unary, (RequestOnly, $($value,)* Request)> for F
        where
            F: Fn($($value,)* Request) -> A + Send + Sync + 'static,
            A: Future<Output = Result<Response, Status>> + Send + 'static,
            Request: FromMessage,
            Response: IntoMessage,
            $($value: FromCall + 'static,)*
        {
            fn prepare(self, setup: &mut Setup<'_>) -> Prepared {
                $(setup.expect_state::<$value>();)*
                setup.expect_request::<Request>();
                Closure::prepared(self, |closure, mut call| {
                    Box::pin(async move {
                        $(let $taken = or_finish!(call, $value::from_call(&mut call));)*
                        let request = or_finish!(call, single_request(&mut call));
                        let response = or_finish!(call, (closure.answer)($($taken,)* request));
                        call.finish_with(response)
                    })
                })
            }
        }

        impl<F, A, Request, Response, In, Out, $($value,)*>
            HandlerFn<Unary, (WithCall, $($value,)* Request, In, Out)> for F
        where
            F: Fn($($value,)* Request, Call<In, Out>) -> A + Send + Sync + 'static,
            A: Future<Output = Result<Response, Status>> + Send + 'static,
            Request: FromMessage,
            Response: IntoMessage,
            In: FromMessage,
            Out: IntoMessage,
            $($value: FromCall + 'static,)*
        {
            fn prepare(self, setup: &mut Setup<'_>) -> Prepared {
                $(setup.expect_state::<$value>();)*
                setup.expect_request::<Request>();
                setup.expect_request::<In>();
                Closure::prepared(self, |closure, mut call| {
                    Box::pin(async move {
                        $(let $taken = or_finish!(call, $value::from_call(&mut call));)*
                        let request = or_finish!(call, single_request(&mut call));
                        let slot = OutgoingSlot::default();
                        let call = call.returning_to(&slot);
                        slot.finish_with((closure.answer)($($taken,)* request, call).await)
                    })
                })
            }
        }

        impl<F, A, Request, In, Out, $($value,)*>
            HandlerFn<ServerStreaming, (WithCall, $($value,)* Request, In, Out)> for F
        where
            F: Fn($($value,)* Request, Call<In, Out>) -> A + Send + Sync + 'static,
            A: Future<Output = Result<(), Status>> + Send + 'static,
            Request: FromMessage,
            In: FromMessage,
            Out: IntoMessage,
            $($value: FromCall + 'static,)*
        {
            fn prepare(self, setup: &mut Setup<'_>) -> Prepared {
                $(setup.expect_state::<$value>();)*
                setup.expect_request::<Request>();
                setup.expect_request::<In>();
                Closure::prepared(self, |closure, mut call| {
                    Box::pin(async move {
                        $(let $taken = or_finish!(call, $value::from_call(&mut call));)*
                        let request = or_finish!(call, single_request(&mut call));
                        let slot = OutgoingSlot::default();
                        let call = call.returning_to(&slot);
                        slot.finish((closure.answer)($($taken,)* request, call).await)
                    })
                })
            }
        }

        impl<F, A, Response, In, Out, $($value,)*>
            HandlerFn<ClientStreaming, (WithCall, $($value,)* In, Out)> for F
        where
            F: Fn($($value,)* Call<In, Out>) -> A + Send + Sync + 'static,
            A: Future<Output = Result<Response, Status>> + Send + 'static,
            Response: IntoMessage,
            In: FromMessage,
            Out: IntoMessage,
            $($value: FromCall + 'static,)*
        {
            fn prepare(self, setup: &mut Setup<'_>) -> Prepared {
                $(setup.expect_state::<$value>();)*
                setup.expect_request::<In>();
                Closure::prepared(self, |closure, call| {
                    Box::pin(async move {
                        $(let mut call = call;
                        let $taken = or_finish!(call, $value::from_call(&mut call));)*
                        let slot = OutgoingSlot::default();
                        let call = call.returning_to(&slot);
                        slot.finish_with((closure.answer)($($taken,)* call).await)
                    })
                })
            }
        }

        impl<F, A, In, Out, $($value,)*> HandlerFn<Bidi, (WithCall, $($value,)* In, Out)> for F
        where
            F: Fn($($value,)* Call<In, Out>) -> A + Send + Sync + 'static,
            A: Future<Output = Result<(), Status>> + Send + 'static,
            In: FromMessage,
            Out: IntoMessage,
            $($value: FromCall + 'static,)*
        {
            fn prepare(self, setup: &mut Setup<'_>) -> Prepared {
                $(setup.expect_state::<$value>();)*
                setup.expect_request::<In>();
                Closure::prepared(self, |closure, call| {
                    Box::pin(async move {
                        $(let mut call = call;
                        let $taken = or_finish!(call, $value::from_call(&mut call));)*
                        let slot = OutgoingSlot::default();
                        let call = call.returning_to(&slot);
                        slot.finish((closure.answer)($($taken,)* call).await)
                    })
                })
            }
        }
    };
}

closures_taking!();
closures_taking!(V1 v1);
closures_taking!(V1 v1 V2 v2);
closures_taking!(V1 v1 V2 v2 V3 v3);
closures_taking!(V1 v1 V2 v2 V3 v3 V4 v4);
closures_taking!(V1 v1 V2 v2 V3 v3 V4 v4 V5 v5);
closures_taking!(V1 v1 V2 v2 V3 v3 V4 v4 V5 v5 V6 v6);
