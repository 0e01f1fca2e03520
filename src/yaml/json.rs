//! JSON, which most rules files of programs are, read faster than as YAML.
//!
//! JSON is YAML, so this decides nothing: it reads what is strictly JSON, to the same nodes with the same places. For all else, such as a
//! comment, a key that is there twice or a bracket that is not closed, it gives up, and the YAML parser reads the text, and
//! says what is wrong with it and where.
//!
//! The tokens are those of jsonc-parser's scanner, which knows their places; serde_json tells them only of errors.

use std::collections::HashSet;

use jsonc_parser::tokens::Token;
use jsonc_parser::{Scanner, ScannerOptions};

use super::node::{FEW_ENTRIES, MAX_DEPTH, MAX_NODES, Node, Yaml};
use super::scalar::resolve_plain;

/// What other kinds of JSON allow.
const STRICT: ScannerOptions = ScannerOptions {
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The root of a text that is an object or a list of JSON; `None` if it is none, or if something is wrong with it.
pub(super) fn read(text: &str) -> Option<Node> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut reader = Reader::default();
    let mut scanner = Scanner::new(text, &STRICT);
    let mut end = 0;
    while let Some(token) = scanner.scan().ok()? {
        let span = scanner.token_start()..scanner.token_end();
        if !is_blank(&text[end..span.start]) {
            return None;
        }
        end = span.end;
        match token {
            Token::OpenBrace => reader.open(span.start, true)?,
            Token::OpenBracket => reader.open(span.start, false)?,
            Token::CloseBrace => reader.close(span.end, true)?,
            Token::CloseBracket => reader.close(span.end, false)?,
            Token::Comma => reader.pass(Next::CommaOrEnd, Next::Item)?,
            Token::Colon => reader.pass(Next::Colon, Next::Value)?,
            Token::String(value) => {
                // The scanner takes line breaks for text.
                if text.as_bytes()[span.clone()].iter().any(|byte| *byte < b' ') {
                    return None;
                }
                let value = Yaml::Text(value.into_owned());
                reader.add(Node { span, value }, true)?;
            }
            Token::Number(_) | Token::Boolean(_) | Token::Null => {
                let value = resolve_plain(&text[span.clone()]);
                reader.add(Node { span, value }, false)?;
            }
            Token::Word(_) | Token::CommentLine(_) | Token::CommentBlock(_) => return None,
        }
    }
    reader.root.filter(|_| is_blank(&text[end..]))
}

/// Whether there are only blanks of JSON between two tokens: the scanner skips all those of Unicode.
fn is_blank(between: &str) -> bool {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    between.as_bytes().iter().all(is_blank)
}

/// What may come next.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Next {
    /// The value of a key, or the root.
    #[default]
    Value,
    /// The first item of a list or key of a mapping, or its end.
    FirstOrEnd,
    /// An item of a list, or a key of a mapping.
    Item,
    Colon,
    CommaOrEnd,
    /// The end of the text.
    Nothing,
}

/// A list or mapping that is being read.
#[derive(Debug)]
struct Open {
    start: usize,
    is_map: bool,
    /// How many nodes are not its own.
    before: usize,
}

#[derive(Debug, Default)]
struct Reader {
    open: Vec<Open>,
    /// The items, and the keys and values, of all that is open.
    nodes: Vec<Node>,
    next: Next,
    /// How many nodes there have been.
    read: usize,
    root: Option<Node>,
}

impl Reader {
    fn is_in_map(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_map)
    }

    fn open(&mut self, start: usize, is_map: bool) -> Option<()> {
        let may_begin = match self.next {
            Next::Value => true,
            Next::FirstOrEnd | Next::Item => !self.is_in_map(),
            _ => false,
        };
        if !may_begin || self.open.len() == MAX_DEPTH {
            return None;
        }
        let before = self.nodes.len();
        self.open.push(Open {
            start,
            is_map,
            before,
        });
        self.next = Next::FirstOrEnd;
        Some(())
    }

    fn close(&mut self, end: usize, is_map: bool) -> Option<()> {
        if !matches!(self.next, Next::FirstOrEnd | Next::CommaOrEnd) {
            return None;
        }
        let open = self.open.pop().filter(|open| open.is_map == is_map)?;
        let inside = self.nodes.drain(open.before..);
        let value = if is_map {
            let entries = pairs(inside);
            if has_key_twice(&entries) {
                return None;
            }
            Yaml::Map(entries)
        } else {
            Yaml::List(inside.collect())
        };
        let span = open.start..end;
        self.next = Next::Value;
        self.add(Node { span, value }, false)
    }

    /// Passes a comma or a colon.
    fn pass(&mut self, expected: Next, then: Next) -> Option<()> {
        let is_expected = self.next == expected;
        self.next = then;
        is_expected.then_some(())
    }

    fn add(&mut self, node: Node, may_be_key: bool) -> Option<()> {
        let is_key = match self.next {
            Next::Value => false,
            Next::FirstOrEnd | Next::Item => self.is_in_map(),
            _ => return None,
        };
        self.read += 1;
        if self.read > MAX_NODES || is_key && !may_be_key {
            return None;
        }
        if self.open.is_empty() {
            self.root = Some(node);
            self.next = Next::Nothing;
            return Some(());
        }
        self.nodes.push(node);
        self.next = if is_key { Next::Colon } else { Next::CommaOrEnd };
        Some(())
    }
}

/// Keys and values, which alternate.
fn pairs(mut nodes: impl ExactSizeIterator<Item = Node>) -> Vec<(Node, Node)> {
    let mut entries = Vec::with_capacity(nodes.len() / 2);
    while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
        entries.push((key, value));
    }
    entries
}

fn has_key_twice(entries: &[(Node, Node)]) -> bool {
    if entries.len() > FEW_ENTRIES {
        let mut seen = HashSet::with_capacity(entries.len());
        return !entries.iter().all(|(key, _)| seen.insert(key.text()));
    }
    let mut rest = entries.iter();
    while let Some((key, _)) = rest.next() {
        if rest.clone().any(|(other, _)| other.text() == key.text()) {
            return true;
        }
    }
    false
}
