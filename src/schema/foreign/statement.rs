//! A statement of a text, in whatever language: [`Statement`].

use super::piece::Piece;
use super::types::with_import;
use super::words::MODIFIERS;

/// What the braces around a statement are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    File,
    Message,
    Oneof,
    Enum,
    Service,
    Method,
    /// Something else.
    Value,
}

/// A statement, without what ends it.
#[derive(Debug)]
pub(super) struct Statement<'t> {
    pub(super) block: Block,
    pub(super) pieces: Vec<Piece<'t>>,
    /// `;`, `,`, `{` or `}`; nothing where a line ends it, or the text.
    pub(super) end: Option<u8>,
    /// Whether it is the first of the text.
    pub(super) is_first: bool,
    /// Whether each of its fields has a label.
    pub(super) has_labels: bool,
    /// A number that no statement of its braces has.
    pub(super) free_number: i64,
}

impl<'t> Statement<'t> {
    /// The pieces that are words, numbers and signs from one on.
    pub(super) fn rest(&self, from: usize) -> &[Piece<'t>] {
        self.pieces.get(from..).unwrap_or_default()
    }

    /// The place of the first word that is no modifier.
    pub(super) fn start(&self) -> usize {
        let mut start = 0;
        while let Some(piece) = self.pieces.get(start) {
            if piece.is("@") {
                // `@name(…)`
                let is_call = self.pieces.get(start + 2).is_some_and(|open| open.is("("));
                let close = self.pieces.iter().skip(start).position(|close| close.is(")"));
                start += close.filter(|_| is_call).map_or(2, |close| close + 1);
            } else if MODIFIERS.contains(&piece.text.to_lowercase().as_str()) {
                start += 1;
            } else {
                break;
            }
        }
        start.min(self.pieces.len())
    }

    /// A comment of SQL, or half of one of protobuf.
    pub(super) fn is_comment(&self) -> bool {
        match self.pieces.as_slice() {
            [one, two, ..] if one.is("-") && two.is("-") => true,
            [one, ..] => one.is("/"),
            [] => false,
        }
    }

    /// `interface {}` of Go, which is any value.
    pub(super) fn is_empty_interface(&self) -> bool {
        self.end == Some(b'{') && matches!(self.pieces.as_slice(), [word] if word.is("interface"))
    }

    /// "write …", unless it is what is written.
    pub(super) fn write(&self, mended: &str, text: &str) -> Option<String> {
        let written: String = self.pieces.iter().map(|piece| piece.text).collect();
        let bare: String = mended.split_whitespace().collect();
        if self.end == Some(b';') && bare.trim_end_matches(';') == written {
            return None;
        }
        let others = if self.end == Some(b',') {
            ", and alike what follows"
        } else {
            ""
        };
        Some(format!("write {}{others}", with_import(mended, text)))
    }

    /// For a mistake in the options of a field, which stand in brackets behind its number.
    pub(super) fn hint_within_brackets(&self, at: usize) -> Option<String> {
        let number = self.pieces.iter().position(|piece| piece.is("="))? + 1;
        let open = self.pieces.get(number + 1)?;
        if !open.is("[") || at <= open.at {
            return None;
        }
        let found = self.pieces.iter().position(|piece| piece.at >= at);
        let found = found.unwrap_or(self.pieces.len());
        let [.., before_name, name] = self.pieces.get(..found)? else {
            return None;
        };
        let is_whole = before_name.is("[") || before_name.is(",");
        if !is_whole || !name.is_word() {
            return None;
        }
        let value = match self.pieces.get(found..)? {
            [sign, value, ..] if sign.is(":") || sign.is("=") => value.text,
            _ => "true",
        };
        Some(match name.text {
            "required" | "deprecated" if value != "true" && value != "false" => return None,
            "required" => {
                "write `(buf.validate.field).required = true`, and `import \"buf/validate/validate.proto\";`"
                    .to_owned()
            }
            name => format!("write `{name} = {value}`"),
        })
    }
}
