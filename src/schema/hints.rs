//! What to do about the problems that the parser and the linker find, which say only what is wrong.
//!
//! Hints are added in one place, when all problems are known: the names that protos define are known then too.

use std::cell::LazyCell;

use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::foreign::{self, container_hint, own_type, with_import};
use super::kind::scalar_named;
use super::option_hints;
use super::source::{FileContents, FileGraph, bundled_files};
use super::stand_ins::shown;
use super::valid_texts::decoded_file;
use crate::error::Problem;
use crate::suggest;

/// Parts of messages, and what to do.
const HINTS: [(&str, &str); 22] = [
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
    (
        "a oneof must have at least one field",
        "give it a field, such as `string name = 1;`, or leave it out",
    ),
    (
        "enums must have at least one value",
        "give it a value, such as `UNKNOWN = 0;`",
    ),
    (
        "multiple package names specified",
        "leave out one of the two: a file has one package",
    ),
    (
        "conflicts with reserved range",
        "give the field another number, or take this one out of `reserved`",
    ),
    (
        "is reserved",
        "give the field another name, or take this one out of `reserved`",
    ),
    ("packed is for lists of numbers", "leave out `packed`"),
    (
        "nested block comments are not supported",
        "leave out the inner `/*`, or begin each line with `//`",
    ),
    ("is defined twice", "give one of them another name"),
    (
        "default values are not allowed",
        "leave out `[default = …]`: fields of proto3 have none",
    ),
    (
        "groups are not allowed",
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
        problem.with_hint_if(hint.map(shown))
    };
    problems.into_iter().enumerate().map(with_hint).collect()
}

/// A hint for a problem. `types` are the types that are defined. These, options and the text are searched if it
/// `may_search`.
fn hint<'t>(
    problem: &Problem,
    may_search: bool,
    types: impl FnOnce() -> &'t [DefinedType],
) -> Option<String> {
    let message = problem.to_string();
    let text = problem.text();
    let undefined = message
        .strip_prefix("name '")
        .and_then(|rest| rest.strip_suffix("' is not defined"));
    if let Some(name) = undefined {
        let swapped = problem.offset().and_then(|at| foreign::swapped(text, at));
        if let Some(hint) = swapped.filter(|_| may_search) {
            return Some(hint);
        }
        return hint_for_type(name, text, || may_search.then(types));
    }
    let at = problem.offset().unwrap_or_default();
    if may_search && let Some(hint) = option_hints::hint(&message, text, at) {
        return Some(hint);
    }
    if may_search
        && let Some(at) = problem.offset()
        && let Some(hint) =
            foreign::hint(&message, text, at).or_else(|| foreign::label_hint(&message, text, at))
    {
        return Some(hint);
    }
    if message == "invalid string escape" {
        return foreign::doubled_backslashes(text, at);
    }
    if let Some((first, last)) = message
        .strip_prefix("the range from ")
        .and_then(|rest| rest.strip_suffix(" ends before it begins")?.split_once(" to "))
    {
        return Some(format!("write `{last} to {first}`"));
    }
    if text.get(at..).is_some_and(|rest| rest.starts_with("#include")) {
        return Some("an import is `import \"google/protobuf/any.proto\";`".to_owned());
    }
    if message.starts_with("fields must have a label") {
        return Some(label_hint(text).to_owned());
    }
    let found = HINTS.iter().find(|(part, _)| message.contains(part));
    found.map(|(_, hint)| (*hint).to_owned())
}

/// A hint for a field without a label, which proto2 asks for, as does a text that does not say what it is.
fn label_hint(text: &str) -> &'static str {
    if text.contains("proto2") {
        "write `optional` in front of it, or `repeated`; fields of `syntax = \"proto3\";` need neither"
    } else {
        "write `syntax = \"proto3\";` as the first line: a file without it is proto2, where each field has a label"
    }
}

/// A hint for the name of a type that is not defined where it is used.
fn hint_for_type<'t>(
    name: &str,
    text: &str,
    types: impl FnOnce() -> Option<&'t [DefinedType]>,
) -> Option<String> {
    if scalar_named(name).is_some() {
        return Some("a method takes and returns a message: write one with a field of this type".to_owned());
    }
    if option_hints::is_option(name) {
        return Some(format!(
            "write `{name}`: the options of protobuf itself stand in no brackets"
        ));
    }
    if let Some((_, own)) = OLD_OPTIONS.iter().find(|(old, _)| *old == name) {
        return Some(format!(
            "write `{own}`, and `import \"buf/validate/validate.proto\";`"
        ));
    }
    let known = types();
    let local = name.trim_start_matches('.');
    let is_it = |full_name: &str| {
        full_name
            .strip_suffix(local)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let found = known.and_then(|known| known.iter().find(|(full_name, _)| is_it(full_name)));
    // A type of the user's is meant rather than one of another language, and that rather than one of `google.type`.
    if let Some(own) =
        own_type(name).filter(|_| found.is_none_or(|(_, file)| file.starts_with("google/type/")))
    {
        return Some(format!("write {}", with_import(own, text)));
    }
    if let Some((full_name, file)) = found {
        let import = format!("import \"{file}\";");
        return Some(match (full_name == local, text.contains(&import)) {
            (_, true) => format!("write `{full_name}`"),
            (true, false) => format!("write `{import}`"),
            (false, false) => format!("write `{import}`, and write `{full_name}`"),
        });
    }
    if let Some(hint) = container_hint(name) {
        return Some(hint.to_owned());
    }
    let near = suggest::did_you_mean(local, known?.iter().map(|(full_name, _)| full_name.as_str()));
    // An option of a user's, say, is defined in another way.
    let is_type = local
        .rsplit('.')
        .next()
        .is_some_and(|last| last.starts_with(char::is_uppercase));
    near.or_else(|| {
        let define = format!("define it, as in `message {local} {{ … }}`, or import the file that does");
        (is_type && !local.contains('.')).then_some(define)
    })
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
    if let Ok(file) = decoded_file(descriptor) {
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
