//! Splits a serialized `FileDescriptorSet` into its files, each with the compiler's own bytes.
//!
//! Everything on which a library would panic is refused here: unknown editions, damaged bytes, deeply nested option texts. A
//! [`SetFile`] has been checked to its last byte.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use prost::Message as _;
use prost::encoding::decode_varint;

use super::edition::EDITIONS_HINT;
use super::nesting::{MAX_NAME_PARTS, MAX_NESTING, first_bracket_below};
use crate::error::Problem;
use crate::schema::descriptor::SourceInfo;
use crate::schema::features::{Edition, is_known};
use crate::schema::wire::{DescriptorKind, Record, RecordValue, SOURCE_INFO, records, walk};

/// One file of a set.
#[derive(Debug, Clone)]
pub(in crate::schema) struct SetFile {
    pub(in crate::schema) name: String,
    pub(in crate::schema) dependencies: Vec<String>,
    /// The files that are imported for their options alone. They need not be there.
    pub(in crate::schema) option_dependencies: Vec<String>,
    /// The edition of the file, if it has one.
    pub(in crate::schema) edition: Option<Edition>,
    /// Indices into `dependencies` of the public imports, which importers of this file also see.
    pub(in crate::schema) public_dependencies: Vec<usize>,
    pub(in crate::schema) descriptor: Bytes,
    /// The descriptor with its source info, if that is known and `descriptor` has none: it is served, and read by nobody here.
    pub(in crate::schema) with_source_info: Option<Bytes>,
    /// Whether an option is as it was written, before its name was looked up.
    pub(in crate::schema) has_unread_options: bool,
}

impl SetFile {
    /// The descriptor as the schema hands it out.
    pub(in crate::schema) fn served(&self) -> &Bytes {
        self.with_source_info.as_ref().unwrap_or(&self.descriptor)
    }
}

/// The limit of protobuf libraries.
const MAX_SET_BYTES: u64 = 2 << 30;

/// Reads a set; `name` is the path as the user knows it.
pub(in crate::schema) fn read_from_disk(path: &Path, name: &str) -> Result<Bytes, Problem> {
    let failed = |error| Problem::in_file(name, format!("cannot be read: {error}"));
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > MAX_SET_BYTES {
        return Err(Problem::in_file(
            name,
            format!("is too large for a descriptor set: {length} bytes"),
        ));
    }
    Ok(fs::read(path).map_err(failed)?.into())
}

/// The files of the set `bytes`, or all their problems. `name` is what the user calls the set.
pub(in crate::schema) fn read(name: &str, bytes: &Bytes) -> Result<Vec<SetFile>, Vec<Problem>> {
    let whole_set = |problem: Problem| vec![problem.with_hint(HOW_TO_MAKE_A_SET)];
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for record in records(bytes) {
        match record {
            Ok(Record {
                number: 1,
                value: RecordValue::Delimited(descriptor),
                ..
            }) => match read_file(name, bytes.slice_ref(descriptor)) {
                Ok(file) => files.push(file),
                Err(problem) => problems.push(problem),
            },
            Ok(Record { number: 1, .. }) => {
                return Err(whole_set(Problem::in_file(name, "is not a descriptor set")));
            }
            Ok(_) => {}
            Err(error) => {
                let message = match files.len() {
                    0 if begins_as_set(bytes) => format!("is cut short or damaged: {error}"),
                    0 => format!("is not a descriptor set: {error}"),
                    whole => format!("is cut short or damaged after {whole} files: {error}"),
                };
                return Err(whole_set(Problem::in_file(name, message)));
            }
        }
    }
    if files.is_empty() && problems.is_empty() {
        return Err(whole_set(Problem::in_file(name, "holds no files")));
    }
    if problems.is_empty() {
        Ok(files)
    } else {
        Err(problems)
    }
}

/// Whether bytes are the beginning of a set: that of a file, which begins with its name.
pub(super) fn begins_as_set(bytes: &[u8]) -> bool {
    const NAME: u8 = 0x0a;
    let length = |mut bytes| {
        let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
        Some((length, bytes))
    };
    let name = || {
        let (file_length, file) = length(bytes.strip_prefix(&[NAME])?)?;
        let (name_length, rest) = length(file.strip_prefix(&[NAME])?)?;
        let name = rest.get(..name_length).filter(|_| name_length < file_length)?;
        std::str::from_utf8(name).ok()
    };
    name().is_some_and(|name| !name.is_empty() && !name.contains(char::is_control))
}

/// Whether bytes are a set and no text, even if the set is damaged. A text may begin as a set does, and then neither goes on so
/// to its end nor has a control character.
pub(super) fn is_set(bytes: &[u8]) -> bool {
    let is_whole = || {
        records(bytes).all(|file| {
            matches!(file, Ok(Record { number: 1, value: RecordValue::Delimited(file), .. })
                if records(file).all(|record| record.is_ok()))
        })
    };
    let is_control = |byte: &u8| byte.is_ascii_control() && !(b'\t'..=b'\r').contains(byte);
    begins_as_set(bytes) && (bytes.iter().any(is_control) || is_whole())
}

pub(super) const HOW_TO_MAKE_A_SET: &str =
    "a set is what `protoc --include_imports --descriptor_set_out=…` or `buf build` writes";

/// Checks one serialized `FileDescriptorProto` of `set`.
pub(in crate::schema) fn read_file(set: &str, descriptor: Bytes) -> Result<SetFile, Problem> {
    let mut name = Ok("");
    let mut dependencies = Vec::new();
    let mut public_dependencies = Vec::new();
    let mut bad_text = false;
    let mut option_dependencies = Vec::new();
    let mut edition = None;
    let mut has_edition = false;
    let mut too_deep = false;
    let mut has_unread_options = false;
    // No stage reads it, but a pool does.
    let mut bad_source_info = false;
    walk(
        DescriptorKind::File,
        &descriptor,
        &mut |kind, record| match (kind, record.number, record.value) {
            (DescriptorKind::File, 1, RecordValue::Delimited(text)) => name = std::str::from_utf8(text),
            (DescriptorKind::File, 3, RecordValue::Delimited(text)) => match std::str::from_utf8(text) {
                Ok(dependency) => dependencies.push(dependency.to_owned()),
                Err(_) => bad_text = true,
            },
            (DescriptorKind::File, SOURCE_INFO, value) => {
                bad_source_info |=
                    !matches!(value, RecordValue::Delimited(info) if SourceInfo::decode(info).is_ok());
            }
            (DescriptorKind::File, 10, RecordValue::Varint(index)) => {
                public_dependencies.extend(usize::try_from(index));
            }
            (DescriptorKind::File, 12, RecordValue::Delimited(syntax)) => has_edition = syntax == b"editions",
            (DescriptorKind::File, 14, RecordValue::Varint(number)) => edition = i32::try_from(number).ok(),
            (DescriptorKind::File, 15, RecordValue::Delimited(text)) => match std::str::from_utf8(text) {
                Ok(dependency) => option_dependencies.push(dependency.to_owned()),
                Err(_) => bad_text = true,
            },
            (DescriptorKind::Options, 999, RecordValue::Delimited(option)) => {
                has_unread_options = true;
                let parts = records(option).flatten().filter(|part| part.number == 2);
                too_deep |= parts.count() > MAX_NAME_PARTS;
            }
            (DescriptorKind::UninterpretedOption, 8, RecordValue::Delimited(text)) => {
                let text = String::from_utf8_lossy(text);
                too_deep |= first_bracket_below(&text, MAX_NESTING).is_some();
            }
            _ => {}
        },
    )
    .map_err(|error| {
        Problem::in_file(set, format!("is not a descriptor set, or is damaged: {error}"))
            .with_hint(HOW_TO_MAKE_A_SET)
    })?;

    let name = match name {
        Ok(name) if !name.is_empty() && !bad_text => name.to_owned(),
        _ => {
            let problem = Problem::in_file(set, "is not a descriptor set: a file in it has no name");
            return Err(problem.with_hint(HOW_TO_MAKE_A_SET));
        }
    };
    let edition = edition.filter(|_| has_edition);
    if has_edition && !edition.is_some_and(is_known) {
        let edition = edition.map_or("an unknown edition".to_owned(), |edition| {
            format!("edition {edition}")
        });
        let problem = Problem::in_file(
            set,
            format!("file '{name}' has {edition}, which protod does not know"),
        );
        return Err(problem.with_hint(EDITIONS_HINT));
    }
    if bad_source_info {
        let problem = Problem::in_file(set, format!("file '{name}' has source info that is damaged"));
        return Err(problem.with_hint(HOW_TO_MAKE_A_SET));
    }
    if too_deep {
        return Err(Problem::in_file(
            set,
            format!("file '{name}': an option nests more than {MAX_NESTING} levels deep"),
        ));
    }
    Ok(SetFile {
        name,
        dependencies,
        option_dependencies,
        edition,
        public_dependencies,
        descriptor,
        with_source_info: None,
        has_unread_options,
    })
}
