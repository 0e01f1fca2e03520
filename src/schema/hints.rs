//! What to do about the problems that the parser and the linker find, which say only what is wrong.
//!
//! Hints are added in one place, when all problems are known: the names that protos define are known then too.

use std::cell::LazyCell;

use prost::Message as _;
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::foreign_types::TYPES;
use super::option_hints;
use super::source::{FileContents, FileGraph, bundled_files};
use crate::error::Problem;
use crate::suggest;

/// The scalar types: they are names only where a message belongs.
const SCALARS: [&str; 15] = [
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
    "sfixed32", "sfixed64", "bool", "string", "bytes",
];

/// Parts of messages, and what to do.
const HINTS: [(&str, &str); 15] = [
    ("reached end of file", "a `}` is missing before the end"),
    ("but found end of file", "a `}` is missing before the end"),
    ("expected ';'", "a field ends with `;`, as in `string name = 1;`"),
    (
        "expected '=', but found '['",
        "a list is `repeated string names = 1;`",
    ),
    (
        "expected '='",
        "a field has a number of its own, as in `string name = 1;`",
    ),
    (
        "expected 'returns'",
        "a method is `rpc Get(Request) returns (Response);`",
    ),
    (
        "is already used",
        "give each field of a message a number of its own, and each value of an enum, too",
    ),
    ("required fields are not allowed", "leave out `required`"),
    (
        "the first value for proto3 enums must be 0",
        "begin with a value such as `UNKNOWN = 0;`",
    ),
    ("comments are not allowed here", "a comment begins with `//`"),
    ("unknown syntax", "write `syntax = \"proto3\";`"),
    (
        "invalid character",
        "strings stand in double quotes, and comments begin with `//`",
    ),
    ("is defined twice", "give one of them another name"),
    (
        "default values are not allowed",
        "leave out `[default = …]`: fields of proto3 have none",
    ),
    (
        "group syntax is not allowed",
        "make it a message, and a field of that type",
    ),
];

/// The options of protoc-gen-validate, and those of `buf.validate`, which came after it.
const OLD_OPTIONS: [(&str, &str); 4] = [
    ("validate.rules", "(buf.validate.field)"),
    ("validate.required", "(buf.validate.oneof).required"),
    ("validate.disabled", "(buf.validate.field).ignore = IGNORE_ALWAYS"),
    ("validate.ignored", "(buf.validate.field).ignore = IGNORE_ALWAYS"),
];

/// The names of as many problems are looked for among those that are defined.
const MAX_SEARCHED: usize = 100;

/// The full name of a type or an extension, and the name of its file.
type DefinedType = (String, String);

/// Adds hints to the problems of a graph that have none.
pub(super) fn with_hints(graph: &FileGraph, problems: Vec<Problem>) -> Vec<Problem> {
    let types = LazyCell::new(|| defined_types(graph));
    let with_hint = |(place, problem): (usize, Problem)| {
        if problem.hint().is_some() {
            return problem;
        }
        let hint = hint(&problem, place < MAX_SEARCHED, || types.as_slice());
        problem.with_hint_if(hint)
    };
    problems.into_iter().enumerate().map(with_hint).collect()
}

/// A hint for a problem. `types` are the types that are defined. These and options are searched if it `may_search`.
fn hint<'t>(
    problem: &Problem,
    may_search: bool,
    types: impl FnOnce() -> &'t [DefinedType],
) -> Option<String> {
    let message = problem.to_string();
    let undefined = message
        .strip_prefix("name '")
        .and_then(|rest| rest.strip_suffix("' is not defined"));
    if let Some(name) = undefined {
        return hint_for_type(name, || may_search.then(types));
    }
    if may_search && let Some(hint) = option_hints::hint(&message) {
        return Some(hint);
    }
    let found = HINTS.iter().find(|(part, _)| message.contains(part));
    found.map(|(_, hint)| (*hint).to_owned())
}

/// A hint for the name of a type that is not defined where it is used.
fn hint_for_type<'t>(name: &str, types: impl FnOnce() -> Option<&'t [DefinedType]>) -> Option<String> {
    if SCALARS.contains(&name) {
        return Some("a method takes and returns a message: write one with a field of this type".to_owned());
    }
    if let Some((_, own)) = OLD_OPTIONS.iter().find(|(old, _)| *old == name) {
        return Some(format!(
            "write `{own}`, and `import \"buf/validate/validate.proto\";`"
        ));
    }
    let plain = name.to_lowercase();
    if let Some((_, own)) = TYPES.iter().find(|(other, _)| *other == plain) {
        return Some(format!("write `{own}`"));
    }
    let known = types()?;
    let name = name.trim_start_matches('.');
    let is_it = |full_name: &str| {
        full_name
            .strip_suffix(name)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if let Some((full_name, file)) = known.iter().find(|(full_name, _)| is_it(full_name)) {
        let as_is = if full_name == name {
            String::new()
        } else {
            format!(", and write `{full_name}`")
        };
        return Some(format!("write `import \"{file}\";`{as_is}"));
    }
    suggest::did_you_mean(name, known.iter().map(|(full_name, _)| full_name.as_str()))
}

/// The types in the graph, and in the files that come with protod.
fn defined_types(graph: &FileGraph) -> Vec<DefinedType> {
    let mut types = Vec::new();
    for file in &graph.files {
        match &file.contents {
            FileContents::Text(text) => add_types(&text.parsed().file(), &file.name, &mut types),
            FileContents::FromSet(set, _) => add_set_file(&set.descriptor, &mut types),
            FileContents::Broken => {}
        }
    }
    for descriptor in bundled_files() {
        add_set_file(&descriptor, &mut types);
    }
    types
}

fn add_set_file(descriptor: &[u8], types: &mut Vec<DefinedType>) {
    if let Ok(file) = FileDescriptorProto::decode(descriptor) {
        add_types(&file, file.name(), types);
    }
}

fn add_types(file: &FileDescriptorProto, name: &str, types: &mut Vec<DefinedType>) {
    let messages = file.message_type.iter().map(DescriptorProto::name);
    let enums = file.enum_type.iter().map(EnumDescriptorProto::name);
    // The names of options, such as `buf.validate.field`.
    let extensions = file.extension.iter().map(FieldDescriptorProto::name);
    for local in messages.chain(enums).chain(extensions) {
        let package = file.package();
        let dot = if package.is_empty() { "" } else { "." };
        types.push((format!("{package}{dot}{local}"), name.to_owned()));
    }
}
