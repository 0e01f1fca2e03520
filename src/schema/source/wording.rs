//! Says what the parser found where its own words mislead: it calls an import a group, and a field a message.

use super::shipped::{built_in, bundled};
use super::tokens::{TokenKind, tokens};
use crate::error::Problem;
use crate::schema::descriptor::MAX_FIELD_NUMBER;

/// A problem of the parser in the words of protod.
pub(super) fn reworded(problem: Problem) -> Problem {
    if problem.to_string().starts_with("message numbers must be") {
        return problem.map_message(|_| format!("numbers of fields are from 1 to {MAX_FIELD_NUMBER}"));
    }
    let of_import = |hint: String| hint.starts_with("imports may not");
    if let Some(at) = problem.offset()
        && problem.hint().is_some_and(of_import)
    {
        let name = text_at(problem.text(), at);
        let (message, hint) = odd_import(&name);
        return problem.map_message(|_| message).with_hint(hint);
    }
    problem
}

/// The text that stands at an offset, without its quotes.
fn text_at(text: &str, at: usize) -> String {
    let rest = text.get(at..).unwrap_or_default();
    let parts = tokens(rest).take_while(|token| token.kind == TokenKind::Text);
    parts
        .map(|part| rest[part.span].trim_matches(['"', '\'']))
        .collect()
}

/// Why no import can have this name, which is not empty. `None` if one can.
pub(in crate::schema) fn oddity(name: &str) -> Option<&'static str> {
    let has = |odd: &str| name.split('/').any(|part| part == odd);
    Some(match name {
        _ if name.contains("://") => "is a URL",
        _ if name.contains('\\') => "has a backslash in it",
        _ if name.starts_with('/') => "begins with a slash",
        _ if has("..") => "has `..` in it",
        _ if has(".") => "has `.` in it",
        _ if name.ends_with('/') => "ends with a slash",
        _ if has("") => "has two slashes in a row",
        _ if name.contains(char::is_control) => "has a control character in it",
        _ => return None,
    })
}

/// What is wrong with the name of an imported file, and what to write instead.
fn odd_import(name: &str) -> (String, String) {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    let is_url = name.contains("://");
    let is_absolute = name.starts_with('/');
    if is_url || is_absolute {
        // The folders above an import folder are no part of it: which they are is known of files that come with protod.
        let comes_with_protod = |from: &usize| {
            let name = parts[*from..].join("/");
            built_in(&name).is_some() || bundled(&name).is_some()
        };
        let first = (0..parts.len()).find(comes_with_protod);
        parts.drain(..first.unwrap_or(parts.len().saturating_sub(1)));
    }
    if name.is_empty() {
        return ("an import names no file".to_owned(), EXAMPLE.to_owned());
    }
    let what = oddity(name).unwrap_or("has two slashes in a row");
    let message = format!("the import '{name}' {what}");
    let hint = match parts.as_slice() {
        [] => EXAMPLE.to_owned(),
        parts => format!(
            "a name begins at an import folder (-I), whichever file has it: write `import \"{}\";`",
            parts.join("/")
        ),
    };
    (message, hint)
}

const EXAMPLE: &str = "an import names a file, as `import \"google/protobuf/any.proto\";` does";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_import_has_are_told_with_those_that_it_may_have() {
        let cases = [
            ("", "an import names no file", None),
            (
                "./b.proto",
                "the import './b.proto' has `.` in it",
                Some("b.proto"),
            ),
            (
                "../b.proto",
                "the import '../b.proto' has `..` in it",
                Some("b.proto"),
            ),
            (
                "x/../b.proto",
                "the import 'x/../b.proto' has `..` in it",
                Some("b.proto"),
            ),
            (
                "x/./b.proto",
                "the import 'x/./b.proto' has `.` in it",
                Some("x/b.proto"),
            ),
            (
                "x//b.proto",
                "the import 'x//b.proto' has two slashes in a row",
                Some("x/b.proto"),
            ),
            (
                r"x\\b.proto",
                r"the import 'x\\b.proto' has a backslash in it",
                Some("x/b.proto"),
            ),
            (
                "b.proto/",
                "the import 'b.proto/' ends with a slash",
                Some("b.proto"),
            ),
            (
                "/x/b.proto",
                "the import '/x/b.proto' begins with a slash",
                Some("b.proto"),
            ),
            (
                "file:///x/b.proto",
                "the import 'file:///x/b.proto' is a URL",
                Some("b.proto"),
            ),
            (
                "/usr/include/google/type/date.proto",
                "the import '/usr/include/google/type/date.proto' begins with a slash",
                Some("google/type/date.proto"),
            ),
            (".", "the import '.' has `.` in it", None),
        ];
        for (name, message, written) in cases {
            let (told, hint) = odd_import(name);
            assert_eq!(told, message);
            match written {
                Some(written) => assert!(hint.ends_with(&format!("`import \"{written}\";`")), "{hint}"),
                None => assert_eq!(hint, EXAMPLE),
            }
        }
    }
}
