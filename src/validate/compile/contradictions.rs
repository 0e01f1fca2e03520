//! Rules that no value can keep: a least length above the greatest, a constant that is not allowed, a message that must
//! hold itself.
//!
//! They mean something, as `buf.validate` has them, and that is to refuse every request. Nobody writes them on purpose.
//! A range whose ends are reversed is none of them: `{gt: 5, lt: 2}` takes what is outside of it.

use std::cmp::Ordering;
use std::collections::HashSet;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use super::options::{flag, message, option, value};

/// A pair of rules of which the first may not be above the second.
const ORDERED: [(&str, &str); 10] = [
    ("min_len", "max_len"),
    ("min_bytes", "max_bytes"),
    ("min_items", "max_items"),
    ("min_pairs", "max_pairs"),
    ("min_len", "len"),
    ("len", "max_len"),
    ("min_bytes", "len_bytes"),
    ("len_bytes", "max_bytes"),
    ("min_len", "max_bytes"),
    ("len", "max_bytes"),
];

/// The ends of a range: which, and whether a constant may be beyond them.
const ENDS: [(&str, Ordering, bool); 4] = [
    ("gt", Ordering::Greater, false),
    ("gte", Ordering::Greater, true),
    ("lt", Ordering::Less, false),
    ("lte", Ordering::Less, true),
];

/// Why no value keeps these rules of a type, such as `buf.validate.StringRules`, and what to do.
pub(super) fn contradiction(rules: &DynamicMessage) -> Option<(String, &'static str)> {
    let number = |name: &str| value(rules, name).and_then(|value| value.as_u64());
    for (low, high) in ORDERED {
        if let (Some(least), Some(most)) = (number(low), number(high))
            && least > most
        {
            let text = format!("no value has a `{low}` of {least} and a `{high}` of {most}");
            return Some((text, "swap the two, or leave one of them out"));
        }
    }
    // Nothing is inside of such a range, and what is outside is not meant.
    for (low, high) in [("gt", "lt"), ("gt", "lte"), ("gte", "lt")] {
        if let (Some(one), Some(other)) = (value(rules, low), value(rules, high))
            && one == other
        {
            let text = format!("`{low}` and `{high}` are equal, and no value is between them");
            return Some((
                text,
                "`gte` and `lte` allow the ends themselves; `const` allows one value",
            ));
        }
    }
    let list = |name: &str| {
        value(rules, name).map(|value| value.as_list().map(<[Value]>::to_vec).unwrap_or_default())
    };
    let (among, never) = (list("in"), list("not_in").unwrap_or_default());
    if let Some(constant) = value(rules, "const") {
        let leave_out = "a `const` allows one value: leave out the other rule";
        if among.as_ref().is_some_and(|among| !among.contains(&constant)) {
            return Some((
                "the `const` is not among the values of `in`".to_owned(),
                leave_out,
            ));
        }
        if never.contains(&constant) {
            return Some((
                "the `const` is among the values of `not_in`".to_owned(),
                leave_out,
            ));
        }
        for (name, beyond, may_be_equal) in ENDS {
            let end = value(rules, name);
            let ordering = end.and_then(|end| compare(&constant, &end));
            let keeps =
                ordering.is_none_or(|found| found == beyond || may_be_equal && found == Ordering::Equal);
            if !keeps {
                return Some((format!("the `const` does not keep `{name}`"), leave_out));
            }
        }
        if let Some(name) = misfit_of_text(rules, &constant) {
            return Some((format!("the `const` does not keep `{name}`"), leave_out));
        }
    }
    if among.is_some_and(|among| among.iter().all(|value| never.contains(value))) {
        let text = "each value of `in` is among those of `not_in`".to_owned();
        return Some((text, "leave `not_in` out: `in` lists all that is allowed"));
    }
    let most = number("max_len").or_else(|| number("len"));
    let too_long = ["prefix", "suffix", "contains"].into_iter().find(|name| {
        let part = value(rules, name).and_then(|part| part.as_str().map(|part| part.chars().count() as u64));
        part.zip(most).is_some_and(|(part, most)| part > most)
    });
    too_long.map(|name| {
        let text = format!("the `{name}` is longer than any value may be");
        (text, "let the value be longer, or leave one of them out")
    })
}

/// The rule of lengths that a constant text or constant bytes do not keep.
fn misfit_of_text(rules: &DynamicMessage, constant: &Value) -> Option<&'static str> {
    let (length, bytes) = match constant {
        Value::String(text) => (text.chars().count(), text.len()),
        Value::Bytes(bytes) => (bytes.len(), bytes.len()),
        _ => return None,
    };
    let number = |name: &str| value(rules, name).and_then(|value| value.as_u64());
    [
        ("len", length),
        ("min_len", length),
        ("max_len", length),
        ("len_bytes", bytes),
        ("min_bytes", bytes),
        ("max_bytes", bytes),
    ]
    .into_iter()
    .find_map(|(name, found)| {
        let (limit, found) = (number(name)?, found as u64);
        let keeps = match name {
            "min_len" | "min_bytes" => found >= limit,
            "max_len" | "max_bytes" => found <= limit,
            _ => found == limit,
        };
        (!keeps).then_some(name)
    })
}

fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::I32(one), Value::I32(other)) => Some(one.cmp(other)),
        (Value::I64(one), Value::I64(other)) => Some(one.cmp(other)),
        (Value::U32(one), Value::U32(other)) => Some(one.cmp(other)),
        (Value::U64(one), Value::U64(other)) => Some(one.cmp(other)),
        (Value::F32(one), Value::F32(other)) => one.partial_cmp(other),
        (Value::F64(one), Value::F64(other)) => one.partial_cmp(other),
        // Durations and timestamps have seconds and nanoseconds.
        (Value::Message(one), Value::Message(other)) => {
            let part = |of: &DynamicMessage, name: &str| Some(of.get_field_by_name(name)?.into_owned());
            let seconds = compare(&part(one, "seconds")?, &part(other, "seconds")?)?;
            Some(seconds.then(compare(&part(one, "nanos")?, &part(other, "nanos")?)?))
        }
        _ => None,
    }
}

/// As many messages are looked at to find one that must hold itself.
const MAX_SEARCHED: usize = 1000;

/// The field by which a message must hold another of its own type, which must hold another, without an end.
pub(super) fn endless(root: &MessageDescriptor) -> Option<FieldDescriptor> {
    for first in root.fields() {
        let Some(inner) = must_hold(&first) else { continue };
        let mut seen = HashSet::new();
        let mut waiting = vec![inner];
        while let Some(message) = waiting.pop() {
            if message == *root {
                return Some(first);
            }
            if seen.len() < MAX_SEARCHED && seen.insert(message.full_name().to_owned()) {
                waiting.extend(message.fields().filter_map(|field| must_hold(&field)));
            }
        }
    }
    None
}

/// The type of the message that must be in a field, if one must.
fn must_hold(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    let Kind::Message(inner) = field.kind() else {
        return None;
    };
    field.field_descriptor_proto().options.as_ref()?;
    let rules = option(&field.options(), "buf.validate.field")?;
    if value(&rules, "ignore").is_some_and(|ignore| ignore.as_enum_number() != Some(0)) {
        return None;
    }
    let least = |kind: &str, name: &str| {
        let of_type = message(&rules, kind)?;
        value(&of_type, name)?.as_u64()
    };
    let is_filled = least("repeated", "min_items").or_else(|| least("map", "min_pairs"));
    if !flag(&rules, "required") && is_filled.unwrap_or_default() == 0 {
        return None;
    }
    if !field.is_map() {
        return Some(inner);
    }
    match inner.map_entry_value_field().kind() {
        Kind::Message(inner) => Some(inner),
        _ => None,
    }
}
