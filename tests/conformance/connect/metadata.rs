//! `Header`s of the suite as metadata.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use prost_reflect::DynamicMessage;
use tonic::Status;
use tonic::metadata::{AsciiMetadataKey, BinaryMetadataKey, BinaryMetadataValue, MetadataMap};

use crate::fields::Fields as _;

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
