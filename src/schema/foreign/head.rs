//! The statements of a file that are no definitions, as other languages write them: `syntax`, `package`, `import`, options.

use std::path::Path;

use crate::schema::source::{TokenKind, bundled_file_of};

use super::piece::Piece;
use super::statement::Statement;

/// What a file has, for who writes something else.
pub(super) const FILE: &str = "a proto has `message M { string name = 1; }`, `enum E { ZERO = 0; }` and \
                    `service S { rpc Get(M) returns (M); }`, after `syntax = \"proto3\";`";

/// Words of other languages for the package of a file.
const PACKAGES: [&str; 4] = ["module", "namespace", "mod", "pkg"];

/// Words of other languages for an import.
const IMPORTS: [&str; 7] = ["include", "from", "require", "using", "use", "load", "imports"];

/// Options of files that are known to stand alone.
const OPTIONS: [&str; 10] = [
    "go_package",
    "java_package",
    "java_multiple_files",
    "java_outer_classname",
    "csharp_namespace",
    "php_namespace",
    "ruby_package",
    "objc_class_prefix",
    "swift_prefix",
    "optimize_for",
];

/// Verbs of HTTP, which are no options of methods.
pub(in crate::schema) const VERBS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// What a statement at the top of a file means, if it is no definition.
pub(super) fn mended(statement: &Statement<'_>, text: &str) -> Option<String> {
    if statement.pieces.first().is_some_and(|first| first.is("const")) {
        let enums = "protobuf has no constants: leave it out, or make it a value of an `enum`";
        return Some(enums.to_owned());
    }
    let start = statement.start();
    let Some(first) = statement.pieces.get(start) else {
        return match statement.end {
            Some(b'}') => Some("leave out the `}`, or write the `{` that it closes".to_owned()),
            Some(b',') => Some("leave out the `,`".to_owned()),
            Some(b'{') => Some(format!("this is JSON, and no proto: {FILE}")),
            _ => None,
        };
    };
    let rest = statement.rest(start + 1);
    let word = first.text.to_lowercase();
    match word.as_str() {
        "syntax" | "edition" => Some(syntax(&word, rest, statement.is_first)),
        "package" => Some(package(rest, statement.end)),
        "import" => Some(import(rest)),
        "option" => option(rest),
        "rpc" => Some("a method stands in a service: `service S { rpc Get(M) returns (M); }`".to_owned()),
        "typedef" | "scalar" | "alias" => Some(
            "protobuf has no other names for types: leave it out, and write the type itself in each field"
                .to_owned(),
        ),
        "root_type" | "file_identifier" | "directive" => {
            Some("leave it out: any message can be sent".to_owned())
        }
        "openapi" | "swagger" | "asyncapi" => Some(format!("this is OpenAPI, and no proto: {FILE}")),
        "create" => Some(format!("this is SQL, and no proto: {FILE}")),
        "," => Some("leave out the `,`".to_owned()),
        _ if first.kind == TokenKind::Text => Some("a comment begins with `//`".to_owned()),
        word if OPTIONS.contains(&word) => option(statement.rest(start)),
        word if PACKAGES.contains(&word) => {
            // `namespace java a.b` names the language first.
            let names_language = matches!(rest, [one, two, ..] if one.is_word() && two.is_word());
            Some(package(&rest[usize::from(names_language)..], statement.end))
        }
        word if IMPORTS.contains(&word) => Some(import(rest)),
        _ => None,
    }
    .filter(|_| !text.is_empty())
}

fn syntax(word: &str, rest: &[Piece<'_>], is_first: bool) -> String {
    if !is_first {
        return format!("write it once, before all else: `{word} = …;` is the first statement of a file");
    }
    let digits: String = rest
        .iter()
        .flat_map(|piece| piece.text.chars())
        .filter(char::is_ascii_digit)
        .collect();
    if digits.len() == 4 {
        return format!("write `edition = \"{digits}\";`");
    }
    let version = if digits == "2" { "proto2" } else { "proto3" };
    format!("write `syntax = \"{version}\";`")
}

fn package(rest: &[Piece<'_>], end: Option<u8>) -> String {
    let words = rest
        .iter()
        .flat_map(|piece| piece.unquoted().split(['.', '/', '-', ':']));
    let is_part = |part: &&str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part
                .chars()
                .all(|each| each.is_ascii_alphanumeric() || each == '_')
    };
    let parts: Vec<&str> = words.filter(is_part).collect();
    let name = if parts.is_empty() {
        "shop.v1".to_owned()
    } else {
        parts.join(".")
    };
    let braces = if end == Some(b'{') {
        ", and leave out the braces: it is of the whole file"
    } else {
        ""
    };
    format!("write `package {name};`{braces}")
}

fn import(rest: &[Piece<'_>]) -> String {
    let files = rest.iter().filter(|piece| piece.kind == TokenKind::Text);
    let mut files = files.map(Piece::unquoted).peekable();
    if files.peek().is_some() {
        let as_proto = |file: &str| {
            let file = as_file(file);
            let stem = ["thrift", "avdl", "graphql", "fbs", "capnp", "h"]
                .iter()
                .find_map(|ending| file.strip_suffix(ending)?.strip_suffix('.'));
            let bare = file.rsplit('/').next().is_some_and(|name| !name.contains('.'));
            match stem.or(bare.then_some(file.as_str())) {
                Some(stem) => format!("{stem}.proto"),
                None => file,
            }
        };
        let imports: Vec<String> = files
            .map(|file| format!("import \"{}\";", as_proto(file)))
            .collect();
        return format!("write `{}`", imports.join(" "));
    }
    let path: String = rest
        .iter()
        .filter(|piece| !matches!(piece.text, "<" | ">" | "(" | ")" | "static"))
        .map(|piece| piece.text)
        .collect();
    match as_file(&path) {
        file if is_proto(&file) => format!("write `import \"{file}\";`"),
        _ => "an import names a file, in quotes: `import \"google/protobuf/timestamp.proto\";`".to_owned(),
    }
}

fn is_proto(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|ending| ending == "proto")
}

/// The file that a path or the name of a type means.
fn as_file(path: &str) -> String {
    let path = path.trim_start_matches("./");
    if is_proto(path) {
        return path.to_owned();
    }
    bundled_file_of(path).unwrap_or_else(|| path.to_owned())
}

/// What an option that stands alone means.
pub(super) fn option(rest: &[Piece<'_>]) -> Option<String> {
    let is_between = |piece: &Piece<'_>| matches!(piece.text, "=" | ":");
    let name = rest.first()?;
    let after = &rest[1..];
    let value = &after[usize::from(after.first().is_some_and(is_between))..];
    let value = match value {
        [] => "true".to_owned(),
        [only] => only.text.to_owned(),
        many => many.iter().map(|piece| piece.text).collect(),
    };
    let is_flag = matches!(value.as_str(), "true" | "false") || value.starts_with(['"', '\'']);
    let name = name.unquoted();
    let is_name = name
        .chars()
        .all(|each| each.is_ascii_alphanumeric() || each == '_')
        && !name.is_empty();
    let is_text = name.ends_with("package") || name.ends_with("namespace") || name.ends_with("classname");
    let quotes = if is_text && !is_flag { "\"" } else { "" };
    is_name.then(|| format!("write `option {name} = {quotes}{value}{quotes};`"))
}

/// What a statement in the braces of a method means: most are of HTTP.
pub(super) fn http(statement: &Statement<'_>, text: &str) -> Option<String> {
    let [verb, sign, path, ..] = statement.pieces.as_slice() else {
        return None;
    };
    let is_http =
        VERBS.contains(&verb.text) && (sign.is(":") || sign.is("=")) && path.kind == TokenKind::Text;
    let file = "google/api/annotations.proto";
    let import = if text.contains(file) {
        String::new()
    } else {
        format!(", and `import \"{file}\";`")
    };
    is_http.then(|| {
        format!(
            "write `option (google.api.http) = {{ {}: {} }};`{import}",
            verb.text, path.text
        )
    })
}
