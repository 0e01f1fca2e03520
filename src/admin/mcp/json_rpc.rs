//! JSON-RPC 2.0, as the protocol has it: one message in each request, ids that are texts or integers, and no batches.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use tonic::body::Body;

use crate::excerpt::excerpt;

/// What a client asks, or tells.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) params: Map<String, Value>,
}

/// Why a message is refused.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    code: i32,
    message: String,
    data: Option<Value>,
}

impl Fault {
    fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            data: None,
        }
    }

    fn parse_error(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, -32700, message)
    }

    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, -32600, message)
    }

    pub(super) fn unknown_method(method: &str) -> Self {
        let message = format!("there is no method {}", excerpt(method));
        Self::new(StatusCode::NOT_FOUND, -32601, message)
    }

    /// The message is right as such, and what it asks with is not.
    pub(super) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, -32602, message)
    }

    /// Headers and body say different things.
    pub(super) fn header_mismatch(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, -32020, message)
    }

    pub(super) fn unsupported_version(requested: &str, supported: &[&str]) -> Self {
        let requested = excerpt(requested);
        let message = format!(
            "protocol version {requested} is not supported; {} are",
            supported.join(", ")
        );
        let mut fault = Self::new(StatusCode::BAD_REQUEST, -32022, message);
        fault.data = Some(json!({ "supported": supported, "requested": requested }));
        fault
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

/// Reads a message, which is a notification if it has no id.
///
/// Fails with the id, if it could be read.
pub(super) fn read(body: &[u8]) -> Result<(Option<Value>, Asked), (Option<Value>, Fault)> {
    let message = match serde_json::from_slice(body) {
        Ok(Value::Object(message)) => message,
        Ok(Value::Array(_)) => {
            return Err((
                None,
                Fault::invalid_request("a batch: send one message at a time"),
            ));
        }
        Ok(_) => return Err((None, Fault::invalid_request("a message is an object"))),
        Err(error) => return Err((None, Fault::parse_error(error.to_string()))),
    };
    let mut message = message;
    let id = match message.remove("id") {
        None => None,
        Some(id) if id.is_string() || id.is_i64() || id.is_u64() => Some(id),
        Some(_) => return Err((None, Fault::invalid_request("an id is a text or an integer"))),
    };
    match asked(message) {
        Ok(asked) => Ok((id, asked)),
        Err(why) => Err((id, Fault::invalid_request(why))),
    }
}

fn asked(mut message: Map<String, Value>) -> Result<Asked, &'static str> {
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err("a message has \"jsonrpc\": \"2.0\"");
    }
    let method = match message.remove("method") {
        Some(Value::String(method)) => method,
        None if message.contains_key("result") || message.contains_key("error") => {
            return Err("this server has asked for nothing, so it takes no responses");
        }
        _ => return Err("a message has a method"),
    };
    let params = match message.remove("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return Err("params are an object"),
    };
    Ok(Asked { method, params })
}

/// The response with a result.
pub(super) fn answered(id: Value, result: Value) -> Response<Body> {
    respond(
        StatusCode::OK,
        &json!({ "jsonrpc": "2.0", "id": id, "result": result }),
    )
}

/// The response with an error. It has no id if there was none that could be read.
pub(super) fn refused(id: Option<Value>, fault: Fault) -> Response<Body> {
    let mut error = json!({ "code": fault.code, "message": fault.message });
    if let Some(data) = fault.data {
        error["data"] = data;
    }
    let mut message = json!({ "jsonrpc": "2.0", "error": error });
    if let Some(id) = id {
        message["id"] = id;
    }
    respond(fault.status, &message)
}

fn respond(status: StatusCode, message: &Value) -> Response<Body> {
    let mut response = Response::new(Body::new(http_body_util::Full::new(Bytes::from(
        message.to_string(),
    ))));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
