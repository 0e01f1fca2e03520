//! The lists extension.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::function::{Code, Function, Overload, Parameter, ResultType, Style};
use crate::cel::budget::Budget;
use crate::cel::cost::comparing_weight;
use crate::cel::operators::Math;
use crate::cel::values::{EvalError, Evaluated, Key, Value, compare, equals, no_overload};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::member(
        "slice",
        Code::Three(slice),
        &[Overload(
            &[Parameter::List, Parameter::Int, Parameter::Int],
            ResultType::First,
        )],
    ),
    Function::member(
        "flatten",
        Code::One(flatten),
        &[Overload(&[Parameter::List], ResultType::Is(Parameter::List))],
    ),
    Function::member(
        "flatten",
        Code::Two(flatten_to),
        &[Overload(
            &[Parameter::List, Parameter::Int],
            ResultType::Is(Parameter::List),
        )],
    ),
    Function::member(
        "distinct",
        Code::Metered(distinct),
        &[Overload(&[Parameter::List], ResultType::First)],
    ),
    Function::member(
        "sort",
        Code::One(sort),
        &[Overload(&[Parameter::List], ResultType::First)],
    ),
    Function::member(
        "reverse",
        Code::One(reverse),
        &[
            Overload(&[Parameter::List], ResultType::First),
            Overload(&[Parameter::Text], ResultType::Is(Parameter::Text)),
        ],
    ),
    Function::member(
        "first",
        Code::One(first),
        &[Overload(&[Parameter::List], ResultType::Element)],
    ),
    Function::member(
        "last",
        Code::One(last),
        &[Overload(&[Parameter::List], ResultType::Element)],
    ),
    Function::member(
        "sum",
        Code::One(|list| sum_from(list, Value::Int(0))),
        &[Overload(&[Parameter::Addends], ResultType::Element)],
    ),
    Function {
        name: "lists.range",
        style: Style::Global,
        code: Code::One(range),
        overloads: &[Overload(&[Parameter::Int], ResultType::Is(Parameter::Ints))],
    },
];

/// `sum` of elements whose type is known: the second argument is its zero, which the sum of none is.
pub(in crate::cel) const SUM_FROM: &Function = &Function::member(
    "sum",
    Code::Two(sum_from),
    &[Overload(
        &[Parameter::Addends, Parameter::Any],
        ResultType::Element,
    )],
);

/// The most elements that `lists.range` makes, as in cel-go.
pub(in crate::cel) const MAX_RANGE: i64 = 1_000_000;

fn slice<'e>(list: Value<'e>, start: Value<'e>, end: Value<'e>) -> Evaluated<Value<'e>> {
    let (Value::List(values), Value::Int(start), Value::Int(end)) = (&list, &start, &end) else {
        return no_overload("slice", &[&list, &start, &end]);
    };
    let place = |index: &i64| usize::try_from(*index).ok();
    match place(start)
        .zip(place(end))
        .and_then(|(start, end)| values.get(start..end))
    {
        Some(values) => Ok(Value::List(values.to_vec())),
        None => Err(EvalError::new(format!(
            "slice: no elements {start} to {end} in a list of {}",
            values.len()
        ))),
    }
}

fn flatten(list: Value<'_>) -> Evaluated<Value<'_>> {
    flatten_to(list, Value::Int(1))
}

fn flatten_to<'e>(list: Value<'e>, depth: Value<'e>) -> Evaluated<Value<'e>> {
    match (list, depth) {
        (Value::List(values), Value::Int(depth)) => {
            let depth = u64::try_from(depth)
                .map_err(|_| EvalError::new(format!("flatten: the depth is negative: {depth}")))?;
            let mut flat = Vec::with_capacity(values.len());
            flatten_into(values, depth, &mut flat);
            Ok(Value::List(flat))
        }
        (list, depth) => no_overload("flatten", &[&list, &depth]),
    }
}

fn flatten_into<'e>(values: Vec<Value<'e>>, depth: u64, flat: &mut Vec<Value<'e>>) {
    for value in values {
        match value {
            Value::List(inner) if depth > 0 => flatten_into(inner, depth - 1, flat),
            other => flat.push(other),
        }
    }
}

/// So few elements are sooner compared with each other than looked up, or moved one by one than sorted by their places.
const FEW: usize = 16;

fn is_number(value: &Value<'_>) -> bool {
    matches!(
        value,
        Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Float(_)
    )
}

/// The first of each set of equal elements; `1`, `1u` and `1.0` are equal.
fn distinct<'e>(list: Value<'e>, budget: &Budget) -> Evaluated<Value<'e>> {
    let Value::List(values) = list else {
        return no_overload("distinct", &[&list]);
    };
    let mut unique: Vec<Value<'_>> = Vec::with_capacity(values.len());
    if values.len() <= FEW && values.iter().all(is_number) {
        for value in values {
            if !unique.iter().any(|other| equals(other, &value)) {
                unique.push(value);
            }
        }
        return Ok(Value::List(unique));
    }
    let mut seen = HashSet::new();
    for value in values {
        let is_new = if let Some(key) = Key::of(&value) {
            seen.insert(key)
        } else {
            // It is compared with all that are kept.
            budget.charge(comparing_weight(&value).saturating_mul(2 * unique.len() as u64))?;
            !unique.iter().any(|other| equals(other, &value))
        };
        if is_new {
            unique.push(value);
        }
    }
    Ok(Value::List(unique))
}

fn sort(list: Value<'_>) -> Evaluated<Value<'_>> {
    match list {
        Value::List(mut values) => {
            expect_order("sort", &values)?;
            values.sort_by(order);
            Ok(Value::List(values))
        }
        other => no_overload("sort", &[&other]),
    }
}

/// The values in the order of their keys, one for each, which must be of one type. Equal keys keep their order. Places are
/// sorted, as pairs of a key and a value would take several times the memory of the list.
pub(in crate::cel) fn sort_by_keys<'e>(
    name: &str,
    mut values: Vec<Value<'e>>,
    keys: Vec<Value<'_>>,
) -> Evaluated<Value<'e>> {
    expect_order(name, &keys)?;
    if values.len() <= FEW {
        let mut keys = keys;
        for end in 1..values.len() {
            let mut at = end;
            while at > 0 && order(&keys[at - 1], &keys[at]) == Ordering::Greater {
                keys.swap(at - 1, at);
                values.swap(at - 1, at);
                at -= 1;
            }
        }
        return Ok(Value::List(values));
    }
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|&one, &other| order(&keys[one], &keys[other]));
    drop(keys);
    let sorted = places
        .into_iter()
        .map(|place| std::mem::replace(&mut values[place], Value::Null));
    Ok(Value::List(sorted.collect()))
}

/// Fails if the keys are not of one type that has an order.
fn expect_order(name: &str, keys: &[Value<'_>]) -> Evaluated<()> {
    let Some(first) = keys.first() else { return Ok(()) };
    // A NaN is not even comparable with itself.
    let fits = |key: &&Value<'_>| key.type_name() == first.type_name() && compare(key, key).is_some();
    match keys.iter().find(|key| !fits(key)) {
        Some(other) => {
            let (first, other) = (first.type_name(), other.type_name());
            Err(EvalError::without_values(format!(
                "{name}: cannot order {first} and {other}"
            )))
        }
        None => Ok(()),
    }
}

fn order(one: &Value<'_>, other: &Value<'_>) -> Ordering {
    compare(one, other).unwrap_or(Ordering::Equal)
}

/// Of a list, or the code points of a string.
fn reverse(value: Value<'_>) -> Evaluated<Value<'_>> {
    match value {
        Value::List(mut values) => {
            values.reverse();
            Ok(Value::List(values))
        }
        Value::String(text) => Ok(Value::text(text.chars().rev().collect::<String>())),
        other => no_overload("reverse", &[&other]),
    }
}

/// cel-go returns an optional value; protod has none, so that an empty list is an error.
fn first(list: Value<'_>) -> Evaluated<Value<'_>> {
    match list {
        Value::List(values) => values
            .into_iter()
            .next()
            .ok_or_else(|| EvalError::new("first: the list is empty")),
        other => no_overload("first", &[&other]),
    }
}

fn last(list: Value<'_>) -> Evaluated<Value<'_>> {
    match list {
        Value::List(mut values) => values
            .pop()
            .ok_or_else(|| EvalError::new("last: the list is empty")),
        other => no_overload("last", &[&other]),
    }
}

/// As in Kubernetes' library of lists.
fn sum_from<'e>(list: Value<'e>, zero: Value<'e>) -> Evaluated<Value<'e>> {
    let Value::List(values) = list else {
        return no_overload("sum", &[&list]);
    };
    let mut values = values.into_iter();
    let Some(first) = values.next() else {
        return Ok(zero);
    };
    let is_addend = matches!(
        first,
        Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Float(_) | Value::Duration { .. }
    );
    if !is_addend {
        let found = first.type_name();
        return Err(EvalError::without_values(format!(
            "sum: {found} is no number and no duration"
        )));
    }
    values.try_fold(first.widened(), |sum, value| Math::Add.of_values(sum, value))
}

fn range(count: Value<'_>) -> Evaluated<Value<'_>> {
    match count {
        Value::Int(count @ 0..=MAX_RANGE) => Ok(Value::List((0..count).map(Value::Int).collect())),
        Value::Int(count) => Err(EvalError::new(format!(
            "lists.range: {count} is not between 0 and {MAX_RANGE}"
        ))),
        other => no_overload("lists.range", &[&other]),
    }
}
