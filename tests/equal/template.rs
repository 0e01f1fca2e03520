//! Random templates that copy and compute, as in a rule.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::{FieldDescriptor, Kind, MapKey, MessageDescriptor, OneofDescriptor, Value};
use serde_json::{Value as Json, json};

use crate::choices::Choices;
use crate::expression::{Expr, Type, Writer};
use crate::message::value;
use crate::path::Path;
use crate::straight::widened;

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
    /// A message that an expression makes.
    Made(Template),
    List(Vec<Content>),
    Map(Vec<(MapKey, Content)>),
    /// A list or a map that a loop makes.
    Loop(Box<Loop>),
    Element(ElementPath),
}

/// A loop: what it goes over, what it takes of it, and what it makes.
#[derive(Debug)]
pub(crate) struct Loop {
    /// A list or a map.
    pub(crate) over: Path,
    /// The names of its variables: one or two.
    pub(crate) names: Vec<String>,
    pub(crate) when: Option<Expr>,
    pub(crate) skip: Option<usize>,
    pub(crate) limit: Option<usize>,
    pub(crate) key: Option<Content>,
    pub(crate) value: Content,
}

/// A variable of a loop, or a field of it.
#[derive(Debug, Clone)]
pub(crate) struct ElementPath {
    pub(crate) name: String,
    pub(crate) fields: Vec<FieldDescriptor>,
}

/// What a template can read.
pub(crate) struct Scope<'p> {
    paths: &'p [Path],
    /// The variables of the loops around, and fields of them, each with its kind.
    elements: Vec<(ElementPath, Kind)>,
    /// How many loops there are around.
    loops: usize,
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
    let mut scope = Scope {
        paths,
        elements: Vec::new(),
        loops: 0,
    };
    message_template(descriptor, &mut scope, depth, choices)
}

fn message_template(
    descriptor: &MessageDescriptor,
    scope: &mut Scope<'_>,
    depth: usize,
    choices: &mut Choices<'_>,
) -> Template {
    let mut set: Vec<OneofDescriptor> = Vec::new();
    let mut fields: Vec<FieldDescriptor> = descriptor.fields().collect();
    fields.sort_by_key(FieldDescriptor::number);
    let contents = fields.into_iter().filter_map(|field| {
        let content = field_content(&field, scope, depth, choices)?;
        let copies = match &content {
            Content::Copy(_) => true,
            Content::Element(path) => !path.fields.is_empty(),
            _ => false,
        };
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
    scope: &mut Scope<'_>,
    depth: usize,
    choices: &mut Choices<'_>,
) -> Option<Content> {
    match choices.below(5) {
        0 => return None,
        1 => return copy(|path| fits_field(field, path.field()), scope.paths, choices),
        2 if field.is_list() || field.is_map() => return looped(field, scope, depth, choices),
        _ => {}
    }
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let keys = entry.map_entry_key_field().kind();
        let values = entry.map_entry_value_field().kind();
        let mut entries: Vec<(MapKey, Content)> = Vec::new();
        for _ in 0..choices.below(3) {
            let key = value(&keys, 0, choices).into_map_key()?;
            if let Some(content) = content(&values, scope, depth, choices)
                && entries.iter().all(|(other, _)| *other != key)
            {
                entries.push((key, content));
            }
        }
        return Some(Content::Map(entries));
    }
    if field.is_list() {
        let items = (0..choices.below(4)).filter_map(|_| content(&field.kind(), scope, depth, choices));
        return Some(Content::List(items.collect()));
    }
    content(&field.kind(), scope, depth, choices)
}

/// A loop over some list or map of the request that makes the field.
fn looped(
    field: &FieldDescriptor,
    scope: &mut Scope<'_>,
    depth: usize,
    choices: &mut Choices<'_>,
) -> Option<Content> {
    let all: Vec<&Path> = scope.paths.iter().filter(|path| path.kind().is_none()).collect();
    if all.is_empty() {
        return None;
    }
    let over = (*choices.pick(&all)).clone();
    let (first, second) = match over.field().kind() {
        Kind::Message(entry) if over.field().is_map() => (
            entry.map_entry_key_field().kind(),
            entry.map_entry_value_field().kind(),
        ),
        kind => (Kind::Int64, kind),
    };
    let pairs = choices.one_in(2);
    let names: Vec<String> = (0..if pairs { 2 } else { 1 })
        .map(|nth| format!("e{}_{nth}", scope.loops))
        .collect();
    let kinds = match (pairs, over.field().is_map()) {
        (true, _) => vec![first, second],
        (false, true) => vec![first],
        (false, false) => vec![second],
    };
    let when = choices.one_in(3).then(|| {
        Writer {
            paths: scope.paths,
            looped: true,
            choices,
        }
        .expr(Type::Truth, 1)
    });
    let (skip, limit) = (
        choices.one_in(3).then(|| choices.below(3)),
        choices.one_in(3).then(|| choices.below(3)),
    );
    let before = scope.elements.len();
    for (name, kind) in names.iter().zip(kinds) {
        let path = |fields| ElementPath {
            name: name.clone(),
            fields,
        };
        if let Kind::Message(message) = &kind {
            let fields = message
                .fields()
                .filter(|field| !field.is_list() && !field.is_map());
            let fields = fields.map(|field| (path(vec![field.clone()]), field.kind()));
            scope.elements.extend(fields);
        }
        scope.elements.push((path(Vec::new()), kind));
    }
    scope.loops += 1;
    let made = match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let key = content(&entry.map_entry_key_field().kind(), scope, 0, choices);
            let value = content(&entry.map_entry_value_field().kind(), scope, depth, choices);
            key.zip(value).map(|(key, value)| (Some(key), value))
        }
        kind => content(&kind, scope, depth, choices).map(|value| (None, value)),
    };
    scope.loops -= 1;
    scope.elements.truncate(before);
    let (key, value) = made?;
    Some(Content::Loop(Box::new(Loop {
        over,
        names,
        when,
        skip,
        limit,
        key,
        value,
    })))
}

/// One value.
fn content(kind: &Kind, scope: &mut Scope<'_>, depth: usize, choices: &mut Choices<'_>) -> Option<Content> {
    let wanted = Type::of(kind);
    let paths = scope.paths;
    if !scope.elements.is_empty() && choices.one_in(2) {
        let fitting: Vec<&(ElementPath, Kind)> = scope
            .elements
            .iter()
            .filter(|(_, from)| fits(kind, from))
            .collect();
        if !fitting.is_empty() {
            return Some(Content::Element(choices.pick(&fitting).0.clone()));
        }
    }
    match (kind, choices.below(4)) {
        (_, 0) => copy(
            |path| path.kind().is_some_and(|from| fits(kind, &from)),
            paths,
            choices,
        ),
        (Kind::Message(descriptor), 1) => {
            let depth = depth.checked_sub(1)?;
            let template = message_template(descriptor, scope, depth, choices);
            Some(Content::Made(template.in_expression()))
        }
        (Kind::Message(descriptor), _) => {
            let depth = depth.checked_sub(1)?;
            Some(Content::Message(message_template(
                descriptor, scope, depth, choices,
            )))
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
    /// Those of its fields that an expression can set, one of each oneof.
    fn in_expression(self) -> Self {
        let mut set: Vec<OneofDescriptor> = Vec::new();
        let fields = self.0.into_iter().filter_map(|(field, content)| {
            let content = content.in_expression()?;
            if let Some(oneof) = field.containing_oneof() {
                if set.contains(&oneof) {
                    return None;
                }
                set.push(oneof);
            }
            Some((field, content))
        });
        Self(fields.collect())
    }

    /// As it is written in an expression.
    fn source(&self, name: &str) -> String {
        let fields = self.0.iter();
        let fields = fields.map(|(field, content)| format!("{}: {}", field.name(), content.source(field)));
        format!("{name}{{{}}}", fields.collect::<Vec<_>>().join(", "))
    }

    /// As it is written in a rule. JSON is also YAML.
    pub(crate) fn json(&self) -> Json {
        let fields = self.0.iter();
        Json::Object(
            fields
                .map(|(field, content)| (field.name().to_owned(), content.json(field)))
                .collect(),
        )
    }
}

impl Content {
    fn in_expression(self) -> Option<Self> {
        Some(match self {
            Self::Joined(_) | Self::Loop(_) => return None,
            Self::Message(template) | Self::Made(template) => Self::Made(template.in_expression()),
            Self::List(items) => Self::List(items.into_iter().filter_map(Self::in_expression).collect()),
            Self::Map(entries) => {
                let entries = entries.into_iter();
                Self::Map(
                    entries
                        .filter_map(|(key, content)| Some((key, content.in_expression()?)))
                        .collect(),
                )
            }
            other => other,
        })
    }

    /// As it is written in an expression.
    fn source(&self, field: &FieldDescriptor) -> String {
        let message = || match field.kind() {
            Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
            kind => kind,
        };
        match self {
            Self::Copy(path) => path.to_string(),
            Self::Expr(expr) => expr.source(),
            Self::Constant(Value::EnumNumber(number)) => number.to_string(),
            Self::Constant(value) => Expr::Literal(widened(value.clone())).source(),
            Self::Element(path) => path.to_string(),
            Self::Made(template) => {
                let kind = message();
                template.source(kind.as_message().expect("it is one").full_name())
            }
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(|item| item.source(field)).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(entries) => {
                let entries = entries.iter().map(|(key, content)| {
                    let key = Expr::Literal(widened(key.clone().into())).source();
                    format!("{key}: {}", content.source(field))
                });
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            Self::Message(_) | Self::Joined(_) | Self::Loop(_) => unreachable!("no expression has them"),
        }
    }

    /// `field` is the one that it is for.
    fn json(&self, field: &FieldDescriptor) -> Json {
        match self {
            Self::Copy(path) => json!(format!("${{{path}}}")),
            Self::Expr(expr) => json!(format!("${{{}}}", expr.source())),
            Self::Joined(expr) => json!(format!("<${{{}}}>", expr.source())),
            Self::Constant(value) => constant(value),
            Self::Message(template) => template.json(),
            Self::Made(_) => json!(format!("${{{}}}", self.source(field))),
            Self::List(items) => items.iter().map(|item| item.json(field)).collect(),
            Self::Map(entries) => {
                let entries = entries.iter();
                Json::Object(
                    entries
                        .map(|(key, content)| (key_text(key), content.json(field)))
                        .collect(),
                )
            }
            Self::Loop(looped) => looped.json(field),
            Self::Element(path) => json!(format!("${{{path}}}")),
        }
    }
}

impl Loop {
    fn json(&self, field: &FieldDescriptor) -> Json {
        let names = match self.names.as_slice() {
            [one] => json!(one),
            names => json!(names),
        };
        let mut json =
            json!({"each": format!("${{{}}}", self.over), "as": names, "value": self.value.json(field)});
        let parts = [
            ("when", self.when.as_ref().map(|when| json!(when.source()))),
            ("skip", self.skip.map(|skip| json!(skip))),
            ("limit", self.limit.map(|limit| json!(limit))),
            ("key", self.key.as_ref().map(|key| key.json(field))),
        ];
        for (name, part) in parts {
            if let Some(part) = part {
                json[name] = part;
            }
        }
        json
    }
}

/// As it is written in an expression.
impl fmt::Display for ElementPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.fields
            .iter()
            .try_for_each(|field| write!(f, ".{}", field.name()))
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
