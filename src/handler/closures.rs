//! Closures for the four kinds of RPC, as handlers.
//!
//! A closure owns its [`Call`], so that it can be written as `|request, call| async move { … }`. When the call is dropped,
//! what it has not sent yet, messages and trailers, goes to an [`OutgoingSlot`], from where it is sent after the closure
//! has ended.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use prost_reflect::DynamicMessage;
use tonic::Status;

use super::call::Call;
use super::framing::Finished;
use super::outgoing_slot::OutgoingSlot;
use super::traits::{BoxHandler, RunHandler};
use crate::message::Message;

type Run = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// One request, one response.
pub(crate) fn unary<F, A>(answer: F) -> BoxHandler
where
    F: Fn(DynamicMessage, Call) -> A + Send + Sync + 'static,
    A: Future<Output = Result<DynamicMessage, Status>> + Send + 'static,
{
    Arc::new(Unary(answer))
}

/// One request, any number of responses.
pub(crate) fn server_streaming<F, A>(answer: F) -> BoxHandler
where
    F: Fn(DynamicMessage, Call) -> A + Send + Sync + 'static,
    A: Future<Output = Result<(), Status>> + Send + 'static,
{
    Arc::new(ServerStreaming(answer))
}

/// Any number of requests, one response.
pub(crate) fn client_streaming<F, A>(answer: F) -> BoxHandler
where
    F: Fn(Call) -> A + Send + Sync + 'static,
    A: Future<Output = Result<DynamicMessage, Status>> + Send + 'static,
{
    Arc::new(ClientStreaming(answer))
}

/// Any number of both, in any order.
pub(crate) fn bidi<F, A>(answer: F) -> BoxHandler
where
    F: Fn(Call) -> A + Send + Sync + 'static,
    A: Future<Output = Result<(), Status>> + Send + 'static,
{
    Arc::new(Bidi(answer))
}

struct Unary<F>(F);
struct ServerStreaming<F>(F);
struct ClientStreaming<F>(F);
struct Bidi<F>(F);

impl<F, A> RunHandler for Unary<F>
where
    F: Fn(DynamicMessage, Call) -> A + Send + Sync + 'static,
    A: Future<Output = Result<DynamicMessage, Status>> + Send + 'static,
{
    fn run(self: Arc<Self>, mut call: Call) -> Run {
        Box::pin(async move {
            match single_request(&mut call).await {
                Err(status) => call.finish(Err(status)),
                Ok(request) => {
                    let slot = OutgoingSlot::default();
                    let answer = (self.0)(request, call.returning_to(&slot)).await;
                    slot.finish_with(answer)
                }
            }
        })
    }
}

impl<F, A> RunHandler for ServerStreaming<F>
where
    F: Fn(DynamicMessage, Call) -> A + Send + Sync + 'static,
    A: Future<Output = Result<(), Status>> + Send + 'static,
{
    fn run(self: Arc<Self>, mut call: Call) -> Run {
        Box::pin(async move {
            match single_request(&mut call).await {
                Err(status) => call.finish(Err(status)),
                Ok(request) => {
                    let slot = OutgoingSlot::default();
                    let result = (self.0)(request, call.returning_to(&slot)).await;
                    slot.finish(result)
                }
            }
        })
    }
}

impl<F, A> RunHandler for ClientStreaming<F>
where
    F: Fn(Call) -> A + Send + Sync + 'static,
    A: Future<Output = Result<DynamicMessage, Status>> + Send + 'static,
{
    fn run(self: Arc<Self>, call: Call) -> Run {
        Box::pin(async move {
            let slot = OutgoingSlot::default();
            let answer = (self.0)(call.returning_to(&slot)).await;
            slot.finish_with(answer)
        })
    }
}

impl<F, A> RunHandler for Bidi<F>
where
    F: Fn(Call) -> A + Send + Sync + 'static,
    A: Future<Output = Result<(), Status>> + Send + 'static,
{
    fn run(self: Arc<Self>, call: Call) -> Run {
        Box::pin(async move {
            let slot = OutgoingSlot::default();
            let result = (self.0)(call.returning_to(&slot)).await;
            slot.finish(result)
        })
    }
}

async fn single_request(call: &mut Call) -> Result<DynamicMessage, Status> {
    let request: Option<Message> = call.recv().await?;
    let request = request.expect("a method that takes one message has received it or failed");
    Ok(request.into_dynamic()?)
}
