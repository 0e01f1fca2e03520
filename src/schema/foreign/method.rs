//! A method as another language declares it: `get(id: ID!): M`, `M get(1: M m)`, `rpc A M returns M`.

use super::field_type::{Label, read_type};
use super::piece::Piece;
use super::statement::Statement;
use crate::schema::kind::scalar_named;

/// Words before the name of a method.
const WORDS: [&str; 22] = [
    "abstract",
    "async",
    "def",
    "fn",
    "fun",
    "func",
    "function",
    "method",
    "oneway",
    "override",
    "procedure",
    "protected",
    "private",
    "pub",
    "public",
    "rest",
    "rpc",
    "static",
    "suspend",
    "sync",
    "unary",
    "virtual",
];

/// Words between what a method takes and what it returns.
const RETURNS: [&str; 4] = ["returns", "return", "gives", "yields"];

/// The method of protobuf that a statement means.
pub(super) fn mended(statement: &Statement<'_>) -> Option<String> {
    let pieces = statement.pieces.as_slice();
    let is_word = |piece: &&Piece<'_>| WORDS.contains(&piece.text.to_lowercase().as_str());
    let mut streams_back = false;
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        if piece.is("@") {
            at += 2;
        } else if is_word(&piece) {
            at += 1;
        } else if piece.text.eq_ignore_ascii_case("stream") {
            streams_back = true;
            at += 1;
        } else {
            break;
        }
    }
    let pieces = pieces.get(at..)?;
    let open = pieces.iter().position(|piece| piece.is("("));
    let (name, before, takes, rest) = match open {
        Some(open)
            if open > 0
                && !pieces[..open].iter().any(|piece| RETURNS.contains(&piece.text))
                && !pieces[..open].iter().any(|piece| piece.is(":")) =>
        {
            let close = closing(pieces, open)?;
            let before = &pieces[..open - 1];
            let is_joined = before.last().is_some_and(|piece| piece.is("-") || piece.is("."));
            let before = if is_joined { &pieces[..0] } else { before };
            // `rpc Get M (…)` has no such meaning.
            (
                pieces[open - 1],
                before,
                &pieces[open + 1..close],
                &pieces[close + 1..],
            )
        }
        _ => {
            let [name, rest @ ..] = pieces else { return None };
            let rest = rest.strip_prefix_colon();
            let split = rest.iter().position(is_between)?;
            (
                *name,
                &pieces[..0],
                without_brackets(&rest[..split]),
                &rest[split..],
            )
        }
    };
    if !name.is_word() && name.kind != crate::schema::source::TokenKind::Text {
        return None;
    }
    let returned = rest
        .iter()
        .position(|piece| !is_between(piece))
        .unwrap_or(rest.len());
    let returned = &rest[returned..];
    let raises = |piece: &Piece<'_>| matches!(piece.text, "throws" | "raises" | "throw");
    let returned = &returned[..returned.iter().position(raises).unwrap_or(returned.len())];
    let mut returns = message(without_brackets(returned))?;
    if returned.is_empty() && !before.is_empty() {
        returns = message(before)?;
    }
    let (stream, takes) = message(takes)?;
    let (mut streams, returns) = returns;
    streams |= streams_back;
    let prefix = |streams: bool| if streams { "stream " } else { "" };
    let end = if statement.end == Some(b'{') { "" } else { ";" };
    Some(format!(
        "rpc {}({}{takes}) returns ({}{returns}){end}",
        joined(pieces, open, name.unquoted()),
        prefix(stream),
        prefix(streams)
    ))
}

/// A name with dashes or dots, as one word.
fn joined(pieces: &[Piece<'_>], open: Option<usize>, name: &str) -> String {
    let parts = &pieces[..open.unwrap_or_default()];
    let is_joined = parts.iter().any(|piece| piece.is("-") || piece.is("."));
    if !is_joined {
        return name.to_owned();
    }
    let words: Vec<&str> = parts
        .iter()
        .filter(|piece| piece.is_word())
        .map(|piece| piece.text)
        .collect();
    words.join("_")
}

/// What stands between what a method takes and what it returns.
fn is_between(piece: &Piece<'_>) -> bool {
    matches!(piece.text, "-" | ">" | "=" | ":") || RETURNS.contains(&piece.text.to_lowercase().as_str())
}

trait Pieces {
    fn strip_prefix_colon(&self) -> &Self;
}

impl Pieces for [Piece<'_>] {
    fn strip_prefix_colon(&self) -> &Self {
        match self {
            [colon, rest @ ..] if colon.is(":") => rest,
            all => all,
        }
    }
}

/// The place of the bracket that closes the one at `open`.
fn closing(pieces: &[Piece<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, piece) in pieces.iter().enumerate().skip(open) {
        match piece.text {
            "(" => depth += 1,
            ")" => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// What stands in the outer brackets, if there are some: `(M)`, `stream (M)`.
fn without_brackets<'s, 't>(pieces: &'s [Piece<'t>]) -> &'s [Piece<'t>] {
    match pieces {
        [open, .., close] if open.is("(") && close.is(")") => &pieces[1..pieces.len() - 1],
        [open, inner @ ..] if open.is("(") => {
            let close = inner.iter().position(|piece| piece.is(")"));
            &inner[..close.unwrap_or(inner.len())]
        }
        all => all,
    }
}

/// Whether a method takes or returns many messages, and which. Nothing is `Empty`. `None` if it is no message.
fn message(pieces: &[Piece<'_>]) -> Option<(bool, String)> {
    let mut pieces = pieces;
    let mut streams = false;
    // `1: M m` of Thrift.
    if let [_, colon, rest @ ..] = pieces
        && colon.is(":")
        && !rest.first().is_some_and(|piece| piece.is(":"))
    {
        pieces = rest;
    }
    while let [word, next, ..] = pieces {
        match word.text.to_lowercase().as_str() {
            "stream" | "streaming" | "repeated" if next.is_word() || matches!(next.text, "(" | ".") => {
                streams = true;
            }
            "optional" | "required" | "const" | "final" => {}
            _ => break,
        }
        pieces = &pieces[1..];
    }
    if pieces.first().is_some_and(|piece| piece.is("(")) {
        pieces = without_brackets(pieces);
    }
    if pieces.is_empty() {
        return Some((streams, "google.protobuf.Empty".to_owned()));
    }
    let (read, length) = read_type(pieces, 0)?;
    let is_alone = !pieces[length..].iter().any(|piece| piece.is(","));
    let is_message = scalar_named(&read.name).is_none() && !read.name.starts_with("map<");
    (is_message && is_alone).then(|| (streams || read.label == Label::Repeated, read.name))
}
