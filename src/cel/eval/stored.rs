//! Reads the store at a path: `store.orders[request.id].total`.
//!
//! The path leads through the maps of the store, and from there through what a value holds. Nothing on the way is copied.

use super::access::{has_member, member_of, read_named_field};
use super::evaluation::Evaluation;
use crate::cel::cost::charge_search;
use crate::cel::functions::size;
use crate::cel::operators::{contains, index};
use crate::cel::store::{Node, Tree, TreeKey};
use crate::cel::typed::Segment;
use crate::cel::values::{EvalError, Evaluated, Value, find};

/// What is at a path.
pub(super) enum Found<'e> {
    Map(&'e Tree),
    /// A value of the store, or a part of one.
    Held(&'e Value<'static>),
    /// A field of a message.
    Read(Value<'e>),
    /// Nothing; there is no entry of this key.
    Absent(Value<'e>),
}

impl<'e> Found<'e> {
    /// The value, which is copied as far as it consists of lists and maps.
    pub(super) fn value(self, evaluation: &Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
        let budget = evaluation.budget();
        match self {
            Self::Map(tree) => tree.to_value(budget),
            Self::Held(value) => {
                budget.charge_borrowing(value)?;
                Ok(value.borrowed())
            }
            Self::Read(value) => Ok(value),
            Self::Absent(key) => Err(EvalError::no_such_key(&key.to_excerpt())),
        }
    }
}

impl Segment {
    fn key<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Value<'e>> {
        let key = match self {
            Self::Name(field) => Value::text(field.name()),
            Self::Key(key) => key.eval(evaluation)?,
        };
        evaluation.budget().charge_reading(&key)?;
        Ok(key)
    }
}

/// The value at a path.
pub(super) fn stored_value<'e>(
    path: &'e [Segment],
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Value<'e>> {
    match stored(path, evaluation)? {
        Found::Absent(key) => Err(EvalError::no_such_key(&key.to_excerpt()).hinted(&asked_first(path))),
        found => found.value(evaluation),
    }
}

/// How to ask whether something is at a path.
#[cold]
fn asked_first(path: &[Segment]) -> String {
    let place = |path: &[Segment]| {
        let text = |segment: &Segment| match segment {
            Segment::Name(field) => format!(".{}", field.name()),
            Segment::Key(_) => "[…]".to_owned(),
        };
        let keys: String = path.iter().map(text).collect();
        format!("store{keys}")
    };
    let condition = match path {
        [way @ .., Segment::Key(_)] => format!("key in {}", place(way)),
        path => format!("has({})", place(path)),
    };
    format!("nothing is stored there: ask first, as in `{condition} ? … : …`")
}

/// Goes along a path.
pub(super) fn stored<'e>(path: &'e [Segment], evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<Found<'e>> {
    let mut found = Found::Map(evaluation.env.store.root());
    for segment in path {
        found = match (found, segment) {
            (Found::Absent(key), _) => return Ok(Found::Absent(key)),
            (Found::Map(tree), segment) => {
                let key = segment.key(evaluation)?;
                match tree.get(&key) {
                    Some(Node::Map(inner)) => Found::Map(inner),
                    Some(Node::Value(value)) => Found::Held(value),
                    None => Found::Absent(key),
                }
            }
            (Found::Held(Value::Message(message)), Segment::Name(field)) => {
                Found::Read(read_named_field(field, message, evaluation.budget())?)
            }
            (Found::Held(Value::Map(entries)), segment) => {
                let key = segment.key(evaluation)?;
                evaluation.budget().charge(entries.len() as u64 / 8)?;
                match find(entries, &key) {
                    Some(value) => Found::Held(value),
                    None => Found::Absent(key),
                }
            }
            (Found::Held(value), Segment::Key(key)) => Found::Held(index(value, &key.eval(evaluation)?)?),
            (Found::Held(value), Segment::Name(field)) => {
                Found::Read(member_of(value.borrowed(), field, evaluation.budget())?)
            }
            (Found::Read(value), Segment::Name(field)) => {
                Found::Read(member_of(value, field, evaluation.budget())?)
            }
            (Found::Read(value), Segment::Key(key)) => {
                let key = key.eval(evaluation)?;
                charge_search(&value, &key, evaluation.budget())?;
                let part = index(&value, &key)?;
                evaluation.budget().charge_copying(part)?;
                Found::Read(part.clone())
            }
        };
    }
    Ok(found)
}

/// Whether there is something at a path. What is below something absent is absent, too.
pub(super) fn has_stored<'e>(path: &'e [Segment], evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<bool> {
    let Some((last, way)) = path.split_last() else {
        return Ok(true);
    };
    let found = stored(way, evaluation)?;
    if let (Segment::Name(field), Found::Held(value)) = (last, &found) {
        return has_member(value, field, evaluation.budget());
    }
    if let (Segment::Name(field), Found::Read(value)) = (last, &found) {
        return has_member(value, field, evaluation.budget());
    }
    let key = last.key(evaluation)?;
    is_within(&found, &key)
}

/// Whether a value is in what was found: the key of a map, or an element of a list.
pub(super) fn is_within(found: &Found<'_>, value: &Value<'_>) -> Evaluated<bool> {
    match found {
        Found::Absent(_) => Ok(false),
        Found::Map(tree) => Ok(tree.get(value).is_some()),
        Found::Held(container) => contains(container, value),
        Found::Read(container) => contains(container, value),
    }
}

/// How many elements or entries there are at a path.
pub(super) fn stored_size<'e>(path: &'e [Segment], evaluation: &mut Evaluation<'_, 'e>) -> Evaluated<i64> {
    let size = match stored(path, evaluation)? {
        Found::Absent(_) => return Ok(0),
        Found::Map(tree) => return Ok(tree.len() as i64),
        found => size(found.value(evaluation)?)?,
    };
    match size {
        Value::Int(size) => Ok(size),
        other => Err(EvalError::of_value(&other.to_excerpt(), "is not a size")),
    }
}

/// The keys of a path.
pub(in crate::cel) fn keys<'e>(
    path: &'e [Segment],
    evaluation: &mut Evaluation<'_, 'e>,
) -> Evaluated<Vec<TreeKey>> {
    let key = |segment: &'e Segment| {
        let key = segment.key(evaluation)?;
        evaluation.budget().charge_owning(&key)?;
        TreeKey::of(&key)
            .ok_or_else(|| EvalError::of_value(&key.to_excerpt(), "cannot be a key of the store"))
    };
    path.iter().map(key).collect()
}
