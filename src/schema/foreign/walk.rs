//! Finds the statement in which a place is: [`statement_at`].
//!
//! It may be of any language, so it ends where a line does, too, or at a comma.

use crate::schema::source::{TokenKind, tokens};

use super::numbers::Numbers;
use super::piece::Piece;
use super::statement::{Block, Opener, Statement};
use super::words::{MESSAGES, MODIFIERS, ROOTS, SERVICES};

struct Open<'t> {
    block: Block,
    /// What stands in front of the brace: `message M`.
    opener: Option<Opener<'t>>,
    /// Where its numbers are among all.
    numbers: usize,
}

struct Walk<'t> {
    at: usize,
    opened: Vec<Open<'t>>,
    /// Those of each pair of braces. The fields of a oneof have numbers of its message.
    numbers: Vec<Numbers>,
    current: Vec<Piece<'t>>,
    before: Vec<Piece<'t>>,
    nested: usize,
    count: usize,
    found: Option<Found<'t>>,
}

struct Found<'t> {
    statement: Statement<'t>,
    /// Where its numbers are among all, and how many braces are open while there may be more of them.
    numbers: usize,
    depth: usize,
}

/// The statement at an offset, or the one before it if that ends there too early.
pub(super) fn statement_at(text: &str, at: usize, ended_early: bool) -> Option<Statement<'_>> {
    let mut walk = Walk {
        at,
        opened: vec![Open {
            block: Block::File,
            opener: None,
            numbers: 0,
        }],
        numbers: vec![Numbers::default()],
        current: Vec::new(),
        before: Vec::new(),
        nested: 0,
        count: 0,
        found: None,
    };
    for token in tokens(text) {
        let piece = Piece {
            kind: token.kind,
            text: &text[token.span.clone()],
            at: token.span.start,
        };
        walk.read(piece, text, ended_early);
        if walk
            .found
            .as_ref()
            .is_some_and(|found| walk.opened.len() < found.depth)
        {
            break;
        }
    }
    walk.ends(text.len(), None, ended_early);
    let found = walk.found?;
    Some(Statement {
        has_labels: text.contains("\"proto2\""),
        numbers: walk.numbers.swap_remove(found.numbers),
        ..found.statement
    })
}

impl<'t> Walk<'t> {
    fn read(&mut self, piece: Piece<'t>, text: &str, ended_early: bool) {
        let breaks = self.current.last().is_some_and(|last| {
            // A field whose number is missing ends with its line.
            let is_field = self
                .opened
                .last()
                .is_some_and(|open| matches!(open.block, Block::Message | Block::Enum));
            let is_value = last.is("=") && !(is_field && piece.is_word());
            let is_open = is_value || matches!(last.text, "(" | "<" | "," | "." | ":" | "|");
            let begins =
                !piece.is("returns") && (piece.is_word() || piece.is("@") || piece.kind == TokenKind::Number);
            self.nested == 0 && begins && !is_open && text[last.end()..piece.at].contains('\n')
        });
        if breaks {
            self.ends(piece.at, None, ended_early);
        }
        let TokenKind::Sign(sign) = piece.kind else {
            self.current.push(piece);
            return;
        };
        let first = self.current.first().map_or("", |first| first.text);
        let has_own_braces = matches!(first, "option" | "import");
        let in_statement = self.opened.last().is_some_and(|open| open.block != Block::File);
        match sign {
            b';' => self.ends(piece.end(), Some(sign), ended_early),
            b',' if self.nested == 0 && in_statement && !matches!(first, "reserved" | "extensions") => {
                self.ends(piece.end(), Some(sign), ended_early);
            }
            b'{' if self.nested == 0 && !has_own_braces => {
                let block = self.block_of_current();
                let opener = Opener::of(&self.current);
                self.ends(piece.end(), Some(sign), ended_early);
                self.before.clear();
                self.open(block, opener);
            }
            b'}' if self.nested == 0 => {
                self.ends(piece.end(), Some(sign), ended_early);
                self.before.clear();
                if self.opened.len() > 1 {
                    self.opened.pop();
                }
            }
            _ => {
                match sign {
                    b'(' | b'[' | b'<' | b'{' => self.nested += 1,
                    b')' | b']' | b'>' | b'}' => self.nested = self.nested.saturating_sub(1),
                    _ => {}
                }
                self.current.push(piece);
            }
        }
    }

    /// What the braces are that open behind the pieces so far.
    fn block_of_current(&self) -> Block {
        let is_in_service = self
            .opened
            .last()
            .is_some_and(|open| open.block == Block::Service);
        if is_in_service {
            return Block::Method;
        }
        let mut words = self.current.iter().filter(|piece| piece.is_word());
        if words.clone().any(|word| word.is("group")) {
            return Block::Message;
        }
        let Some(word) = words.find(|word| !MODIFIERS.contains(&word.text)) else {
            return Block::Value;
        };
        if words.next().is_some_and(|name| ROOTS.contains(&name.text)) {
            return Block::Service;
        }
        match word.text.to_lowercase().as_str() {
            "message" | "extend" => Block::Message,
            "service" => Block::Service,
            "enum" | "enumeration" => Block::Enum,
            "oneof" | "union" => Block::Oneof,
            word if MESSAGES.contains(&word) => Block::Message,
            word if SERVICES.contains(&word) => Block::Service,
            _ => Block::Value,
        }
    }

    /// Opens a pair of braces.
    fn open(&mut self, block: Block, opener: Option<Opener<'t>>) {
        let around = self.opened.last().map_or(0, |open| open.numbers);
        let numbers = if block == Block::Oneof {
            around
        } else {
            self.numbers.push(Numbers::new(block == Block::Enum));
            self.numbers.len() - 1
        };
        self.opened.push(Open {
            block,
            opener,
            numbers,
        });
    }

    /// Ends the statement of the pieces so far, of which what ends at `end` is the last.
    fn ends(&mut self, end: usize, sign: Option<u8>, ended_early: bool) {
        let pieces = std::mem::take(&mut self.current);
        self.nested = 0;
        let depth = self.opened.len();
        let Some(open) = self.opened.last() else {
            return;
        };
        self.numbers[open.numbers].add(&pieces);
        if self.found.is_some() {
            return;
        }
        let starts_there = pieces.first().is_none_or(|first| first.at >= self.at);
        let is_before = ended_early && starts_there && !self.before.is_empty();
        if self.at < end || (self.at == end && sign.is_none() && !starts_there) {
            let (pieces, end) = if is_before {
                (std::mem::take(&mut self.before), None)
            } else {
                (pieces, sign)
            };
            let statement = Statement {
                block: open.block,
                pieces,
                end,
                opener: open.opener,
                is_first: self.count == 0,
                has_labels: false,
                numbers: Numbers::default(),
            };
            self.found = Some(Found {
                statement,
                numbers: open.numbers,
                depth: depth - usize::from(open.block == Block::Oneof),
            });
            return;
        }
        self.count += 1;
        self.before = pieces;
    }
}
