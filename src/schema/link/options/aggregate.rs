//! Reads the value of an option in braces: a message in protobuf's text format.
//!
//! The parser of protos hands it over as its tokens, with a blank between each. It has counted the braces, so the recursion
//! here is bounded too.

use prost_reflect::{Kind, MessageDescriptor};

use super::contents::{Contents, Slot, Value};
use super::fault::{Fault, Lookup};
use super::literal::Literal;
use crate::schema::named::field_named;
use crate::schema::source::OTHER_BASE;

/// The message that holds another of any type.
const ANY: &str = "google.protobuf.Any";

/// What may stand before the name of a type in an Any.
const DOMAINS: [&str; 2] = ["type.googleapis.com", "type.googleprod.com"];

/// Reads a message.
pub(super) fn read_aggregate(
    text: &str,
    descriptor: &MessageDescriptor,
    names: &dyn Lookup,
) -> Result<Contents, Fault> {
    let mut reader = Reader {
        tokens: tokens(text)?,
        next: 0,
        names,
    };
    reader.message(descriptor, None)
}

/// A token of the text format.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Integer(u64),
    /// An integer in octal or hexadecimal digits, which is no float.
    OtherBase(u64),
    Float(f64),
    Text(Vec<u8>),
    Sign(char),
}

/// The tokens of a text in which the parser of protos has put a blank between each.
fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => end_of_text(rest),
            '-' | '+' | '{' | '}' | '[' | ']' | '<' | '>' | ',' | ':' | ';' | '/' | '.' | '(' | ')' | '=' => {
                1
            }
            _ => rest.find(' ').unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(match first {
            '"' => Token::Text(unescaped(&token[1..token.len() - 1])),
            '0'..='9' => match token.parse() {
                Ok(integer) => Token::Integer(integer),
                Err(_) => Token::Float(token.parse().map_err(|_| format!("'{token}' is no number"))?),
            },
            sign if length == 1 && sign.is_ascii_punctuation() && sign != '_' => Token::Sign(sign),
            _ => match token
                .strip_prefix(OTHER_BASE)
                .and_then(|digits| digits.parse().ok())
            {
                Some(integer) => Token::OtherBase(integer),
                None => Token::Word(token.to_owned()),
            },
        });
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// The length of a text in quotes at the beginning of `rest`.
fn end_of_text(rest: &str) -> usize {
    let mut is_escaped = false;
    let end = rest.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(rest.len(), |end| end + 2)
}

/// The bytes of a text as the parser of protos escapes it: as `std::ascii::escape_default` does.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b'x') => {
                let mut digit = || {
                    rest.next()
                        .and_then(|digit| char::from(digit).to_digit(16))
                        .unwrap_or(0)
                };
                (digit() * 16 + digit()) as u8
            }
            Some(other) => other,
            None => b'\\',
        });
    }
    bytes
}

struct Reader<'n> {
    tokens: Vec<Token>,
    next: usize,
    names: &'n dyn Lookup,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    /// Takes the next token if it is this sign.
    fn takes(&mut self, sign: char) -> bool {
        let is_there = self.peek() == Some(&Token::Sign(sign));
        self.next += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, sign: char) -> Result<(), String> {
        if self.takes(sign) {
            return Ok(());
        }
        Err(format!("expected '{sign}', but found {}", self.found()))
    }

    fn found(&self) -> String {
        match self.peek() {
            Some(Token::Word(word)) => format!("'{word}'"),
            Some(Token::Integer(integer) | Token::OtherBase(integer)) => format!("'{integer}'"),
            Some(Token::Float(float)) => format!("'{float}'"),
            Some(Token::Text(_)) => "a text".to_owned(),
            Some(Token::Sign(sign)) => format!("'{sign}'"),
            None => "the end".to_owned(),
        }
    }

    /// Reads fields up to the sign that ends the message, or to the end.
    fn message(&mut self, descriptor: &MessageDescriptor, end: Option<char>) -> Result<Contents, Fault> {
        let mut contents = Contents::new(descriptor.clone());
        loop {
            match end {
                Some(end) if self.takes(end) => break,
                None if self.peek().is_none() => break,
                _ => self.field(&mut contents)?,
            }
        }
        if descriptor.is_map_entry() {
            complete_entry(&mut contents);
        }
        Ok(contents)
    }

    fn field(&mut self, contents: &mut Contents) -> Result<(), Fault> {
        if self.takes('[') {
            let name = self.name_in_brackets()?;
            if contents.descriptor.full_name() == ANY {
                return self.any(contents, &name);
            }
            expect_name(&name)?;
            let slot = {
                let message = contents.descriptor.full_name();
                let scope = message.rsplit_once('.').map_or("", |(scope, _)| scope);
                self.names.extension(&contents.descriptor, &name, scope)?
            };
            return self.values(contents, &slot);
        }
        let Some(Token::Word(name)) = self.peek().cloned() else {
            return Err(format!("expected the name of a field, but found {}", self.found()).into());
        };
        self.next += 1;
        let Some(slot) = find_field(&contents.descriptor, &name) else {
            if contents
                .descriptor
                .reserved_names()
                .any(|reserved| reserved == name)
            {
                return Ok(self.skip_values()?);
            }
            return Err(format!("'{}' has no field '{name}'", contents.descriptor.full_name()).into());
        };
        self.values(contents, &slot)
    }

    /// The name between brackets: of an extension, or of the type in an Any, with its domain.
    fn name_in_brackets(&mut self) -> Result<String, String> {
        let mut name = String::new();
        while !self.takes(']') {
            match self.peek() {
                Some(Token::Word(word)) => name.push_str(word),
                Some(Token::Integer(integer) | Token::OtherBase(integer)) => {
                    name.push_str(&integer.to_string());
                }
                Some(Token::Sign(sign @ ('.' | '/' | '-'))) => name.push(*sign),
                _ => return Err(format!("expected ']', but found {}", self.found())),
            }
            self.next += 1;
        }
        Ok(name)
    }

    /// The value of a field and what may follow it: one value, or a list in brackets.
    fn values(&mut self, contents: &mut Contents, slot: &Slot) -> Result<(), Fault> {
        let is_message = matches!(slot.kind, Kind::Message(_));
        if !self.takes(':') && !is_message {
            return Err(format!("expected ':' after '{}', but found {}", slot.name, self.found()).into());
        }
        if slot.is_list && self.takes('[') {
            let mut is_first = true;
            while !self.takes(']') {
                if !is_first {
                    self.expect(',')?;
                }
                is_first = false;
                let value = self.value(slot)?;
                contents.push(slot, value);
            }
        } else {
            if !slot.is_list && contents.has(slot.number) {
                return Err(format!("'{}' is set twice", slot.name).into());
            }
            if let Some(rival) = contents.rival(slot) {
                return Err(format!("'{rival}' and '{}' are in one oneof", slot.name).into());
            }
            let value = self.value(slot)?;
            contents.push(slot, value);
        }
        let _ = self.takes(',') || self.takes(';');
        Ok(())
    }

    /// Skips what is in a field that is no more, and whose name is reserved.
    fn skip_values(&mut self) -> Result<(), String> {
        let has_colon = self.takes(':');
        if has_colon && self.takes('[') {
            let mut is_first = true;
            while !self.takes(']') {
                if !is_first {
                    self.expect(',')?;
                }
                is_first = false;
                self.skip_value(true)?;
            }
        } else {
            self.skip_value(has_colon)?;
        }
        let _ = self.takes(',') || self.takes(';');
        Ok(())
    }

    /// Skips a message, or another value where there `may_be` one.
    fn skip_value(&mut self, may_be: bool) -> Result<(), String> {
        for (begin, end) in [('{', '}'), ('<', '>')] {
            if self.takes(begin) {
                while !self.takes(end) {
                    if self.takes('[') {
                        self.name_in_brackets()?;
                    } else if let Some(Token::Word(_)) = self.peek() {
                        self.next += 1;
                    } else {
                        return Err(format!(
                            "expected the name of a field, but found {}",
                            self.found()
                        ));
                    }
                    self.skip_values()?;
                }
                return Ok(());
            }
        }
        if may_be {
            return self.literal().map(|_| ());
        }
        self.expect('{')
    }

    fn value(&mut self, slot: &Slot) -> Result<Value, Fault> {
        if let Kind::Message(descriptor) = &slot.kind {
            return Ok(Value::Message(self.braces(descriptor)?));
        }
        if matches!(slot.kind, Kind::Float | Kind::Double) {
            let at = self.next + usize::from(self.peek() == Some(&Token::Sign('-')));
            if let Some(Token::OtherBase(_)) = self.tokens.get(at) {
                return Err(format!("'{}' takes a decimal number", slot.name).into());
            }
        }
        let literal = self.literal()?;
        let value = match (&slot.kind, &literal) {
            (Kind::Bool, literal) => boolean(literal).map(|value| Value::Varint(value.into())),
            (
                Kind::Enum(found),
                Literal::Integer {
                    is_negative,
                    magnitude,
                },
            ) => {
                let number = if *is_negative {
                    -i128::from(*magnitude)
                } else {
                    i128::from(*magnitude)
                };
                let number = i32::try_from(number).ok();
                let number = number.filter(|number| {
                    !crate::schema::features::is_closed(found) || found.get_value(*number).is_some()
                });
                number.map(|number| Value::Varint(i64::from(number) as u64))
            }
            (Kind::Float | Kind::Double, Literal::Word(word)) => {
                let word = word.to_ascii_lowercase().replace("infinity", "inf");
                Literal::Word(word).value(&slot.kind).ok()
            }
            _ => None,
        };
        match value {
            Some(value) => Ok(value),
            None => literal
                .value(&slot.kind)
                .map_err(|due| format!("'{}' takes {due}", slot.name).into()),
        }
    }

    fn braces(&mut self, descriptor: &MessageDescriptor) -> Result<Contents, Fault> {
        if self.takes('<') {
            return self.message(descriptor, Some('>'));
        }
        self.expect('{')?;
        self.message(descriptor, Some('}'))
    }

    fn literal(&mut self) -> Result<Literal, String> {
        let is_negative = self.takes('-');
        let found = self.found();
        let Some(token) = self.peek().cloned() else {
            return Err("expected a value, but found the end".to_owned());
        };
        self.next += 1;
        Ok(match token {
            Token::Integer(magnitude) | Token::OtherBase(magnitude) => Literal::Integer {
                is_negative,
                magnitude,
            },
            Token::Float(value) => Literal::Float(if is_negative { -value } else { value }),
            Token::Word(word) if is_negative => match word.to_ascii_lowercase().as_str() {
                "inf" | "infinity" => Literal::Float(f64::NEG_INFINITY),
                "nan" => Literal::Float(-f64::NAN),
                _ => return Err(format!("expected a number after '-', but found {found}")),
            },
            Token::Word(word) => Literal::Word(word),
            Token::Text(mut text) if !is_negative => {
                // Texts that follow each other are one.
                while let Some(Token::Text(more)) = self.peek() {
                    text.extend_from_slice(more);
                    self.next += 1;
                }
                Literal::Text(text)
            }
            Token::Text(_) | Token::Sign(_) => return Err(format!("expected a value, but found {found}")),
        })
    }

    /// The contents of an Any, by the name of their type.
    fn any(&mut self, contents: &mut Contents, url: &str) -> Result<(), Fault> {
        let any = &contents.descriptor;
        let (domain, type_name) = url.rsplit_once('/').unwrap_or(("", url));
        if !DOMAINS.contains(&domain) {
            let hint = format!("write [{}/{type_name}]", DOMAINS[0]);
            return Err(Fault {
                message: format!("[{url}] is no type that can be in an Any"),
                hint: Some(hint),
            });
        }
        let fields = (any.get_field(1), any.get_field(2));
        let (Some(descriptor), (Some(type_url), Some(value))) = (self.names.message(type_name), fields)
        else {
            return Err(format!("name '{type_name}' is not defined").into());
        };
        let _ = self.takes(':');
        let inner = self.braces(&descriptor)?;
        if let Some(field) = inner.lacks() {
            return Err(
                format!("the '{type_name}' in an Any lacks the field '{field}', which is required").into(),
            );
        }
        if contents.has(1) || contents.has(2) {
            return Err("an Any holds one message".to_owned().into());
        }
        contents.push(&Slot::of_field(&type_url), Value::Bytes(url.as_bytes().to_vec()));
        let bytes = inner.encode();
        if !bytes.is_empty() {
            contents.push(&Slot::of_field(&value), Value::Bytes(bytes));
        }
        let _ = self.takes(',') || self.takes(';');
        Ok(())
    }
}

/// Fails on what is no name of an extension. It may be relative, and has no dot in front.
fn expect_name(name: &str) -> Result<(), String> {
    let is_identifier =
        |part: &str| part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if name.contains(['/', '-']) || !name.split('.').all(is_identifier) {
        return Err(format!("'{name}' is no name of an extension"));
    }
    Ok(())
}

/// A field by its name, or a group by the name of its message.
fn find_field(descriptor: &MessageDescriptor, name: &str) -> Option<Slot> {
    let field = field_named(descriptor, name).or_else(|| {
        let group = field_named(descriptor, &name.to_ascii_lowercase())?;
        let is_named_so = matches!(group.kind(), Kind::Message(message) if message.name() == name);
        (group.is_group() && is_named_so).then_some(group)
    })?;
    Some(Slot::of_field(&field))
}

fn boolean(literal: &Literal) -> Option<bool> {
    match literal {
        Literal::Word(word) => match word.as_str() {
            "true" | "True" | "t" => Some(true),
            "false" | "False" | "f" => Some(false),
            _ => None,
        },
        Literal::Integer {
            is_negative: false,
            magnitude: 0,
        } => Some(false),
        Literal::Integer {
            is_negative: false,
            magnitude: 1,
        } => Some(true),
        _ => None,
    }
}

/// The entry of a map is written with its key and value, also where they are the default.
fn complete_entry(entry: &mut Contents) {
    for number in [1, 2] {
        let Some(field) = entry.descriptor.get_field(number) else {
            continue;
        };
        let slot = Slot::of_field(&field);
        if entry.has(number) {
            continue;
        }
        let value = match &slot.kind {
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Value::Fixed32(0),
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Value::Fixed64(0),
            Kind::String | Kind::Bytes => Value::Bytes(Vec::new()),
            Kind::Message(message) => Value::Message(Contents::new(message.clone())),
            _ => Value::Varint(0),
        };
        entry.push(&slot, value);
    }
}
