//! Runs expressions for a bare int, double, bool or text, without making a [`Value`] on the way.

use std::borrow::Cow;

use prost_reflect::Kind;

use super::access::{has_field, has_member, member, metadata_value};
use super::evaluation::{Evaluation, missing_variable};
use super::stored::{Found, has_stored, is_within, stored, stored_size};
use super::volatile;
use crate::cel::cost::{charge_comparison, charge_containing};
use crate::cel::fields::{self, FieldReader, NamedField, WireValue};
use crate::cel::functions::Code;
use crate::cel::operators::{Relation, contains};
use crate::cel::pattern::Pattern;
use crate::cel::typed::TypedExpr;
use crate::cel::values::{EvalError, Evaluated, Value, no_overload};
use crate::message::{Malformed, Raw};

impl TypedExpr {
    /// The number of a leaf, read without a call: most operands are leaves.
    #[inline]
    fn int_at_hand(&self, evaluation: &Evaluation<'_, '_>) -> Option<i64> {
        let value = match self {
            Self::Picked(slot, field) => {
                let Raw::Varint(raw) = evaluation.env.request?.1.get(*slot) else {
                    return None;
                };
                return Some(fields::signed_varint(&field.kind, raw));
            }
            Self::Const(value) => value,
            Self::Local(place) => evaluation.env.locals.get(*place)?,
            Self::State(place) => evaluation.env.state.get(*place)?,
            Self::Variable(place) => evaluation.variables.get(*place)?,
            _ => return None,
        };
        match value {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The number of an operand.
    #[inline]
    fn int_operand<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<i64> {
        match self.int_at_hand(evaluation) {
            Some(number) => Ok(number),
            None => self.eval_int(evaluation),
        }
    }

    /// Evaluates an expression that gives an int or an enum.
    pub(in crate::cel) fn eval_int<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<i64> {
        match self {
            Self::Picked(slot, field) => match (evaluation.picked(*slot)?, &field.kind) {
                (Raw::Varint(raw), kind) => Ok(fields::signed_varint(kind, raw)),
                (Raw::Fixed32(raw), _) => Ok(i64::from(raw.cast_signed())),
                (Raw::Fixed64(raw), _) => Ok(raw.cast_signed()),
                _ => int(&field.default),
            },
            Self::Const(value) => int(value),
            Self::Local(place) => evaluation
                .env
                .locals
                .get(*place)
                .map_or_else(|| Err(missing_variable()), int),
            Self::State(place) => evaluation
                .env
                .state
                .get(*place)
                .map_or_else(|| Err(missing_variable()), int),
            Self::Variable(place) => evaluation
                .variables
                .get(*place)
                .map_or_else(|| Err(missing_variable()), int),
            Self::IntMath(math, operands) => {
                let [left, right] = &**operands;
                let left = left.int_operand(evaluation)?;
                let right = right.int_operand(evaluation)?;
                math.of_ints(left, right)
            }
            Self::If(operands) => {
                let [condition, then, otherwise] = &**operands;
                if condition.eval_bool(evaluation)? {
                    then.eval_int(evaluation)
                } else {
                    otherwise.eval_int(evaluation)
                }
            }
            Self::Field(message, field)
                if field.is_scalar()
                    && let Some(bytes) = message.message_bytes(evaluation)? =>
            {
                match scalar_field(field, bytes, evaluation)? {
                    Some(WireValue::Varint(raw)) if !field.is_null_value() => {
                        Ok(fields::signed_varint(&field.kind, raw))
                    }
                    Some(wire) => int(&field.scalar(wire)),
                    None => int(&field.default),
                }
            }
            Self::StoredSize(path) => stored_size(path, evaluation),
            Self::Received => Ok(evaluation.env.received.cast_signed()),
            Self::RequestCount => Ok(evaluation.env.requests.len() as i64),
            Self::CallId => Ok(evaluation.env.call.id.cast_signed()),
            Self::CallCount => Ok(evaluation.env.call.count.cast_signed()),
            other => int(&other.eval(evaluation)?),
        }
    }

    /// Evaluates an expression that gives a double.
    pub(in crate::cel) fn eval_double<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<f64> {
        match self {
            Self::Picked(slot, _) if let Raw::Fixed64(bits) = evaluation.picked(*slot)? => {
                Ok(f64::from_bits(bits))
            }
            Self::DoubleMath(math, operands) => {
                let left = operands[0].eval_double(evaluation)?;
                let result = math.of_doubles(left, operands[1].eval_double(evaluation)?);
                Ok(result.expect("the compiler lets no remainder of doubles through"))
            }
            Self::ToDouble(operand) => Ok(operand.eval_int(evaluation)? as f64),
            Self::Field(message, field)
                if field.is_scalar()
                    && let Some(bytes) = message.message_bytes(evaluation)? =>
            {
                match scalar_field(field, bytes, evaluation)? {
                    Some(wire) => double(&field.scalar(wire)),
                    None => double(&field.default),
                }
            }
            Self::Variable(place) => evaluation
                .variables
                .get(*place)
                .map_or_else(|| Err(missing_variable()), double),
            other => double(&other.eval(evaluation)?),
        }
    }

    pub(in crate::cel) fn eval_bool<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<bool> {
        match self {
            Self::CompareInt(relation, operands) => {
                let [left, right] = &**operands;
                let left = left.int_operand(evaluation)?;
                let right = right.int_operand(evaluation)?;
                Ok(relation.holds(left.cmp(&right)))
            }
            Self::EqualText(negated, operands) => {
                let (left, right) = (
                    operands[0].eval_text(evaluation)?,
                    operands[1].eval_text(evaluation)?,
                );
                if left.len() != right.len() {
                    return Ok(*negated);
                }
                evaluation.budget().charge_read(left.len())?;
                Ok((left == right) != *negated)
            }
            Self::Compare(relation, operands) => compare(*relation, operands, evaluation),
            Self::And(operands) => match operands[0].eval_bool(evaluation) {
                Ok(false) => Ok(false),
                Ok(true) => operands[1].eval_bool(evaluation),
                // An error does not matter if the other operand decides; the end of the budget does.
                Err(error) if evaluation.budget().is_exhausted() => Err(error),
                Err(error) => match operands[1].eval_bool(evaluation) {
                    Ok(false) => Ok(false),
                    _ => Err(error),
                },
            },
            Self::Or(operands) => match operands[0].eval_bool(evaluation) {
                Ok(true) => Ok(true),
                Ok(false) => operands[1].eval_bool(evaluation),
                Err(error) if evaluation.budget().is_exhausted() => Err(error),
                Err(error) => match operands[1].eval_bool(evaluation) {
                    Ok(true) => Ok(true),
                    _ => Err(error),
                },
            },
            Self::Not(operand) => operand.eval_bool(evaluation).map(|value| !value),
            Self::In(operands) => is_in(operands, evaluation),
            Self::HasPicked(slot) => Ok(evaluation.picked(*slot)? != Raw::Absent),
            Self::HasStored(path) => has_stored(path, evaluation),
            Self::HasMetadata(name) => Ok(evaluation.env.metadata.contains_key(name)),
            Self::HasField(message, field) => has_field_of(message, field, evaluation),
            Self::HasMember(container, field) => has_named_member(container, field, evaluation),
            Self::Matches(text, pattern) => {
                let text = text.eval_text(evaluation)?;
                pattern.is_match(&text, evaluation.budget())
            }
            Self::MatchesPattern(operands) => matches_pattern(operands, evaluation),
            Self::If(operands) => {
                let [condition, then, otherwise] = &**operands;
                if condition.eval_bool(evaluation)? {
                    then.eval_bool(evaluation)
                } else {
                    otherwise.eval_bool(evaluation)
                }
            }
            Self::Call(function, cost, arguments)
                if let (Code::Test(_, test), [text, part]) = (function.code, &**arguments)
                    && let Some(text) = text.text_at_hand(evaluation)?
                    && let Some(part) = part.text_at_hand(evaluation)? =>
            {
                cost.charge_test(evaluation.budget(), [&text, &part])?;
                Ok(test(&text, &part))
            }
            Self::Loop(looped) => bool_of(looped.eval(evaluation)?),
            other => bool_of(other.eval(evaluation)?),
        }
    }

    /// The text of a constant, a variable or a field, which is read where it stands; `None` for others, and for what is no text.
    #[inline]
    fn text_at_hand<'e>(&'e self, evaluation: &Evaluation<'_, 'e>) -> Evaluated<Option<Cow<'e, str>>> {
        Ok(match self {
            Self::Picked(slot, field) if field.kind == Kind::String => match evaluation.picked(*slot)? {
                Raw::Span(offset, length) => {
                    let bytes = evaluation.request()?;
                    let span = bytes.get(offset as usize..(offset + length) as usize);
                    Some(fields::text(span.ok_or(Malformed::Truncated)?))
                }
                _ => text_of(&field.default),
            },
            Self::Variable(place) => match evaluation.variables.get(*place) {
                Some(Value::String(Cow::Borrowed(text))) => Some(Cow::Borrowed(text)),
                _ => None,
            },
            Self::Field(message, field) if field.is_scalar() && field.kind == Kind::String => {
                let Some(bytes) = message.message_bytes(evaluation)? else {
                    return Ok(None);
                };
                match scalar_field(field, bytes, evaluation)? {
                    Some(WireValue::Delimited(bytes)) => Some(fields::text(bytes)),
                    _ => text_of(&field.default),
                }
            }
            Self::Const(_) | Self::State(_) | Self::Local(_) | Self::Element(..) => {
                self.peek(evaluation).and_then(text_of)
            }
            _ => None,
        })
    }

    pub(in crate::cel) fn eval_text<'e>(
        &'e self,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Cow<'e, str>> {
        if let Some(text) = self.text_at_hand(evaluation)? {
            return Ok(text);
        }
        match self {
            Self::MetadataValue(name) => metadata_value(evaluation.env.metadata, name)
                .ok_or_else(|| EvalError::absent_metadata(name.as_str())),
            Self::CallMethod => Ok(Cow::Borrowed(&evaluation.env.call.method)),
            Self::CallPeer => Ok(Cow::Borrowed(&evaluation.env.call.peer)),
            Self::Uuid => Ok(Cow::Owned(volatile::uuid(evaluation.env.call))),
            Self::Concat(parts) => {
                // Room for most texts: one that grows piece by piece is copied each time.
                let mut text = String::with_capacity(64);
                for part in parts {
                    let part = part.eval_text(evaluation)?;
                    evaluation.budget().charge_made(part.len())?;
                    text.push_str(&part);
                }
                Ok(Cow::Owned(text))
            }
            other => text(other.eval(evaluation)?),
        }
    }
}

/// A scalar field of a message, as it stands on the wire; `None` if it is unset.
#[inline]
fn scalar_field<'e>(
    field: &FieldReader,
    bytes: &'e [u8],
    evaluation: &Evaluation<'_, 'e>,
) -> Evaluated<Option<WireValue<'e>>> {
    evaluation.budget().charge_read(bytes.len())?;
    Ok(field.wire(bytes)?)
}

#[inline]
fn text_of<'e>(value: &'e Value<'_>) -> Option<Cow<'e, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        _ => None,
    }
}

fn text(value: Value<'_>) -> Evaluated<Cow<'_, str>> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(EvalError::without_values(format!(
            "a string is wanted here, not {}",
            other.type_name()
        ))),
    }
}

// As with `eval`, a function for each kind of part keeps the frames of `eval_bool` small.

fn compare<'e>(
    relation: Relation,
    [left, right]: &'e [TypedExpr; 2],
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<bool> {
    let (left, right) = (left.eval(evaluation)?, right.eval(evaluation)?);
    charge_comparison(evaluation.budget(), &left, &right)?;
    relation.of_values(&left, &right)
}

fn is_in<'e>([value, container]: &'e [TypedExpr; 2], evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<bool> {
    let value = value.eval(evaluation)?;
    if let TypedExpr::Stored(path) = container {
        let found = stored(path, evaluation)?;
        if let Found::Held(container) = &found {
            charge_containing(evaluation.budget(), container, &value)?;
        }
        return is_within(&found, &value);
    }
    let evaluated;
    let container = if let Some(container) = container.peek(evaluation) {
        container
    } else {
        evaluated = container.eval(evaluation)?;
        &evaluated
    };
    charge_containing(evaluation.budget(), container, &value)?;
    contains(container, &value)
}

fn matches_pattern<'e>(
    [text, pattern]: &'e [TypedExpr; 2],
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<bool> {
    let (text, pattern) = (text.eval_text(evaluation)?, pattern.eval_text(evaluation)?);
    let pattern = Pattern::at_run_time(&pattern, evaluation.budget())?;
    pattern.is_match(&text, evaluation.budget())
}

fn has_field_of<'e>(
    message: &'e TypedExpr,
    field: &FieldReader,
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<bool> {
    if let Some(bytes) = message.message_bytes(evaluation)? {
        return has_field(field, bytes, evaluation.budget());
    }
    match message.eval(evaluation)? {
        Value::Message(message) => has_field(field, &message.bytes, evaluation.budget()),
        other => no_overload("has", &[&other]).map(|_: Value<'_>| false),
    }
}

fn has_named_member<'e>(
    container: &'e TypedExpr,
    field: &NamedField,
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<bool> {
    match container.peek(evaluation) {
        Some(Value::Map(entries)) => Ok(member(entries, field.name()).is_ok()),
        Some(value) => has_member(value, field, evaluation.budget()),
        None => has_member(&container.eval(evaluation)?, field, evaluation.budget()),
    }
}

fn bool_of(value: Value<'_>) -> Evaluated<bool> {
    match value {
        Value::Bool(value) => Ok(value),
        other => Err(EvalError::without_values(format!(
            "a bool is wanted here, not {}",
            other.type_name()
        ))),
    }
}

#[inline]
fn double(value: &Value<'_>) -> Evaluated<f64> {
    match value {
        Value::Double(number) => Ok(*number),
        Value::Float(number) => Ok((*number).into()),
        other => Err(EvalError::without_values(format!(
            "a double is wanted here, not {}",
            other.type_name()
        ))),
    }
}

#[inline]
fn int(value: &Value<'_>) -> Evaluated<i64> {
    match value {
        Value::Int(number) => Ok(*number),
        Value::Enum(_, number) => Ok(i64::from(*number)),
        other => Err(EvalError::without_values(format!(
            "an int is wanted here, not {}",
            other.type_name()
        ))),
    }
}
