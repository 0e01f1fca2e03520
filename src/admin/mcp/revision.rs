//! The revisions of the protocol, and what a request of each must bring along.
//!
//! Since 2026-07-28 each request stands alone: it says of which revision it is, in a header and in the body, and repeats
//! its method in a header. Before, clients began with a handshake; the two revisions before are taken, as they need
//! no session.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::json_rpc::{Asked, Fault};
use crate::message::decode_base64;

/// The revisions without a handshake.
const STATELESS: &str = "2026-07-28";

/// Those with one, the newest first.
const HANDSHAKE: [&str; 2] = ["2025-11-25", "2025-06-18"];

/// All that are taken, the newest first.
pub(super) const SUPPORTED: [&str; 3] = [STATELESS, HANDSHAKE[0], HANDSHAKE[1]];

const VERSION_HEADER: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD_HEADER: HeaderName = HeaderName::from_static("mcp-method");
const NAME_HEADER: HeaderName = HeaderName::from_static("mcp-name");

const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
const SERVER_KEY: &str = "io.modelcontextprotocol/serverInfo";

/// The kind of revision that a request is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revision {
    /// It stands alone.
    Stateless,
    /// It begins with a handshake, or comes after one.
    Handshake,
}

impl Revision {
    /// Adds to a result what all results have.
    pub(super) fn finish(self, mut result: Value) -> Value {
        if self == Self::Stateless {
            result["resultType"] = "complete".into();
            result["_meta"] = json!({ SERVER_KEY: server_info() });
        }
        result
    }
}

/// What this server is.
pub(super) fn server_info() -> Value {
    json!({ "name": "protod", "title": "protod", "version": env!("CARGO_PKG_VERSION") })
}

/// The revision that a handshake comes to: that of the client, or the newest.
pub(super) fn agreed(params: &Map<String, Value>) -> &'static str {
    let wanted = params.get("protocolVersion").and_then(Value::as_str);
    let found = HANDSHAKE.into_iter().find(|version| Some(*version) == wanted);
    found.unwrap_or(HANDSHAKE[0])
}

/// The revision of a message.
///
/// Fails if it is of none that is taken, or its headers say something else than its body.
pub(super) fn of(headers: &HeaderMap, is_request: bool, asked: &Asked) -> Result<Revision, Fault> {
    let header = text(headers, &VERSION_HEADER)?;
    let meta = asked.params.get("_meta").and_then(Value::as_object);
    let in_body = meta.and_then(|meta| meta.get(VERSION_KEY));
    if let Some(other) = header.filter(|header| !SUPPORTED.contains(header)) {
        return Err(Fault::unsupported_version(other, &SUPPORTED));
    }
    if !is_request || in_body.is_none() && asked.method == "initialize" {
        return Ok(Revision::Handshake);
    }
    let Some(header) = header else {
        return Err(Fault::header_mismatch(format!(
            "the header mcp-protocol-version is missing; protod speaks {}",
            SUPPORTED.join(", ")
        )));
    };
    if in_body.is_none() && HANDSHAKE.contains(&header) {
        return Ok(Revision::Handshake);
    }
    check(headers, header, in_body, meta, asked)?;
    Ok(Revision::Stateless)
}

/// Whether a request that stands alone has all that it must have.
fn check(
    headers: &HeaderMap,
    header: &str,
    in_body: Option<&Value>,
    meta: Option<&Map<String, Value>>,
    asked: &Asked,
) -> Result<(), Fault> {
    let missing = |key: &str| {
        let fault = Fault::invalid_params(format!("_meta has no {key}"));
        fault.with_status(http::StatusCode::BAD_REQUEST)
    };
    let Some(in_body) = in_body.and_then(Value::as_str) else {
        return Err(missing(VERSION_KEY));
    };
    same("mcp-protocol-version", Some(header), in_body)?;
    if in_body != STATELESS {
        return Err(Fault::unsupported_version(in_body, &[STATELESS]));
    }
    let capabilities = meta.and_then(|meta| meta.get(CAPABILITIES_KEY));
    if !capabilities.is_some_and(Value::is_object) {
        return Err(missing(CAPABILITIES_KEY));
    }
    same("mcp-method", text(headers, &METHOD_HEADER)?, &asked.method)?;
    if asked.method == "tools/call" {
        let name = text(headers, &NAME_HEADER)?.map(decoded).transpose()?;
        let in_body = asked.params.get("name").and_then(Value::as_str);
        same("mcp-name", name.as_deref(), in_body.unwrap_or_default())?;
    }
    Ok(())
}

fn same(name: &str, header: Option<&str>, in_body: &str) -> Result<(), Fault> {
    match header {
        Some(header) if header == in_body => Ok(()),
        Some(_) => Err(Fault::header_mismatch(format!(
            "the header {name} is not what the body says"
        ))),
        None => Err(Fault::header_mismatch(format!("the header {name} is missing"))),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Fault> {
    let unfit = |_| Fault::header_mismatch(format!("the header {name} has bytes that are no text"));
    headers
        .get(name)
        .map(HeaderValue::to_str)
        .transpose()
        .map_err(unfit)
}

/// A value that may be in Base64, because not every text can be sent in a header.
fn decoded(value: &str) -> Result<String, Fault> {
    let inner = value
        .strip_prefix("=?base64?")
        .and_then(|value| value.strip_suffix("?="));
    let Some(inner) = inner else {
        return Ok(value.to_owned());
    };
    let mut bytes = Vec::new();
    let is_base64 = decode_base64(inner.as_bytes(), &mut bytes).is_ok();
    let text = String::from_utf8(bytes).ok().filter(|_| is_base64);
    text.ok_or_else(|| Fault::header_mismatch("the header mcp-name is no Base64 of a text"))
}
