//! Spans as OTLP has them.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tonic::Code;

use crate::handler::code_name;
use crate::metrics::{OTHER_METHODS, is_error, system};
use crate::trace::Span;

/// The conventions by which attributes are named.
const CONVENTIONS: &str = "https://opentelemetry.io/schemas/1.45.0";

/// The caller is another process, and that is known.
const PARENT_IS_REMOTE: u32 = 0x300;

/// The trace is sampled.
const IS_SAMPLED: u32 = 1;

/// The request that has all these spans, of what the attributes of a resource describe.
pub(super) fn request(resource: &[(String, String)], spans: &[Span]) -> Value {
    let resource = resource.iter().map(|(key, value)| text(key, value));
    json!({
        "resource_spans": [{
            "resource": { "attributes": resource.collect::<Vec<_>>() },
            "scope_spans": [{
                "scope": { "name": "protod", "version": env!("CARGO_PKG_VERSION") },
                "spans": spans.iter().map(span).collect::<Vec<_>>(),
            }],
            "schema_url": CONVENTIONS,
        }],
    })
}

fn span(span: &Span) -> Value {
    let end = span.start + span.duration;
    let (flags, parent) = match &span.ids.parent {
        Some(parent) => (IS_SAMPLED | PARENT_IS_REMOTE, bytes(parent.bytes())),
        None => (IS_SAMPLED, bytes(&[])),
    };
    let span_id = span.ids.span.as_ref().map_or(&[][..], |span| span.bytes());
    let is_error = is_error(span.code);
    json!({
        "trace_id": bytes(span.ids.trace.bytes()),
        "span_id": bytes(span_id),
        "trace_state": span.state,
        "parent_span_id": parent,
        "name": if span.is_known_method { &span.method } else { system(span.protocol) },
        "kind": "SPAN_KIND_SERVER",
        "start_time_unix_nano": nanoseconds(span.start),
        "end_time_unix_nano": nanoseconds(end),
        "attributes": attributes(span, is_error),
        "status": {
            "code": if is_error { "STATUS_CODE_ERROR" } else { "STATUS_CODE_UNSET" },
            "message": if is_error { &span.message } else { "" },
        },
        "flags": flags,
    })
}

fn attributes(span: &Span, is_error: bool) -> Vec<Value> {
    let code = code_name(span.code);
    let method = if span.is_known_method {
        &span.method
    } else {
        OTHER_METHODS
    };
    let mut all = vec![
        text("rpc.system.name", system(span.protocol)),
        text("rpc.method", method),
        text("rpc.status_code", code),
        text("protod.protocol", span.protocol),
        number("protod.call.id", span.call),
    ];
    if !span.is_known_method {
        all.push(text("rpc.method_original", &span.method));
    }
    if is_error {
        all.push(text("error.type", code));
    }
    if let Some(peer) = &span.peer {
        all.extend(peer_attributes(peer));
    }
    if let Some(rule) = &span.rule {
        all.push(text("protod.rule", rule));
    }
    // What is no error of the server has its reason, too.
    if !is_error && span.code != Code::Ok && !span.message.is_empty() {
        all.push(text("protod.status.message", &span.message));
    }
    all
}

fn peer_attributes(peer: &SocketAddr) -> [Value; 2] {
    [
        text("network.peer.address", &peer.ip().to_string()),
        number("network.peer.port", peer.port().into()),
    ]
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "string_value": value } })
}

fn number(key: &str, value: u64) -> Value {
    json!({ "key": key, "value": { "int_value": value } })
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Bytes, as serde writes them into a message.
fn bytes(bytes: &[u8]) -> Value {
    bytes.iter().copied().map(Value::from).collect()
}
