//! [`ReflectionStream`]: one stream of reflection requests, each with its answer.
//!
//! Both versions of the protocol have the same messages, so those of v1 are used for both. The first request finds out
//! which version the server has.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ErrorResponse, ServerReflectionRequest, ServerReflectionResponse};

use super::channel::CheckedChannel;
use super::connect::NotGrpc;

/// The newest version first, as other clients ask.
const VERSIONS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// The largest answer accepted, in bytes: it may hold a file with all its imports.
const MAX_ANSWER: usize = 256 * 1024 * 1024;

/// A reflection stream on which the server has answered at least once.
#[derive(Debug)]
pub(super) struct ReflectionStream {
    requests: mpsc::Sender<ServerReflectionRequest>,
    answers: Streaming<ServerReflectionResponse>,
}

/// The answer to one request, or the error message that the server sent in its place.
pub(super) type Answer = Result<MessageResponse, ErrorResponse>;

impl ReflectionStream {
    /// Opens a stream with its first request: with v1, or else with v1alpha. If the server has neither, the newest version's
    /// status says why.
    pub(super) async fn open(
        channel: &CheckedChannel,
        metadata: &MetadataMap,
        request: MessageRequest,
    ) -> Result<(Self, Answer), Status> {
        let [newest, older] = VERSIONS;
        let status = match Self::open_version(channel, metadata, request.clone(), newest).await {
            Err(status) if !may_have_older(&status) => return Err(status),
            Err(status) => status,
            opened => return opened,
        };
        match Self::open_version(channel, metadata, request, older).await {
            Err(other) if other.code() == Code::Unimplemented => Err(status),
            opened => opened,
        }
    }

    async fn open_version(
        channel: &CheckedChannel,
        metadata: &MetadataMap,
        first: MessageRequest,
        path: &'static str,
    ) -> Result<(Self, Answer), Status> {
        let (requests, receiver) = mpsc::channel(1);
        let mut request = Request::new(ReceiverStream::new(receiver));
        *request.metadata_mut() = metadata.clone();
        let mut grpc = channel.grpc().max_decoding_message_size(MAX_ANSWER);
        grpc.ready().await?;
        // A server may send its headers with its first answer, so the request is sent before they are awaited.
        send(&requests, first).await?;
        let codec = ProstCodec::<ServerReflectionRequest, ServerReflectionResponse>::default();
        let answers = grpc
            .streaming(request, http::uri::PathAndQuery::from_static(path), codec)
            .await?
            .into_inner();
        let mut stream = Self { requests, answers };
        let answer = stream.answer().await?;
        Ok((stream, answer))
    }

    /// Sends another request and waits for its answer.
    pub(super) async fn ask(&mut self, request: MessageRequest) -> Result<Answer, Status> {
        send(&self.requests, request).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer, Status> {
        let answer = self
            .answers
            .message()
            .await?
            .and_then(|answer| answer.message_response);
        match answer {
            Some(MessageResponse::ErrorResponse(error)) => Ok(Err(error)),
            Some(answer) => Ok(Ok(answer)),
            None => Err(Status::internal(
                "the server answered a reflection request with nothing",
            )),
        }
    }
}

/// Whether a server with this status for the newest version may have the older one.
fn may_have_older(status: &Status) -> bool {
    matches!(status.code(), Code::Unimplemented | Code::Unavailable) && !NotGrpc::is_source_of(status)
}

async fn send(
    requests: &mpsc::Sender<ServerReflectionRequest>,
    request: MessageRequest,
) -> Result<(), Status> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(request),
    };
    let sent = requests.send(request).await;
    sent.map_err(|_| Status::unavailable("the server ended the reflection stream"))
}
