//! Lowers a text: what the parser cannot read and protoc can is written in another way, and put back after parsing.
//!
//! | in the text | for the parser |
//! |---|---|
//! | `extensions 5 [declaration = …]` | `extensions 5 to 5 [declaration = …]` |
//! | `reserved "two words"` | a name that stands for it |
//! | `json_name = "\xff"` | a text with characters that stand for the bytes |
//! | a field whose type is named `map` | a name that stands for it |
//! | `-inf`, integers of more than 64 bits | floats, as `literals` says |
//! | `-nan` as the value of an option, where its sign does not count | `nan` |
//! | `010`, `0x8` in a value in braces | a name that says so |
//! | `"\ud83d\ude00"`, `"\777"`, bytes that are no UTF-8 | the bytes that they stand for, in octal |
//! | `default = "\xff"` of a string | an option, whose text may be any bytes |
//! | what `edition = "…"` makes different | see `edition` |
//! | numbers of fields beyond 29 bits, as message sets have | a number that stands for them |
//! | a byte order mark | nothing |
//!
//! No edit has a line break in it, so that lines stay what they are.

use std::ops::Range;

use super::block::Block;
use super::comments::{After, CommentReader, Next};
use super::edition::{EditionText, Replacement};
use super::escapes::{octal, text_of_literals};
use super::literals::{lowered_literal, lowered_number};
use super::lowered::Lowered;
use super::tokens::{Token, TokenFault, TokenKind, tokens};
use crate::schema::descriptor::MAX_FIELD_NUMBER;
use crate::schema::stand_ins;

/// What stands for a name that the parser does not read, before its number.
pub(super) const PLACEHOLDER: &str = "protod_placeholder_";

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The option that stands for the default of a string, which may be no UTF-8.
pub(in crate::schema) const TEXT_DEFAULT: &str = "protod_default";

/// Lowers `text`.
pub(super) fn lower(text: &str) -> Result<Lowered<'_>, TokenFault> {
    let mut lowering = Lowering {
        text,
        replaced: Vec::new(),
        lowered: Lowered::of(text),
        opens_extensions: false,
        is_proto3: false,
        comments: CommentReader::new(),
    };
    lowering.read()?;
    let mut lowered = lowering.lowered;
    lowered.comments = lowering.comments.found();
    lowered.replace(lowering.replaced);
    Ok(lowered)
}

/// What a pair of braces holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Braces {
    /// Statements: of a message, an enum, a service, …
    Statements(Block),
    /// The value of an option.
    Value,
}

struct Lowering<'t> {
    text: &'t str,
    /// In the order of the text, in the end.
    replaced: Vec<Replacement>,
    /// What is found on the way. Its text is still the one that was written.
    lowered: Lowered<'t>,
    /// Whether the last statement opens a block of extensions.
    opens_extensions: bool,
    is_proto3: bool,
    comments: CommentReader,
}

impl Lowering<'_> {
    fn read(&mut self) -> Result<(), TokenFault> {
        // The parser takes it in comments.
        if let Some(zero) = self.text.find('\0') {
            return Err(TokenFault {
                span: zero..zero + 1,
                message: "the text holds a zero byte".into(),
                hint: Some("remove it: a zero byte is written \\0 in a literal, and stands nowhere else"),
            });
        }
        let mut braces = Vec::new();
        // The tokens of the statement that is being read, without values in braces.
        let mut statement = Vec::new();
        let mut before: Option<Token> = None;
        let mut is_first = true;
        // Where the statement stands.
        let mut block = Block::File;
        for token in tokens(self.text) {
            let gap = before.as_ref().map_or(0, |before| before.span.end)..token.span.start;
            let next = match token.kind {
                TokenKind::Sign(b'}' | b']' | b')') => Next::Closing,
                _ => Next::Token,
            };
            self.comments.read(&self.text[gap], next);
            if statement.is_empty() {
                block = match braces.last() {
                    Some(Braces::Statements(block)) => *block,
                    Some(Braces::Value) => Block::Other,
                    None => Block::File,
                };
            }
            let is_in_value = braces.last() == Some(&Braces::Value);
            let follows = |sign: u8| before.as_ref().is_some_and(|before| before.is_sign(sign));
            match token.kind {
                TokenKind::Sign(b'{') => {
                    let is_value = is_in_value || follows(b'=');
                    braces.push(if is_value {
                        Braces::Value
                    } else {
                        Braces::Statements(self.block_opened_by(&statement))
                    });
                }
                TokenKind::Sign(b'}') => {
                    braces.pop();
                }
                TokenKind::Number => {
                    let digits = &self.text[token.span.clone()];
                    expect_number(digits, &token)?;
                    let number = lowered_number(digits, is_in_value, follows(b'-'));
                    self.replaced
                        .extend(number.map(|number| (token.span.clone(), number)));
                }
                TokenKind::Text => {
                    let literal = &self.text[token.span.clone()];
                    self.replaced.extend(lowered_literal(literal, token.span.start));
                }
                TokenKind::Word => {
                    expect_blank(before.as_ref(), &token)?;
                    if follows(b'-') && self.is(&token, "inf") {
                        self.replace(token.span.clone(), "1e999".to_owned());
                    }
                    if !is_in_value && follows(b'-') && self.is(&token, "nan") {
                        self.minus_nan(&statement);
                    }
                }
                TokenKind::Sign(_) => {}
            }
            before = Some(token.clone());
            if is_in_value || braces.last() == Some(&Braces::Value) {
                continue;
            }
            let ends_statement = matches!(token.kind, TokenKind::Sign(b';' | b'{' | b'}'));
            statement.push(token);
            if ends_statement {
                let is_first = std::mem::take(&mut is_first);
                self.is_proto3 |= is_first && self.names_proto3(&statement);
                if is_first && let Some((edition, replaced)) = EditionText::begin(self.text, &statement)? {
                    self.lowered.edition = Some(edition);
                    self.replaced.extend(replaced);
                } else {
                    self.statement(&statement, block)?;
                }
                self.comments.behind(self.ended(&statement));
                statement.clear();
            }
        }
        let end = before.as_ref().map_or(0, |before| before.span.end);
        self.comments.read(&self.text[end..], Next::End);
        if self.text.starts_with(BYTE_ORDER_MARK) {
            self.replace(0..BYTE_ORDER_MARK.len_utf8(), String::new());
        }
        self.replaced.sort_by_key(|(span, _)| span.start);
        // Of two edits at one place the first is as good: the parser refuses what the other would have mended.
        let mut end = 0;
        self.replaced.retain(|(span, _)| {
            let is_free = span.start >= end;
            end = end.max(span.end);
            is_free
        });
        Ok(())
    }

    fn block_opened_by(&self, statement: &[Token]) -> Block {
        let words = statement
            .iter()
            .take(2)
            .map(|token| &self.text[token.span.clone()]);
        Block::opened_by(&words.collect::<Vec<_>>())
    }

    fn is(&self, token: &Token, word: &str) -> bool {
        &self.text[token.span.clone()] == word
    }

    fn replace(&mut self, span: Range<usize>, text: String) {
        self.replaced.push((span, text));
    }

    /// A name for the parser in place of `name`.
    fn placeholder(&mut self, name: String) -> String {
        self.lowered.names.push(name);
        format!("{PLACEHOLDER}{}", self.lowered.names.len() - 1)
    }

    /// What has ended with the last token of a statement.
    fn ended(&self, statement: &[Token]) -> After {
        match statement {
            [sign] if sign.is_sign(b';') => After::EmptyStatement,
            [.., brace] if brace.is_sign(b'}') => After::Block,
            // The place of what is exported is without that word.
            [visibility, element, ..]
                if self
                    .lowered
                    .edition
                    .as_ref()
                    .is_some_and(EditionText::has_visibility)
                    && (self.is(visibility, "export") || self.is(visibility, "local")) =>
            {
                After::Statement(element.span.start)
            }
            _ => After::Statement(statement.first().map_or(0, |first| first.span.start)),
        }
    }

    /// The digits of a number of a field for the parser.
    fn small_digits(&mut self, number: &Token) -> String {
        let digits = &self.text[number.span.clone()];
        let great = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
            Some(digits) => i32::from_str_radix(digits, 16).ok(),
            None if digits.starts_with('0') => i32::from_str_radix(digits, 8).ok(),
            None => digits.parse().ok(),
        };
        match great.filter(|number| *number > MAX_FIELD_NUMBER) {
            Some(great) => {
                self.lowered.numbers.insert(number.span.start, great);
                MAX_FIELD_NUMBER.to_string()
            }
            None => digits.to_owned(),
        }
    }

    /// The numbers of a field, or of ranges.
    fn numbers(&mut self, tokens: &[Token]) {
        for (index, token) in tokens.iter().enumerate() {
            let is_negative = index > 0 && tokens[index - 1].is_sign(b'-');
            if token.kind == TokenKind::Number && !is_negative {
                let digits = self.small_digits(token);
                if digits != self.text[token.span.clone()] {
                    self.replace(token.span.clone(), digits);
                }
            }
        }
    }

    /// `(a) = -nan`. The parser reads it in a default.
    fn minus_nan(&mut self, statement: &[Token]) {
        if let [.., name, equals, minus] = statement
            && equals.is_sign(b'=')
            && !self.is(name, "default")
        {
            self.replace(minus.span.clone(), String::new());
        }
    }

    /// Reads a statement, up to its semicolon or brace.
    fn statement(&mut self, tokens: &[Token], block: Block) -> Result<(), TokenFault> {
        if let Some(edition) = &mut self.lowered.edition {
            let replaced = edition.statement(self.text, tokens, block)?;
            self.replaced.extend(replaced);
        }
        self.json_name(tokens);
        let Some((first, rest)) = tokens.split_first() else {
            return Ok(());
        };
        let opens_extensions = std::mem::take(&mut self.opens_extensions);
        if opens_extensions && first.is_sign(b'}') {
            return Err(TokenFault {
                span: first.span.clone(),
                message: "a block of extensions has at least one".into(),
                hint: None,
            });
        }
        if first.is_sign(b';') && !block.has_empty_statements() {
            return Err(TokenFault {
                span: first.span.clone(),
                message: "a semicolon stands by itself, and only fields stand here".into(),
                hint: Some("leave it out"),
            });
        }
        // A type may begin with a dot.
        if first.kind != TokenKind::Word && !first.is_sign(b'.') {
            return Ok(());
        }
        match (block, &self.text[first.span.clone()]) {
            (Block::Message, "extensions") => self.extensions(rest),
            (Block::Message | Block::Enum, "reserved") => self.reserved(rest),
            (Block::File | Block::Message, "extend") => {
                self.opens_extensions = rest.last().is_some_and(|last| last.is_sign(b'{'));
            }
            _ => {
                let is_label = |token: &Token| {
                    ["optional", "required", "repeated"]
                        .iter()
                        .any(|label| self.is(token, label))
                };
                let field = if is_label(first) { rest } else { tokens };
                self.map_type(field);
                if !self.is(first, "repeated") {
                    self.text_default(field);
                }
                let equals = field.iter().position(|token| token.is_sign(b'='));
                if let Some(equals) = equals.filter(|equals| *equals > 1 && !self.is(first, "option"))
                    && let Some(number) = field.get(equals + 1)
                {
                    self.numbers(std::slice::from_ref(number));
                }
            }
        }
        Ok(())
    }

    /// `extensions 5 [` is written as a range.
    fn extensions(&mut self, tokens: &[Token]) {
        let Some(bracket) = tokens.iter().position(|token| token.is_sign(b'[')) else {
            return self.numbers(tokens);
        };
        self.numbers(&tokens[..bracket.saturating_sub(1)]);
        let [.., before, number] = &tokens[..bracket] else {
            if let [number] = &tokens[..bracket] {
                self.range_of_one(number);
            }
            return;
        };
        if self.is(before, "to") {
            self.numbers(std::slice::from_ref(number));
        } else {
            self.range_of_one(number);
        }
    }

    fn range_of_one(&mut self, number: &Token) {
        if number.kind == TokenKind::Number {
            let digits = self.small_digits(number);
            self.replace(number.span.clone(), format!("{digits} to {digits}"));
        }
    }

    /// Reserved names that are no identifiers get a name that stands for them.
    fn reserved(&mut self, tokens: &[Token]) {
        self.numbers(tokens);
        for literals in tokens.chunk_by(|one, next| one.kind == next.kind) {
            let Some(name) = self.text_of(literals) else {
                continue;
            };
            let mut bytes = name.bytes();
            let is_name = bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_name {
                let placeholder = self.placeholder(name);
                self.replace_texts(literals, &placeholder);
            }
        }
    }

    /// A name in JSON that is no UTF-8 gets stand-ins, since the parser looks it up as a text.
    fn json_name(&mut self, tokens: &[Token]) {
        for (index, name) in tokens.iter().enumerate() {
            let is_json_name = name.kind == TokenKind::Word && self.is(name, "json_name");
            if !is_json_name || index == 0 || !matches!(tokens[index - 1].kind, TokenKind::Sign(b'[' | b','))
            {
                continue;
            }
            let Some([equals, rest @ ..]) = tokens.get(index + 1..) else {
                continue;
            };
            let is_text = |token: &&Token| token.kind == TokenKind::Text;
            let literals = &rest[..rest.iter().take_while(is_text).count()];
            if equals.is_sign(b'=')
                && let Some(text) = self.text_of(literals)
                && stand_ins::has_any(text.as_bytes())
            {
                self.replace_texts(literals, &octal(text.as_bytes()));
            }
        }
    }

    /// The text of literals that follow each other.
    fn text_of(&self, literals: &[Token]) -> Option<String> {
        let first = literals.first()?;
        let written = literals.iter().map(|literal| &self.text[literal.span.clone()]);
        (first.kind == TokenKind::Text).then(|| text_of_literals(written))?
    }

    /// Writes one text in place of literals that follow each other, which keep their places.
    fn replace_texts(&mut self, literals: &[Token], text: &str) {
        for (index, literal) in literals.iter().enumerate() {
            let text = if index == 0 { text } else { "" };
            self.replace(literal.span.clone(), format!("\"{text}\""));
        }
    }

    /// Whether a statement is `syntax = "proto3";`.
    fn names_proto3(&self, statement: &[Token]) -> bool {
        match statement {
            [syntax, _, name, _] => {
                self.is(syntax, "syntax") && self.text[name.span.clone()].contains("proto3")
            }
            _ => false,
        }
    }

    /// The default of a string, if it has escapes. proto3 has none.
    fn text_default(&mut self, field: &[Token]) {
        if self.is_proto3 || !field.first().is_some_and(|kind| self.is(kind, "string")) {
            return;
        }
        for at in field.windows(3) {
            let [name, equals, text] = at else { continue };
            let is_default = self.is(name, "default") && equals.is_sign(b'=');
            let written = &self.text[text.span.clone()];
            let is_odd = written.contains('\\') || stand_ins::has_any(written.as_bytes());
            if is_default && is_odd {
                self.lowered
                    .text_defaults
                    .insert(name.span.start, text.span.start);
                self.replace(name.span.clone(), TEXT_DEFAULT.to_owned());
            }
        }
    }

    /// A field whose type is a message named `map`, and not a map.
    fn map_type(&mut self, field: &[Token]) {
        if let [kind, next, ..] = field
            && self.is(kind, "map")
            && next.kind == TokenKind::Word
        {
            let placeholder = self.placeholder("map".to_owned());
            self.replace(kind.span.clone(), placeholder);
        }
    }
}

/// Fails on a number with a point or an exponent whose first digits would make it octal.
fn expect_number(digits: &str, number: &Token) -> Result<(), TokenFault> {
    let bytes = digits.as_bytes();
    let is_octal = bytes[0] == b'0' && bytes.get(1).is_some_and(u8::is_ascii_digit);
    if is_octal && digits.contains(['.', 'e', 'E']) {
        return Err(TokenFault {
            span: number.span.clone(),
            message: "a number that begins with a zero is an octal integer".into(),
            hint: Some("leave out the zeros in front"),
        });
    }
    Ok(())
}

/// Fails on a word that follows a number without a blank.
fn expect_blank(before: Option<&Token>, word: &Token) -> Result<(), TokenFault> {
    match before {
        Some(number) if number.kind == TokenKind::Number && number.span.end == word.span.start => {
            Err(TokenFault {
                span: number.span.start..word.span.end,
                message: "a blank is needed between a number and a word".into(),
                hint: Some("a name begins with a letter or `_`"),
            })
        }
        _ => Ok(()),
    }
}
