//! A status as REST has it: HTTP's own status, and `google.rpc.Status` in JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use prost::Message as _;
use tonic::{Code, Status};

use crate::message::{MessageType, wire_to_json};
use crate::protocol::connect::http_status;
use crate::protocol::ends::Answer;
use crate::protocol::grpc::{Any, RpcStatus};
use crate::schema::{Layouts, WellKnown, error_details};

/// The JSON of a status. `of` is any type of the schema in which those of its details are looked up.
pub(super) fn status_json(status: &Status, of: Option<MessageType<'_>>) -> String {
    let mut json = format!(
        r#"{{"code":{},"message":{}"#,
        status.code() as i32,
        serde_json::Value::from(status.message())
    );
    let details = RpcStatus::decode(status.details()).unwrap_or_default().details;
    let details: Vec<String> = details
        .into_iter()
        .filter_map(|any| detail_json(any, of))
        .collect();
    if !details.is_empty() {
        json.push_str(",\"details\":[");
        json.push_str(&details.join(","));
        json.push(']');
    }
    json.push('}');
    json
}

/// A detail. One whose type nobody has shows its bytes. `None` if it is no `Any`.
fn detail_json(any: Bytes, of: Option<MessageType<'_>>) -> Option<String> {
    let any = Any::decode(any).ok()?;
    let url = serde_json::Value::from(&*any.type_url).to_string();
    let name = any.type_name();
    let known = of.and_then(|of| held_json(of, of.layouts, name, &any.value));
    let known = known.or_else(|| {
        let layouts = error_details();
        let layout = layouts.find(name)?;
        let of = MessageType::answer(layouts, layout);
        held_json(of, layouts, name, &any.value)
    });
    Some(match known {
        // Those with a JSON form of their own stand beside the type as `value`.
        Some(json) if WellKnown::named(name).is_some() => format!("{{\"@type\":{url},\"value\":{json}}}"),
        Some(json) if json == "{}" => format!("{{\"@type\":{url}}}"),
        Some(json) => format!("{{\"@type\":{url},{}", &json[1..]),
        None => format!(
            "{{\"@type\":{url},\"value\":\"{}\"}}",
            BASE64_STANDARD.encode(&any.value)
        ),
    })
}

/// The JSON of a message of the type with this name.
fn held_json(of: MessageType<'_>, layouts: &Layouts, name: &str, value: &[u8]) -> Option<String> {
    let layout = layouts.find(name)?;
    let mut json = Vec::new();
    wire_to_json(MessageType { layout, ..of }, value, usize::MAX, &mut json).ok()?;
    String::from_utf8(json).ok()
}

/// The response that says how a call failed.
pub(super) fn error(status: &Status, of: Option<MessageType<'_>>, mut headers: HeaderMap) -> Answer {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Answer {
        code: match status.code() {
            Code::Ok => http::StatusCode::INTERNAL_SERVER_ERROR,
            code => http_status(code),
        },
        headers,
        body: status_json(status, of).into(),
    }
}

/// The response that says a status to whoever speaks HTTP, when no call is known.
pub(crate) fn http_error(status: &Status, headers: HeaderMap) -> Answer {
    error(status, None, headers)
}
