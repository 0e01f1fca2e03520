//! The simplest implementation of templates, on `DynamicMessage`s.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Syntax, Value};

use crate::expression::Expr;
use crate::straight::{Failure, Given, widened};
use crate::template::{Content, ElementPath, Loop, Template};

impl Template {
    pub(crate) fn build(
        &self,
        descriptor: &MessageDescriptor,
        given: &Given,
    ) -> Result<DynamicMessage, Failure> {
        self.built(descriptor, given, true)
    }

    /// `copies` says whether a copy of a field that is unset leaves it unset, which it does not in an expression.
    fn built(
        &self,
        descriptor: &MessageDescriptor,
        given: &Given,
        copies: bool,
    ) -> Result<DynamicMessage, Failure> {
        let mut message = DynamicMessage::new(descriptor.clone());
        for (field, content) in &self.0 {
            let stays_unset = match content {
                _ if !copies => false,
                Content::Copy(path) => path.stays_unset(&given.request),
                Content::Element(path) => path.stays_unset(given),
                _ => false,
            };
            if stays_unset {
                continue;
            }
            message.set_field(field, fitted_field(field, content, given)?);
        }
        Ok(message)
    }

    fn reads(&self, empty: &Given) -> bool {
        self.0.iter().any(|(_, content)| content.reads(empty))
    }

    /// Whether it cannot be made of its constants.
    fn is_faulty(&self, empty: &Given) -> bool {
        let descriptor = self.0.first().map(|(field, _)| field.parent_message().clone());
        descriptor.is_some_and(|descriptor| self.built(&descriptor, empty, false).is_err())
    }

    /// Whether an expression in it is refused at load.
    pub(crate) fn has_faulty_constant(&self, empty: &Given) -> bool {
        self.0.iter().any(|(field, content)| {
            let kinds = match field.kind() {
                Kind::Message(entry) if entry.is_map_entry() => Kinds {
                    key: entry.map_entry_key_field().kind(),
                    value: entry.map_entry_value_field().kind(),
                },
                kind => Kinds {
                    key: kind.clone(),
                    value: kind,
                },
            };
            content.has_faulty_constant(&kinds, empty)
        })
    }
}

/// The kinds of a field's values: of a map's entries, or twice that of its elements.
struct Kinds {
    key: Kind,
    value: Kind,
}

/// Whether an expression, or a branch of it, is a constant that does not fit the kind.
fn misfits(expr: &Expr, kind: &Kind, empty: &Given) -> bool {
    match expr {
        Expr::If(parts) => parts[1..].iter().any(|branch| misfits(branch, kind, empty)),
        _ => !expr.reads(empty) && expr.value(empty).is_ok_and(|value| fitted(kind, value).is_err()),
    }
}

impl Content {
    fn reads(&self, empty: &Given) -> bool {
        match self {
            Self::Copy(_) | Self::Element(_) | Self::Loop(_) => true,
            Self::Constant(_) => false,
            Self::Expr(expr) | Self::Joined(expr) => expr.reads(empty),
            Self::Message(template) | Self::Made(template) => template.reads(empty),
            Self::List(items) => items.iter().any(|item| item.reads(empty)),
            Self::Map(entries) => entries.iter().any(|(_, item)| item.reads(empty)),
        }
    }

    fn has_faulty_constant(&self, kinds: &Kinds, empty: &Given) -> bool {
        match self {
            Self::Made(template) => {
                // Without what is read, it is made when the rules load.
                !template.reads(empty) && template.is_faulty(empty) || template.has_faulty_constant(empty)
            }
            Self::Copy(_) | Self::Constant(_) | Self::Element(_) => false,
            Self::Loop(looped) => {
                looped.when.iter().any(|when| when.has_faulty_constant(empty))
                    || looped.key.iter().any(|key| key.is_faulty_as(&kinds.key, empty))
                    || looped.value.has_faulty_constant(kinds, empty)
            }
            Self::Expr(_) | Self::Joined(_) => self.is_faulty_as(&kinds.value, empty),
            Self::Message(template) => template.has_faulty_constant(empty),
            Self::List(items) => items.iter().any(|item| item.has_faulty_constant(kinds, empty)),
            Self::Map(entries) => entries
                .iter()
                .any(|(_, item)| item.has_faulty_constant(kinds, empty)),
        }
    }

    /// Whether an expression is refused at load as a value of this kind.
    fn is_faulty_as(&self, kind: &Kind, empty: &Given) -> bool {
        match self {
            Self::Expr(expr) => expr.has_faulty_constant(empty) || misfits(expr, kind, empty),
            Self::Joined(expr) => expr.has_faulty_constant(empty),
            _ => false,
        }
    }

    /// One value for a field, an element or an entry of that kind.
    fn one(&self, kind: &Kind, given: &Given) -> Result<Value, Failure> {
        match self {
            Self::Copy(path) => fitted(kind, path.get(&given.request)),
            Self::Expr(expr) => fitted(kind, expr.value(given)?),
            Self::Joined(expr) => Ok(Value::String(format!("<{}>", shown(&expr.value(given)?)))),
            Self::Constant(value) => Ok(value.clone()),
            Self::Message(template) => {
                let descriptor = kind.as_message().ok_or(Failure)?;
                Ok(Value::Message(template.build(descriptor, given)?))
            }
            Self::Element(path) => fitted(kind, path.get(given)),
            Self::Made(template) => {
                let descriptor = kind.as_message().ok_or(Failure)?;
                Ok(Value::Message(template.built(descriptor, given, false)?))
            }
            Self::List(_) | Self::Map(_) | Self::Loop(_) => Err(Failure),
        }
    }
}

impl ElementPath {
    fn get(&self, given: &Given) -> Value {
        self.fields
            .iter()
            .fold(given.element(&self.name).clone(), |value, field| {
                let message = value.as_message().expect("it has fields");
                message.get_field(field).into_owned()
            })
    }

    fn stays_unset(&self, given: &Given) -> bool {
        let Some((last, way)) = self.fields.split_last() else {
            return false;
        };
        let parent = ElementPath {
            name: self.name.clone(),
            fields: way.to_vec(),
        };
        let parent = parent.get(given);
        let message = parent.as_message().expect("it has fields");
        last.supports_presence() && !message.has_field(last)
    }
}

impl Loop {
    /// What expressions read in each round.
    fn rounds(&self, given: &Given) -> Result<Vec<Given>, Failure> {
        let pairs: Vec<[Value; 2]> = match self.over.get(&given.request) {
            Value::List(items) => {
                let items = items.into_iter().zip(0..);
                items.map(|(item, index)| [Value::I64(index), item]).collect()
            }
            Value::Map(entries) => {
                let mut entries: Vec<_> = entries.into_iter().collect();
                entries.sort_by(|(one, _), (other, _)| one.partial_cmp(other).expect("keys have an order"));
                entries
                    .into_iter()
                    .map(|(key, value)| [key.into(), value])
                    .collect()
            }
            _ => return Err(Failure),
        };
        let over_map = self.over.field().is_map();
        let mut rounds = Vec::new();
        let mut skip = self.skip.unwrap_or(0);
        for [first, second] in pairs {
            if self.limit.is_some_and(|limit| rounds.len() >= limit) {
                break;
            }
            let values = match (self.names.len(), over_map) {
                (2, _) => vec![first, second],
                (_, true) => vec![first],
                (_, false) => vec![second],
            };
            let elements = given.elements.iter().cloned();
            let round = Given {
                request: given.request.clone(),
                round: given.round,
                elements: elements.chain(self.names.iter().cloned().zip(values)).collect(),
            };
            if let Some(when) = &self.when
                && !when.value(&round)?.as_bool().ok_or(Failure)?
            {
                continue;
            }
            if skip > 0 {
                skip -= 1;
            } else {
                rounds.push(round);
            }
        }
        Ok(rounds)
    }
}

fn fitted_field(field: &FieldDescriptor, content: &Content, given: &Given) -> Result<Value, Failure> {
    let kind = field.kind();
    match (content, &kind) {
        (Content::List(items), kind) => {
            let items = items.iter().map(|item| item.one(kind, given));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        (Content::Map(entries), Kind::Message(entry)) => {
            let values = entry.map_entry_value_field().kind();
            let entries = entries
                .iter()
                .map(|(key, item)| Ok((key.clone(), item.one(&values, given)?)));
            entries.collect::<Result<_, _>>().map(Value::Map)
        }
        (Content::Loop(looped), Kind::Message(entry)) if field.is_map() => {
            let keys = entry.map_entry_key_field().kind();
            let values = entry.map_entry_value_field().kind();
            let key = looped.key.as_ref().ok_or(Failure)?;
            let entries = looped.rounds(given)?.into_iter().map(|round| {
                let key = key.one(&keys, &round)?.into_map_key().ok_or(Failure)?;
                Ok((key, looped.value.one(&values, &round)?))
            });
            entries.collect::<Result<_, _>>().map(Value::Map)
        }
        (Content::Loop(looped), kind) => {
            let rounds = looped.rounds(given)?;
            let items = rounds.iter().map(|round| looped.value.one(kind, round));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        (Content::Copy(path), kind) => match (path.get(&given.request), kind) {
            (Value::List(items), kind) => {
                let items = items.into_iter().map(|item| fitted(kind, item));
                items.collect::<Result<_, _>>().map(Value::List)
            }
            (Value::Map(entries), Kind::Message(entry)) => {
                let keys = entry.map_entry_key_field().kind();
                let values = entry.map_entry_value_field().kind();
                let entries = entries.into_iter().map(|(key, value)| {
                    let key = fitted(&keys, key.into())?;
                    Ok((key.into_map_key().ok_or(Failure)?, fitted(&values, value)?))
                });
                entries.collect::<Result<_, _>>().map(Value::Map)
            }
            (value, kind) => fitted(kind, value),
        },
        (content, kind) => content.one(kind, given),
    }
}

/// The value as one of that kind, if it is in range.
fn fitted(kind: &Kind, value: Value) -> Result<Value, Failure> {
    if let (Kind::Enum(_), Value::EnumNumber(_)) = (kind, &value) {
        return Ok(value);
    }
    Ok(match (kind, widened(value)) {
        (Kind::Enum(descriptor), value) => {
            let number = integer(&value)?;
            let closed = descriptor.parent_file().syntax() == Syntax::Proto2;
            if closed && descriptor.get_value(number).is_none() {
                return Err(Failure);
            }
            Value::EnumNumber(number)
        }
        (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, value) => Value::I32(integer(&value)?),
        (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, value) => Value::I64(integer(&value)?),
        (Kind::Uint32 | Kind::Fixed32, value) => Value::U32(integer(&value)?),
        (Kind::Uint64 | Kind::Fixed64, value) => Value::U64(integer(&value)?),
        (Kind::Double, value) => Value::F64(double(&value)?),
        (Kind::Float, value) => Value::F32(float(double(&value)?)?),
        (_, value) => value,
    })
}

fn integer<T: TryFrom<i128>>(value: &Value) -> Result<T, Failure> {
    let number: i128 = match value {
        Value::I64(number) => (*number).into(),
        Value::U64(number) => (*number).into(),
        _ => return Err(Failure),
    };
    number.try_into().map_err(|_| Failure)
}

fn double(value: &Value) -> Result<f64, Failure> {
    match value {
        Value::F64(number) => Ok(*number),
        Value::I64(number) => Ok(*number as f64),
        Value::U64(number) => Ok(*number as f64),
        _ => Err(Failure),
    }
}

fn float(number: f64) -> Result<f32, Failure> {
    let rounded = number as f32;
    if rounded.is_finite() {
        Ok(rounded)
    } else {
        Err(Failure)
    }
}

/// A value inside a text.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::I64(number) => number.to_string(),
        Value::U64(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        other => unreachable!("no {other:?} is put into text"),
    }
}
