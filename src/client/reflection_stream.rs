//! [`ReflectionStream`]: one stream of reflection requests, each with its answer.
//!
//! Both versions of the protocol have the same messages, so those of v1 are used for both. The first request finds out
//! which version the server has. What a server does not answer in time ends the stream, and the status says what it was.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ErrorResponse, ServerReflectionRequest, ServerReflectionResponse};

use super::channel::CheckedChannel;
use super::connect::NotTheProtocol;

/// The newest version first, as other clients ask.
const VERSIONS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// The largest answer accepted, in bytes: it may hold a file with all its imports.
const MAX_ANSWER: usize = 256 * 1024 * 1024;

/// How long a server may take to end the stream after its client has. Nothing depends on it but how the call looks in the
/// server's log.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// A reflection stream on which the server has answered at least once.
#[derive(Debug)]
pub(super) struct ReflectionStream {
    requests: mpsc::Sender<ServerReflectionRequest>,
    answers: Streaming<ServerReflectionResponse>,
    time: TimeLimit,
}

/// The answer to one request, or the error message that the server sent in its place.
pub(super) type Answer = Result<MessageResponse, ErrorResponse>;

impl ReflectionStream {
    /// Opens a stream with its first request: with v1, or else with v1alpha. If the server has neither, the newest version's
    /// status says why.
    pub(super) async fn open(
        channel: &CheckedChannel,
        metadata: &MetadataMap,
        time: TimeLimit,
        request: MessageRequest,
    ) -> Result<(Self, Answer), Status> {
        let [newest, older] = VERSIONS;
        let open = |version| {
            let opening = Self::open_version(channel, metadata, time, request.clone(), version);
            time.limit(subject(&request), opening)
        };
        let status = match open(newest).await {
            Err(status) if !may_have_older(&status) => return Err(status),
            Err(status) => status,
            opened => return opened,
        };
        match open(older).await {
            Err(other) if other.code() == Code::Unimplemented => Err(status),
            opened => opened,
        }
    }

    async fn open_version(
        channel: &CheckedChannel,
        metadata: &MetadataMap,
        time: TimeLimit,
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
        let mut stream = Self {
            requests,
            answers,
            time,
        };
        let answer = stream.answer().await?;
        Ok((stream, answer))
    }

    /// Sends another request and waits for its answer.
    pub(super) async fn ask(&mut self, request: MessageRequest) -> Result<Answer, Status> {
        let time = self.time;
        let subject = subject(&request);
        let asking = async {
            send(&self.requests, request).await?;
            self.answer().await
        };
        time.limit(subject, asking).await
    }

    /// Ends the stream, and waits for the server to end it: if it were dropped instead, the call would be cancelled.
    pub(super) async fn end(mut self) {
        drop(self.requests);
        let ended = async { while let Ok(Some(_)) = self.answers.message().await {} };
        let end = Instant::now() + END_TIMEOUT;
        let end = self.time.end.map_or(end, |limit| limit.min(end));
        let _ = timeout_at(end, ended).await;
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

/// How long a server may take for all of its answers together.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeLimit {
    end: Option<Instant>,
    time: Duration,
}

impl TimeLimit {
    /// The time begins now.
    pub(super) fn of(time: Duration) -> Self {
        Self {
            // A time that the clock has no room for is no limit.
            end: Instant::now().checked_add(time),
            time,
        }
    }

    /// Does the work, or fails with what was waited for.
    pub(super) async fn limit<T>(
        self,
        subject: String,
        work: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        let Some(end) = self.end else {
            return work.await;
        };
        timeout_at(end, work).await.unwrap_or_else(|_| {
            Err(Status::deadline_exceeded(format!(
                "the server did not answer {subject} within {:?}",
                self.time
            )))
        })
    }
}

/// What a request asks for, in words.
fn subject(request: &MessageRequest) -> String {
    match request {
        MessageRequest::ListServices(_) => "which services it has".to_owned(),
        MessageRequest::FileByFilename(name) => format!("the request for the file {name}"),
        MessageRequest::FileContainingSymbol(name) => format!("the request for {name}"),
        MessageRequest::AllExtensionNumbersOfType(name) => format!("which extensions {name} has"),
        MessageRequest::FileContainingExtension(extension) => format!(
            "the request for the extension {} of {}",
            extension.extension_number, extension.containing_type
        ),
    }
}

/// Whether a server with this status for the newest version may have the older one.
fn may_have_older(status: &Status) -> bool {
    matches!(status.code(), Code::Unimplemented | Code::Unavailable) && !NotTheProtocol::is_source_of(status)
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
