//! A server that answers with what it was asked, and a client that sends exactly what it is told.

use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use protod::message::Message;
use protod::{Call, Handler, Handlers, Schema, Server, ServerBuilder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tonic::{Code, Status};

pub(crate) const PROTO: &str = include_str!("echo.proto");

pub(crate) fn schema() -> Schema {
    Schema::from_source("echo.proto", PROTO).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The server of the echo service.
pub(crate) fn echo() -> ServerBuilder {
    Server::builder(schema()).handlers(Handlers::new().fallback(Echo))
}

/// Answers with what it was asked, but for a few methods.
struct Echo;

impl Handler for Echo {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let name = call
            .method()
            .name()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        call.trailers_mut()
            .insert("x-end", "over".parse().expect("metadata"));
        if let Some(value) = call.metadata().get("x-ask").cloned()
            && let Some(headers) = call.headers_mut()
        {
            headers.insert("x-answer", value);
        }
        match &*name {
            "Down" | "UnboundDown" => down(call).await,
            "Up" => up(call).await,
            "RawUp" => raw_up(call).await,
            "RawDown" => raw_down(call).await,
            "Fail" => {
                let request = next(call).await?;
                Err(failure(&request))
            }
            _ => {
                while let Some(message) = call.recv().await? {
                    call.send(message).await?;
                }
                Ok(())
            }
        }
    }
}

async fn next(call: &mut Call) -> Result<DynamicMessage, Status> {
    let message: Message = call.recv().await?.ok_or_else(|| Status::internal("no message"))?;
    Ok(message.to_dynamic()?)
}

fn text(message: &DynamicMessage, name: &str) -> String {
    message
        .get_field_by_name(name)
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// The status whose code is `int32`, with three details: of the schema, of google.rpc, and of no known type.
fn failure(request: &DynamicMessage) -> Status {
    let number = request
        .get_field_by_name("int32")
        .and_then(|value| value.as_i32())
        .unwrap_or_default();
    let any = |name: &str, value: &[u8]| prost_types::Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: value.to_vec(),
    };
    let details = RpcStatus {
        code: number,
        details: vec![
            any("echo.All", b"\x0a\x02hi"),
            any("google.rpc.RequestInfo", b"\x0a\x02id"),
            any("google.protobuf.Duration", b"\x08\x03"),
            any("nobody.Knows", b"\x08\x01"),
        ],
    };
    Status::with_details(
        Code::from_i32(number),
        "it \"failed\"",
        Bytes::from(details.encode_to_vec()),
    )
}

/// Sends the messages of `inners`, and fails if there is a code.
async fn down(call: &mut Call) -> Result<(), Status> {
    let request = next(call).await?;
    let inners = request
        .get_field_by_name("inners")
        .map(std::borrow::Cow::into_owned);
    for inner in inners.as_ref().and_then(Value::as_list).unwrap_or_default() {
        call.send(inner.as_message().expect("a message").clone()).await?;
    }
    match request
        .get_field_by_name("int32")
        .and_then(|value| value.as_i32())
    {
        Some(0) | None => Ok(()),
        Some(code) => Err(Status::new(Code::from_i32(code), "no more")),
    }
}

/// The texts of all messages.
async fn up(call: &mut Call) -> Result<(), Status> {
    let mut texts = Vec::new();
    while let Some(message) = call.recv().await? {
        let message: DynamicMessage = message.to_dynamic()?;
        let first = message
            .get_field_by_name("texts")
            .and_then(|texts| texts.as_list()?.first().cloned());
        let first = first
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default();
        texts.push(Value::String(format!("{}:{first}", text(&message, "text"))));
    }
    let mut response = call.response();
    response.set_field_by_name("texts", Value::List(texts));
    call.send(response).await
}

/// All pieces put together.
async fn raw_up(call: &mut Call) -> Result<(), Status> {
    let (mut name, mut content_type, mut data) = (String::new(), String::new(), Vec::new());
    while let Some(message) = call.recv().await? {
        let message: DynamicMessage = message.to_dynamic()?;
        name = text(&message, "name");
        let contents = message
            .get_field_by_name("contents")
            .expect("a field")
            .into_owned();
        let contents = contents.as_message().expect("a message");
        content_type = text(contents, "content_type");
        data.extend_from_slice(
            contents
                .get_field_by_name("data")
                .expect("a field")
                .as_bytes()
                .expect("bytes"),
        );
    }
    let mut response = call.response();
    response.set_field_by_name("name", Value::String(name));
    let mut contents = response
        .get_field_by_name("contents")
        .expect("a field")
        .into_owned();
    let message = contents.as_message_mut().expect("a message");
    message.set_field_by_name("content_type", Value::String(content_type));
    message.set_field_by_name("data", Value::Bytes(data.into()));
    response.set_field_by_name("contents", contents);
    call.send(response).await
}

async fn raw_down(call: &mut Call) -> Result<(), Status> {
    let request = next(call).await?;
    for piece in ["a,b\n", "1,2\n", "3,4\n"] {
        let mut response = call.response();
        response.set_field_by_name("content_type", Value::String("text/csv".to_owned()));
        response.set_field_by_name("data", Value::Bytes(piece.as_bytes().into()));
        call.send(response).await?;
    }
    match &*text(&request, "name") {
        "broken" => Err(Status::data_loss("the rest is lost")),
        _ => Ok(()),
    }
}

/// A server that stops when this is dropped.
pub(crate) struct Running {
    pub(crate) addr: String,
    /// How many rules of REST are left out.
    pub(crate) warnings: usize,
    _stop: oneshot::Sender<()>,
}

impl Running {
    pub(crate) async fn start(server: ServerBuilder) -> Self {
        let server = server.build().unwrap_or_else(|error| panic!("{error:?}"));
        let warnings = server.http_rules().warnings().len();
        let bound = server.bind("127.0.0.1:0").await.expect("a free port");
        let addr = bound.local_addr().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
        Self {
            addr,
            warnings,
            _stop: stop,
        }
    }

    /// Sends a request with these headers, each `name: value`, and a body.
    pub(crate) async fn send(&self, request: &str, headers: &[&str], body: &[u8]) -> Response {
        let mut lines = headers.join("\r\n");
        if !headers.is_empty() {
            lines.push_str("\r\n");
        }
        self.send_bytes(request, lines.as_bytes(), body).await
    }

    /// Sends a request with headers that may not be text, each with the end of its line.
    pub(crate) async fn send_bytes(&self, request: &str, headers: &[u8], body: &[u8]) -> Response {
        let mut stream = TcpStream::connect(&self.addr).await.expect("it listens");
        let head = format!("{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        let length = match body.len() {
            0 => "\r\n".to_owned(),
            length => format!("content-length: {length}\r\n\r\n"),
        };
        // A server that refuses a request need not read all of it.
        let whole = [head.as_bytes(), headers, length.as_bytes(), body].concat();
        let _ = stream.write_all(&whole).await;
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
        // A body that breaks off may end with a reset.
        drop(read.expect("it answers"));
        Response::parse(&bytes)
    }

    /// Sends a request without a body.
    pub(crate) async fn get(&self, request: &str) -> Response {
        self.send(request, &[], b"").await
    }

    /// Sends a request with a body in JSON.
    pub(crate) async fn json(&self, request: &str, body: &str) -> Response {
        self.send(request, &["content-type: application/json"], body.as_bytes())
            .await
    }
}

/// A response of HTTP/1.1.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether it was there to its end.
    pub(crate) is_whole: bool,
}

impl Response {
    fn parse(bytes: &[u8]) -> Self {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            // The connection was closed before there was a head.
            return Self {
                status: 0,
                headers: Vec::new(),
                body: bytes.to_vec(),
                is_whole: false,
            };
        };
        let head = std::str::from_utf8(&bytes[..end]).expect("text");
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .expect("a status line");
        let headers: Vec<(String, String)> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').expect("a header");
                (name.to_lowercase(), value.trim().to_owned())
            })
            .collect();
        let rest = &bytes[end + 4..];
        let is_chunked = headers
            .iter()
            .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let (body, is_whole) = if is_chunked {
            dechunk(rest)
        } else {
            (rest.to_vec(), true)
        };
        Self {
            status: status.parse().expect("a number"),
            headers,
            body,
            is_whole,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn value(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {self:?}\n{}", String::from_utf8_lossy(&self.body)))
    }
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(line) = rest.windows(2).position(|window| window == b"\r\n") else {
            return (body, false);
        };
        let length = std::str::from_utf8(&rest[..line]).expect("text");
        let length = usize::from_str_radix(length, 16).expect("a length");
        if length == 0 {
            return (body, true);
        }
        rest = &rest[line + 2..];
        if rest.len() < length + 2 {
            body.extend_from_slice(rest);
            return (body, false);
        }
        body.extend_from_slice(&rest[..length]);
        rest = &rest[length + 2..];
    }
}
