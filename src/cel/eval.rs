//! Runs compiled expressions.
//!
//! [`Node::eval`] gives a [`Value`]; [`Node::eval_int`], [`Node::eval_double`], [`Node::eval_bool`] and
//! [`Node::eval_text`] give the bare thing and make no value on the way where the nodes are typed. Text and bytes are borrowed from the request, the
//! state or the program wherever they can be.

use std::borrow::Cow;

use super::access::{
    has_field, has_member, member, member_of, metadata, metadata_value, picked_value, read_field,
};
use super::functions::{Code, Evaluated, Function, no_overload};
use super::operators::{contains, index, negate};
use super::tree::Node;
use super::well_known::message_value;
use super::{Env, EvalError, Value, reader, volatile};
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
        Self {
            env,
            variables: Vec::new(),
            now: None,
        }
    }

    fn request(&self) -> Evaluated<&'e [u8]> {
        self.env.request.map(|(bytes, _)| bytes).ok_or_else(no_request)
    }

    fn picked(&self, slot: crate::message::Slot) -> Evaluated<Raw> {
        self.env
            .request
            .map(|(_, picked)| picked.get(slot))
            .ok_or_else(no_request)
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
            Self::Request(message, known) => Ok(message_value(
                message,
                known.as_ref(),
                Cow::Borrowed(frame.request()?),
            )?),
            Self::Requests(message, known) => {
                let requests = frame.env.requests.iter();
                let values =
                    requests.map(|bytes| message_value(message, known.as_ref(), Cow::Borrowed(bytes)));
                Ok(Value::List(values.collect::<Result<_, _>>()?))
            }
            Self::RequestAt(message, known, place) => {
                let place = place.eval_int(frame)?;
                let request = usize::try_from(place)
                    .ok()
                    .and_then(|place| frame.env.requests.get(place));
                match request {
                    Some(bytes) => Ok(message_value(message, known.as_ref(), Cow::Borrowed(bytes))?),
                    None => Err(EvalError::new(format!(
                        "index out of range: {place} in {} requests",
                        frame.env.requests.len()
                    ))),
                }
            }
            Self::Metadata => Ok(metadata(frame.env.metadata)),
            Self::Store => {
                let entries = frame.env.store.iter();
                let entries = entries.map(|(name, value)| (Value::text(name), value.borrowed()));
                Ok(Value::Map(entries.collect()))
            }
            Self::StoreValue(name) => {
                let name = name.eval_text(frame)?;
                let value = frame.env.store.get(&name).map(Value::borrowed);
                value.ok_or_else(|| EvalError::new(format!("no such key: {name}")))
            }
            Self::State(place) => frame
                .env
                .state
                .get(*place)
                .map(Value::borrowed)
                .ok_or_else(missing_variable),
            Self::Local(place) => frame
                .env
                .locals
                .get(*place)
                .map(Value::borrowed)
                .ok_or_else(missing_variable),
            Self::Variable(place) => frame.variables.get(*place).cloned().ok_or_else(missing_variable),
            Self::Now => {
                let (seconds, nanos) = *frame.now.get_or_insert_with(volatile::now);
                Ok(Value::Timestamp { seconds, nanos })
            }
            Self::Random => Ok(Value::Double(volatile::random(frame.env.call))),
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
                if condition.eval_bool(frame)? {
                    then.eval(frame)
                } else {
                    otherwise.eval(frame)
                }
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
            Self::DoubleMath(..) | Self::ToDouble(_) => self.eval_double(frame).map(Value::Double),
            Self::CallMethod | Self::CallPeer | Self::Uuid | Self::MetadataValue(_) | Self::Concat(_) => {
                self.eval_text(frame).map(Value::String)
            }
            Self::HasPicked(_)
            | Self::HasMetadata(_)
            | Self::HasStore(_)
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

    /// The number of a leaf that holds one, without a call: operands mostly are.
    #[inline]
    fn int_at_hand(&self, frame: &Frame<'_, '_>) -> Option<i64> {
        let value = match self {
            Self::Picked(slot, field) => {
                let Raw::Varint(raw) = frame.env.request?.1.get(*slot) else {
                    return None;
                };
                return Some(reader::signed_varint(&field.kind, raw));
            }
            Self::Const(value) => value,
            Self::Local(place) => frame.env.locals.get(*place)?,
            Self::State(place) => frame.env.state.get(*place)?,
            _ => return None,
        };
        match value {
            Value::Int(number) => Some(*number),
            _ => None,
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
            Self::Local(place) => frame
                .env
                .locals
                .get(*place)
                .map_or_else(|| Err(missing_variable()), int),
            Self::State(place) => frame
                .env
                .state
                .get(*place)
                .map_or_else(|| Err(missing_variable()), int),
            Self::IntMath(math, operands) => {
                let [left, right] = &**operands;
                let left = left.int_at_hand(frame).map_or_else(|| left.eval_int(frame), Ok)?;
                let right = right
                    .int_at_hand(frame)
                    .map_or_else(|| right.eval_int(frame), Ok)?;
                math.of_ints(left, right)
            }
            Self::If(operands) => {
                let [condition, then, otherwise] = &**operands;
                if condition.eval_bool(frame)? {
                    then.eval_int(frame)
                } else {
                    otherwise.eval_int(frame)
                }
            }
            Self::Received => Ok(frame.env.received.cast_signed()),
            Self::RequestCount => Ok(frame.env.requests.len() as i64),
            Self::CallId => Ok(frame.env.call.id.cast_signed()),
            other => int(&other.eval(frame)?),
        }
    }

    /// The number of a node that gives a double.
    pub(super) fn eval_double<'e>(&'e self, frame: &mut Frame<'_, 'e>) -> Evaluated<f64> {
        match self {
            Self::Picked(slot, _) if let Raw::Fixed64(bits) = frame.picked(*slot)? => {
                Ok(f64::from_bits(bits))
            }
            Self::DoubleMath(math, operands) => {
                let left = operands[0].eval_double(frame)?;
                let result = math.of_doubles(left, operands[1].eval_double(frame)?);
                Ok(result.expect("the compiler lets no remainder of doubles through"))
            }
            Self::ToDouble(operand) => Ok(operand.eval_int(frame)? as f64),
            other => match other.eval(frame)? {
                Value::Double(number) => Ok(number),
                value => Err(EvalError::new(format!(
                    "a double is wanted here, not {}",
                    value.type_name()
                ))),
            },
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
            Self::HasStore(name) => {
                let name = name.eval_text(frame)?;
                Ok(frame.env.store.get(&name).is_some())
            }
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
                if condition.eval_bool(frame)? {
                    then.eval_bool(frame)
                } else {
                    otherwise.eval_bool(frame)
                }
            }
            other => match other.eval(frame)? {
                Value::Bool(value) => Ok(value),
                value => Err(EvalError::new(format!(
                    "a bool is wanted here, not {}",
                    value.type_name()
                ))),
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
            Self::Uuid => Ok(Cow::Owned(volatile::uuid(frame.env.call))),
            Self::Concat(parts) => {
                // Room for most: a text that grows piece by piece is copied each time.
                let mut text = String::with_capacity(64);
                for part in parts {
                    text.push_str(&part.eval_text(frame)?);
                }
                Ok(Cow::Owned(text))
            }
            other => match other.eval(frame)? {
                Value::String(text) => Ok(text),
                value => Err(EvalError::new(format!(
                    "a string is wanted here, not {}",
                    value.type_name()
                ))),
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
        other => Err(EvalError::new(format!(
            "an int is wanted here, not {}",
            other.type_name()
        ))),
    }
}

#[cold]
fn missing_variable() -> EvalError {
    EvalError::new("a variable has no value here")
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
        (Code::Many(code), arguments) => code(
            arguments
                .iter()
                .map(|argument| argument.eval(frame))
                .collect::<Result<_, _>>()?,
        ),
        _ => unreachable!("the compiler counted the arguments of {}", function.name),
    }
}

fn quoted(value: &Value<'_>) -> String {
    let mut text = String::new();
    value.write_json(&mut text);
    text
}
