//! A serialized `FileDescriptorSet` cut into its files, each with the compiler's own bytes.
//!
//! Everything that a library would panic on is refused here: editions, damage, option texts that nest without
//! end. A [`SetFile`] has been walked to its last byte.

use bytes::Bytes;

use super::text::{EDITIONS, EDITIONS_HINT, MAX_NESTING, first_bracket_below};
use super::wire::{Part, Record, RecordValue, records, walk};
use crate::error::Problem;

/// One file of a set.
#[derive(Debug, Clone)]
pub(super) struct SetFile {
    pub(super) name: String,
    pub(super) dependencies: Vec<String>,
    /// Indices into `dependencies` of those that importers of this file see too.
    pub(super) public_dependencies: Vec<usize>,
    pub(super) descriptor: Bytes,
}

/// The files of the set `bytes`, or all that is wrong with them; `name` is what the user calls the set.
pub(super) fn read(name: &str, bytes: &Bytes) -> Result<Vec<SetFile>, Vec<Problem>> {
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
                let message = if files.is_empty() {
                    format!("is not a descriptor set: {error}")
                } else {
                    format!("is cut short or damaged after {} files: {error}", files.len())
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

const HOW_TO_MAKE_A_SET: &str =
    "a set is what `protoc --include_imports --descriptor_set_out=…` or `buf build` writes";

/// Looks at one `FileDescriptorProto`.
pub(super) fn read_file(set: &str, descriptor: Bytes) -> Result<SetFile, Problem> {
    let mut name = Ok("");
    let mut dependencies = Vec::new();
    let mut public_dependencies = Vec::new();
    let mut bad_text = false;
    let mut edition = false;
    let mut too_deep = false;
    walk(
        Part::File,
        &descriptor,
        &mut |part, record| match (part, record.number, record.value) {
            (Part::File, 1, RecordValue::Delimited(text)) => name = std::str::from_utf8(text),
            (Part::File, 3, RecordValue::Delimited(text)) => match std::str::from_utf8(text) {
                Ok(dependency) => dependencies.push(dependency.to_owned()),
                Err(_) => bad_text = true,
            },
            (Part::File, 10, RecordValue::Varint(index)) => {
                public_dependencies.extend(usize::try_from(index));
            }
            (Part::File, 12, RecordValue::Delimited(syntax)) => edition |= syntax == b"editions",
            (Part::File, 14, RecordValue::Varint(_)) => edition = true,
            (Part::UninterpretedOption, 8, RecordValue::Delimited(text)) => {
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
            let problem = Problem::in_file(set, "is not a descriptor set: it has a file without a name");
            return Err(problem.with_hint(HOW_TO_MAKE_A_SET));
        }
    };
    if edition {
        return Err(Problem::in_file(set, format!("file '{name}': {EDITIONS}")).with_hint(EDITIONS_HINT));
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
        public_dependencies,
        descriptor,
    })
}
