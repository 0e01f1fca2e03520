//! Texts with an edition: what of them the parser cannot read, and prost-types has no fields for.
//!
//! For the parser they are texts of proto2, whose single fields have a label. What was written instead is kept in
//! [`EditionParts`].

use std::collections::HashMap;

use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorProto, MessageOptions, UninterpretedOption};

use super::block::Block;
use super::escapes::text_of_literals;
use super::tokens::{Token, TokenFault, TokenKind};
use crate::error::SourceText;
use crate::schema::each::each_message;
use crate::schema::features::{EDITION_2024, Edition, edition_named};
use crate::schema::places::offsets;

/// The numbers of `dependency` and `option_dependency` in `FileDescriptorProto`.
const DEPENDENCY: i32 = 3;
pub(in crate::schema) const OPTION_DEPENDENCY: i32 = 15;

pub(super) const EDITIONS_HINT: &str = "protod knows the editions 2023, 2024 and 2026";

/// `google.protobuf.SymbolVisibility`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schema) enum Visibility {
    Local = 1,
    Export = 2,
}

/// What a text with an edition says and its descriptor, in prost-types, cannot.
#[derive(Debug)]
pub(in crate::schema) struct EditionParts {
    pub(in crate::schema) edition: Edition,
    /// The files that are imported for their options alone.
    pub(in crate::schema) option_dependencies: Vec<String>,
    /// Of the messages and enums that name theirs, by the path of the element.
    pub(in crate::schema) visibility: HashMap<Vec<i32>, Visibility>,
}

/// What was taken out of a text with an edition.
#[derive(Debug)]
pub(super) struct EditionText {
    edition: Edition,
    /// How many of the last imports are for options alone.
    option_imports: usize,
    /// Of messages and enums, by the offset of the word `message` or `enum`.
    visibility: HashMap<usize, Visibility>,
}

/// A place that is to be written in another way.
pub(super) type Replacement = (std::ops::Range<usize>, String);

impl EditionText {
    /// Reads the first statement of a text. `None` if it names no edition.
    pub(super) fn begin(
        text: &str,
        tokens: &[Token],
    ) -> Result<Option<(Self, Vec<Replacement>)>, TokenFault> {
        let [word, equals, names @ .., end] = tokens else {
            return Ok(None);
        };
        let is_edition = &text[word.span.clone()] == "edition" && equals.is_sign(b'=') && end.is_sign(b';');
        let is_text = names.iter().all(|name| name.kind == TokenKind::Text);
        let (Some(first), true) = (names.first(), is_edition && is_text) else {
            return Ok(None);
        };
        // The parser refuses a literal that has no text.
        let Some(name) = text_of_literals(names.iter().map(|name| &text[name.span.clone()])) else {
            return Ok(None);
        };
        let Some(edition) = edition_named(&name) else {
            return Err(TokenFault {
                span: first.span.clone(),
                message: format!("the edition '{name}' is unknown").into(),
                hint: Some(EDITIONS_HINT),
            });
        };
        let mut replaced = vec![
            (word.span.clone(), "syntax".to_owned()),
            (first.span.clone(), "\"proto2\"".to_owned()),
        ];
        replaced.extend(names[1..].iter().map(|name| (name.span.clone(), String::new())));
        let taken = Self {
            edition,
            option_imports: 0,
            visibility: HashMap::new(),
        };
        Ok(Some((taken, replaced)))
    }

    /// Whether messages and enums may name their visibility.
    pub(super) fn has_visibility(&self) -> bool {
        self.edition >= EDITION_2024
    }

    /// Reads any other statement, which stands in `block`.
    pub(super) fn statement(
        &mut self,
        text: &str,
        tokens: &[Token],
        block: Block,
    ) -> Result<Vec<Replacement>, TokenFault> {
        let word = |index: usize| tokens.get(index).map_or("", |token| &text[token.span.clone()]);
        let fault = |index: usize, message: &'static str, hint: &'static str| {
            let span = tokens[index].span.clone();
            Err(TokenFault {
                span,
                message: message.into(),
                hint: Some(hint),
            })
        };
        match word(0) {
            "import" if block == Block::File => self.import(text, tokens),
            "reserved" if matches!(block, Block::Message | Block::Enum) => reserved(text, tokens),
            visibility @ ("export" | "local")
                if self.has_visibility() && matches!(block, Block::File | Block::Message) =>
            {
                if !matches!(word(1), "message" | "enum") {
                    return fault(
                        0,
                        "'export' and 'local' are for messages and enums",
                        "write it before `message` or `enum`",
                    );
                }
                let visibility = match visibility {
                    "export" => Visibility::Export,
                    _ => Visibility::Local,
                };
                self.visibility.insert(tokens[1].span.start, visibility);
                Ok(vec![(tokens[0].span.clone(), String::new())])
            }
            "}" | ";" | "" => Ok(Vec::new()),
            "message" | "enum" | "extend" | "oneof" | "option" | "extensions" if block == Block::Message => {
                Ok(Vec::new())
            }
            "optional" if block.has_labels() => fault(
                0,
                "a field of an edition has no label 'optional'",
                "leave it out: fields have presence unless features.field_presence says IMPLICIT",
            ),
            "required" if block.has_labels() => fault(
                0,
                "a field of an edition has no label 'required'",
                "write [features.field_presence = LEGACY_REQUIRED] after its number",
            ),
            "group" if block.has_fields() => group(tokens, 0),
            "repeated" if block.has_fields() && word(1) == "group" => group(tokens, 1),
            "repeated" => Ok(Vec::new()),
            "map" if word(1) == "<" => Ok(Vec::new()),
            _ if block.has_labels() => {
                let start = tokens[0].span.start;
                Ok(vec![(start..start, "optional ".to_owned())])
            }
            _ => Ok(Vec::new()),
        }
    }

    fn import(&mut self, text: &str, tokens: &[Token]) -> Result<Vec<Replacement>, TokenFault> {
        let fault = |index: usize, message: &'static str, hint: &'static str| {
            Err(TokenFault {
                span: tokens[index].span.clone(),
                message: message.into(),
                hint: Some(hint),
            })
        };
        let kind = tokens.get(1).map_or("", |token| &text[token.span.clone()]);
        match kind {
            "option" if self.edition < EDITION_2024 => fault(
                1,
                "only edition 2024 and later import options",
                "leave out `option`",
            ),
            "option" => {
                self.option_imports += 1;
                Ok(vec![(tokens[1].span.clone(), String::new())])
            }
            _ if self.option_imports > 0 => fault(
                0,
                "an import stands after one of options",
                "write the imports of options after all others",
            ),
            "weak" if self.edition >= EDITION_2024 => fault(
                1,
                "edition 2024 and later have no weak imports",
                "write `import option`",
            ),
            _ => Ok(Vec::new()),
        }
    }

    /// Gives a descriptor that was parsed what an edition makes of it, and takes out of it what it has no fields for.
    pub(super) fn restore(self, written: &SourceText, file: &mut FileDescriptorProto) -> EditionParts {
        file.syntax = Some("editions".to_owned());
        let first = file.dependency.len().saturating_sub(self.option_imports);
        let option_dependencies = file.dependency.split_off(first);
        let mut visibility = HashMap::with_capacity(self.visibility.len());
        let first = i32::try_from(first).unwrap_or(i32::MAX);
        let locations = file
            .source_code_info
            .iter_mut()
            .flat_map(|info| &mut info.location);
        for location in locations {
            match location.path.as_mut_slice() {
                [number @ DEPENDENCY, index] if *index >= first => {
                    *number = OPTION_DEPENDENCY;
                    *index -= first;
                }
                _ => {}
            }
            if is_type(&location.path)
                && let Some(place) = offsets(written.lines(), &location.span)
                && let Some(found) = self.visibility.get(&place.start)
            {
                visibility.insert(location.path.clone(), *found);
            }
        }
        each_message(file, copy_features_to_entries);
        EditionParts {
            edition: self.edition,
            option_dependencies,
            visibility,
        }
    }
}

/// Whether a path of `SourceCodeInfo` is that of a message or an enum.
fn is_type(path: &[i32]) -> bool {
    let mut pairs = path.chunks(2);
    matches!(pairs.next(), Some([4 | 5, _])) && pairs.all(|pair| matches!(pair, [3 | 4, _]))
}

/// Gives the key and the value of maps the features of their fields, as protoc does.
fn copy_features_to_entries(message: &mut DescriptorProto) {
    for field in message
        .field
        .iter()
        .filter(|field| field.r#type() == Type::Message)
    {
        let is_feature = |option: &&UninterpretedOption| {
            let part = option.name.first();
            part.is_some_and(|part| !part.is_extension && part.name_part == "features")
        };
        let options = field
            .options
            .iter()
            .flat_map(|options| &options.uninterpreted_option);
        let features: Vec<UninterpretedOption> = options.filter(is_feature).cloned().collect();
        if features.is_empty() {
            continue;
        }
        let entry = message.nested_type.iter_mut().find(|nested| {
            let is_entry = nested.options.as_ref().is_some_and(MessageOptions::map_entry);
            is_entry && nested.name == field.type_name
        });
        for member in entry.into_iter().flat_map(|entry| &mut entry.field) {
            let options = member.options.get_or_insert_default();
            options.uninterpreted_option.clone_from(&features);
        }
    }
}

/// Reserved names are identifiers, which the parser reads in quotes.
fn reserved(text: &str, tokens: &[Token]) -> Result<Vec<Replacement>, TokenFault> {
    if let Some(name) = tokens.iter().find(|token| token.kind == TokenKind::Text) {
        return Err(TokenFault {
            span: name.span.clone(),
            message: "reserved names are written without quotes in editions".into(),
            hint: Some("leave out the quotes"),
        });
    }
    // `reserved a, b;`, but not `reserved 1 to max;`.
    if tokens.get(1).is_none_or(|token| token.kind != TokenKind::Word) {
        return Ok(Vec::new());
    }
    // The parser joins texts that nothing is between.
    let joined = tokens[1..]
        .windows(2)
        .find(|pair| pair.iter().all(|token| token.kind == TokenKind::Word));
    if let Some([_, second]) = joined {
        return Err(TokenFault {
            span: second.span.clone(),
            message: "',' or ';' is missing before this word".into(),
            hint: Some("write a comma between reserved names, and a semicolon behind the last"),
        });
    }
    let names = tokens[1..].iter().filter(|token| token.kind == TokenKind::Word);
    let quoted = |name: &Token| (name.span.clone(), format!("\"{}\"", &text[name.span.clone()]));
    Ok(names.map(quoted).collect())
}

fn group<T>(tokens: &[Token], index: usize) -> Result<T, TokenFault> {
    Err(TokenFault {
        span: tokens[index].span.clone(),
        message: "editions have no groups".into(),
        hint: Some("declare a message, and a field of it with [features.message_encoding = DELIMITED]"),
    })
}
