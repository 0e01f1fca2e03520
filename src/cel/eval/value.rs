//! Runs expressions for their [`Value`].

use std::borrow::Cow;

use http::HeaderName;
use prost_reflect::MessageDescriptor;

use super::access::{
    member, member_of, metadata, metadata_value, picked_value, read_named_field, read_set_field,
};
use super::evaluation::{Evaluation, missing_variable};
use super::stored::{Found, stored, stored_value};
use super::volatile;
use crate::cel::budget::Budget;
use crate::cel::cost::{Cost, charge_search};
use crate::cel::fields::{Cardinality, FieldReader, ListElements, NamedField, ValueForm, message_value};
use crate::cel::functions::{Code, Function, json_text};
use crate::cel::operators::{Math, index, negate};
use crate::cel::typed::{Segment, TypedExpr};
use crate::cel::values::{EvalError, Evaluated, MessageValue, Value, find, no_overload};
use crate::excerpt::excerpt;

impl TypedExpr {
    pub(in crate::cel) fn eval<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
        match self {
            Self::Const(value) => borrowed(value, evaluation),
            Self::Picked(slot, field) => {
                picked_value(field, evaluation.picked(*slot)?, evaluation.request()?)
            }
            Self::Path(path) => path.read(evaluation.request()?, evaluation.budget()),
            Self::Request(message, form) => message_value(
                message,
                form.as_ref(),
                Cow::Borrowed(evaluation.request()?),
                evaluation.budget(),
            ),
            Self::Requests(message, form) => requests(message, form.as_ref(), evaluation),
            Self::RequestAt(message, form, place) => request_at(message, form.as_ref(), place, evaluation),
            Self::Metadata => {
                evaluation.budget().charge(evaluation.env.metadata.len() as u64)?;
                Ok(metadata(evaluation.env.metadata))
            }
            Self::Stored(path) => stored_value(path, evaluation),
            Self::Rows(rows) => rows.list(evaluation),
            Self::Asked(asked) => asked.1.answer(&asked.0, evaluation),
            Self::State(place) => borrowed(
                evaluation.env.state.get(*place).ok_or_else(missing_variable)?,
                evaluation,
            ),
            Self::Local(place) => borrowed(
                evaluation.env.locals.get(*place).ok_or_else(missing_variable)?,
                evaluation,
            ),
            Self::Element(between, place) => borrowed(
                evaluation
                    .element(*between, *place)
                    .ok_or_else(missing_variable)?,
                evaluation,
            ),
            Self::Variable(place) => {
                let value = evaluation.variables.get(*place).ok_or_else(missing_variable)?;
                evaluation.budget().charge_copying(value)?;
                Ok(value.clone())
            }
            Self::Now => {
                let (seconds, nanos) = evaluation.now();
                Ok(Value::Timestamp { seconds, nanos })
            }
            Self::Random => Ok(Value::Double(volatile::random(evaluation.env.call))),
            Self::Field(message, field) => field_of(message, field, evaluation),
            Self::Member(container, field) => named_member(container, field, evaluation),
            Self::Unpack(any) => unpacked(any, evaluation),
            Self::List(elements) => list(elements, evaluation),
            Self::Map(entries) => map(entries, evaluation),
            Self::Message(construct) => construct.eval(evaluation),
            Self::Index(operands) => element(operands, evaluation),
            Self::If(operands) => {
                let [condition, then, otherwise] = &**operands;
                if condition.eval_bool(evaluation)? {
                    then.eval(evaluation)
                } else {
                    otherwise.eval(evaluation)
                }
            }
            Self::Negate(operand) => negate(operand.eval(evaluation)?),
            Self::Math(math, operands) => math_of(*math, operands, evaluation),
            Self::Call(function, cost, arguments) => call(function, *cost, arguments, evaluation),
            Self::Flatten(..) => {
                let mut values = Vec::new();
                self.each_element(evaluation, &mut |value| {
                    values.push(value);
                    Ok(())
                })?;
                Ok(Value::List(values))
            }
            Self::Json(value) => json(value, evaluation),
            Self::Loop(looped) => looped.eval(evaluation),
            Self::Received
            | Self::RequestCount
            | Self::CallId
            | Self::CallCount
            | Self::IntMath(..)
            | Self::StoredSize(_) => self.eval_int(evaluation).map(Value::Int),
            Self::DoubleMath(..) | Self::ToDouble(_) => self.eval_double(evaluation).map(Value::Double),
            Self::CallMethod | Self::CallPeer | Self::Uuid | Self::MetadataValue(_) | Self::Concat(_) => {
                self.eval_text(evaluation).map(Value::String)
            }
            Self::HasPicked(_)
            | Self::HasMetadata(_)
            | Self::HasStored(_)
            | Self::HasField(..)
            | Self::HasMember(..)
            | Self::In(_)
            | Self::Not(_)
            | Self::And(_)
            | Self::Or(_)
            | Self::CompareInt(..)
            | Self::EqualText(..)
            | Self::Compare(..)
            | Self::Matches(..)
            | Self::MatchesPattern(_) => self.eval_bool(evaluation).map(Value::Bool),
        }
    }

    /// Whether it is an element of a loop of a rule, or a message within one.
    pub(in crate::cel) fn is_within_element(&self) -> bool {
        match self {
            Self::Element(..) | Self::Local(_) => true,
            Self::Field(message, _) | Self::Member(message, _) => message.is_within_element(),
            _ => false,
        }
    }

    /// Whether it is a field of an element, or of something in the store, which may be unset. What is no message has no field
    /// that is unset.
    pub(in crate::cel) fn is_field_of_element(&self) -> bool {
        match self {
            Self::Field(message, field) => field.has_presence && message.is_within_element(),
            Self::Member(container, _) => container.is_within_element(),
            Self::Stored(path) => matches!(&**path, [_, .., Segment::Name(_)]),
            _ => false,
        }
    }

    /// The value of a field, or `None` if it is unset. Other expressions have a value.
    pub(in crate::cel) fn eval_field<'e>(
        &'e self,
        evaluation: &mut Evaluation<'_, 'e>,
    ) -> Evaluated<Option<Value<'e>>> {
        match self {
            Self::Field(message, field) => set_field_of(message, field, evaluation),
            Self::Member(container, field) => match container.peek(evaluation) {
                Some(Value::Message(message)) => named_field(message, field, evaluation),
                _ => self.eval(evaluation).map(Some),
            },
            Self::Stored(path) => match &**path {
                [way @ .., Segment::Name(field)] => match stored(way, evaluation)? {
                    Found::Held(Value::Message(message)) => named_field(message, field, evaluation),
                    _ => self.eval(evaluation).map(Some),
                },
                _ => self.eval(evaluation).map(Some),
            },
            other => other.eval(evaluation).map(Some),
        }
    }

    /// The bytes of a message that is the request, a variable or a part of one, without a copy; `None` for other expressions, and for
    /// what is no message. No bytes are a message that is unset.
    #[inline]
    pub(in crate::cel) fn message_bytes<'e>(
        &'e self,
        evaluation: &Evaluation<'_, 'e>,
    ) -> Evaluated<Option<&'e [u8]>> {
        Ok(match self {
            Self::Variable(place) => match evaluation.variables.get(*place) {
                Some(Value::Message(MessageValue {
                    bytes: Cow::Borrowed(bytes),
                    ..
                })) => Some(bytes),
                _ => None,
            },
            Self::Field(message, field) => return part_bytes(message, field, evaluation),
            other => match other.peek(evaluation) {
                Some(Value::Message(message)) => Some(&message.bytes),
                _ => None,
            },
        })
    }

    /// The elements of a list that is a field of the request, of a variable or of a part of one, where they stand in its bytes; `None`
    /// for other expressions.
    #[inline]
    pub(in crate::cel) fn list_elements<'e>(
        &'e self,
        evaluation: &Evaluation<'_, 'e>,
    ) -> Evaluated<Option<ListElements<'e, 'e>>> {
        match self {
            Self::Path(path) if matches!(path.field.cardinality, Cardinality::List) => {
                match path.message(evaluation.request()?, evaluation.budget())? {
                    Cow::Borrowed(bytes) => Ok(Some(path.field.elements(bytes))),
                    Cow::Owned(_) => Ok(None),
                }
            }
            Self::Field(message, field) if matches!(field.cardinality, Cardinality::List) => {
                let Some(bytes) = message.message_bytes(evaluation)? else {
                    return Ok(None);
                };
                evaluation.budget().charge_read(bytes.len())?;
                Ok(Some(field.elements(bytes)))
            }
            _ => Ok(None),
        }
    }

    /// Evaluates an expression that gives a list, and gives each element to `take`, so that no list is made of what is written at
    /// once.
    pub(in crate::cel) fn each_element<'e>(
        &'e self,
        evaluation: &mut Evaluation<'_, 'e>,
        take: &mut dyn FnMut(Value<'e>) -> Evaluated<()>,
    ) -> Evaluated<()> {
        if let Some(mut elements) = self.list_elements(evaluation)? {
            while let Some(element) = elements.next(evaluation.budget())? {
                take(element)?;
            }
            return Ok(());
        }
        match self {
            Self::List(elements) => {
                for element in elements {
                    let element = element.eval(evaluation)?;
                    take(element)?;
                }
                Ok(())
            }
            Self::Loop(looped) if looped.gives_each() => looped.each(evaluation, take),
            Self::Flatten(list, depth) => flatten(list, *depth, evaluation, take),
            other => match other.eval(evaluation)? {
                Value::List(values) => values.into_iter().try_for_each(take),
                // As with a whole value, null leaves a field unset.
                Value::Null => Ok(()),
                other => Err(EvalError::new(format!("{} is not a list", other.to_excerpt()))),
            },
        }
    }

    /// The value of a variable or a constant without a copy; `None` for other expressions, which have to be evaluated.
    pub(in crate::cel) fn peek<'e>(&'e self, evaluation: &Evaluation<'_, 'e>) -> Option<&'e Value<'e>> {
        match self {
            Self::Const(value) => Some(value),
            Self::State(place) => evaluation.env.state.get(*place),
            Self::Local(place) => evaluation.env.locals.get(*place),
            Self::Element(between, place) => evaluation.element(*between, *place),
            Self::Member(container, field) => match container.peek(evaluation)? {
                Value::Map(entries) => member(entries, field.name()).ok(),
                _ => None,
            },
            _ => None,
        }
    }
}

// Each kind of part has a function of its own, so that a frame of `eval`, which recurses, holds what one kind needs.

/// The value of a constant or a variable.
#[inline]
fn borrowed<'e>(value: &'e Value<'_>, evaluation: &Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
    evaluation.budget().charge_borrowing(value)?;
    Ok(value.borrowed())
}

fn requests<'e>(
    message: &MessageDescriptor,
    form: Option<&ValueForm>,
    evaluation: &Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    let (requests, budget) = (evaluation.env.requests, evaluation.budget());
    budget.charge(requests.len() as u64 * 2)?;
    let values = requests
        .iter()
        .map(|bytes| message_value(message, form, Cow::Borrowed(bytes), budget));
    Ok(Value::List(values.collect::<Result<_, _>>()?))
}

fn request_at<'e>(
    message: &MessageDescriptor,
    form: Option<&ValueForm>,
    place: &'e TypedExpr,
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    let place = place.eval_int(evaluation)?;
    let request = usize::try_from(place)
        .ok()
        .and_then(|place| evaluation.env.requests.get(place));
    match request {
        Some(bytes) => message_value(message, form, Cow::Borrowed(bytes), evaluation.budget()),
        None => Err(EvalError::new(format!(
            "index out of range: {place} in {} requests",
            evaluation.env.requests.len()
        ))),
    }
}

/// The bytes of a message in another one, if they stand there together.
fn part_bytes<'e>(
    message: &'e TypedExpr,
    field: &FieldReader,
    evaluation: &Evaluation<'_, 'e>,
) -> Evaluated<Option<&'e [u8]>> {
    if field.sub_message().is_none() || field.form.is_some() {
        return Ok(None);
    }
    let Some(bytes) = message.message_bytes(evaluation)? else {
        return Ok(None);
    };
    evaluation.budget().charge_read(bytes.len())?;
    Ok(match field.contents(bytes)? {
        None => Some(&[]),
        Some(Cow::Borrowed(contents)) => Some(contents),
        Some(Cow::Owned(_)) => None,
    })
}

fn field_of<'e>(
    message: &'e TypedExpr,
    field: &FieldReader,
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    let value = set_field_of(message, field, evaluation)?;
    Ok(value.unwrap_or_else(|| field.default.clone()))
}

/// The value of a field of a message whose type was not known at load; `None` if the field is unset.
fn named_field<'e>(
    message: &'e MessageValue<'e>,
    field: &NamedField,
    evaluation: &Evaluation<'_, 'e>,
) -> Evaluated<Option<Value<'e>>> {
    let field = field.of(&message.descriptor)?;
    let value = read_set_field(&field, Cow::Borrowed(&message.bytes), evaluation.budget())?;
    // Without presence, unset is the default.
    Ok(value.or_else(|| (!field.has_presence).then(|| field.default.clone())))
}

/// The value of a field of a message; `None` if it is unset.
fn set_field_of<'e>(
    message: &'e TypedExpr,
    field: &FieldReader,
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Option<Value<'e>>> {
    // Not copied where it can be helped: a loop reads several fields of each element.
    if let Some(bytes) = message.message_bytes(evaluation)? {
        return read_set_field(field, Cow::Borrowed(bytes), evaluation.budget());
    }
    match message.eval(evaluation)? {
        Value::Message(message) => read_set_field(field, message.bytes, evaluation.budget()),
        other => no_overload("field access", &[&other]).map(Some),
    }
}

fn named_member<'e>(
    container: &'e TypedExpr,
    field: &NamedField,
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    match container.peek(evaluation) {
        Some(Value::Map(entries)) => borrowed(member(entries, field.name())?, evaluation),
        Some(Value::Message(message)) => read_named_field(field, message, evaluation.budget()),
        _ => member_of(container.eval(evaluation)?, field, evaluation.budget()),
    }
}

fn unpacked<'e>(any: &'e TypedExpr, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
    match any.eval(evaluation)? {
        Value::Message(message) => {
            let unpacked = message.unpacked(evaluation.env.layouts, evaluation.budget())?;
            Ok(unpacked.unwrap_or(Value::Message(message)))
        }
        other => Ok(other),
    }
}

fn list<'e>(elements: &'e [TypedExpr], evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
    let values = elements.iter().map(|element| element.eval(evaluation));
    Ok(Value::List(values.collect::<Result<_, _>>()?))
}

/// Gives each element of a list, and of the lists in it down to a depth, to `take`.
fn flatten<'e>(
    list: &'e TypedExpr,
    depth: u64,
    evaluation: &mut Evaluation<'_, 'e>,
    take: &mut dyn FnMut(Value<'e>) -> Evaluated<()>,
) -> Evaluated<()> {
    let budget = evaluation.budget();
    let TypedExpr::List(parts) = list else {
        return list.each_element(evaluation, &mut |value| {
            budget.charge(1)?;
            budget.charge_making(&value)?;
            flat_value(value, depth, take)
        });
    };
    for part in parts {
        match part.list_elements(evaluation)? {
            Some(mut elements) if depth > 0 => {
                while let Some(element) = elements.next(budget)? {
                    budget.charge(1)?;
                    flat_value(element, depth - 1, take)?;
                }
            }
            _ if depth > 0 && matches!(part, TypedExpr::List(_)) => {
                flatten(part, depth - 1, evaluation, take)?;
            }
            _ => {
                let value = part.eval(evaluation)?;
                budget.charge_making(&value)?;
                flat_value(value, depth, take)?;
            }
        }
    }
    Ok(())
}

fn flat_value<'e>(
    value: Value<'e>,
    depth: u64,
    take: &mut dyn FnMut(Value<'e>) -> Evaluated<()>,
) -> Evaluated<()> {
    match value {
        Value::List(inner) if depth > 0 => inner
            .into_iter()
            .try_for_each(|value| flat_value(value, depth - 1, take)),
        other => take(other),
    }
}

fn map<'e>(
    entries: &'e [(TypedExpr, TypedExpr)],
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    let mut values = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let key = key.eval(evaluation)?;
        evaluation.budget().charge_reading(&key)?;
        if find(&values, &key).is_some() {
            return Err(EvalError::new(format!("the key {} comes twice", quoted(&key))));
        }
        values.push((key, value.eval(evaluation)?));
    }
    Ok(Value::Map(values))
}

fn element<'e>(
    [container, key]: &'e [TypedExpr; 2],
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    let key = key.eval(evaluation)?;
    if let (TypedExpr::Metadata, Value::String(name)) = (container, &key) {
        let value = HeaderName::from_lowercase(name.as_bytes())
            .ok()
            .and_then(|name| metadata_value(evaluation.env.metadata, &name));
        return value
            .map(Value::String)
            .ok_or_else(|| EvalError::absent_metadata(name));
    }
    if let Some(container) = container.peek(evaluation) {
        charge_search(container, &key, evaluation.budget())?;
        return borrowed(index(container, &key)?, evaluation);
    }
    let container = container.eval(evaluation)?;
    charge_search(&container, &key, evaluation.budget())?;
    let value = index(&container, &key)?;
    evaluation.budget().charge_copying(value)?;
    Ok(value.clone())
}

fn math_of<'e>(
    math: Math,
    [left, right]: &'e [TypedExpr; 2],
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    let (left, right) = (left.eval(evaluation)?, right.eval(evaluation)?);
    evaluation.budget().charge_making(&left)?;
    evaluation.budget().charge_making(&right)?;
    math.of_values(left, right)
}

pub(super) fn call<'e>(
    function: &'static Function,
    cost: Cost,
    arguments: &'e [TypedExpr],
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    let budget = evaluation.budget();
    match (function.code, arguments) {
        (Code::One(code), [a]) => {
            let [a] = charged([a.eval(evaluation)?], cost, budget)?;
            code(a)
        }
        (Code::Metered(code), [a]) => {
            let [a] = charged([a.eval(evaluation)?], cost, budget)?;
            code(a, budget)
        }
        (Code::Two(code) | Code::Test(code, _), [a, b]) => {
            let [a, b] = charged([a.eval(evaluation)?, b.eval(evaluation)?], cost, budget)?;
            code(a, b)
        }
        (Code::Three(code), [a, b, c]) => {
            let values = [a.eval(evaluation)?, b.eval(evaluation)?, c.eval(evaluation)?];
            let [a, b, c] = charged(values, cost, budget)?;
            code(a, b, c)
        }
        (Code::Four(code), [a, b, c, d]) => {
            let values = [
                a.eval(evaluation)?,
                b.eval(evaluation)?,
                c.eval(evaluation)?,
                d.eval(evaluation)?,
            ];
            let [a, b, c, d] = charged(values, cost, budget)?;
            code(a, b, c, d)
        }
        (Code::MeteredTwo(code), [a, b]) => {
            let [a, b] = charged([a.eval(evaluation)?, b.eval(evaluation)?], cost, budget)?;
            code(a, b, budget)
        }
        (Code::MeteredThree(code), [a, b, c]) => {
            let values = [a.eval(evaluation)?, b.eval(evaluation)?, c.eval(evaluation)?];
            let [a, b, c] = charged(values, cost, budget)?;
            code(a, b, c, budget)
        }
        (Code::Many(code), arguments) => {
            let values = arguments.iter().map(|argument| argument.eval(evaluation));
            let values: Vec<Value<'e>> = values.collect::<Result<_, _>>()?;
            cost.charge(budget, &values)?;
            code(values)
        }
        _ => unreachable!("the compiler counted the arguments of {}", function.name),
    }
}

/// The arguments of a call, for which it is charged.
#[inline]
fn charged<'e, const N: usize>(
    values: [Value<'e>; N],
    cost: Cost,
    budget: &Budget,
) -> Evaluated<[Value<'e>; N]> {
    cost.charge(budget, &values)?;
    Ok(values)
}

fn json<'e>(value: &'e TypedExpr, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
    let value = value.eval(evaluation)?;
    evaluation.env.charge_text(&value)?;
    json_text(&value).map(Value::text)
}

fn quoted(value: &Value<'_>) -> String {
    let mut text = String::new();
    match value {
        Value::String(key) => Value::String(excerpt(key)).write_json(&mut text),
        other => other.write_json(&mut text),
    }
    text
}
