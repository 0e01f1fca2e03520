//! Random templates that copy and compute, as in a rule.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::{FieldDescriptor, Kind, MapKey, MessageDescriptor, OneofDescriptor, Value};
use serde_json::{Value as Json, json};

use crate::choices::Choices;
use crate::expression::{Expr, Type, Writer};
use crate::message::value;
use crate::path::Path;

/// A message to write: the fields that it sets, in the order of their numbers.
#[derive(Debug)]
pub(crate) struct Template(pub(crate) Vec<(FieldDescriptor, Content)>);

/// What a field, an element or an entry is set to.
#[derive(Debug)]
pub(crate) enum Content {
    /// The value at a path of the request.
    Copy(Path),
    Expr(Expr),
    /// Text with an expression in it.
    Joined(Expr),
    Constant(Value),
    Message(Template),
    List(Vec<Content>),
    Map(Vec<(MapKey, Content)>),
}

/// How deep templates and expressions are, at most.
const DEPTH: usize = 3;

/// A template of that type over the fields at these paths, in a loop.
pub(crate) fn template(
    descriptor: &MessageDescriptor,
    paths: &[Path],
    depth: usize,
    choices: &mut Choices<'_>,
) -> Template {
    let mut set: Vec<OneofDescriptor> = Vec::new();
    let mut fields: Vec<FieldDescriptor> = descriptor.fields().collect();
    fields.sort_by_key(FieldDescriptor::number);
    let contents = fields.into_iter().filter_map(|field| {
        let content = field_content(&field, paths, depth, choices)?;
        let copies = matches!(content, Content::Copy(_));
        // A rule may set one member of a oneof; any number of them may copy what is set in the request.
        if let Some(oneof) = field.containing_oneof().filter(|_| !copies) {
            if set.contains(&oneof) {
                return None;
            }
            set.push(oneof);
        }
        Some((field, content))
    });
    Template(contents.collect())
}

fn field_content(
    field: &FieldDescriptor,
    paths: &[Path],
    depth: usize,
    choices: &mut Choices<'_>,
) -> Option<Content> {
    match choices.below(4) {
        0 => return None,
        1 => return copy(|path| fits_field(field, path.field()), paths, choices),
        _ => {}
    }
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let keys = entry.map_entry_key_field().kind();
        let values = entry.map_entry_value_field().kind();
        let mut entries: Vec<(MapKey, Content)> = Vec::new();
        for _ in 0..choices.below(3) {
            let key = value(&keys, 0, choices).into_map_key()?;
            if let Some(content) = content(&values, paths, depth, choices)
                && entries.iter().all(|(other, _)| *other != key)
            {
                entries.push((key, content));
            }
        }
        return Some(Content::Map(entries));
    }
    if field.is_list() {
        let items = (0..choices.below(4)).filter_map(|_| content(&field.kind(), paths, depth, choices));
        return Some(Content::List(items.collect()));
    }
    content(&field.kind(), paths, depth, choices)
}

/// One value.
fn content(kind: &Kind, paths: &[Path], depth: usize, choices: &mut Choices<'_>) -> Option<Content> {
    let wanted = Type::of(kind);
    match (kind, choices.below(4)) {
        (_, 0) => copy(
            |path| path.kind().is_some_and(|from| fits(kind, &from)),
            paths,
            choices,
        ),
        (Kind::Message(descriptor), _) => {
            let depth = depth.checked_sub(1)?;
            Some(Content::Message(template(descriptor, paths, depth, choices)))
        }
        (Kind::String, 2) => {
            let shown = *choices.pick(&[Type::Text, Type::Int, Type::Uint, Type::Truth]);
            Some(Content::Joined(
                Writer {
                    paths,
                    looped: true,
                    choices,
                }
                .expr(shown, DEPTH),
            ))
        }
        (_, 2 | 3) if wanted.is_some() => {
            let expr = Writer {
                paths,
                looped: true,
                choices,
            }
            .expr(wanted?, DEPTH);
            Some(match expr {
                Expr::Field(path) => Content::Copy(path),
                expr => Content::Expr(expr),
            })
        }
        (Kind::Enum(_), _) => Some(Content::Constant(Value::EnumNumber(*choices.pick(&[0, 1, -2])))),
        _ => Some(Content::Constant(value(kind, 0, choices))),
    }
}

fn copy(fits: impl Fn(&Path) -> bool, paths: &[Path], choices: &mut Choices<'_>) -> Option<Content> {
    let fitting: Vec<&Path> = paths.iter().filter(|path| fits(path)).collect();
    if fitting.is_empty() {
        return None;
    }
    Some(Content::Copy((*choices.pick(&fitting)).clone()))
}

/// Whether a field may be set from another: one value, a list or a map, of kinds that fit.
fn fits_field(field: &FieldDescriptor, from: &FieldDescriptor) -> bool {
    if field.is_map() != from.is_map() || field.is_list() != from.is_list() {
        return false;
    }
    match (field.kind(), from.kind()) {
        (Kind::Message(entry), Kind::Message(other)) if field.is_map() => {
            fits(
                &entry.map_entry_key_field().kind(),
                &other.map_entry_key_field().kind(),
            ) && fits(
                &entry.map_entry_value_field().kind(),
                &other.map_entry_value_field().kind(),
            )
        }
        (kind, from) => fits(&kind, &from),
    }
}

/// Whether a value of one kind may be set from another; a number that is out of range still fails.
fn fits(kind: &Kind, from: &Kind) -> bool {
    match (kind, from) {
        (Kind::Message(one), Kind::Message(other)) => one == other,
        (Kind::Enum(one), Kind::Enum(other)) => one == other,
        (Kind::Message(_), _) | (_, Kind::Message(_)) => false,
        (Kind::Enum(_), from) => matches!(Type::of(from), Some(Type::Int | Type::Uint)),
        (kind, Kind::Enum(_)) => matches!(Type::of(kind), Some(Type::Int | Type::Uint)),
        (kind, from) => match (Type::of(kind), Type::of(from)) {
            (Some(Type::Int | Type::Uint | Type::Double), Some(Type::Int | Type::Uint)) => true,
            (kind, from) => kind == from,
        },
    }
}

impl Template {
    /// As it is written in a rule. JSON is also YAML.
    pub(crate) fn json(&self) -> Json {
        let fields = self.0.iter();
        Json::Object(
            fields
                .map(|(field, content)| (field.name().to_owned(), content.json()))
                .collect(),
        )
    }
}

impl Content {
    fn json(&self) -> Json {
        match self {
            Self::Copy(path) => json!(format!("${{{path}}}")),
            Self::Expr(expr) => json!(format!("${{{}}}", expr.source())),
            Self::Joined(expr) => json!(format!("<${{{}}}>", expr.source())),
            Self::Constant(value) => constant(value),
            Self::Message(template) => template.json(),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Map(entries) => {
                let entries = entries.iter();
                Json::Object(
                    entries
                        .map(|(key, content)| (key_text(key), content.json()))
                        .collect(),
                )
            }
        }
    }
}

fn constant(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => json!(truth),
        Value::I32(number) | Value::EnumNumber(number) => json!(number),
        Value::I64(number) => json!(number),
        Value::U32(number) => json!(number),
        Value::U64(number) => json!(number),
        Value::F32(number) => json!(number),
        Value::F64(number) => json!(number),
        Value::String(text) => json!(text),
        Value::Bytes(bytes) => json!(BASE64_STANDARD.encode(bytes)),
        Value::Message(_) | Value::List(_) | Value::Map(_) => unreachable!("they have contents of their own"),
    }
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}
