//! Headers and trailers to send.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue};

use super::value::ValueTemplate;
use crate::cel::Value;

/// Metadata to send.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) entries: Box<[Header]>,
}

/// One name and its values.
#[derive(Debug)]
pub(crate) enum Header {
    Ascii(AsciiMetadataKey, Box<[HeaderValue<AsciiMetadataValue>]>),
    Binary(BinaryMetadataKey, Box<[HeaderValue<BinaryMetadataValue>]>),
}

/// A constant value, or one that is computed for each call.
#[derive(Debug)]
pub(crate) enum HeaderValue<V> {
    Constant(V),
    Dynamic(ValueTemplate),
}

/// A header's value as text.
pub(crate) fn ascii_value(value: &Value<'_>) -> Result<AsciiMetadataValue, String> {
    let mut text = String::new();
    match value {
        Value::List(_) | Value::Map(_) | Value::Message(_) => {
            return Err("a header is a single text".to_owned());
        }
        scalar => scalar.write_text(&mut text),
    }
    // gRPC allows a narrower range than HTTP.
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let value = AsciiMetadataValue::try_from(text.as_str())
        .ok()
        .filter(|_| printable);
    value.ok_or_else(|| {
        format!("{text:?} has characters that a header cannot carry: a name with `-bin` takes bytes")
    })
}

/// A binary header's value: bytes, or base64.
pub(crate) fn binary_value(value: &Value<'_>) -> Result<BinaryMetadataValue, String> {
    match value {
        Value::Bytes(bytes) => Ok(BinaryMetadataValue::from_bytes(bytes)),
        Value::String(text) => match decode_base64(text) {
            Some(bytes) => Ok(BinaryMetadataValue::from_bytes(&bytes)),
            None => Err(no_base64(text)),
        },
        _ => Err("a `-bin` header is base64 or bytes".to_owned()),
    }
}

/// What is wrong with a text that is no base64.
pub(crate) fn no_base64(text: &str) -> String {
    let encoded = encode_base64(text.as_bytes());
    format!("expected base64, found {text:?} (its own bytes would be {encoded})")
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const LENIENT_STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const LENIENT_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Encodes bytes in base64, as ProtoJSON writes them.
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes base64 in either alphabet, padded or not.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let decoded = LENIENT_STANDARD.decode(text);
    decoded.or_else(|_| LENIENT_URL_SAFE.decode(text)).ok()
}
