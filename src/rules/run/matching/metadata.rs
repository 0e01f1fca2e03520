//! Whether the client's metadata is what a rule asks for.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};

use super::hidden::REDACTED;
use crate::cel::metadata_value;
use crate::excerpt::excerpt;
use crate::journal::Redaction;
use crate::rules::plan::{ExpectedMetadata, MetadataCondition, decode_base64};

impl MetadataCondition {
    #[inline]
    pub(in crate::rules::run) fn holds(&self, metadata: &HeaderMap) -> bool {
        self.expected.is_in(metadata, &self.name)
    }

    /// How metadata for which it does not hold differs.
    pub(super) fn difference(&self, metadata: &HeaderMap, hidden: Option<&Redaction>) -> String {
        let name = &self.name;
        let Some(found) = metadata_value(metadata, name) else {
            return format!("metadata {name} is absent");
        };
        let mut text = if hidden.is_some_and(|hidden| hidden.hides_header(name)) {
            format!("metadata {name} is {REDACTED}")
        } else {
            format!("metadata {name} is {:?}", excerpt(&found))
        };
        let expected: Vec<String> = match &self.expected {
            ExpectedMetadata::Absent | ExpectedMetadata::Present => Vec::new(),
            ExpectedMetadata::Not(_) => return text + ", which is excluded",
            ExpectedMetadata::AnyOf(values) => values.iter().map(|value| format!("{value:?}")).collect(),
            ExpectedMetadata::AnyOfBytes(values) => {
                let encoded = values.iter().map(|value| STANDARD.encode(value));
                encoded.map(|value| format!("{value:?}")).collect()
            }
        };
        let _ = match expected.as_slice() {
            [] => write!(text, ", not absent"),
            [only] => write!(text, ", not {only}"),
            several => write!(text, ", none of {}", several.join(", ")),
        };
        text
    }
}

impl ExpectedMetadata {
    #[inline]
    fn is_in(&self, metadata: &HeaderMap, name: &HeaderName) -> bool {
        match self {
            Self::Absent => !metadata.contains_key(name),
            Self::Present => metadata.contains_key(name),
            Self::AnyOf(values) => metadata_value(metadata, name)
                .is_some_and(|found| values.iter().any(|value| **value == *found)),
            Self::AnyOfBytes(values) => {
                binary_value(metadata, name).is_some_and(|found| values.iter().any(|value| **value == *found))
            }
            Self::Not(excluded) => !excluded.is_in(metadata, name),
        }
    }
}

/// The bytes of binary metadata that was sent once.
fn binary_value(metadata: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let text = metadata_value(metadata, name)?;
    decode_base64(text.trim())
}
