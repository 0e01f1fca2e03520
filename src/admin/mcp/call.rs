//! A call of a tool: its method is called in process, by the Connect protocol, whose JSON is that of tools.
//!
//! So arguments are read, checked and bounded as those of any other client, and a client that goes away takes its call
//! with it. A stream cannot be told as it comes: what it says within some seconds is told as one.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tonic::body::Body;
use tower::ServiceExt as _;

use super::tools::{MAX_RESPONSES, MAX_TIME, Tool};
use crate::server::Route;

/// How many bytes of the messages of a stream are told.
const MAX_BYTES: usize = 1 << 20;

/// The head of a message in a stream: its flags and its length.
const ENVELOPE: usize = 5;

/// The flag of the last envelope, which has no message and says how the call went.
const END: u8 = 2;

/// The result of a tool, for arguments in JSON.
pub(super) async fn run(tool: &Tool, arguments: String, service: Route) -> Value {
    let said = if tool.streams {
        stream(tool, &arguments, service).await
    } else if tool.takes_stream {
        only_one(tool, &arguments, service).await
    } else {
        unary(tool, arguments, service).await
    };
    match said {
        Ok(structured) => json!({
            "content": [text(structured.to_string())],
            "structuredContent": structured,
            "isError": false,
        }),
        Err(why) => json!({ "content": [text(why)], "isError": true }),
    }
}

fn text(text: String) -> Value {
    json!({ "type": "text", "text": text })
}

/// The message that a method answers with, or why it does not.
async fn unary(tool: &Tool, arguments: String, service: Route) -> Result<Value, String> {
    let request = request(tool, "application/json", arguments.into());
    let Ok(response) = service.oneshot(request).await;
    let is_ok = response.status() == StatusCode::OK;
    let body = response.into_body().collect().await;
    let body = body.map_err(|status| status.to_string())?.to_bytes();
    if is_ok {
        serde_json::from_slice(&body).map_err(|error| error.to_string())
    } else {
        Err(told(&body))
    }
}

/// The message that a method of many messages answers with to one.
async fn only_one(tool: &Tool, arguments: &str, service: Route) -> Result<Value, String> {
    let mut responses = Vec::new();
    let request = streaming_request(tool, arguments);
    read_stream(request, service, &mut responses).await?;
    responses.pop().ok_or_else(|| "there was no answer".to_owned())
}

/// The messages that a method answers with, or why it fails.
async fn stream(tool: &Tool, arguments: &str, service: Route) -> Result<Value, String> {
    let mut responses = Vec::new();
    let request = streaming_request(tool, arguments);
    let ended = tokio::time::timeout(MAX_TIME, read_stream(request, service, &mut responses)).await;
    let ended = ended.unwrap_or(Ok(false));
    match ended {
        Ok(ended) => Ok(json!({ "responses": responses, "ended": ended })),
        Err(why) if responses.is_empty() => Err(why),
        Err(why) => Err(format!(
            "{why}\nBefore it failed it answered: {}",
            Value::Array(responses)
        )),
    }
}

/// Whether the stream has ended, and not only been read far enough.
async fn read_stream(
    request: Request<Body>,
    service: Route,
    responses: &mut Vec<Value>,
) -> Result<bool, String> {
    let Ok(response) = service.oneshot(request).await;
    if response.status() != StatusCode::OK {
        let body = response.into_body().collect().await;
        return Err(told(&body.map_err(|status| status.to_string())?.to_bytes()));
    }
    let mut body = response.into_body();
    let (mut buffer, mut bytes) = (BytesMut::new(), 0);
    loop {
        while let Some((flags, message)) = split(&mut buffer) {
            if flags & END != 0 {
                return end(&message);
            }
            bytes += message.len();
            if responses.len() == MAX_RESPONSES || bytes > MAX_BYTES {
                return Ok(false);
            }
            responses.push(serde_json::from_slice(&message).map_err(|error| error.to_string())?);
        }
        match body.frame().await {
            Some(Ok(frame)) => buffer.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Some(Err(status)) => return Err(status.to_string()),
            None => return Err("the stream broke off".to_owned()),
        }
    }
}

/// Takes the next envelope out of what has been read.
fn split(buffer: &mut BytesMut) -> Option<(u8, BytesMut)> {
    let head: [u8; ENVELOPE] = *buffer.first_chunk()?;
    let [flags, length @ ..] = head;
    let length = u32::from_be_bytes(length) as usize;
    if buffer.len() - ENVELOPE < length {
        return None;
    }
    buffer.advance(ENVELOPE);
    Some((flags, buffer.split_to(length)))
}

/// How a stream ended: in an error, or well.
fn end(message: &[u8]) -> Result<bool, String> {
    let end: Value = serde_json::from_slice(message).unwrap_or_default();
    match end.get("error") {
        Some(error) => Err(status(error)),
        None => Ok(true),
    }
}

/// A request of a stream, with one message.
fn streaming_request(tool: &Tool, arguments: &str) -> Request<Body> {
    let mut envelope = BytesMut::with_capacity(ENVELOPE + arguments.len());
    envelope.put_u8(0);
    envelope.put_u32(arguments.len() as u32);
    envelope.put_slice(arguments.as_bytes());
    request(tool, "application/connect+json", envelope.freeze())
}

fn request(tool: &Tool, content_type: &'static str, body: Bytes) -> Request<Body> {
    let mut request = Request::new(Body::new(Full::new(body)));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = tool.path.parse().expect("names of methods are fit for paths");
    let content_type = HeaderValue::from_static(content_type);
    request.headers_mut().insert(header::CONTENT_TYPE, content_type);
    request
}

/// What the body of a response says that is none of the method.
fn told(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(error) if error.is_object() => status(&error),
        _ => String::from_utf8_lossy(body).into_owned(),
    }
}

/// An error of Connect, with its code as gRPC writes it.
fn status(error: &Value) -> String {
    let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}: {}", part("code").to_ascii_uppercase(), part("message"))
}
