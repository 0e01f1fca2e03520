//! A field, or a value of an enum, as another language declares it: `names: string[]`, `1: required i32 count,`, `Name string`.

use crate::schema::source::TokenKind;

use super::field_type::{FieldType, Label, read_type};
use super::piece::Piece;
use super::statement::{Block, Statement};
use super::words::MODIFIERS;

/// The field of protobuf that a statement means.
pub(super) fn mended(statement: &Statement<'_>) -> Option<String> {
    let mut pieces = statement.pieces.as_slice();
    let mut label = Label::Single;
    let mut number = None;
    // `1: string name` of Thrift.
    if let [id, colon, rest @ ..] = pieces
        && id.kind == TokenKind::Number
        && colon.is(":")
    {
        number = id.text.parse().ok();
        pieces = rest;
    }
    pieces = without_annotations(pieces);
    pieces = without_modifiers(pieces, &mut label);
    let (read, name, rest) = declared(pieces)?;
    if label == Label::Single || read.label == Label::Repeated {
        label = read.label;
    }
    let is_map = read.name.starts_with("map<");
    if is_map || (statement.block == Block::Oneof && label == Label::Optional) {
        label = Label::Single;
    }
    if statement.block == Block::Oneof && (label == Label::Repeated || is_map) {
        return None;
    }
    if statement.has_labels && label == Label::Single && !is_map && statement.block == Block::Message {
        label = Label::Optional;
    }
    let (written, options) = numbered(rest);
    let number = written.or(number).or_else(|| statement.free_number())?;
    let prefix = label.prefix();
    Some(format!("{prefix}{} {name} = {number}{options};", read.name))
}

/// `@NotNull`, `@Size(min = 1)`, `#[serde]`.
fn without_annotations<'s, 't>(mut pieces: &'s [Piece<'t>]) -> &'s [Piece<'t>] {
    while let [sign, name, rest @ ..] = pieces
        && sign.is("@")
        && name.is_word()
    {
        pieces = rest;
        if pieces.first().is_some_and(|piece| piece.is("("))
            && let Some(close) = pieces.iter().position(|piece| piece.is(")"))
        {
            pieces = &pieces[close + 1..];
        }
    }
    pieces
}

/// Without `public`, `readonly`, `required` and the like, and with the label that they say.
fn without_modifiers<'s, 't>(mut pieces: &'s [Piece<'t>], label: &mut Label) -> &'s [Piece<'t>] {
    while let [word, next, ..] = pieces
        && word.is_word()
        && (next.is_word() || next.is("["))
    {
        let plain = word.text.to_lowercase();
        match plain.as_str() {
            "repeated" | "repeat" => *label = Label::Repeated,
            "optional" | "nullable" if *label == Label::Single => *label = Label::Optional,
            "optional" | "nullable" => {}
            modifier if MODIFIERS.contains(&modifier) => {}
            _ => return pieces,
        }
        pieces = &pieces[1..];
    }
    pieces
}

/// The type and the name at the begin of `pieces`, and what follows them.
fn declared<'s, 't>(pieces: &'s [Piece<'t>]) -> Option<(FieldType, String, &'s [Piece<'t>])> {
    // `name: type` and `name?: type`, but not `a::b`.
    if let Some((name, length)) = read_name(pieces) {
        let mut after = &pieces[length..];
        // The number of Cap'n Proto.
        if let [at, number, rest @ ..] = after
            && at.is("@")
            && number.kind == TokenKind::Number
        {
            after = rest;
        }
        let is_optional = after.first().is_some_and(|piece| piece.is("?"));
        let after = &after[usize::from(is_optional)..];
        let is_path = after.get(1).is_some_and(|piece| piece.is(":"));
        let is_number = after.get(1).is_some_and(|piece| piece.kind == TokenKind::Number);
        if after.first().is_some_and(|piece| piece.is(":")) && !is_path && !is_number {
            let (mut read, length) = read_type(&after[1..], 0)?;
            if is_optional && read.label == Label::Single {
                read.label = Label::Optional;
            }
            return Some((read, name, &after[1 + length..]));
        }
    }
    let (read, length) = read_type(pieces, 0)?;
    // `Name string` of Go.
    if !read.is_known
        && length == 1
        && let Some((second, taken)) = read_type(&pieces[1..], 0)
        && second.is_surely_type
    {
        let rest = &pieces[1 + taken..];
        if let [name, ..] = rest
            && name.is_word()
        {
            // A word in front that no language has.
            return Some((second, name.text.to_owned(), &rest[1..]));
        }
        let name = pieces[0].text.to_owned();
        return Some((second, name, &pieces[1 + taken..]));
    }
    let (name, taken) = read_name(&pieces[length..])?;
    let mut read = read;
    let mut rest = &pieces[length + taken..];
    // `names[]` of C.
    match rest {
        [open, close, ..] if open.is("[") && close.is("]") => rest = &rest[2..],
        [open, size, close, ..] if open.is("[") && close.is("]") && size.kind == TokenKind::Number => {
            rest = &rest[3..];
        }
        [open, ..] if open.is("[") => return None,
        _ => return Some((read, name, rest)),
    }
    if read.label == Label::Repeated || read.name.starts_with("map<") {
        return None;
    }
    if read.name != "bytes" {
        read.label = Label::Repeated;
    }
    Some((read, name, rest))
}

/// A name, with what no name of protobuf has taken for `_`: `first-name`, `"name"`, `first name`.
fn read_name(pieces: &[Piece<'_>]) -> Option<(String, usize)> {
    let is_end = |piece: &Piece<'_>| {
        matches!(
            piece.text,
            "=" | ":" | "[" | "?" | "@" | "{" | "(" | "<" | "!" | "," | "|"
        )
    };
    let length = pieces.iter().position(is_end).unwrap_or(pieces.len());
    let mut parts: Vec<&str> = Vec::new();
    for piece in &pieces[..length] {
        match piece.kind {
            TokenKind::Word => parts.push(piece.text),
            TokenKind::Text => parts.push(piece.unquoted()),
            // A number behind a name is the field's.
            TokenKind::Number if parts.is_empty() => return None,
            TokenKind::Number => break,
            TokenKind::Sign(b'-' | b'.' | b'$') => {}
            TokenKind::Sign(_) => return None,
        }
    }
    let taken = pieces[..length]
        .iter()
        .position(|piece| piece.kind == TokenKind::Number)
        .unwrap_or(length);
    let name = parts.join("_");
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .chars()
            .all(|each| each.is_ascii_alphanumeric() || each == '_');
    is_name.then_some((name, taken))
}

/// The number behind a name, and the options behind that.
fn numbered(rest: &[Piece<'_>]) -> (Option<i64>, String) {
    let at = rest.iter().position(|piece| {
        let number = piece.unquoted().parse::<i64>();
        number.is_ok_and(|number| (1..1 << 29).contains(&number))
            && matches!(piece.kind, TokenKind::Number | TokenKind::Text)
    });
    let Some(at) = at else {
        return (None, String::new());
    };
    let number = rest[at].unquoted().parse().ok();
    let options = match &rest[at + 1..] {
        [open, .., close] if open.is("[") && close.is("]") => {
            let pieces: Vec<&str> = rest[at + 1..].iter().map(|piece| piece.text).collect();
            format!(" {}", spaced(&pieces))
        }
        _ => String::new(),
    };
    (number, options)
}

/// Options as they are usually written.
fn spaced(pieces: &[&str]) -> String {
    pieces.concat().replace('=', " = ").replace(',', ", ")
}

/// The same field, with a text as the key of its map, unless its key may be one.
pub(super) fn with_text_key(field: &str) -> String {
    let keys = ["string", "bool"];
    match field
        .split_once("map<")
        .and_then(|(label, rest)| Some((label, rest.split_once(',')?)))
    {
        Some((label, (key, rest)))
            if !keys.contains(&key) && !key.contains("int") && !key.contains("fixed") =>
        {
            format!("{label}map<string,{rest}")
        }
        _ => field.to_owned(),
    }
}

/// The value of an enum that a statement means; each of its words, if it has no numbers.
pub(super) fn mended_value(statement: &Statement<'_>) -> Option<String> {
    if statement.pieces.first()?.is("reserved") {
        return mended_reserved(statement);
    }
    let equals = |piece: &Piece<'_>| piece.is("=") || piece.is(":") || piece.kind == TokenKind::Number;
    let named = statement.pieces.iter().position(equals);
    let named = named.unwrap_or(statement.pieces.len());
    let names = statement.pieces[..named]
        .iter()
        .filter(|piece| piece.is_word() || piece.kind == TokenKind::Text);
    let numbered = &statement.pieces[named..];
    if numbered.is_empty() {
        let values = names
            .zip(statement.numbers.free())
            .map(|(name, number)| format!("{} = {number};", name.unquoted()));
        return Some(values.collect::<Vec<_>>().join(" "));
    }
    let mut names = names;
    let name = names.next_back()?;
    let number = value_of(numbered).or_else(|| statement.free_number())?;
    Some(format!("{} = {number};", name.unquoted()))
}

/// The number of a value of an enum: `3`, `-3`, `1 << 3`, `1 | 2`.
fn value_of(pieces: &[Piece<'_>]) -> Option<i64> {
    let number = |piece: &Piece<'_>| piece.text.parse::<i64>().ok();
    let at = pieces.iter().position(|piece| number(piece).is_some())?;
    let first = number(&pieces[at])?;
    match &pieces[at + 1..] {
        [one, two, by, ..] if one.is("<") && two.is("<") => first.checked_shl(by.text.parse().ok()?),
        [sign, other, ..] if sign.is("|") => Some(first | number(other)?),
        _ if at > 0 && pieces[at - 1].is("-") => Some(-first),
        _ => Some(first),
    }
}

/// `reserved` as protobuf has it: numbers and ranges in one statement, names in quotes in another.
pub(super) fn mended_reserved(statement: &Statement<'_>) -> Option<String> {
    let (keyword, rest) = statement.pieces.split_first()?;
    let mut numbers: Vec<String> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut is_range = false;
    for piece in rest {
        match piece.kind {
            TokenKind::Text => names.push(format!("\"{}\"", piece.unquoted())),
            TokenKind::Word if piece.is("to") => is_range = true,
            TokenKind::Word if is_range && piece.is("max") => {
                let last = numbers.last_mut()?;
                last.push_str(" to max");
                is_range = false;
            }
            TokenKind::Word => names.push(format!("\"{}\"", piece.text)),
            TokenKind::Number => {
                let number = piece.text.trim_matches('.');
                // `1..3` is `1.` and `.3`.
                if (is_range || piece.text.starts_with('.')) && !numbers.is_empty() {
                    numbers.last_mut()?.extend([" to ", number]);
                } else {
                    numbers.push(number.to_owned());
                }
                is_range = false;
            }
            TokenKind::Sign(b'-' | b'.' | b':') => is_range = true,
            TokenKind::Sign(_) => {}
        }
    }
    let statements = [numbers, names];
    let statements = statements.iter().filter(|list| !list.is_empty());
    let written: Vec<String> = statements
        .map(|list| format!("{} {};", keyword.text, list.join(", ")))
        .collect();
    (!written.is_empty()).then(|| written.join(" "))
}
