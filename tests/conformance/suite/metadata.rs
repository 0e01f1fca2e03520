//! `Header`s of the suite as metadata, and metadata as `Header`s.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use prost_reflect::DynamicMessage;
use prost_reflect::{DescriptorPool, Value};
use tonic::Status;
use tonic::metadata::{AsciiMetadataKey, BinaryMetadataKey, BinaryMetadataValue, MetadataMap};

use super::fields::Fields as _;
use super::new_message;

/// Adds `Header`s to metadata. Binary values come in base64.
pub(crate) fn add_metadata(metadata: &mut MetadataMap, headers: &[DynamicMessage]) -> Result<(), Status> {
    let invalid = |name: &str| Status::invalid_argument(format!("{name:?} cannot be sent as metadata"));
    for header in headers {
        let name = header.text("name").to_ascii_lowercase();
        for value in header.value("value").as_list().expect("a list") {
            let value = value.as_str().expect("of strings");
            if name.ends_with("-bin") {
                let key = BinaryMetadataKey::from_bytes(name.as_bytes()).map_err(|_| invalid(&name))?;
                let value = BASE64_STANDARD_NO_PAD
                    .decode(value.trim_end_matches('='))
                    .map_err(|_| invalid(&name))?;
                metadata.append_bin(key, BinaryMetadataValue::from_bytes(&value));
            } else {
                let key = AsciiMetadataKey::from_bytes(name.as_bytes()).map_err(|_| invalid(&name))?;
                metadata.append(key, value.parse().map_err(|_| invalid(&name))?);
            }
        }
    }
    Ok(())
}

/// Metadata as a list of `Header`s. Binary values stay in base64, as they are on the wire.
pub(crate) fn headers_of(pool: &DescriptorPool, metadata: &MetadataMap) -> Value {
    let metadata = metadata.as_ref();
    let headers = metadata.keys().map(|name| {
        let values = metadata.get_all(name).iter();
        let values =
            values.map(|value| Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let mut header = new_message(pool, "Header");
        header.set_field_by_name("name", Value::String(name.to_string()));
        header.set_field_by_name("value", Value::List(values.collect()));
        Value::Message(header)
    });
    Value::List(headers.collect())
}
