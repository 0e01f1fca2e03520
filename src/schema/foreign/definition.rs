//! What other languages call a message, an enum, a service: `class M`, `type M struct`, `union U`, `trait S`.

use crate::suggest;

use super::field_type::read_type;
use super::piece::Piece;
use super::statement::Statement;
use super::words::{MESSAGES, ROOTS, SERVICES};

/// The definition of protobuf that a statement at the top of a file means.
pub(super) fn mended(statement: &Statement<'_>) -> Option<String> {
    let start = statement.start();
    let first = statement.pieces.get(start)?;
    let opens = statement.end == Some(b'{');
    let name = name_behind(statement, start);
    let keyword = keyword(first);
    if let Some(keyword) = keyword {
        if first.text.eq_ignore_ascii_case("union") {
            let name = name.map_or("M", |name| name.text);
            return Some(format!(
                "write `message {name} {{ oneof value {{ … }} }}`, with a field of each type"
            ));
        }
        let is_root = first.is("type") && name.is_some_and(|name| ROOTS.contains(&name.text));
        return Some(begin(if is_root { "service" } else { keyword }, name));
    }
    if first.is_word() && opens && name.is_none() {
        return Some(format!("write `message {} {{`", first.text));
    }
    let (read, _) = read_type(statement.rest(start), 0)?;
    read.is_known
        .then(|| "a field stands in a message: `message M { string name = 1; }`".to_owned())
}

/// The definition of protobuf that a statement in a message means.
pub(super) fn nested(statement: &Statement<'_>) -> Option<String> {
    let start = statement.start();
    let first = statement.pieces.get(start)?;
    if statement.end != Some(b'{') && !matches!(first.text, "message" | "enum" | "oneof") {
        return None;
    }
    let name = name_behind(statement, start);
    let keyword = if first.text.eq_ignore_ascii_case("union") || first.text.eq_ignore_ascii_case("oneof") {
        "oneof"
    } else {
        keyword(first)?
    };
    Some(mended_begin(keyword, name))
}

/// The definition of protobuf that a statement in a service means.
pub(super) fn in_service(statement: &Statement<'_>) -> Option<String> {
    let first = statement.pieces.first()?;
    match first.text {
        "message" | "enum" => Some(format!(
            "a{} `{}` stands outside of the service",
            if first.is("enum") { "n" } else { "" },
            first.text
        )),
        _ => None,
    }
}

/// The name behind a keyword: `enum class E` of C++ has two of them.
fn name_behind<'s, 't>(statement: &'s Statement<'t>, keyword: usize) -> Option<&'s Piece<'t>> {
    let mut names = statement.pieces.iter().skip(keyword + 1);
    names
        .find(|piece| !matches!(piece.text, "class" | "struct"))
        .filter(|piece| piece.is_word())
}

/// What begins the definition that a word means.
fn keyword(word: &Piece<'_>) -> Option<&'static str> {
    let plain = word.text.to_lowercase();
    let keywords = ["message", "enum", "service", "extend"];
    if let Some(keyword) = keywords.into_iter().find(|keyword| *keyword == plain) {
        return Some(keyword);
    }
    if plain == "union" || MESSAGES.contains(&plain.as_str()) {
        return Some("message");
    }
    if plain == "enumeration" {
        return Some("enum");
    }
    if SERVICES.contains(&plain.as_str()) {
        return Some("service");
    }
    let near = suggest::nearest(&plain, keywords)?;
    keywords.into_iter().find(|keyword| *keyword == near)
}

fn begin(keyword: &str, name: Option<&Piece<'_>>) -> String {
    format!("write {}", quoted(keyword, name))
}

fn mended_begin(keyword: &str, name: Option<&Piece<'_>>) -> String {
    quoted(keyword, name).trim_matches('`').to_owned()
}

fn quoted(keyword: &str, name: Option<&Piece<'_>>) -> String {
    let name = name.map_or(
        match keyword {
            "service" => "S",
            "enum" => "E",
            "oneof" => "choice",
            _ => "M",
        },
        |name| name.text,
    );
    format!("`{keyword} {name} {{`")
}
