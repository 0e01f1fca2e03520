//! A text as it was parsed, in few bytes: [`Parsed`], and its [`Outline`].
//!
//! A tree may have ten thousand files, and the structs of a descriptor take ten times its bytes. So a file has structs while
//! it is parsed and while it is linked, and bytes in between. The outline is kept from load to load: a text that has not
//! changed is not even read.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use prost_types::{FileDescriptorProto, SourceCodeInfo};

use super::edition::EditionParts;
use super::written_features::symbols_of;
use crate::schema::definitions::Definitions;
use crate::schema::outline::Outline;
use crate::schema::wire::{DescriptorKind, RecordValue, walk};

/// A text as it was parsed: references to types are not looked up yet.
#[derive(Debug, Default)]
pub(in crate::schema) struct Parsed {
    /// Without its source info.
    descriptor: Bytes,
    /// The serialized `SourceCodeInfo`.
    pub(in crate::schema) info: Bytes,
}

impl Parsed {
    pub(super) fn new(mut file: FileDescriptorProto, edition: Option<EditionParts>) -> (Self, Outline) {
        let info = file.source_code_info.take().unwrap_or_default();
        let definitions = Arc::new(Definitions {
            edition: edition.as_ref().map(|edition| symbols_of(&file, edition)),
            ..Definitions::of(&file)
        });
        let descriptor: Bytes = file.encode_to_vec().into();
        let public = file.public_dependency.iter();
        let outline = Outline {
            public_dependencies: public.filter_map(|index| usize::try_from(*index).ok()).collect(),
            dependencies: file.dependency.into(),
            definitions,
            edition,
            has_any_in_options: has_any_in_options(&descriptor),
        };
        let info = info.encode_to_vec().into();
        (Self { descriptor, info }, outline)
    }

    /// The descriptor, without its source info.
    pub(in crate::schema) fn file(&self) -> FileDescriptorProto {
        FileDescriptorProto::decode(&*self.descriptor).expect("it was encoded here")
    }

    /// Where everything is, and the comments.
    pub(in crate::schema) fn source_info(&self) -> SourceCodeInfo {
        SourceCodeInfo::decode(&*self.info).expect("it was encoded here")
    }
}

/// Whether the value of an option has a name with a slash: `[type.googleapis.com/a.Message]`.
fn has_any_in_options(descriptor: &[u8]) -> bool {
    let mut has_any = false;
    // The bytes were encoded here.
    let _ = walk(DescriptorKind::File, descriptor, &mut |kind, record| {
        if let (DescriptorKind::UninterpretedOption, 8, RecordValue::Delimited(value)) =
            (kind, record.number, record.value)
        {
            has_any |= has_slash_outside_texts(value);
        }
    });
    has_any
}

/// The parser puts all texts of a value in double quotes.
fn has_slash_outside_texts(value: &[u8]) -> bool {
    let mut in_text = false;
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                bytes.next();
            }
            b'/' if !in_text => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_slash_outside_texts;

    #[test]
    fn slashes_in_texts_are_no_names() {
        for value in [
            r#"get : "/v1/{name}""#,
            r#"a : "\"/" b : 1"#,
            r#"a : "\\" b : "/""#,
        ] {
            assert!(!has_slash_outside_texts(value.as_bytes()), "{value}");
        }
        for value in ["[ type.googleapis.com / a.B ] { }", r#"a : "\\" [ b / c ] { }"#] {
            assert!(has_slash_outside_texts(value.as_bytes()), "{value}");
        }
    }
}
