//! Values of requests by the names of their fields, and values of answers as serde writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost_reflect::{DynamicMessage, ReflectMessage as _};
use serde_json::{Value, json};
use tonic::Status;

/// A text; empty if it was not sent.
pub(super) fn text(request: &DynamicMessage, name: &str) -> String {
    let value = request.get_field_by_name(name);
    let text = value.as_deref().and_then(prost_reflect::Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// A number of any unsigned type. `None` if it has presence and was not sent.
pub(super) fn number(request: &DynamicMessage, name: &str) -> Option<u64> {
    let field = request.descriptor().get_field_by_name(name)?;
    if field.supports_presence() && !request.has_field(&field) {
        return None;
    }
    let value = request.get_field(&field);
    value.as_u64().or_else(|| value.as_u32().map(u64::from))
}

/// A switch; off if it was not sent.
pub(super) fn flag(request: &DynamicMessage, name: &str) -> bool {
    let value = request.get_field_by_name(name);
    value
        .as_deref()
        .and_then(prost_reflect::Value::as_bool)
        .unwrap_or_default()
}

/// A `google.protobuf.Duration`. `None` if it was not sent.
///
/// Fails if it is negative or longer than `most`.
pub(super) fn time(request: &DynamicMessage, name: &str, most: Duration) -> Result<Option<Duration>, Status> {
    let Some(time) = request
        .get_field_by_name(name)
        .filter(|_| request.has_field_by_name(name))
    else {
        return Ok(None);
    };
    let part = |name: &str| {
        let value = time.as_message()?.get_field_by_name(name)?;
        value.as_i64().or_else(|| value.as_i32().map(i64::from))
    };
    let seconds = u64::try_from(part("seconds").unwrap_or_default());
    let nanos = u32::try_from(part("nanos").unwrap_or_default());
    match (seconds, nanos) {
        (Ok(seconds), Ok(nanos @ 0..1_000_000_000)) if Duration::new(seconds, nanos) <= most => {
            Ok(Some(Duration::new(seconds, nanos)))
        }
        _ => Err(Status::invalid_argument(format!(
            "{name} is a time from 0 to {most:?}"
        ))),
    }
}

/// A `google.protobuf.Timestamp`.
pub(super) fn timestamp(time: SystemTime) -> Value {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({ "seconds": since.as_secs(), "nanos": since.subsec_nanos() })
}

/// A `google.protobuf.Duration`.
pub(super) fn duration(time: Duration) -> Value {
    json!({ "seconds": time.as_secs(), "nanos": time.subsec_nanos() })
}
