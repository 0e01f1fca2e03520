//! A recorded call as the service tells it.

use bytes::Bytes;
use serde_json::{Value, json};

use super::details::details;
use super::fields::{duration, timestamp};
use crate::handler::code_name;
use crate::journal::{Direction, RecordedCall, RecordedMessage};
use crate::schema::Schema;

/// A call without its headers and messages.
pub(super) fn summary(call: &RecordedCall) -> Value {
    json!({
        "id": call.id(),
        "method": call.method(),
        "protocol": call.protocol(),
        "peer": call.peer().unwrap_or_default(),
        "trace_id": call.trace_id().unwrap_or_default(),
        "span_id": call.span_id().unwrap_or_default(),
        "parent_span_id": call.parent_span_id().unwrap_or_default(),
        "start": timestamp(call.start()),
        "duration": call.duration().map(duration),
        "code": if call.is_open() { "" } else { code_name(call.code()) },
        "message": call.message(),
        "session": call.session().unwrap_or_default(),
        "rule": call.rule().unwrap_or_default(),
        "generation": call.generation(),
        "unmatched": call.is_unmatched(),
        "unmatched_reason": call.unmatched_reason().unwrap_or_default(),
        "request_count": call.request_count(),
        "request_bytes": call.request_bytes(),
        "response_count": call.response_count(),
        "response_bytes": call.response_bytes(),
    })
}

/// A call with all that was kept of it.
pub(super) fn whole(call: &RecordedCall, schema: &Schema) -> Value {
    let mut value = summary(call);
    value["details"] = bytes(call.details());
    value["status_details"] = details(call.details(), schema).into();
    value["request_headers"] = headers(call.request_headers());
    value["response_headers"] = headers(call.response_headers());
    value["trailers"] = headers(call.trailers());
    value["messages"] = call.messages().map(|kept| message(&kept)).collect();
    value
}

fn headers(headers: impl Iterator<Item = (Bytes, Bytes)>) -> Value {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    let header = |(name, value)| json!({ "name": text(&name), "value": text(&value) });
    headers.map(header).collect()
}

fn message(message: &RecordedMessage) -> Value {
    let json = message.to_message().and_then(|message| message.to_json().ok());
    let json: Option<Value> = json.and_then(|json| serde_json::from_str(&json).ok());
    let direction = match message.direction() {
        Direction::Request => "REQUEST",
        Direction::Response => "RESPONSE",
    };
    let mut value = json!({
        "direction": direction,
        "at": duration(message.at()),
        "length": message.encoded_len(),
        "wire": message.bytes().map(|kept| bytes(kept)),
    });
    // There, null is a value.
    if let Some(json) = json {
        value["json"] = json;
    }
    value
}

/// Bytes, as serde writes them into a message.
fn bytes(bytes: &[u8]) -> Value {
    bytes.iter().copied().map(Value::from).collect()
}
