//! Values of requests by the names of their fields, and values of answers as serde writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost_reflect::{DynamicMessage, ReflectMessage as _};
use serde_json::{Value, json};

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

/// A `google.protobuf.Timestamp`.
pub(super) fn timestamp(time: SystemTime) -> Value {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({ "seconds": since.as_secs(), "nanos": since.subsec_nanos() })
}

/// A `google.protobuf.Duration`.
pub(super) fn duration(time: Duration) -> Value {
    json!({ "seconds": time.as_secs(), "nanos": time.subsec_nanos() })
}
