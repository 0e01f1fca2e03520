//! [`HttpCaller`]: one call. It sends the request, looks at the head of the response, and hands on the rest.

use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method as HttpMethod, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Collected, Limited};
use hyper::body::Incoming;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::{Stream, StreamExt as _};
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::MAX_END;
use super::channel::HttpChannel;
use super::fault::status_of;
use super::request_body::{Envelopes, MessageEncoder, RequestBody};
use super::responses::{HttpResponses, MessageDecoder};
use crate::client::head::{USER_AGENT, encoding_of};
use crate::client::other_answer;
use crate::client::protocol::{Codec, Protocol};
use crate::client::requests::Requests;
use crate::message::IntoMessage;
use crate::protocol::{
    DecodedText, Encoding, Form, Protocol as WireProtocol, call_head, call_head_of_get, read_error,
    take_trailers, write_query,
};
use crate::schema::Method;

/// What the calls of a method have in common. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::client) struct HttpCaller {
    channel: HttpChannel,
    protocol: Protocol,
    form: Form,
    method: Arc<Method>,
    /// How requests are compressed.
    encoding: Option<Encoding>,
    /// Whether the message stands in the address.
    by_get: bool,
    max_receive_size: usize,
}

/// Cancels the requests of a call when it is dropped.
pub(in crate::client) type Cancel = oneshot::Sender<()>;

impl HttpCaller {
    pub(in crate::client) fn new(
        channel: HttpChannel,
        (protocol, codec): (Protocol, Codec),
        method: &Arc<Method>,
        max_receive_size: usize,
    ) -> Self {
        Self {
            channel,
            protocol,
            form: protocol.form(codec, method),
            method: Arc::clone(method),
            encoding: None,
            by_get: false,
            max_receive_size,
        }
    }

    /// Compresses requests.
    pub(in crate::client) fn compress(&mut self, encoding: Encoding) {
        self.encoding = Some(encoding);
    }

    /// Calls by GET. Fails for a call that cannot be made so.
    pub(in crate::client) fn call_by_get(&mut self) -> Result<(), String> {
        if self.protocol != Protocol::Connect {
            let name = self.protocol.name();
            return Err(format!(
                "{name} calls are made by POST; by GET those of Connect are"
            ));
        }
        if self.form.protocol != WireProtocol::ConnectUnary {
            return Err("it has streams, which are called by POST".to_owned());
        }
        if !self.method.has_no_side_effects() {
            return Err("its proto does not say `idempotency_level = NO_SIDE_EFFECTS`".to_owned());
        }
        self.by_get = true;
        Ok(())
    }

    /// Begins a call. Its task sends the requests whether or not anyone waits for the response; it ends when the future or
    /// the handle is dropped.
    pub(in crate::client) fn call<S>(
        &self,
        path: PathAndQuery,
        metadata: MetadataMap,
        timeout: Option<Duration>,
        requests: Requests<S>,
    ) -> (
        impl Future<Output = Result<(MetadataMap, HttpResponses), Status>> + Send + 'static,
        Cancel,
    )
    where
        S: Stream<Item: IntoMessage> + Send + 'static,
    {
        let (cancel, cancelled) = oneshot::channel();
        let caller = self.clone();
        let mut calling = AbortOnDrop(tokio::spawn(async move {
            let head = caller.head(metadata, timeout);
            let response = caller.send(path, head, requests, cancelled).await?;
            caller.open(response).await
        }));
        let called = async move {
            let called = (&mut calling.0).await;
            called.unwrap_or_else(|error| Err(Status::internal(format!("the call's task ended: {error}"))))
        };
        (called, cancel)
    }

    fn head(&self, metadata: MetadataMap, timeout: Option<Duration>) -> HeaderMap {
        let mut head = metadata.into_headers();
        // What a connection is about is not the caller's to say.
        for name in [
            header::HOST,
            header::CONNECTION,
            header::TRANSFER_ENCODING,
            header::CONTENT_LENGTH,
        ] {
            head.remove(name);
        }
        head.entry(header::USER_AGENT)
            .or_insert(HeaderValue::from_static(USER_AGENT));
        call_head(self.form, self.encoding, timeout, &mut head);
        head
    }

    async fn send<S>(
        &self,
        path: PathAndQuery,
        mut head: HeaderMap,
        requests: Requests<S>,
        cancelled: oneshot::Receiver<()>,
    ) -> Result<Response<Incoming>, Status>
    where
        S: Stream<Item: IntoMessage> + Send + 'static,
    {
        let encoder = MessageEncoder {
            form: self.form,
            encoding: self.encoding,
            method: Arc::clone(&self.method),
        };
        let (mut verb, mut path) = (HttpMethod::POST, path);
        let body = if self.method.is_client_streaming() {
            Envelopes::body(requests, encoder, cancelled)
        } else {
            let mut requests = std::pin::pin!(requests);
            let Some(message) = requests.next().await else {
                let name = self.method.name();
                return Err(Status::internal(format!(
                    "{name} takes one message, and there was none to send"
                )));
            };
            if self.by_get {
                let mut bytes = Vec::new();
                encoder.put(&message, &mut bytes)?;
                path = with_query(&path, &write_query(self.form.codec, self.encoding, &bytes))?;
                verb = HttpMethod::GET;
                call_head_of_get(&mut head);
                RequestBody::default()
            } else {
                encoder.body(&message)?
            }
        };
        let mut request = Request::new(body);
        *request.method_mut() = verb;
        *request.uri_mut() = self.channel.url(path);
        *request.headers_mut() = head;
        self.channel.send(self.protocol.name(), request).await
    }

    /// Looks at the head of a response.
    async fn open(&self, response: Response<Incoming>) -> Result<(MetadataMap, HttpResponses), Status> {
        let in_headers =
            response.headers().contains_key(Status::GRPC_STATUS) && self.protocol != Protocol::Connect;
        let is_ok = response.status() == StatusCode::OK;
        let form = match self.form_of(&response) {
            Some(form) if is_ok && form.codec == self.form.codec => form,
            Some(form) if is_ok => {
                return Err(Status::internal(format!(
                    "the answer has the content type {:?}, and another codec was asked for",
                    form.content_type()
                )));
            }
            _ if in_headers => self.form,
            _ if !is_ok && self.protocol == Protocol::Connect && is_json(&response) => {
                return self.open_error(response).await;
            }
            _ => return Err(other_answer::status(self.protocol.name(), response).await),
        };
        let (head, body) = response.into_parts();
        let mut headers = head.headers;
        let encoding = encoding_of(&headers, form.protocol.encoding_header())?;
        let in_headers = if form.protocol.is_whole() {
            Some(take_trailers(&mut headers))
        } else {
            in_headers.then(|| headers.clone())
        };
        let protocol = self.protocol.name();
        let body = body.map_err(move |error| status_of(protocol, &error));
        let body = match form.protocol {
            WireProtocol::GrpcWebText => DecodedText::new(body).boxed_unsync(),
            _ => body.boxed_unsync(),
        };
        let responses = HttpResponses::new(body, self.decoder(form, encoding), in_headers);
        Ok((MetadataMap::from_headers(headers), responses))
    }

    /// Reads the body of a failed call of Connect's.
    async fn open_error(&self, response: Response<Incoming>) -> Result<(MetadataMap, HttpResponses), Status> {
        let (head, body) = response.into_parts();
        let mut headers = head.headers;
        let trailers = take_trailers(&mut headers);
        let fallback = other_answer::code_of(head.status);
        let encoding = Encoding::from_header(headers.get(header::CONTENT_ENCODING))
            .ok()
            .flatten();
        let body = Limited::new(body, MAX_END).collect().await;
        let mut bytes = body.map(Collected::to_bytes).unwrap_or_default();
        if let Some(encoding) = encoding {
            let mut decompressed = Vec::new();
            // What does not decompress is no error in JSON.
            let _ = encoding.decompress(&bytes, &mut decompressed, MAX_END);
            bytes = decompressed.into();
        }
        let Some(status) = read_error(&bytes, fallback, &trailers) else {
            let response = http::Response::builder().status(head.status);
            let response = response.header(header::CONTENT_TYPE, "application/json");
            let response = response
                .body(http_body_util::Full::new(bytes))
                .expect("a response");
            return Err(other_answer::status(self.protocol.name(), response).await);
        };
        let responses = HttpResponses::failed(status, self.decoder(self.form, None));
        Ok((MetadataMap::from_headers(headers), responses))
    }

    /// The form of a response; `None` if it is not of the call's protocol. A server may answer text in binary.
    fn form_of(&self, response: &Response<Incoming>) -> Option<Form> {
        let content_type = response.headers().get(header::CONTENT_TYPE)?;
        let form = Form::of_content_type(content_type.as_bytes())?;
        let is_web = |protocol| matches!(protocol, WireProtocol::GrpcWeb | WireProtocol::GrpcWebText);
        let (asked, answered) = (self.form.protocol, form.protocol);
        (asked == answered || is_web(asked) && is_web(answered)).then_some(form)
    }

    fn decoder(&self, form: Form, encoding: Option<Encoding>) -> MessageDecoder {
        MessageDecoder {
            form,
            encoding,
            method: Arc::clone(&self.method),
            max_size: self.max_receive_size,
        }
    }
}

/// A task that ends when nobody waits for it.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn is_json(response: &Response<Incoming>) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let form = content_type.and_then(|content_type| Form::of_content_type(content_type.as_bytes()));
    form.is_some_and(|form| form.content_type() == "application/json")
}

fn with_query(path: &PathAndQuery, query: &str) -> Result<PathAndQuery, Status> {
    let with_query = PathAndQuery::try_from(format!("{path}?{query}"));
    // An address has at most 64 KiB.
    with_query.map_err(|_| {
        Status::resource_exhausted("the message is too large for the address of a GET; call by POST")
    })
}
