//! What is written in the words of other languages, as protobuf writes it: for hints.
//!
//! The parser says what it expected and what it found, and a place. [`hint`] reads the statement around that place as those
//! who know TypeScript, Go, Rust, Java, Thrift, GraphQL or Avro write it, and gives the statement of protobuf that was meant.
//! Whatever it reads, the verdict and its wording are the parser's.

mod definition;
mod field;
mod field_type;
mod head;
mod method;
mod misplaced;
mod numbers;
mod piece;
mod rules;
mod statement;
mod types;
mod walk;
mod words;

pub(super) use self::head::VERBS;
pub(super) use self::rules::{OF_FIELD, RULES};
use self::statement::{Block, Statement};
pub(super) use self::types::{TYPES, container_hint, own_type, with_import};
use self::walk::statement_at;
use crate::schema::kind::{scalar_name, scalar_named};
use crate::schema::source::{TokenKind, tokens};

/// What a message has, for who writes something else.
const FIELD: &str = "a field is `string name = 1;`, a list `repeated string names = 1;`, \
                     a map `map<string, int32> counts = 1;`, and all else a message";

/// What a map is, for who writes another.
const MAP: &str =
    "a map is `map<string, int32> counts = 1;`: a list or a map in it is a field of a message of its own";

/// A hint for a statement that the parser does not understand, at this place of a text.
pub(super) fn hint(message: &str, text: &str, at: usize) -> Option<String> {
    let is_syntax = message.starts_with("expected ") || message == "invalid token";
    // What the linker says of the values of options, too, is what it expected.
    let is_value = message.contains(" for option '") || message.starts_with("expected an extension");
    if !is_syntax || is_value {
        return None;
    }
    if message.starts_with("expected comment terminator") {
        return Some("a comment that begins with `/*` ends with `*/`".to_owned());
    }
    let after = ["expected ';'", "expected '.' or ';'", "expected 'to', ',' or ';'"];
    let ended_early = after.iter().any(|begin| message.starts_with(begin));
    let statement = statement_at(text, at, ended_early)?;
    if let Some(hint) = statement.hint_within_brackets(at) {
        return Some(hint);
    }
    if let Some(hint) = misplaced::hint(&statement, text) {
        return Some(hint);
    }
    if statement.is_comment() {
        return Some("a comment begins with `//`".to_owned());
    }
    let is_early_end = message.ends_with("end of file");
    let odd = odd_character(text, at);
    match statement.block {
        Block::File => Some(at_file_level(&statement, text, odd)),
        Block::Message | Block::Oneof if odd.is_none() => {
            in_message(&statement, text).or_else(|| (!is_early_end).then(|| FIELD.to_owned()))
        }
        Block::Enum if odd.is_none() => statement.write(&field::mended_value(&statement)?, text),
        Block::Service => Some(in_service(&statement, text)),
        Block::Method => head::http(&statement, text),
        Block::Message | Block::Oneof | Block::Enum | Block::Value => odd.map(str::to_owned),
    }
}

/// What to do about a character that is in no word of protobuf.
fn odd_character(text: &str, at: usize) -> Option<&'static str> {
    let odd = text.get(at..)?.chars().next().filter(|odd| !odd.is_ascii())?;
    Some(match odd {
        '“' | '”' | '„' | '«' | '»' | '‘' | '’' => "write straight quotes: `\"`",
        odd if odd.is_whitespace() => "write a plain blank: this one is another",
        _ => "names have letters from `a` to `z`, digits and `_`",
    })
}

fn in_message(statement: &Statement<'_>, text: &str) -> Option<String> {
    if statement.is_empty_interface() {
        return Some(format!("write {}", with_import("google.protobuf.Value", text)));
    }
    let first = statement.pieces.first()?;
    match first.text {
        "reserved" | "extensions" => return statement.write(&field::mended_reserved(statement)?, text),
        "option" => return head::option(statement.rest(1)),
        _ => {}
    }
    if let [name, equals, value] = statement.pieces.as_slice()
        && equals.is("=")
    {
        let is_option = matches!(value.text, "true" | "false");
        return Some(match is_option {
            true => format!("write `option {} = {};`", name.text, value.text),
            false if scalar_named(name.text).is_some() => {
                format!("a field has a name: `{} name = {};`", name.text, value.text)
            }
            false => format!(
                "a field begins with its type: `string {} = {};`",
                name.text, value.text
            ),
        });
    }
    if let Some(begin) = definition::nested(statement) {
        return statement.write(&begin, text);
    }
    if statement.end == Some(b'{') && statement.pieces.iter().any(|piece| piece.is("=")) {
        return Some("options stand in brackets: `string name = 1 [deprecated = true];`".to_owned());
    }
    match field::mended(statement) {
        Some(mended) => statement.write(&mended, text),
        None if first.is("map") => Some(MAP.to_owned()),
        None => None,
    }
}

/// What to do about a label or a type that a field of a `oneof`, or a map, cannot have.
pub(super) fn label_hint(message: &str, text: &str, at: usize) -> Option<String> {
    let is_key = message.starts_with("a map field key type");
    let is_number = message.starts_with("numbers of fields are from");
    let of_oneof = message.ends_with("in a oneof") || message.starts_with("oneof fields");
    if !is_key && !is_number && !of_oneof && !message.starts_with("map fields cannot") {
        return None;
    }
    let statement = statement_at(text, at, false)?;
    match field::mended(&statement) {
        Some(mended) => {
            let mended = if is_key { field::with_text_key(&mended) } else { mended };
            statement.write(&mended, text)
        }
        None if of_oneof => Some(
            "put it into a message, `message Names { repeated string names = 1; }`, and write a field of that: `Names names = 1;`"
                .to_owned(),
        ),
        None => None,
    }
}

/// The rules of `buf.validate` that the field at a place may have.
pub(super) fn rules_type(text: &str, at: usize) -> Option<String> {
    let statement = statement_at(text, at, false)?;
    let field = field::mended(&statement)?;
    let first = field.split(' ').find(|word| *word != "optional")?;
    Some(
        match first {
            "repeated" => "repeated",
            "google.protobuf.Timestamp" => "timestamp",
            "google.protobuf.Duration" => "duration",
            map if map.starts_with("map<") => "map",
            scalar => scalar_named(scalar).and_then(scalar_name)?,
        }
        .to_owned(),
    )
}

/// The number of a value of an enum in a text.
pub(super) fn number_of_value(text: &str, name: &str) -> Option<String> {
    let pieces: Vec<&str> = tokens(text).map(|token| &text[token.span]).collect();
    let mut values = pieces.windows(3);
    let value =
        values.find(|value| value[0] == name && value[1] == "=" && value[2].parse::<i32>().is_ok())?;
    Some(value[2].to_owned())
}

/// A hint for a text with a backslash that begins no escape of protobuf: the text with each of them doubled.
pub(super) fn doubled_backslashes(text: &str, at: usize) -> Option<String> {
    let token = tokens(text).find(|token| token.kind == TokenKind::Text && token.span.contains(&at))?;
    let written = &text[token.span];
    let doubled = written.replace("\\\\", "\\").replace('\\', "\\\\");
    Some(format!("a backslash is doubled in a proto: `{doubled}`"))
}

/// A hint for the name of a type that is not defined, where the name of a field and its type stand the other way round.
pub(super) fn swapped(text: &str, at: usize) -> Option<String> {
    let statement = statement_at(text, at, false)?;
    let is_swapped = matches!(statement.pieces.as_slice(), [_, name, sign, ..] if sign.is("=") && scalar_named(name.text).is_some());
    let mended = field::mended(&statement).filter(|_| is_swapped)?;
    statement.write(&mended, text)
}

fn at_file_level(statement: &Statement<'_>, text: &str, odd: Option<&str>) -> String {
    head::mended(statement, text)
        .or_else(|| odd.map(str::to_owned))
        .or_else(|| definition::mended(statement))
        .unwrap_or_else(|| head::FILE.to_owned())
}

fn in_service(statement: &Statement<'_>, text: &str) -> String {
    let foreign = definition::in_service(statement).or_else(|| {
        let mended = method::mended(statement)?;
        statement.write(&mended, text)
    });
    foreign.unwrap_or_else(|| {
        "a method takes one message and returns one: `rpc Get(Request) returns (Response);`".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_other_languages_give_hints_at_any_place() {
        let texts = [
            "syntax = \"proto3\";\nmessage A {\n  names: [String!]! @a(b: 1)\n  1: map<string, list<i32>> a = ,\n}",
            "type A struct {\n  Names []string `json:\"n\"`\n  M map[string]*time.Time\n}",
            "@namespace(\"a\") protocol P { record R { union { null, string } a = null; } void f(int a) throws E; }",
            "service S { rpc A(stream<M>) returns M[] get: \"/a\" [x = {a: [1, {b: <c: 1>}]}] } reserved 1..3, a",
            "enum E : int { A = 1 << 3 | 2, B(\"b\"), C = -1 }\nimport { A, B } from './a'\noption (a).b = {",
            "unsigned long long x[3] = 1 [(a).b = ]; std::vector<std::map<a::b, c>> x; ((((((((([[[[[[<<<<",
        ];
        let messages = [
            "expected ';', but found 'x'",
            "expected '=', but found 'x'",
            "invalid token",
        ];
        for text in texts {
            for (at, _) in text.char_indices() {
                for message in messages {
                    let hint = hint(message, text, at).unwrap_or_default();
                    assert!(!hint.contains("``"), "{text} at {at}: {hint}");
                    label_hint("oneof fields cannot have labels", text, at);
                    swapped(text, at);
                }
            }
        }
    }
}
