//! A line of metadata as it is given on the command line: `name: value`.
//!
//! It is checked when the arguments are parsed, so a wrong name or value is wrong usage. The value of a `-bin` name is
//! base64, with or without padding.

use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tonic::metadata::{
    AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, MetadataMap,
};

/// One line of metadata.
#[derive(Debug, Clone)]
pub(crate) enum Header {
    Ascii(AsciiMetadataKey, AsciiMetadataValue),
    Binary(BinaryMetadataKey, BinaryMetadataValue),
}

/// Base64 is in use with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once(':')
            .ok_or("a header is written as 'name: value'")?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if name.ends_with("-bin") {
            let key = BinaryMetadataKey::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
            let bytes = BASE64
                .decode(value)
                .map_err(|error| format!("the value of a -bin header is base64: {error}"))?;
            return Ok(Self::Binary(key, BinaryMetadataValue::from_bytes(&bytes)));
        }
        let key = AsciiMetadataKey::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        let value = value
            .parse()
            .map_err(|_| format!("the value of {name} is not printable ASCII"))?;
        Ok(Self::Ascii(key, value))
    }
}

impl Header {
    /// Adds it to the metadata.
    pub(crate) fn append_to(&self, metadata: &mut MetadataMap) {
        match self {
            Self::Ascii(key, value) => drop(metadata.append(key.clone(), value.clone())),
            Self::Binary(key, value) => drop(metadata.append_bin(key.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_a_colon_and_a_value() {
        let mut metadata = MetadataMap::new();
        for text in ["X-Url: http://a:1", "x-url:b", "data-bin: AP8="] {
            text.parse::<Header>().expect("sound").append_to(&mut metadata);
        }
        let urls: Vec<_> = metadata.get_all("x-url").iter().collect();
        assert_eq!(urls, ["http://a:1", "b"]);
        let data = metadata.get_bin("data-bin").expect("it is there");
        assert_eq!(data.to_bytes().expect("base64"), &[0, 255][..]);
        for wrong in ["no colon", "sp ace: x", "data-bin: ?", "x: \u{1}"] {
            wrong.parse::<Header>().expect_err(wrong);
        }
    }
}
