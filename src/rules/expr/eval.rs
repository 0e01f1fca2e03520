//! Runs compiled expressions.
//!
//! [`Node::eval`] gives a [`Value`]; [`Node::eval_int`], [`Node::eval_bool`] and [`Node::eval_text`] give the bare
//! thing and make no value on the way where the nodes are typed. Text and bytes are borrowed from the request, the
//! state or the program wherever they can be.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};

use super::field::Field;
use super::functions::{Code, Evaluated, Function, no_overload};
use super::operators::{contains, index, negate};
use super::tree::{Node, Path};
use super::well_known::message_value;
use super::{Env, EvalError, MessageValue, Value, reader, volatile};
use crate::message::{Malformed, Raw};

/// What one evaluation keeps.
#[derive(Debug)]
pub(super) struct Frame<'f, 'e> {
    pub(super) env: &'f Env<'e>,
    /// The variables of the macros that are running, outermost first.
    pub(super) variables: Vec<Value<'e>>,
    /// One time for the whole expression.
    now: Option<(i64, i32)>,
}

impl<'f, 'e> Frame<'f, 'e> {
    pub(super) fn new(env: &'f Env<'e>) -> Self {
        Self { env, variables: Vec::new(), now: None }
    }

    fn request(&self) -> Evaluated<&'e [u8]> {
        self.env.request.map(|(bytes, _)| bytes).ok_or_else(no_request)
    }

    fn picked(&self, slot: crate::message::Slot) -> Evaluated<Raw> {
        self.env.request.map(|(_, picked)| picked.get(slot)).ok_or_else(no_request)
    }
}

#[cold]
fn no_request() -> EvalError {
    EvalError::new("no request is at hand")
}

impl From<Malformed> for EvalError {
    fn from(malformed: Malformed) -> Self {
        Self::new(format!("the message is malformed: {malformed}"))
    }
}

impl Node {
    pub(super) fn eval<'e>(&'e self, frame: &mut Frame<'_, 'e>) -> Evaluated<Value<'e>> {
        match self {
            Self::Const(value) => Ok(value.borrowed()),
            Self::Picked(slot, field) => picked_value(field, frame.picked(*slot)?, frame.request()?),
            Self::Path(path) => path.read(frame.request()?),
            Self::Request(message, known) => {
                Ok(message_value(message, known.as_ref(), Cow::Borrowed(frame.request()?))?)
            }
            Self::Requests(message, known) => {
                let requests = frame.env.requests.iter();
                let values = requests.map(|bytes| message_value(message, known.as_ref(), Cow::Borrowed(bytes)));
                Ok(Value::List(values.collect::<Result<_, _>>()?))
            }
            Self::RequestAt(message, known, place) => {
                let place = place.eval_int(frame)?;
                let request = usize::try_from(place).ok().and_then(|place| frame.env.requests.get(place));
                match request {
                    Some(bytes) => Ok(message_value(message, known.as_ref(), Cow::Borrowed(bytes))?),
                    None => Err(EvalError::new(format!(
                        "index out of range: {place} in {} requests",
                        frame.env.requests.len()
                    ))),
                }
            }
            Self::Metadata => Ok(metadata(frame.env.metadata)),
            Self::State(place) => frame.env.state.get(*place).map(Value::borrowed).ok_or_else(missing_variable),
            Self::Local(place) => frame.env.locals.get(*place).map(Value::borrowed).ok_or_else(missing_variable),
            Self::Variable(place) => frame.variables.get(*place).cloned().ok_or_else(missing_variable),
            Self::Now => {
                let (seconds, nanos) = *frame.now.get_or_insert_with(volatile::now);
                Ok(Value::Timestamp { seconds, nanos })
            }
            Self::Random => Ok(Value::Double(volatile::random())),
            Self::Field(message, field) => match message.eval(frame)? {
                Value::Message(message) => read_field(field, message),
                other => no_overload("field access", &[&other]),
            },
            Self::Member(container, name) => match container.peek(frame) {
                Some(Value::Map(entries)) => member(entries, name).map(Value::borrowed),
                _ => member_of(container.eval(frame)?, name),
            },
            Self::Unpack(any) => match any.eval(frame)? {
                Value::Message(message) => {
                    let unpacked = message.unpacked(frame.env.layouts)?;
                    Ok(unpacked.unwrap_or(Value::Message(message)))
                }
                other => Ok(other),
            },
            Self::List(elements) => {
                let values = elements.iter().map(|element| element.eval(frame));
                Ok(Value::List(values.collect::<Result<_, _>>()?))
            }
            Self::Map(entries) => {
                let mut values = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = key.eval(frame)?;
                    if super::equal::find(&values, &key).is_some() {
                        return Err(EvalError::new(format!("the key {} comes twice", quoted(&key))));
                    }
                    values.push((key, value.eval(frame)?));
                }
                Ok(Value::Map(values))
            }
            Self::Index(operands) => {
                let [container, key] = &**operands;
                let key = key.eval(frame)?;
                match container.peek(frame) {
                    Some(container) => index(container, &key).map(Value::borrowed),
                    None => index(&container.eval(frame)?, &key).cloned(),
                }
            }
            Self::If(operands) => {
                let [condition, then, otherwise] = &**operands;
                if condition.eval_bool(frame)? { then.eval(frame) } else { otherwise.eval(frame) }
            }
            Self::Negate(operand) => negate(operand.eval(frame)?),
            Self::Math(math, operands) => {
                let left = operands[0].eval(frame)?;
                math.of_values(left, operands[1].eval(frame)?)
            }
            Self::Call(function, arguments) => call(function, arguments, frame),
            Self::Loop(looped) => looped.eval(frame),
            Self::Received | Self::RequestCount | Self::CallId | Self::IntMath(..) => {
                self.eval_int(frame).map(Value::Int)
            }
            Self::CallMethod | Self::CallPeer | Self::Uuid | Self::MetadataValue(_) | Self::Concat(_) => {
                self.eval_text(frame).map(Value::String)
            }
            Self::HasPicked(_)
            | Self::HasMetadata(_)
            | Self::HasField(..)
            | Self::HasMember(..)
            | Self::In(_)
            | Self::Not(_)
            | Self::And(_)
            | Self::Or(_)
            | Self::CompareInt(..)
            | Self::EqualText(..)
            | Self::Compare(..)
            | Self::Matches(..) => self.eval_bool(frame).map(Value::Bool),
        }
    }

    /// The number of a node that gives an int or an enum.
    pub(super) fn eval_int<'e>(&'e self, frame: &mut Frame<'_, 'e>) -> Evaluated<i64> {
        match self {
            Self::Picked(slot, field) => match (frame.picked(*slot)?, &field.kind) {
                (Raw::Varint(raw), kind) => Ok(reader::signed_varint(kind, raw)),
                (Raw::Fixed32(raw), _) => Ok(i64::from(raw.cast_signed())),
                (Raw::Fixed64(raw), _) => Ok(raw.cast_signed()),
                _ => int(&field.default),
            },
            Self::Const(value) => int(value),
            Self::Local(place) => frame.env.locals.get(*place).map_or_else(|| Err(missing_variable()), int),
            Self::State(place) => frame.env.state.get(*place).map_or_else(|| Err(missing_variable()), int),
            Self::IntMath(math, operands) => {
                let left = operands[0].eval_int(frame)?;
                math.of_ints(left, operands[1].eval_int(frame)?)
            }
            Self::If(operands) => {
                let [condition, then, otherwise] = &**operands;
                if condition.eval_bool(frame)? { then.eval_int(frame) } else { otherwise.eval_int(frame) }
            }
            Self::Received => Ok(frame.env.received.cast_signed()),
            Self::RequestCount => Ok(frame.env.requests.len() as i64),
            Self::CallId => Ok(frame.env.call.id.cast_signed()),
            other => int(&other.eval(frame)?),
        }
    }

    pub(super) fn eval_bool<'e>(&'e self, frame: &mut Frame<'_, 'e>) -> Evaluated<bool> {
        match self {
            Self::CompareInt(relation, operands) => {
                let left = operands[0].eval_int(frame)?;
                Ok(relation.holds(left.cmp(&operands[1].eval_int(frame)?)))
            }
            Self::EqualText(negated, operands) => {
                let left = operands[0].eval_text(frame)?;
                Ok((left == operands[1].eval_text(frame)?) != *negated)
            }
            Self::Compare(relation, operands) => {
                let left = operands[0].eval(frame)?;
                relation.of_values(&left, &operands[1].eval(frame)?)
            }
            Self::And(operands) => match operands[0].eval_bool(frame) {
                Ok(false) => Ok(false),
                Ok(true) => operands[1].eval_bool(frame),
                // An error gives way to what is decided without it.
                Err(error) => match operands[1].eval_bool(frame) {
                    Ok(false) => Ok(false),
                    _ => Err(error),
                },
            },
            Self::Or(operands) => match operands[0].eval_bool(frame) {
                Ok(true) => Ok(true),
                Ok(false) => operands[1].eval_bool(frame),
                Err(error) => match operands[1].eval_bool(frame) {
                    Ok(true) => Ok(true),
                    _ => Err(error),
                },
            },
            Self::Not(operand) => operand.eval_bool(frame).map(|value| !value),
            Self::In(operands) => {
                let [value, container] = &**operands;
                let value = value.eval(frame)?;
                match container.peek(frame) {
                    Some(container) => contains(container, &value),
                    None => contains(&container.eval(frame)?, &value),
                }
            }
            Self::HasPicked(slot) => Ok(frame.picked(*slot)? != Raw::Absent),
            Self::HasMetadata(name) => Ok(frame.env.metadata.contains_key(name)),
            Self::HasField(message, field) => match message.eval(frame)? {
                Value::Message(message) => has_field(field, &message),
                other => no_overload("has", &[&other]).map(|_: Value<'_>| false),
            },
            Self::HasMember(container, name) => match container.peek(frame) {
                Some(Value::Map(entries)) => Ok(member(entries, name).is_ok()),
                _ => has_member(&container.eval(frame)?, name),
            },
            Self::Matches(text, regex) => Ok(regex.is_match(&text.eval_text(frame)?)),
            Self::If(operands) => {
                let [condition, then, otherwise] = &**operands;
                if condition.eval_bool(frame)? { then.eval_bool(frame) } else { otherwise.eval_bool(frame) }
            }
            other => match other.eval(frame)? {
                Value::Bool(value) => Ok(value),
                value => Err(EvalError::new(format!("a bool is wanted here, not {}", value.type_name()))),
            },
        }
    }

    pub(super) fn eval_text<'e>(&'e self, frame: &mut Frame<'_, 'e>) -> Evaluated<Cow<'e, str>> {
        match self {
            Self::Const(Value::String(text)) => Ok(Cow::Borrowed(text)),
            Self::MetadataValue(name) => metadata_value(frame.env.metadata, name)
                .ok_or_else(|| EvalError::new(format!("no such key: {name}"))),
            Self::CallMethod => Ok(Cow::Borrowed(&frame.env.call.method)),
            Self::CallPeer => Ok(Cow::Borrowed(&frame.env.call.peer)),
            Self::Uuid => Ok(Cow::Owned(volatile::uuid())),
            Self::Concat(parts) => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&part.eval_text(frame)?);
                }
                Ok(Cow::Owned(text))
            }
            other => match other.eval(frame)? {
                Value::String(text) => Ok(text),
                value => Err(EvalError::new(format!("a string is wanted here, not {}", value.type_name()))),
            },
        }
    }

    /// The value of a variable or a constant without a copy; nothing for other nodes, which are to be evaluated.
    pub(super) fn peek<'e>(&'e self, frame: &Frame<'_, 'e>) -> Option<&'e Value<'static>> {
        match self {
            Self::Const(value) => Some(value),
            Self::State(place) => frame.env.state.get(*place),
            Self::Local(place) => frame.env.locals.get(*place),
            Self::Member(container, name) => match container.peek(frame)? {
                Value::Map(entries) => member(entries, name).ok(),
                _ => None,
            },
            _ => None,
        }
    }
}

#[inline]
fn int(value: &Value<'_>) -> Evaluated<i64> {
    match value {
        Value::Int(number) => Ok(*number),
        Value::Enum(_, number) => Ok(i64::from(*number)),
        other => Err(EvalError::new(format!("an int is wanted here, not {}", other.type_name()))),
    }
}

#[cold]
fn missing_variable() -> EvalError {
    EvalError::new("a variable has no value here")
}

/// What the check left in a slot, as the value of its field.
#[inline]
fn picked_value<'e>(field: &'e Field, raw: Raw, request: &'e [u8]) -> Evaluated<Value<'e>> {
    match raw {
        Raw::Absent | Raw::Present => Ok(field.default.borrowed()),
        Raw::Varint(_) if field.is_null_value() => Ok(Value::Null),
        Raw::Varint(raw) => Ok(reader::varint(&field.kind, raw)),
        Raw::Fixed32(raw) => Ok(reader::fixed32(&field.kind, raw)),
        Raw::Fixed64(raw) => Ok(reader::fixed64(&field.kind, raw)),
        Raw::Span(offset, length) => {
            let bytes = request.get(offset as usize..(offset + length) as usize);
            Ok(reader::delimited(&field.kind, bytes.ok_or(Malformed::Truncated)?))
        }
    }
}

impl Path {
    fn read<'e>(&'e self, request: &'e [u8]) -> Evaluated<Value<'e>> {
        let mut bytes = Cow::Borrowed(request);
        for step in &self.way {
            let contents = match bytes {
                Cow::Borrowed(bytes) => step.contents(bytes)?,
                Cow::Owned(bytes) => step.contents(&bytes)?.map(|contents| Cow::Owned(contents.into_owned())),
            };
            match contents {
                Some(contents) => bytes = contents,
                None => return Ok(self.field.default.borrowed()),
            }
        }
        let value = match bytes {
            Cow::Borrowed(bytes) => self.field.read(bytes)?,
            Cow::Owned(bytes) => self.field.read(&bytes)?.map(Value::into_owned),
        };
        Ok(value.unwrap_or_else(|| self.field.default.borrowed()))
    }
}

fn read_field<'e>(field: &Field, message: MessageValue<'e>) -> Evaluated<Value<'e>> {
    let value = match message.bytes {
        Cow::Borrowed(bytes) => field.read(bytes)?,
        Cow::Owned(bytes) => field.read(&bytes)?.map(Value::into_owned),
    };
    Ok(value.unwrap_or_else(|| field.default.clone()))
}

/// Proto's meaning: on the wire for a field with presence, else not at its default.
fn has_field(field: &Field, message: &MessageValue<'_>) -> Evaluated<bool> {
    if field.has_presence {
        return Ok(field.is_present(&message.bytes)?);
    }
    Ok(match field.read(&message.bytes)? {
        Some(Value::List(values)) => !values.is_empty(),
        Some(Value::Map(entries)) => !entries.is_empty(),
        Some(value) => !super::equal::equals(&value, &field.default),
        None => false,
    })
}

fn member<'m, 'e>(entries: &'m [(Value<'e>, Value<'e>)], name: &str) -> Evaluated<&'m Value<'e>> {
    let is_key = |key: &Value<'_>| matches!(key, Value::String(key) if key == name);
    match entries.iter().find(|(key, _)| is_key(key)) {
        Some((_, value)) => Ok(value),
        None => Err(EvalError::new(format!("no such key: {name}"))),
    }
}

fn member_of<'e>(container: Value<'e>, name: &str) -> Evaluated<Value<'e>> {
    match container {
        Value::Map(entries) => member(&entries, name).cloned(),
        Value::Message(message) => read_field(&field_named(&message, name)?, message),
        other => Err(EvalError::new(format!("{} has no field {name}", other.type_name()))),
    }
}

fn has_member(container: &Value<'_>, name: &str) -> Evaluated<bool> {
    match container {
        Value::Map(entries) => Ok(member(entries, name).is_ok()),
        Value::Message(message) => has_field(&field_named(message, name)?, message),
        other => Err(EvalError::new(format!("{} has no field {name}", other.type_name()))),
    }
}

/// A field of a message whose type nobody knew at load, such as what an `Any` holds.
fn field_named(message: &MessageValue<'_>, name: &str) -> Evaluated<Field> {
    Field::by_name(&message.descriptor, name)
        .ok_or_else(|| EvalError::new(format!("{} has no field {name}", message.descriptor.full_name())))
}

fn call<'e>(
    function: &'static Function,
    arguments: &'e [Node],
    frame: &mut Frame<'_, 'e>,
) -> Evaluated<Value<'e>> {
    match (function.code, arguments) {
        (Code::One(code), [a]) => code(a.eval(frame)?),
        (Code::Two(code), [a, b]) => code(a.eval(frame)?, b.eval(frame)?),
        (Code::Three(code), [a, b, c]) => code(a.eval(frame)?, b.eval(frame)?, c.eval(frame)?),
        (Code::Four(code), [a, b, c, d]) => {
            code(a.eval(frame)?, b.eval(frame)?, c.eval(frame)?, d.eval(frame)?)
        }
        (Code::Many(code), arguments) => {
            code(arguments.iter().map(|argument| argument.eval(frame)).collect::<Result<_, _>>()?)
        }
        _ => unreachable!("the compiler counted the arguments of {}", function.name),
    }
}

fn metadata(headers: &HeaderMap) -> Value<'_> {
    let entries = headers.keys().filter_map(|name| {
        let value = metadata_value(headers, name)?;
        Some((Value::text(name.as_str()), Value::String(value)))
    });
    Value::Map(entries.collect())
}

/// The values of one name, joined by a comma where it is repeated.
fn metadata_value<'e>(headers: &'e HeaderMap, name: &HeaderName) -> Option<Cow<'e, str>> {
    let mut values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = values.next()?;
    Some(values.fold(first, |joined, value| joined + ", " + value))
}

fn quoted(value: &Value<'_>) -> String {
    let mut text = String::new();
    value.write_json(&mut text);
    text
}
