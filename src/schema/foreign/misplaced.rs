//! Statements that stand in braces where they cannot: mostly because the brace in front of them is missing.

use super::piece::Piece;
use super::statement::{Block, Statement};
use crate::schema::source::{TokenKind, tokens};

/// A hint for a statement of the file that stands in braces, or one of a service that stands in those of a method.
pub(super) fn hint(statement: &Statement<'_>, text: &str) -> Option<String> {
    let keyword = statement.pieces.first()?;
    let opener = statement.opener?;
    let outside = if is_of_file(statement) {
        "all braces"
    } else if is_definition(statement) && !braces_match(text) {
        match statement.block {
            Block::Message => "messages",
            Block::Oneof => "the oneof",
            Block::Enum => "the enum",
            Block::Service => "the service",
            Block::Method => "the method",
            Block::File | Block::Value => return None,
        }
    } else {
        return None;
    };
    let article = match keyword.text {
        "import" | "enum" | "extend" | "edition" | "rpc" => "an",
        _ => "a",
    };
    Some(format!(
        "{article} `{}` stands outside of {outside}: is the `}}` missing that ends {}?",
        keyword.text,
        opener.placed(text)
    ))
}

/// `import "a.proto"`, `package a;`, `syntax = "proto3"`.
fn is_of_file(statement: &Statement<'_>) -> bool {
    let is_text = |piece: &Piece<'_>| piece.kind == TokenKind::Text;
    match statement.pieces.as_slice() {
        [word, file] if word.is("import") => is_text(file),
        [word, kind, file] if word.is("import") => kind.is_word() && is_text(file),
        [word, equals, name] if word.is("syntax") || word.is("edition") => equals.is("=") && is_text(name),
        [word, parts @ ..] if word.is("package") => {
            let is_name = |part: &Piece<'_>| part.is_word() || part.is(".");
            statement.end == Some(b';') && !parts.is_empty() && parts.iter().all(is_name)
        }
        _ => false,
    }
}

/// Whether a statement begins what cannot be in its braces.
fn is_definition(statement: &Statement<'_>) -> bool {
    let Some(keyword) = statement.pieces.first() else {
        return false;
    };
    let opens = statement.end == Some(b'{') && statement.pieces.len() == 2;
    match statement.block {
        Block::Message => opens && keyword.is("service"),
        Block::Oneof | Block::Enum | Block::Service => {
            opens && matches!(keyword.text, "message" | "enum" | "extend" | "service" | "oneof")
        }
        Block::Method => {
            keyword.is("rpc") || (opens && matches!(keyword.text, "message" | "enum" | "service"))
        }
        Block::File | Block::Value => false,
    }
}

/// Whether as many braces are closed as are opened.
fn braces_match(text: &str) -> bool {
    let mut open = 0_i64;
    for token in tokens(text) {
        match token.kind {
            TokenKind::Sign(b'{') => open += 1,
            TokenKind::Sign(b'}') => open -= 1,
            _ => {}
        }
    }
    open == 0
}
