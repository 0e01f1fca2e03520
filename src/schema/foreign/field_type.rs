//! The type of a field as another language writes it: [`read_type`] reads `List<T>`, `[]T`, `T?`, `map[K]V`, `a::b::C`.

use crate::schema::source::TokenKind;

use super::piece::Piece;
use super::types::{LISTS, MAPS, OPTIONALS, is_scalar, own_type};

/// Whether a field must be there, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Single,
    Optional,
    Repeated,
}

impl Label {
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Single => "",
            Self::Optional => "optional ",
            Self::Repeated => "repeated ",
        }
    }
}

/// A type as a field has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldType {
    pub(super) label: Label,
    pub(super) name: String,
    /// Whether it can be no name of a field.
    pub(super) is_surely_type: bool,
    /// Whether a list of it is `bytes`.
    is_byte: bool,
    /// Whether it is one that another language has, or protobuf.
    pub(super) is_known: bool,
}

impl FieldType {
    /// A type that can be no name of a field.
    fn container(name: String) -> Self {
        Self {
            label: Label::Single,
            name,
            is_surely_type: true,
            is_byte: false,
            is_known: true,
        }
    }

    fn repeated(self) -> Option<Self> {
        if self.is_byte && self.label == Label::Single {
            return Some(Self {
                name: "bytes".to_owned(),
                is_byte: false,
                ..self
            });
        }
        let is_single = self.label != Label::Repeated && !self.name.starts_with("map<");
        is_single.then_some(Self {
            label: Label::Repeated,
            ..self
        })
    }

    fn optional(mut self) -> Self {
        if self.label == Label::Single && !self.name.starts_with("map<") {
            self.label = Label::Optional;
        }
        self
    }
}

/// Reads a type at the begin of `pieces`; how many of them it takes.
pub(super) fn read_type(pieces: &[Piece<'_>], depth: usize) -> Option<(FieldType, usize)> {
    const DEEPEST: usize = 8;
    let first = pieces.first()?;
    if depth > DEEPEST {
        return None;
    }
    if first.is("*") || first.is("&") {
        let (read, length) = read_type(&pieces[1..], depth + 1)?;
        return Some((read, length + 1));
    }
    if first.is("[") {
        return read_bracketed(pieces, depth);
    }
    if !first.is_word() && !first.is(".") {
        return None;
    }
    let is_word = pieces.get(1).is_some_and(Piece::is_word);
    if is_word && matches!(first.text, "optional" | "required" | "const") {
        let (read, length) = read_type(&pieces[1..], depth + 1)?;
        let read = if first.is("optional") {
            read.optional()
        } else {
            read
        };
        return Some((read, length + 1));
    }
    if is_word && first.is("repeated") {
        let (read, length) = read_type(&pieces[1..], depth + 1)?;
        return Some((read.repeated()?, length + 1));
    }
    let (mut read, mut length) = read_name(pieces);
    let after = pieces.get(length..)?;
    let is_number = |at: usize| after.get(at).is_some_and(|piece| piece.kind == TokenKind::Number);
    let is_list = after.get(1).is_some_and(|piece| piece.is("]")) || is_number(1);
    if let Some(open) = after
        .first()
        .filter(|piece| matches!(piece.text, "<" | "[" | "(" | "{"))
    {
        if open.is("(") && is_number(1) && after.get(2).is_some_and(|piece| piece.is(")")) {
            length += 3;
        } else if !(open.is("[") && is_list) {
            let container = pieces[length - 1].text.to_lowercase();
            let (inner, taken) = read_generic(&container, open, &after[1..], depth)?;
            (read, length) = (inner, length + 1 + taken);
        }
    }
    loop {
        match pieces.get(length..)? {
            [one, two, ..] if one.is("[") && two.is("]") => {
                read = read.repeated()?;
                length += 2;
            }
            [one, size, two, ..] if one.is("[") && two.is("]") && size.kind == TokenKind::Number => {
                read = read.repeated()?;
                length += 3;
            }
            [sign, ..] if sign.is("?") => {
                read = read.optional();
                length += 1;
            }
            [sign, ..] if sign.is("!") => length += 1,
            [sign, null, ..]
                if sign.is("|") && matches!(null.text, "null" | "undefined" | "None" | "nil") =>
            {
                read = read.optional();
                length += 2;
            }
            _ => return Some((read, length)),
        }
    }
}

fn named(name: &str) -> FieldType {
    let own = own_type(name);
    FieldType {
        label: Label::Single,
        name: own.unwrap_or(name).to_owned(),
        is_surely_type: is_scalar(name),
        is_byte: matches!(name, "byte" | "u8" | "uint8" | "uint8_t" | "Byte" | "UInt8"),
        is_known: own.is_some(),
    }
}

/// `a.b.C`, `a::b::C`, `unsigned int`, `long long`.
fn read_name(pieces: &[Piece<'_>]) -> (FieldType, usize) {
    let text = |at: usize| pieces.get(at).map_or("", |piece| piece.text);
    match (text(0), text(1), text(2)) {
        ("unsigned", "long", "long") => return (named("uint64"), 3),
        ("unsigned", "int" | "short" | "char" | "long", _) => {
            let name = if text(1) == "long" { "uint64" } else { "uint32" };
            return (named(name), 2);
        }
        ("long", "long" | "int", _) => return (named("int64"), 2),
        _ => {}
    }
    let mut name = text(0).to_owned();
    let mut length = 1;
    if name == "." {
        name.push_str(text(1));
        length = 2;
    }
    loop {
        let dots = match (text(length), text(length + 1)) {
            (".", _) => 1,
            (":", ":") => 2,
            _ => break,
        };
        let Some(part) = pieces.get(length + dots).filter(|piece| piece.is_word()) else {
            break;
        };
        name = format!("{name}.{}", part.text);
        length += dots + 1;
    }
    let read = if name.starts_with("google.protobuf.") {
        FieldType::container(name)
    } else {
        named(&name)
    };
    (read, length)
}

/// `[]T`, `[3]T`, `[T]`, `[T; 3]`.
fn read_bracketed(pieces: &[Piece<'_>], depth: usize) -> Option<(FieldType, usize)> {
    let close = match pieces {
        [_, close, ..] if close.is("]") => Some(2),
        [_, size, close, ..] if close.is("]") && size.kind == TokenKind::Number => Some(3),
        _ => None,
    };
    if let Some(close) = close {
        let (read, length) = read_type(&pieces[close..], depth + 1)?;
        let read = FieldType {
            is_surely_type: true,
            ..read.repeated()?
        };
        return Some((read, close + length));
    }
    let (read, length) = read_type(&pieces[1..], depth + 1)?;
    let rest = pieces.get(1 + length..)?;
    let close = rest.iter().position(|piece| piece.is("]"))?;
    let mut end = 1 + length + close + 1;
    if pieces.get(end).is_some_and(|piece| piece.is("!")) {
        end += 1;
    }
    Some((read.repeated()?, end))
}

/// `List<T>`, `Map<K, V>`, `map[K]V`, `Option<T>`: what stands behind the bracket that opens.
fn read_generic(
    container: &str,
    open: &Piece<'_>,
    pieces: &[Piece<'_>],
    depth: usize,
) -> Option<(FieldType, usize)> {
    let (first, mut end) = read_type(pieces, depth + 1)?;
    let closes = |piece: &Piece<'_>| matches!(piece.text, ">" | "]" | ")" | "}");
    if MAPS.contains(&container) {
        // Go closes the brackets behind the key.
        let of_go = open.is("[") && pieces.get(end).is_some_and(|piece| piece.is("]"));
        if of_go
            || pieces
                .get(end)
                .is_some_and(|piece| matches!(piece.text, "," | ":"))
        {
            end += 1;
        }
        let (value, length) = read_type(pieces.get(end..)?, depth + 1)?;
        end += length;
        if !of_go && pieces.get(end).is_some_and(closes) {
            end += 1;
        }
        let is_single = |read: &FieldType| read.label != Label::Repeated && !read.name.starts_with("map<");
        if !is_single(&first) || !is_single(&value) {
            return None;
        }
        let name = format!("map<{}, {}>", first.name, value.name);
        return Some((FieldType::container(name), end));
    }
    pieces.get(end).filter(|piece| closes(piece))?;
    let read = if LISTS.contains(&container) {
        first.repeated()?
    } else if OPTIONALS.contains(&container) {
        first.optional()
    } else {
        return None;
    };
    let read = FieldType {
        label: read.label,
        ..FieldType::container(read.name)
    };
    Some((read, end + 1))
}
