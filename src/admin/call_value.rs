//! A recorded call as the service tells it.

use bytes::Bytes;
use serde_json::{Value, json};

use super::details::details;
use super::fields::{duration, timestamp};
use crate::excerpt::shortened;
use crate::handler::code_name;
use crate::journal::{Direction, RecordedCall, RecordedMessage};
use crate::schema::Schema;

/// How many bytes of a text of a call lists have.
pub(super) const MAX_TEXT: usize = 500;

/// How many bytes the JSON of the messages of a call may take.
const MAX_JSON: usize = 1 << 20;

/// A call without its headers and messages, and of texts no more than lists have.
pub(super) fn summary(call: &RecordedCall) -> Value {
    facts(call, MAX_TEXT)
}

fn facts(call: &RecordedCall, most: usize) -> Value {
    let text = |text: &str| shortened(text, most).into_owned();
    json!({
        "id": call.id(),
        "method": text(call.method()),
        "protocol": call.protocol(),
        "peer": call.peer().unwrap_or_default(),
        "trace_id": call.trace_id().unwrap_or_default(),
        "span_id": call.span_id().unwrap_or_default(),
        "parent_span_id": call.parent_span_id().unwrap_or_default(),
        "start": timestamp(call.start()),
        "duration": call.duration().map(duration),
        "code": if call.is_open() { "" } else { code_name(call.code()) },
        "message": text(call.message()),
        "session": call.session().unwrap_or_default(),
        "rule": call.rule().map(text),
        "generation": call.generation(),
        "unmatched": call.is_unmatched(),
        "unmatched_reason": call.unmatched_reason().map(text),
        "request_count": call.request_count(),
        "request_bytes": call.request_bytes(),
        "response_count": call.response_count(),
        "response_bytes": call.response_bytes(),
    })
}

/// A call with all that was kept of it.
pub(super) fn whole(call: &RecordedCall, schema: &Schema) -> Value {
    let mut value = facts(call, usize::MAX);
    let of_status = call.details();
    value["details"] = bytes(&of_status);
    value["status_details"] = details(&of_status, schema).into();
    value["request_headers"] = headers(call.request_headers());
    value["response_headers"] = headers(call.response_headers());
    value["trailers"] = headers(call.trailers());
    let mut room = MAX_JSON;
    value["messages"] = call.messages().map(|kept| message(&kept, &mut room)).collect();
    value
}

fn headers(headers: impl Iterator<Item = (Bytes, Bytes)>) -> Value {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    let header = |(name, value)| json!({ "name": text(&name), "value": text(&value) });
    headers.map(header).collect()
}

/// A message, in JSON as long as there is room for that: names of fields can make much of few bytes.
fn message(message: &RecordedMessage, room: &mut usize) -> Value {
    let json = message.to_message().and_then(|message| message.to_json().ok());
    let json = json.filter(|json| {
        *room = room.saturating_sub(json.len());
        *room > 0
    });
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
