//! [`ClientMethod`]: one method of a server, ready to be called.
//!
//! It holds what the calls of a method have in common: the path, the codec, metadata, a deadline and compression. Each call
//! starts from a copy, so one [`ClientMethod`] serves many calls at a time.

use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tokio_stream::Stream;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};

use super::channel::CheckedChannel;
use super::http::HttpCaller;
use super::requests::{Requests, request_of};
use super::responses::{CallDeadline, CancelOnDrop, Inbound, Reply, Responses};
use crate::error::Error;
use crate::message::{DynamicCodec, IntoMessage};
use crate::protocol::Encoding;
use crate::schema::Method;

/// A method of a server, with the metadata and options of its calls. Cheap to clone.
///
/// There is one function for each shape of method. It fails for a method of another shape.
///
/// | requests | responses | call |
/// |---|---|---|
/// | one | one | [`unary`](Self::unary) |
/// | one | a stream | [`server_streaming`](Self::server_streaming) |
/// | a stream | one | [`client_streaming`](Self::client_streaming) |
/// | a stream | a stream | [`bidi`](Self::bidi) |
/// | any | any | [`call`](Self::call) |
///
/// Requests are [`Message`](crate::message::Message)s, dynamic messages, or [`Typed`](crate::message::Typed) with a type
/// of one's own. One that does not fit the method ends the call with `INTERNAL`, and the server is told that it was
/// cancelled.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use protod::{Client, Message};
///
/// let client = Client::connect("127.0.0.1:9002").await?;
/// let mut search = client.method("proto.SearchService/Search")?.deadline(Duration::from_secs(2));
/// search.metadata_mut().insert("authorization", "Bearer sesame".parse()?);
/// let request = Message::from_json(search.input().clone(), r#"{"request": "gRPC"}"#)?;
/// let reply = search.unary(request).await?;
/// println!("{}", reply.message.get("response")?);
/// # Ok(())
/// # }
/// ```
///
#[derive(Debug, Clone)]
pub struct ClientMethod {
    caller: Caller,
    method: Arc<Method>,
    path: PathAndQuery,
    metadata: MetadataMap,
    deadline: Option<Duration>,
}

/// What makes the calls.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// gRPC in protobuf.
    Grpc(Grpc<CheckedChannel>),
    /// The other protocols.
    Http(Box<HttpCaller>),
}

impl ClientMethod {
    pub(super) fn new(caller: Caller, method: &Arc<Method>, metadata: MetadataMap) -> Self {
        Self {
            caller,
            method: Arc::clone(method),
            path: method.path().parse().expect("names of methods make a path"),
            metadata,
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

    /// An empty request, to fill in.
    pub fn request(&self) -> DynamicMessage {
        DynamicMessage::new(self.input().clone())
    }

    /// The metadata that each call sends.
    pub fn metadata(&self) -> &MetadataMap {
        &self.metadata
    }

    /// The metadata that each call sends, to change it. It starts with that of the client.
    pub fn metadata_mut(&mut self) -> &mut MetadataMap {
        &mut self.metadata
    }

    /// How long each call may take, to its last message. The deadline is sent to the server, and when it has passed the
    /// call ends with `DEADLINE_EXCEEDED`, whatever the server does. Default: no limit.
    #[must_use]
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = Some(time);
        self
    }

    /// Compresses requests with gzip. Responses are taken compressed or not, always. Default: not compressed.
    #[must_use]
    pub fn gzip(self) -> Self {
        self.compressed(Encoding::Gzip)
    }

    /// Compresses requests with deflate, in zlib's format. Responses are taken compressed or not, always. Default: not
    /// compressed.
    #[must_use]
    pub fn deflate(self) -> Self {
        self.compressed(Encoding::Deflate)
    }

    /// Compresses requests with zstd. Responses are taken compressed or not, always. Default: not compressed.
    #[must_use]
    pub fn zstd(self) -> Self {
        self.compressed(Encoding::Zstd)
    }

    fn compressed(mut self, encoding: Encoding) -> Self {
        match &mut self.caller {
            Caller::Http(http) => http.compress(encoding),
            Caller::Grpc(grpc) => {
                *grpc = grpc.clone().send_compressed(match encoding {
                    Encoding::Gzip => CompressionEncoding::Gzip,
                    Encoding::Deflate => CompressionEncoding::Deflate,
                    Encoding::Zstd => CompressionEncoding::Zstd,
                });
            }
        }
        self
    }

    /// Calls by GET, with the request in the address, so that caches may answer: for Connect's unary methods whose proto
    /// says `idempotency_level = NO_SIDE_EFFECTS`. Fails for any other. Default: POST.
    ///
    /// Addresses are logged by servers and proxies, and have at most 64 KiB; a call whose request is longer fails with
    /// `RESOURCE_EXHAUSTED`.
    pub fn http_get(mut self) -> Result<Self, Error> {
        let made = match &mut self.caller {
            Caller::Http(http) => http.call_by_get(),
            Caller::Grpc(_) => Err("gRPC calls are made by POST; by GET those of Connect are".to_owned()),
        };
        made.map_err(|why| {
            Error::invalid_input(format!("{} cannot be called by GET", self.method.name()), why)
        })?;
        Ok(self)
    }

    /// Sends one request and waits for the one response.
    pub async fn unary(&self, request: impl IntoMessage) -> Result<Reply, Status> {
        self.expect_shape(false, false)?;
        let request = request_of(&self.method, request)?;
        self.call(tokio_stream::once(request)).await?.reply().await
    }

    /// Sends one request, and returns before the response headers have arrived.
    pub async fn server_streaming(&self, request: impl IntoMessage) -> Result<Responses, Status> {
        self.expect_shape(false, true)?;
        let request = request_of(&self.method, request)?;
        self.call(tokio_stream::once(request)).await
    }

    /// Sends the requests of the stream, and waits for the one response.
    pub async fn client_streaming<S>(&self, requests: S) -> Result<Reply, Status>
    where
        S: Stream<Item: IntoMessage> + Send + 'static,
    {
        self.expect_shape(true, false)?;
        self.call(requests).await?.reply().await
    }

    /// Sends the requests of the stream, and returns before the response headers have arrived.
    pub async fn bidi<S>(&self, requests: S) -> Result<Responses, Status>
    where
        S: Stream<Item: IntoMessage> + Send + 'static,
    {
        self.expect_shape(true, true)?;
        self.call(requests).await
    }

    /// Calls a method of any shape: sends the requests of the stream, and returns before the response headers have
    /// arrived. If the method takes one request, the stream must yield exactly one.
    pub async fn call<S>(&self, requests: S) -> Result<Responses, Status>
    where
        S: Stream<Item: IntoMessage> + Send + 'static,
    {
        let deadline = CallDeadline::after(self.deadline);
        let (requests, unfit) = Requests::new(requests, &self.method);
        let (path, metadata) = (self.path.clone(), self.metadata.clone());
        let is_streaming = self.method.is_server_streaming();
        let mut grpc = match &self.caller {
            Caller::Grpc(grpc) => grpc.clone(),
            Caller::Http(http) => {
                let (opening, requests) = http.call(path, metadata, self.deadline, requests);
                let opening = async {
                    let (headers, responses) = opening.await?;
                    Ok((headers, Inbound::Http(Box::new(responses))))
                };
                let cancel = CancelOnDrop::Http { requests };
                return Responses::start(opening, is_streaming, deadline, unfit, cancel).await;
            }
        };
        let mut request = Request::new(requests);
        *request.metadata_mut() = metadata;
        if let Some(time) = self.deadline {
            request.set_timeout(time);
        }
        let cancel = CancelOnDrop::Grpc(Some(request.cancellation_handle()));
        let codec = DynamicCodec::client(&self.method);
        let ready = async {
            // Waits for a connection, where the last one was lost.
            grpc.ready().await
        };
        deadline.limit(ready).await?;
        let opening = async move {
            let (headers, stream, _) = grpc.streaming(request, path, codec).await?.into_parts();
            Ok((headers, Inbound::Grpc(Box::new(stream))))
        };
        Responses::start(opening, is_streaming, deadline, unfit, cancel).await
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
