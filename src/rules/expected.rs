//! The pattern of `match`: a partial message in ProtoJSON, each listed field of which must equal.
//!
//! Nested messages are partial too, maps by their keys; lists must have just the listed elements. A field listed
//! with its default also matches unset, and `null` matches unset only.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, ReflectMessage as _, Value};

use super::compiler::Compiler;
use super::node::{Node, Yaml};
use super::template::{Field, WellKnown, constant, takes_null};
use super::text::{self, Piece};
use crate::handler::excerpt;
use crate::message::{Message, key_text};
use crate::schema::Schema;
use crate::suggest;

/// What a value must be.
#[derive(Debug, Clone)]
pub(crate) enum Expected {
    Unset,
    /// Set, and to that: what a `google.protobuf.Value` holds, where 0 is another value than unset.
    Set(Box<Expected>),
    Scalar(Literal),
    /// By field, with its name as the rule writes it.
    Message(Vec<(Field, String, Expected)>),
    List(Vec<Expected>),
    Map(Vec<(MapKey, Expected)>),
    /// A message of a type that has a JSON form of its own: equal in whole.
    Whole(Box<DynamicMessage>),
    /// An `Any` that holds a message of that type.
    Packed(Schema, MessageDescriptor, Box<Expected>),
}

/// A scalar, as bits or bytes of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Literal {
    /// A varint with the type's own coding, or the bits of a fixed value.
    Bits(u64),
    Bytes(Box<[u8]>),
}

impl Literal {
    /// A scalar constant.
    pub(crate) fn of(value: &Value, kind: &Kind) -> Option<Self> {
        Some(Self::Bits(match value {
            Value::Bool(truth) => u64::from(*truth),
            Value::I32(number) => match kind {
                Kind::Sint32 => u64::from(((number << 1) ^ (number >> 31)) as u32),
                Kind::Sfixed32 => u64::from(*number as u32),
                _ => i64::from(*number) as u64,
            },
            Value::I64(number) => match kind {
                Kind::Sint64 => ((number << 1) ^ (number >> 63)) as u64,
                _ => *number as u64,
            },
            Value::U32(number) => u64::from(*number),
            Value::U64(number) => *number,
            Value::F32(number) => u64::from(number.to_bits()),
            Value::F64(number) => number.to_bits(),
            Value::EnumNumber(number) => i64::from(*number) as u64,
            Value::String(text) => return Some(Self::Bytes(text.as_bytes().into())),
            Value::Bytes(bytes) => return Some(Self::Bytes(bytes.as_ref().into())),
            Value::Message(_) | Value::List(_) | Value::Map(_) => return None,
        }))
    }

    /// What a field reads as when it is unset.
    pub(crate) fn unset(field: &Field) -> Self {
        Self::of(&field.default, &field.kind).unwrap_or(Self::Bits(0))
    }

    /// Equality as people mean it: floats by value, and NaN is NaN.
    #[inline]
    pub(crate) fn equals(&self, other: &Self, kind: &Kind) -> bool {
        if self == other {
            return true;
        }
        let (Self::Bits(one), Self::Bits(other)) = (self, other) else {
            return false;
        };
        match kind {
            Kind::Double => same_float(f64::from_bits(*one), f64::from_bits(*other)),
            Kind::Float => {
                let [one, other] = [*one, *other].map(|bits| f32::from_bits(bits as u32));
                same_float(one.into(), other.into())
            }
            _ => false,
        }
    }

    /// The value as a rule would write it.
    pub(crate) fn show(&self, kind: &Kind) -> String {
        let bits = match self {
            Self::Bytes(bytes) if *kind == Kind::String => {
                return format!("{:?}", String::from_utf8_lossy(bytes));
            }
            Self::Bytes(bytes) => return format!("{:?}", STANDARD.encode(bytes)),
            Self::Bits(bits) => *bits,
        };
        match kind {
            Kind::Bool => (bits != 0).to_string(),
            // As JSON writes it: 1e308, and not 309 digits.
            Kind::Double => format!("{:?}", f64::from_bits(bits)),
            Kind::Float => format!("{:?}", f32::from_bits(bits as u32)),
            Kind::Sint32 | Kind::Sint64 => ((bits >> 1) as i64 ^ -((bits & 1) as i64)).to_string(),
            Kind::Int32 | Kind::Sfixed32 => (bits as i32).to_string(),
            Kind::Int64 | Kind::Sfixed64 => (bits as i64).to_string(),
            Kind::Enum(descriptor) => {
                let named = descriptor.get_value(bits as i32);
                named.map_or_else(|| (bits as i32).to_string(), |value| value.name().to_owned())
            }
            _ => bits.to_string(),
        }
    }
}

#[expect(clippy::float_cmp, reason = "a pattern means just that value")]
fn same_float(one: f64, other: f64) -> bool {
    one == other || (one.is_nan() && other.is_nan())
}

impl Expected {
    /// Compiles the pattern of a message; problems go to the compiler.
    pub(crate) fn compile(
        compiler: &mut Compiler<'_>,
        node: &Node,
        descriptor: &MessageDescriptor,
    ) -> Option<Self> {
        match WellKnown::of(descriptor) {
            Some(WellKnown::Any) => return Self::compile_any(compiler, node),
            Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue) | None => {}
            Some(_) => return Self::compile_whole(compiler, node, descriptor),
        }
        if WellKnown::of(descriptor).is_some() {
            return Self::compile_json(compiler, node, descriptor);
        }
        let Yaml::Map(entries) = &node.value else {
            let found = node.kind();
            compiler.problem(
                node,
                format!("expected {}, found {found}", descriptor.full_name()),
            );
            return None;
        };
        Self::compile_fields(compiler, entries.iter(), descriptor)
    }

    fn compile_fields<'n>(
        compiler: &mut Compiler<'_>,
        entries: impl Iterator<Item = &'n (Node, Node)>,
        descriptor: &MessageDescriptor,
    ) -> Option<Self> {
        let mut members = Some(Vec::new());
        for (key, value) in entries {
            let name = key.key_text().unwrap_or_default();
            let member = if let Some(field) = Field::find(descriptor, &name) {
                Self::compile_field(compiler, value, &field).map(|expected| (field, name, expected))
            } else {
                let fields: Vec<_> = descriptor.fields().collect();
                let hint = suggest::hint(&name, fields.iter().map(prost_reflect::FieldDescriptor::name));
                let message = format!("the message {} has no field `{name}`", descriptor.full_name());
                compiler.problem_hint(key, message, hint);
                None
            };
            members = members.zip(member).map(|(mut members, member)| {
                members.push(member);
                members
            });
        }
        members.map(Self::Message)
    }

    fn compile_field(compiler: &mut Compiler<'_>, node: &Node, field: &Field) -> Option<Self> {
        if node.value == Yaml::Null && (field.repeated || !takes_null(&field.kind)) {
            return Some(Self::Unset);
        }
        if !field.repeated {
            return Self::compile_value(compiler, node, field);
        }
        let element = field.element();
        match (field.map_entry(), &node.value) {
            (Some(entry), Yaml::Map(entries)) => {
                let keys = Field::of_field(&entry.map_entry_key_field());
                let values = Field::of_field(&entry.map_entry_value_field());
                let mut members = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let Some(key) = map_key(&keys.kind, key) else {
                        compiler.problem(key, format!("expected a key of type {}", keys.type_name()));
                        continue;
                    };
                    members.push((key, Self::compile_value(compiler, value, &values)?));
                }
                Some(Self::Map(members))
            }
            (None, Yaml::List(items)) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| Self::compile_value(compiler, item, &element))
                    .collect();
                items.into_iter().collect::<Option<_>>().map(Self::List)
            }
            (entry, _) => {
                let expected = if entry.is_some() { "a mapping" } else { "a list" };
                compiler.problem(node, format!("expected {expected}, found {}", node.kind()));
                None
            }
        }
    }

    fn compile_value(compiler: &mut Compiler<'_>, node: &Node, field: &Field) -> Option<Self> {
        if let Some(message) = field.message() {
            return Self::compile(compiler, node, message);
        }
        let text = constant_text(compiler, node).ok()?;
        match constant(&field.kind, node, text.as_deref()) {
            Ok(value) => Literal::of(&value, &field.kind).map(Self::Scalar),
            Err(unfit) => {
                compiler.problem_hint(node, unfit.message, unfit.hint);
                None
            }
        }
    }

    /// Struct, Value and ListValue: their own fields, as JSON names them.
    fn compile_json(
        compiler: &mut Compiler<'_>,
        node: &Node,
        descriptor: &MessageDescriptor,
    ) -> Option<Self> {
        let (name, number) = match (WellKnown::of(descriptor), &node.value) {
            (Some(WellKnown::Struct), Yaml::Map(_)) => ("fields", 1),
            (Some(WellKnown::ListValue), Yaml::List(_)) => ("values", 1),
            (Some(WellKnown::Value), Yaml::Null) => ("null", 1),
            (Some(WellKnown::Value), Yaml::Int(_) | Yaml::Float(_)) => ("number", 2),
            (Some(WellKnown::Value), Yaml::Text(_)) => ("string", 3),
            (Some(WellKnown::Value), Yaml::Bool(_)) => ("bool", 4),
            (Some(WellKnown::Value), Yaml::Map(_)) => ("struct", 5),
            (Some(WellKnown::Value), Yaml::List(_)) => ("list", 6),
            _ => {
                compiler.problem(
                    node,
                    format!("expected {}, found {}", descriptor.full_name(), node.kind()),
                );
                return None;
            }
        };
        let field = Field::numbered(descriptor, number)?;
        let expected = match node.value {
            Yaml::Null => Self::Scalar(Literal::Bits(0)),
            _ => Self::compile_field(compiler, node, &field)?,
        };
        let expected = match WellKnown::of(descriptor) {
            Some(WellKnown::Value) => Self::Set(Box::new(expected)),
            _ => expected,
        };
        Some(Self::Message(vec![(field, name.to_owned(), expected)]))
    }

    fn compile_whole(
        compiler: &mut Compiler<'_>,
        node: &Node,
        descriptor: &MessageDescriptor,
    ) -> Option<Self> {
        let text = constant_text(compiler, node).ok()?;
        let json = match (text, &node.value) {
            (Some(text), _) => serde_json::Value::String(text),
            (None, Yaml::Bool(truth)) => (*truth).into(),
            (None, Yaml::Int(number)) => i64::try_from(*number)
                .map(Into::into)
                .or_else(|_| u64::try_from(*number).map(Into::into))
                .unwrap_or(serde_json::Value::Null),
            (None, Yaml::Float(number)) => (*number).into(),
            _ => serde_json::Value::Null,
        };
        if let Ok(message) = DynamicMessage::deserialize(descriptor.clone(), json) {
            Some(Self::Whole(Box::new(message)))
        } else {
            compiler.problem(node, format!("this is no {}", descriptor.full_name()));
            None
        }
    }

    fn compile_any(compiler: &mut Compiler<'_>, node: &Node) -> Option<Self> {
        let Yaml::Map(entries) = &node.value else {
            compiler.problem(
                node,
                format!("expected a mapping with `@type`, found {}", node.kind()),
            );
            return None;
        };
        let is_type = |entry: &&(Node, Node)| entry.0.text() == Some("@type");
        let Some((_, named)) = entries.iter().find(is_type) else {
            compiler.problem(node, "an Any needs `@type`");
            return None;
        };
        let url = named.key_text().unwrap_or_default();
        let name = url.rsplit_once('/').map_or(url.as_str(), |(_, name)| name);
        let Some(packed) = compiler.message_type(name) else {
            compiler.problem(named, format!("there is no message type `{name}`"));
            return None;
        };
        let rest = entries.iter().filter(|entry| !is_type(entry));
        let expected = match (
            WellKnown::of(&packed),
            entries.iter().find(|(key, _)| key.text() == Some("value")),
        ) {
            (Some(_), Some((_, value))) => Self::compile(compiler, value, &packed)?,
            _ => Self::compile_fields(compiler, rest, &packed)?,
        };
        Some(Self::Packed(compiler.schema.clone(), packed, Box::new(expected)))
    }

    /// Whether a message is what is expected; an `Err` says what differs first.
    pub(crate) fn fits_message(&self, message: &DynamicMessage, path: &str) -> Result<(), String> {
        match self {
            Self::Message(members) => members.iter().try_for_each(|(field, name, expected)| {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                expected.fits_field(message, field, &path)
            }),
            Self::Whole(expected) if **expected == *message => Ok(()),
            Self::Whole(expected) => Err(format!(
                "{path} is {}, not {expected}",
                excerpt(&message.to_string())
            )),
            Self::Packed(schema, descriptor, expected) => {
                let name = descriptor.full_name();
                let (url, contents) = (message.get_field_by_number(1), message.get_field_by_number(2));
                let url = url.as_deref().and_then(Value::as_str).unwrap_or_default();
                if url.rsplit_once('/').map_or(url, |(_, name)| name) != name {
                    return Err(format!("{path} holds {:?}, not {name}", excerpt(url)));
                }
                let contents = contents.as_deref().and_then(Value::as_bytes).cloned();
                // Nobody has looked inside yet.
                let inner = Message::decode(schema, descriptor, contents.unwrap_or_default());
                match inner.and_then(Message::into_dynamic) {
                    Ok(inner) => expected.fits_message(&inner, path),
                    Err(error) if error.is_too_large() => {
                        Err(format!("{path} holds too large a {name}: {error}"))
                    }
                    Err(_) => Err(format!("{path} does not hold a whole {name}")),
                }
            }
            _ => Err(format!("{path} is a message")),
        }
    }

    fn fits(&self, value: &Value, kind: &Kind, path: &str) -> Result<(), String> {
        match (self, value) {
            (Self::Scalar(expected), _) => match Literal::of(value, kind) {
                Some(found) if found.equals(expected, kind) => Ok(()),
                found => {
                    let found = found.map_or_else(|| "no scalar".to_owned(), |found| found.show(kind));
                    Err(format!(
                        "{path} is {}, not {}",
                        excerpt(&found),
                        expected.show(kind)
                    ))
                }
            },
            (Self::List(expected), Value::List(items)) => {
                if expected.len() != items.len() {
                    return Err(format!(
                        "{path} has {} elements, not {}",
                        items.len(),
                        expected.len()
                    ));
                }
                let mut pairs = expected.iter().zip(items).enumerate();
                pairs.try_for_each(|(at, (expected, item))| {
                    expected.fits(item, kind, &format!("{path}[{at}]"))
                })
            }
            (Self::Map(expected), Value::Map(entries)) => {
                let entry = kind.as_message().map(MessageDescriptor::map_entry_value_field);
                let kind = entry.map_or(Kind::Bool, |field| field.kind());
                expected
                    .iter()
                    .try_for_each(|(key, expected)| match entries.get(key) {
                        Some(value) => expected.fits(value, &kind, &format!("{path}[{}]", show_key(key))),
                        None => Err(format!("{path} has no key {}", show_key(key))),
                    })
            }
            (_, Value::Message(message)) => self.fits_message(message, path),
            _ => Err(format!("{path} is of another type")),
        }
    }

    fn fits_field(&self, message: &DynamicMessage, field: &Field, path: &str) -> Result<(), String> {
        // By number, a message knows its own fields only.
        let (set, value) = match message.descriptor().get_extension(field.number) {
            Some(extension) => (
                message.has_extension(&extension),
                message.get_extension(&extension),
            ),
            None => (
                message.has_field_by_number(field.number),
                message
                    .get_field_by_number(field.number)
                    .unwrap_or(Cow::Borrowed(&field.default)),
            ),
        };
        match self {
            Self::Unset if set => Err(format!("{path} is set")),
            Self::Unset => Ok(()),
            Self::Set(_) if !set => Err(format!("{path} is unset")),
            Self::Set(expected) => expected.fits(&value, &field.kind, path),
            _ => self.fits(&value, &field.kind, path),
        }
    }
}

/// A problem that was told already.
struct Told;

/// A pattern's string, escapes undone, if the node is one: patterns hold constants.
fn constant_text(compiler: &mut Compiler<'_>, node: &Node) -> Result<Option<String>, Told> {
    let Some(written) = node.text() else {
        return Ok(None);
    };
    if let Ok([Piece::Literal(text)]) = text::split(written).as_deref() {
        return Ok(Some(text.clone()));
    }
    let hint = Some("write the condition as `when`".to_owned());
    compiler.problem_hint(node, "`match` holds constants, no expressions", hint);
    Err(Told)
}

fn map_key(kind: &Kind, node: &Node) -> Option<MapKey> {
    let text = node.key_text()?;
    Some(match kind {
        Kind::Bool => MapKey::Bool(text.parse().ok()?),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => MapKey::I32(text.parse().ok()?),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => MapKey::I64(text.parse().ok()?),
        Kind::Uint32 | Kind::Fixed32 => MapKey::U32(text.parse().ok()?),
        Kind::Uint64 | Kind::Fixed64 => MapKey::U64(text.parse().ok()?),
        _ => MapKey::String(text),
    })
}

fn show_key(key: &MapKey) -> String {
    match key {
        MapKey::String(key) => format!("{key:?}"),
        key => key_text(key),
    }
}
