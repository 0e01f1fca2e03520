//! One method of a server, ready to be called.

use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tokio_stream::{Stream, StreamExt as _};
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::Client;
use super::responses::{CallDeadline, CancelOnDrop, Reply, Responses};
use crate::message::{DynamicCodec, Message};
use crate::schema::Method;

/// A method of a server, with what its calls are to carry. Cheap to clone.
///
/// It is called by its shape, and refuses to be called by another.
///
/// | requests | responses | call |
/// |---|---|---|
/// | one | one | [`unary`](Self::unary) |
/// | one | a stream | [`server_streaming`](Self::server_streaming) |
/// | a stream | one | [`client_streaming`](Self::client_streaming) |
/// | a stream | a stream | [`bidi`](Self::bidi) |
/// | any | any | [`call`](Self::call) |
#[derive(Debug, Clone)]
pub struct ClientMethod {
    grpc: Grpc<Channel>,
    method: Arc<Method>,
    path: PathAndQuery,
    metadata: MetadataMap,
    deadline: Option<Duration>,
}

impl ClientMethod {
    pub(super) fn new(client: &Client, method: &Arc<Method>) -> Self {
        Self {
            grpc: Grpc::new(client.channel.clone()).max_decoding_message_size(client.max_receive_size),
            method: Arc::clone(method),
            path: method.path().parse().expect("names of methods make a path"),
            metadata: client.metadata.clone(),
            deadline: None,
        }
    }

    /// The method's name, types and shape.
    pub fn method(&self) -> &Arc<Method> {
        &self.method
    }

    /// The type of requests.
    pub fn input(&self) -> &MessageDescriptor {
        self.method.input()
    }

    /// An empty request, to be filled in.
    pub fn request(&self) -> DynamicMessage {
        DynamicMessage::new(self.input().clone())
    }

    /// The metadata that each call sends.
    pub fn metadata(&self) -> &MetadataMap {
        &self.metadata
    }

    /// The metadata that each call sends, to be changed; it starts with that of the client.
    pub fn metadata_mut(&mut self) -> &mut MetadataMap {
        &mut self.metadata
    }

    /// How long each call may take, to its last message. The server is told, and past it the call ends with
    /// `DEADLINE_EXCEEDED` whatever the server does. Default: for ever.
    #[must_use]
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = Some(time);
        self
    }

    /// Compresses requests with gzip, and takes responses that are. Default: neither.
    #[must_use]
    pub fn gzip(self) -> Self {
        self.compressed(CompressionEncoding::Gzip)
    }

    /// Compresses requests with zstd, and takes responses that are. Default: neither.
    #[must_use]
    pub fn zstd(self) -> Self {
        self.compressed(CompressionEncoding::Zstd)
    }

    fn compressed(mut self, encoding: CompressionEncoding) -> Self {
        self.grpc = self.grpc.send_compressed(encoding).accept_compressed(encoding);
        self
    }

    /// Sends one request and waits for the one response.
    pub async fn unary(&self, request: impl Into<Message>) -> Result<Reply, Status> {
        self.expect_shape(false, false)?;
        self.call(tokio_stream::once(request.into())).await?.reply().await
    }

    /// Sends one request and returns when it is on its way.
    pub async fn server_streaming(&self, request: impl Into<Message>) -> Result<Responses, Status> {
        self.expect_shape(false, true)?;
        self.call(tokio_stream::once(request.into())).await
    }

    /// Sends requests as the stream gives them, and waits for the one response.
    pub async fn client_streaming<S>(&self, requests: S) -> Result<Reply, Status>
    where
        S: Stream<Item: Into<Message>> + Send + 'static,
    {
        self.expect_shape(true, false)?;
        self.call(requests).await?.reply().await
    }

    /// Sends requests as the stream gives them, and returns when the call is on its way.
    pub async fn bidi<S>(&self, requests: S) -> Result<Responses, Status>
    where
        S: Stream<Item: Into<Message>> + Send + 'static,
    {
        self.expect_shape(true, true)?;
        self.call(requests).await
    }

    /// Calls a method of any shape: sends requests as the stream gives them, and returns when the call is on its
    /// way. Where the method takes one request, the stream must give just one.
    pub async fn call<S>(&self, requests: S) -> Result<Responses, Status>
    where
        S: Stream<Item: Into<Message>> + Send + 'static,
    {
        let deadline = CallDeadline::after(self.deadline);
        let mut request = Request::new(requests.map(Into::into));
        *request.metadata_mut() = self.metadata.clone();
        if let Some(time) = self.deadline {
            request.set_timeout(time);
        }
        let cancel = CancelOnDrop::new(request.cancellation_handle());
        let path = self.path.clone();
        let mut grpc = self.grpc.clone();
        let codec = DynamicCodec::client(&self.method);
        let ready = async {
            let ready = grpc.ready().await;
            ready.map_err(|error| Status::from_error(Box::new(error)))
        };
        deadline.limit(ready).await?;
        let opening = async move { grpc.streaming(request, path, codec).await };
        Responses::start(opening, self.method.is_server_streaming(), deadline, cancel).await
    }

    fn expect_shape(&self, client_streaming: bool, server_streaming: bool) -> Result<(), Status> {
        let method = &self.method;
        if (client_streaming, server_streaming)
            == (method.is_client_streaming(), method.is_server_streaming())
        {
            return Ok(());
        }
        let amount = |streaming| {
            if streaming {
                "a stream of messages"
            } else {
                "one message"
            }
        };
        Err(Status::unimplemented(format!(
            "{} takes {} and answers with {}",
            method.name(),
            amount(method.is_client_streaming()),
            amount(method.is_server_streaming()),
        )))
    }
}
