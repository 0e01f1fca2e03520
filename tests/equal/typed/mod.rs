//! A type that fits a random message: it asks serde for what a struct asks for that was derived with the same fields.
//!
//! What a derived type knows when it is compiled, this one takes from a descriptor, which [`with`] gives it. Each second
//! oneof is an enum, and the members of the others are fields. The number of a field says which of the names and kinds that
//! fit it has, so that reading and writing agree. A [`Fault`] gives one field another name or kind.

mod read;
mod write;

use std::cell::RefCell;
use std::collections::HashSet;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor, ReflectMessage as _, Syntax,
    Value,
};

/// A message with the fields that its descriptor has.
#[derive(Debug, PartialEq)]
pub(crate) struct Fitting(pub(crate) DynamicMessage);

/// What is wrong with the type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) field: FieldDescriptor,
    pub(crate) what: Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wrong {
    Name,
    Kind,
}

thread_local! {
    static TYPE: RefCell<Option<(MessageDescriptor, Option<Fault>)>> = const { RefCell::new(None) };
    static TEXTS: RefCell<HashSet<&'static str>> = RefCell::default();
    static LISTS: RefCell<HashSet<&'static [&'static str]>> = RefCell::default();
}

/// Does something while [`Fitting`] is this message.
pub(crate) fn with<T>(descriptor: &MessageDescriptor, fault: Option<Fault>, work: impl FnOnce() -> T) -> T {
    TYPE.set(Some((descriptor.clone(), fault)));
    work()
}

/// All fields of a message and of what it holds.
pub(crate) fn fields(root: &MessageDescriptor) -> Vec<FieldDescriptor> {
    let mut messages = vec![root.clone()];
    let mut next = 0;
    while let Some(message) = messages.get(next).cloned() {
        next += 1;
        for field in message.fields() {
            let kind = match field.kind() {
                Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
                kind => kind,
            };
            match kind {
                Kind::Message(inner) if !messages.contains(&inner) => messages.push(inner),
                _ => {}
            }
        }
    }
    messages.iter().flat_map(MessageDescriptor::fields).collect()
}

/// The message without the fields that its descriptor does not have.
pub(crate) fn known(message: &DynamicMessage) -> DynamicMessage {
    let mut known = DynamicMessage::new(message.descriptor());
    for (field, value) in message.fields() {
        known.set_field(&field, known_value(value));
    }
    known
}

fn known_value(value: &Value) -> Value {
    match value {
        Value::Message(message) => Value::Message(known(message)),
        Value::List(values) => Value::List(values.iter().map(known_value).collect()),
        // In place, so that the order of the entries stays.
        Value::Map(values) => {
            let mut values = values.clone();
            for value in values.values_mut() {
                *value = known_value(value);
            }
            Value::Map(values)
        }
        value => value.clone(),
    }
}

fn is_wrong(field: &FieldDescriptor, wrong: Wrong) -> bool {
    TYPE.with_borrow(|of| match of {
        Some((_, Some(fault))) => fault.what == wrong && fault.field == *field,
        _ => false,
    })
}

/// What a derived type has as a constant.
fn constant(text: &str) -> &'static str {
    TEXTS.with_borrow_mut(|texts| {
        if let Some(known) = texts.get(text) {
            return *known;
        }
        let text: &'static str = Box::leak(text.into());
        texts.insert(text);
        text
    })
}

/// Whether the field is a variant of an enum.
fn is_variant(field: &FieldDescriptor) -> bool {
    let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
    let first = oneof.and_then(|oneof| oneof.fields().next());
    first.is_some_and(|first| first.number() % 2 == 0)
}

fn name_of(field: &FieldDescriptor) -> &'static str {
    if is_wrong(field, Wrong::Name) {
        return constant(&format!("misspelt_{}", field.name()));
    }
    match field.number() % 3 {
        1 if is_variant(field) => constant(&field.name().to_uppercase().replace('_', "")),
        1 => constant(field.json_name()),
        _ => constant(field.name()),
    }
}

/// What an error calls the field.
pub(crate) fn told_name(field: &FieldDescriptor) -> &'static str {
    if is_variant(field) {
        constant(field.name())
    } else {
        name_of(field)
    }
}

/// Whether the field's values are of another type than the nearest: a wider number, a name of an enum, a list of bytes.
fn is_wide(field: &FieldDescriptor) -> bool {
    field.number() % 4 == 3
}

/// Whether the field is an `Option`. Without presence a zero is `None`, which a zero with a sign is not.
fn is_option(field: &FieldDescriptor) -> bool {
    let is_float = matches!(field.kind(), Kind::Float | Kind::Double);
    field.supports_presence() || !is_float && field.number() % 5 == 4
}

/// What a field of the struct is for.
enum Part {
    Field(FieldDescriptor),
    Oneof(OneofDescriptor),
}

impl Part {
    fn name(&self) -> &'static str {
        match self {
            Self::Field(field) => name_of(field),
            Self::Oneof(oneof) => constant(oneof.name()),
        }
    }
}

fn parts(message: &MessageDescriptor) -> Vec<Part> {
    let mut parts = Vec::new();
    for field in message.fields() {
        match field.containing_oneof().filter(|_| is_variant(&field)) {
            Some(oneof) if oneof.fields().next().as_ref() == Some(&field) => parts.push(Part::Oneof(oneof)),
            Some(_) => {}
            None => parts.push(Part::Field(field)),
        }
    }
    parts
}

fn list(names: impl Iterator<Item = &'static str>) -> &'static [&'static str] {
    let names: Vec<&'static str> = names.collect();
    LISTS.with_borrow_mut(|lists| {
        if let Some(known) = lists.get(&*names) {
            return *known;
        }
        let names: &'static [&'static str] = names.leak();
        lists.insert(names);
        names
    })
}

/// Whether a closed enum has a number that it does not name: an unknown field, which prost-reflect takes for a value that
/// replaces the one before.
pub(crate) fn has_unnamed(message: &DynamicMessage) -> bool {
    message
        .fields()
        .any(|(field, value)| is_unnamed(value, &field.kind()))
}

fn is_unnamed(value: &Value, kind: &Kind) -> bool {
    match (value, kind) {
        (Value::EnumNumber(number), Kind::Enum(of)) => {
            of.parent_file().syntax() == Syntax::Proto2 && of.get_value(*number).is_none()
        }
        (Value::List(elements), _) => elements.iter().any(|element| is_unnamed(element, kind)),
        (Value::Map(entries), Kind::Message(entry)) => {
            let kind = entry.map_entry_value_field().kind();
            entries.values().any(|value| is_unnamed(value, &kind))
        }
        (Value::Message(message), _) => has_unnamed(message),
        _ => false,
    }
}
