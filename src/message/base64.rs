//! Base64 as ProtoJSON reads it: of either alphabet, with or without padding, whatever the bits behind the last byte are.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine as _, alphabet};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Appends the bytes that a text stands for. What is in the buffer after an error is not said.
pub(crate) fn decode_base64(text: &[u8], buffer: &mut Vec<u8>) -> Result<(), DecodeError> {
    let start = buffer.len();
    match STANDARD.decode_vec(text, buffer) {
        Err(DecodeError::InvalidByte(_, b'-' | b'_')) => {
            buffer.truncate(start);
            URL_SAFE.decode_vec(text, buffer)
        }
        decoded => decoded,
    }
}
