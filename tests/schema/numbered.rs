//! Large trees of numbered files, and what two loads of one must have in common.

use std::fmt::Write as _;

use protod::{Error, Problem, Schema};

/// What all numbered files import.
pub(crate) const COMMON: &str =
    "syntax = \"proto3\"; package common; import \"google/protobuf/descriptor.proto\";
    extend google.protobuf.FieldOptions { string note = 50001; }
    message Id { string text = 1; }";

/// The text of a file with a service of its own, which imports [`COMMON`] and, unless its number is a multiple of 10, the file
/// before it. `head` is its syntax or edition, and `comment` what is said of its message.
pub(crate) fn numbered(head: &str, number: usize, comment: &str) -> String {
    let mut text = format!("{head}\npackage tree.n{number};\nimport \"common.proto\";\n");
    let before = number.checked_sub(1).filter(|_| !number.is_multiple_of(10));
    if let Some(before) = before {
        let _ = writeln!(text, "import \"n{before}.proto\";");
    }
    let _ = writeln!(
        text,
        "// {comment}\nmessage Request {{ common.Id id = 1 [(common.note) = \"{number}\"];"
    );
    if let Some(before) = before {
        let _ = writeln!(text, "  tree.n{before}.Request before = 2;");
    }
    let _ = writeln!(
        text,
        "}}\nservice Service {{ rpc Get(Request) returns (common.Id); }}"
    );
    text
}

/// Two loads must give the same files and services, or the same problems.
pub(crate) fn assert_same(one: &Result<Schema, Error>, other: &Result<Schema, Error>, what: &str) {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            assert_eq!(files(one), files(other), "{what}");
            assert!(one.services().eq(other.services()), "{what}");
            assert_eq!(one.pool().files().len(), other.pool().files().len(), "{what}");
        }
        (Err(one), Err(other)) => assert_eq!(problems(one), problems(other), "{what}"),
        (one, other) => panic!("{what}: {one:?} {other:?}"),
    }
}

/// The files, sorted: the name of each, whether it is an import, and its descriptor.
fn files(schema: &Schema) -> Vec<(&str, bool, &[u8])> {
    let files = schema.files().iter();
    let mut files: Vec<_> = files
        .map(|file| (&*file.name, file.is_import, &*file.descriptor))
        .collect();
    files.sort_unstable();
    files
}

fn problems(error: &Error) -> Vec<String> {
    error.problems().iter().map(Problem::located).collect()
}
