//! A statement of a text, in whatever language: [`Statement`].

use super::numbers::Numbers;
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
    /// What opens the braces that it is in.
    pub(super) opener: Option<Opener<'t>>,
    /// The numbers that the statements of its braces have.
    pub(super) numbers: Numbers,
}

/// What stands in front of an open brace: `message M`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opener<'t> {
    keyword: Piece<'t>,
    name: Option<Piece<'t>>,
}

impl<'t> Opener<'t> {
    pub(super) fn of(pieces: &[Piece<'t>]) -> Option<Self> {
        let (keyword, rest) = pieces.split_first()?;
        let name = rest.first().filter(|name| name.is_word());
        Some(Self {
            keyword: *keyword,
            name: name.copied(),
        })
    }

    /// The brace and what is in front of it, and its line: "`message M {` of line 3".
    pub(super) fn placed(&self, text: &str) -> String {
        let line = text[..self.keyword.at].matches('\n').count() + 1;
        let name = self.name.map_or(String::new(), |name| format!("{} ", name.text));
        format!("`{} {name}{{` of line {line}", self.keyword.text)
    }
}

impl<'t> Statement<'t> {
    /// A number that nothing in its braces has, if there is any.
    pub(super) fn free_number(&self) -> Option<i64> {
        self.numbers.free().next()
    }

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
        let options = &self.pieces[number + 2..];
        let found = options
            .iter()
            .position(|piece| piece.at >= at)
            .unwrap_or(options.len());
        if options.first().is_some_and(|first| first.is("]")) {
            return Some("leave out the brackets, or write an option: `[deprecated = true]`".to_owned());
        }
        if self.end == Some(b';') && found == options.len() {
            return Some("options are separated by `,`, and `]` ends them".to_owned());
        }
        let start = options[..found]
            .iter()
            .rposition(|piece| piece.is(","))
            .map_or(0, |comma| comma + 1);
        let option = &options[start..];
        let sign = option
            .iter()
            .position(|piece| matches!(piece.text, "=" | ":" | ">" | "<" | "{" | "]" | ","))?;
        let path: String = option[..sign].iter().map(|piece| piece.text).collect();
        if path.is_empty() || path.starts_with('"') {
            return Some(
                "a list stands in braces: `(buf.validate.field).string = {in: [\"a\", \"b\"]}`".to_owned(),
            );
        }
        let rest = &option[sign..];
        let value = match rest {
            [sign, value, ..] if matches!(sign.text, "=" | ":" | ">" | "<") => value,
            [brace, ..] if brace.is("{") => brace,
            _ if path == "required" => {
                return Some(
                    "write `(buf.validate.field).required = true`, and `import \"buf/validate/validate.proto\";`"
                        .to_owned(),
                );
            }
            _ => return Some(format!("write `{path} = true`")),
        };
        let equals = rest.first().is_some_and(|first| first.is("="));
        match value.text {
            "[" => {
                let (rules, rule) = path.rsplit_once('.')?;
                let close = rest.iter().position(|piece| piece.is("]"))?;
                let list: String = rest[..=close]
                    .iter()
                    .skip_while(|piece| !piece.is("["))
                    .map(|piece| piece.text)
                    .collect();
                let list = list.replace(',', ", ");
                let numbers = list.trim_matches(['[', ']']).split_once(", ");
                Some(match (rule, numbers) {
                    ("range" | "between", Some((least, greatest))) => {
                        format!("write `{rules} = {{gte: {least}, lte: {greatest}}}`")
                    }
                    _ => format!("write `{rules} = {{{rule}: {list}}}`"),
                })
            }
            "/" | "`" => {
                Some("a text stands in double quotes, without slashes around it: `\"^a\"`".to_owned())
            }
            "r" if equals => {
                Some("a text has no letter in front of its quotes, and each backslash is doubled".to_owned())
            }
            "{" => Some(format!("write `{path} = {{…}}`")),
            text if !equals || !value.is_word() => Some(format!("write `{path} = {text}`")),
            text if rest.get(2).is_some_and(|colon| colon.is(":")) => {
                let value = rest.get(3).map_or("1", |value| value.text);
                Some(format!("write `{path} = {{{text}: {value}}}`"))
            }
            text if path == "json_name" => Some(format!("write `{path} = \"{text}\"`")),
            _ => Some("options are separated by `,`, and `]` ends them".to_owned()),
        }
    }
}
