//! The simplest implementation of expressions, on a `DynamicMessage`.

use std::cmp::Ordering;

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, Value};

use crate::expression::Expr;

/// What an expression reads.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) request: DynamicMessage,
    /// The counter of the surrounding loop.
    pub(crate) round: i64,
    /// The variables of the loops around in a template, innermost last.
    pub(crate) elements: Vec<(String, Value)>,
}

/// There is no value: an overflow, a division by zero, no such element.
#[derive(Debug)]
pub(crate) struct Failure;

impl Given {
    /// A request without any field set.
    pub(crate) fn nothing(descriptor: &MessageDescriptor) -> Self {
        Self {
            request: DynamicMessage::new(descriptor.clone()),
            round: 0,
            elements: Vec::new(),
        }
    }
}

impl Given {
    /// The variable of a loop around.
    pub(crate) fn element(&self, name: &str) -> &Value {
        let mut elements = self.elements.iter().rev();
        let found = elements.find(|(known, _)| known == name);
        &found.expect("it is in scope").1
    }
}

impl Expr {
    pub(crate) fn value(&self, given: &Given) -> Result<Value, Failure> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Round => Value::I64(given.round),
            Self::Field(path) | Self::Number(path) => widened(path.get(&given.request)),
            Self::Named(path, name) => {
                let Some(Kind::Enum(descriptor)) = path.kind() else {
                    return Err(Failure);
                };
                let named = descriptor.get_value_by_name(name).ok_or(Failure)?;
                Value::Bool(path.get(&given.request) == Value::EnumNumber(named.number()))
            }
            Self::Has(path) => Value::Bool(path.is_set(&given.request)),
            Self::Binary("&&", operands) => decided(operands, given, false)?,
            Self::Binary("||", operands) => decided(operands, given, true)?,
            Self::Binary(operator, operands) => {
                let [left, right] = &**operands;
                binary(operator, left.value(given)?, right.value(given)?)?
            }
            Self::Not(operand) => Value::Bool(!truth(&operand.value(given)?)?),
            Self::Negate(operand) => match operand.value(given)? {
                Value::I64(number) => Value::I64(number.checked_neg().ok_or(Failure)?),
                _ => return Err(Failure),
            },
            Self::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                let branch = if truth(&condition.value(given)?)? {
                    then
                } else {
                    otherwise
                };
                branch.value(given)?
            }
            Self::Call(name, operand) => call(name, operand.value(given)?)?,
            Self::Method(name, operands) => {
                let [text, part] = [operands[0].value(given)?, operands[1].value(given)?];
                let (Value::String(text), Value::String(part)) = (text, part) else {
                    return Err(Failure);
                };
                Value::Bool(match *name {
                    "contains" => text.contains(&part),
                    "startsWith" => text.starts_with(&part),
                    _ => text.ends_with(&part),
                })
            }
            Self::Index(operands) => {
                let [container, key] = &**operands;
                let key = key.value(given)?;
                widened(match (container.value(given)?, key) {
                    (Value::List(items), Value::I64(place)) => {
                        let place = usize::try_from(place).map_err(|_| Failure)?;
                        items.get(place).cloned().ok_or(Failure)?
                    }
                    (Value::Map(entries), key) => {
                        let found = entries.iter().find(|(known, _)| same_key(known, &key));
                        found.map(|(_, value)| value.clone()).ok_or(Failure)?
                    }
                    _ => return Err(Failure),
                })
            }
        })
    }

    /// Whether a part has no value whatever the request is, which is a problem at load.
    pub(crate) fn has_faulty_constant(&self, empty: &Given) -> bool {
        let parts: &[Self] = match self {
            Self::Literal(_)
            | Self::Round
            | Self::Field(_)
            | Self::Number(_)
            | Self::Named(..)
            | Self::Has(_) => &[],
            Self::Binary(_, operands) | Self::Method(_, operands) | Self::Index(operands) => &**operands,
            Self::Not(operand) | Self::Negate(operand) | Self::Call(_, operand) => {
                std::slice::from_ref(operand)
            }
            Self::If(parts) => &**parts,
        };
        let constant = |part: &Self| {
            if part.reads(empty) {
                Err(Failure)
            } else {
                part.value(empty)
            }
        };
        let always_fails = match self {
            Self::Binary("/" | "%", operands) => {
                matches!(constant(&operands[1]), Ok(Value::I64(0) | Value::U64(0)))
            }
            Self::Index(operands) => matches!(constant(&operands[1]), Ok(Value::I64(..0))),
            _ => false,
        };
        always_fails
            || !self.reads(empty) && self.value(empty).is_err()
            || parts.iter().any(|part| part.has_faulty_constant(empty))
    }

    /// Whether its value depends on a request or a round. What a constant condition leaves out does not count.
    pub(crate) fn reads(&self, empty: &Given) -> bool {
        let any = |parts: &[Self]| parts.iter().any(|part| part.reads(empty));
        match self {
            Self::Literal(_) => false,
            Self::Round | Self::Field(_) | Self::Number(_) | Self::Named(..) | Self::Has(_) => true,
            Self::Binary(operator @ ("&&" | "||"), operands) => {
                let decides = |operand: &Self| operand.known(empty) == Some(*operator == "||");
                !operands.iter().any(decides) && any(&**operands)
            }
            Self::Binary(_, operands) | Self::Method(_, operands) | Self::Index(operands) => any(&**operands),
            Self::Not(operand) | Self::Negate(operand) | Self::Call(_, operand) => operand.reads(empty),
            Self::If(parts) => match parts[0].known(empty) {
                Some(true) => parts[1].reads(empty),
                Some(false) => parts[2].reads(empty),
                None => any(&**parts),
            },
        }
    }

    /// What a condition gives that is the same for every request.
    fn known(&self, empty: &Given) -> Option<bool> {
        let value = (!self.reads(empty)).then(|| self.value(empty))?;
        truth(&value.ok()?).ok()
    }
}

/// A field's value in expressions: integers have 64 bits, and enums are their numbers.
pub(crate) fn widened(value: Value) -> Value {
    match value {
        Value::I32(number) | Value::EnumNumber(number) => Value::I64(number.into()),
        Value::U32(number) => Value::U64(number.into()),
        Value::F32(number) => Value::F64(number.into()),
        other => other,
    }
}

/// `&&` and `||`: one operand may decide, even if the other fails.
fn decided(operands: &[Expr; 2], given: &Given, decisive: bool) -> Result<Value, Failure> {
    let [left, right] = operands
        .each_ref()
        .map(|operand| operand.value(given).and_then(|value| truth(&value)));
    let result = match (left, right) {
        (Ok(left), _) if left == decisive => decisive,
        (_, Ok(right)) if right == decisive => decisive,
        (left, right) => {
            left?;
            right?;
            !decisive
        }
    };
    Ok(Value::Bool(result))
}

fn truth(value: &Value) -> Result<bool, Failure> {
    value.as_bool().ok_or(Failure)
}

fn binary(operator: &str, left: Value, right: Value) -> Result<Value, Failure> {
    Ok(match (operator, left, right) {
        ("==", left, right) => Value::Bool(order(&left, &right)? == Ordering::Equal),
        ("!=", left, right) => Value::Bool(order(&left, &right)? != Ordering::Equal),
        ("<", left, right) => Value::Bool(order(&left, &right)? == Ordering::Less),
        ("<=", left, right) => Value::Bool(order(&left, &right)? != Ordering::Greater),
        (">", left, right) => Value::Bool(order(&left, &right)? == Ordering::Greater),
        (">=", left, right) => Value::Bool(order(&left, &right)? != Ordering::Less),
        ("in", sought, Value::List(items)) => {
            let mut items = items.into_iter().map(widened);
            Value::Bool(items.any(|item| item == sought))
        }
        ("in", sought, Value::Map(entries)) => Value::Bool(entries.keys().any(|key| same_key(key, &sought))),
        (operator, Value::I64(a), Value::I64(b)) => Value::I64(checked(operator, a.into(), b.into())?),
        (operator, Value::U64(a), Value::U64(b)) => Value::U64(checked(operator, a.into(), b.into())?),
        ("+", Value::F64(a), Value::F64(b)) => Value::F64(a + b),
        ("-", Value::F64(a), Value::F64(b)) => Value::F64(a - b),
        ("+", Value::String(a), Value::String(b)) => Value::String(a + &b),
        ("+", Value::Bytes(a), Value::Bytes(b)) => Value::Bytes([a, b].concat().into()),
        _ => return Err(Failure),
    })
}

/// Computes with two 64-bit numbers in 128 bits, and then checks the range.
fn checked<T: TryFrom<i128>>(operator: &str, a: i128, b: i128) -> Result<T, Failure> {
    let result = match operator {
        "+" => a + b,
        "-" => a - b,
        // 128 bits hold all but some products of unsigned numbers, which are too large anyway.
        "*" => a.checked_mul(b).ok_or(Failure)?,
        "/" => a.checked_div(b).ok_or(Failure)?,
        "%" if a == i64::MIN.into() && b == -1 => return Err(Failure),
        "%" => a.checked_rem(b).ok_or(Failure)?,
        _ => return Err(Failure),
    };
    T::try_from(result).map_err(|_| Failure)
}

fn order(left: &Value, right: &Value) -> Result<Ordering, Failure> {
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a.cmp(b)),
        (Value::I64(a), Value::I64(b)) => Ok(a.cmp(b)),
        (Value::U64(a), Value::U64(b)) => Ok(a.cmp(b)),
        (Value::F64(a), Value::F64(b)) => a.partial_cmp(b).ok_or(Failure),
        (Value::String(a), Value::String(b)) => Ok(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(a.cmp(b)),
        _ => Err(Failure),
    }
}

fn call(name: &str, operand: Value) -> Result<Value, Failure> {
    Ok(match (name, operand) {
        ("size", Value::String(text)) => Value::I64(text.chars().count() as i64),
        ("size", Value::Bytes(bytes)) => Value::I64(bytes.len() as i64),
        ("size", Value::List(items)) => Value::I64(items.len() as i64),
        ("size", Value::Map(entries)) => Value::I64(entries.len() as i64),
        ("int", Value::U64(number)) => Value::I64(number.try_into().map_err(|_| Failure)?),
        ("double", Value::I64(number)) => Value::F64(number as f64),
        ("string", Value::I64(number)) => Value::String(number.to_string()),
        ("string", Value::Bool(truth)) => Value::String(truth.to_string()),
        _ => return Err(Failure),
    })
}

fn same_key(key: &prost_reflect::MapKey, sought: &Value) -> bool {
    widened(key.clone().into()) == *sought
}
